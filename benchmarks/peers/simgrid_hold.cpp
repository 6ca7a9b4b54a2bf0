// The hold model on SimGrid: its kernel's timers, or one actor per pending event that sleeps.
//   simgrid_hold timers|actors exponential|wan PENDING EVENTS_PER_ROUND
#include "benchmarks/laws.hpp"
#include "benchmarks/peers/rounds.hpp"

#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u.hpp>

#include <cstring>

namespace {

using namespace wanlab::bench;

Law law;
Chance chance{1};
Rounds* rounds;

double increment() {
  return static_cast<double>(draw_increment(law, chance)) * 1e-9;
}
double residual() {
  return static_cast<double>(draw_residual(law, chance)) * 1e-9;
}

void happen() {
  simgrid::kernel::timer::Timer::set(simgrid::s4u::Engine::get_clock() + increment(), &happen);
  rounds->tick();
}

void sleep_for_ever() {
  simgrid::s4u::this_actor::sleep_for(residual());
  for (;;) {
    rounds->tick();
    simgrid::s4u::this_actor::sleep_for(increment());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool actors = std::strcmp(argv[1], "actors") == 0;
  law = std::strcmp(argv[2], "wan") == 0 ? Law::wan : Law::exponential;
  const auto pending = std::strtoull(argv[3], nullptr, 10);
  const auto per_round = std::strtoull(argv[4], nullptr, 10);
  simgrid::s4u::Engine engine(&argc, argv);
  simgrid::s4u::Engine::set_config(
      "contexts/stack-size:16");  // KiB; the default of 8 MiB stops early
  simgrid::s4u::Engine::set_config("contexts/guard-size:0");
  auto* zone = simgrid::s4u::create_full_zone("zone");
  auto* host = zone->create_host("host", 1e9);
  zone->seal();
  Rounds all(pending, per_round, static_cast<double>(pending));
  rounds = &all;
  if (actors) {
    for (unsigned long long i = 0; i < pending; ++i) {
      simgrid::s4u::Actor::create("sleeper", host, &sleep_for_ever);
    }
  } else {
    for (unsigned long long i = 0; i < pending; ++i) {
      simgrid::kernel::timer::Timer::set(residual(), &happen);
    }
    // The engine ends when there are no actors, whatever its timers say.
    simgrid::s4u::Actor::create("idle", host, [] { simgrid::s4u::this_actor::sleep_for(1e12); });
  }
  engine.run();
}
