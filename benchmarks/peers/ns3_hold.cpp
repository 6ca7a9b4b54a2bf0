// The hold model on ns-3: Simulator::Schedule of a plain function.
//   ns3_hold SCHEDULER exponential|wan PENDING EVENTS_PER_ROUND
#include "benchmarks/laws.hpp"
#include "benchmarks/peers/rounds.hpp"

#include <ns3/core-module.h>

#include <cstring>
#include <string>

namespace {

using namespace wanlab::bench;

Law law;
Chance chance{1};
Rounds* rounds;

void happen() {
  ns3::Simulator::Schedule(ns3::NanoSeconds(draw_increment(law, chance)), &happen);
  rounds->tick();
}

}  // namespace

int main(int, char** argv) {
  law = std::strcmp(argv[2], "wan") == 0 ? Law::wan : Law::exponential;
  const auto pending = std::strtoull(argv[3], nullptr, 10);
  const auto per_round = std::strtoull(argv[4], nullptr, 10);
  ns3::ObjectFactory scheduler;
  scheduler.SetTypeId(std::string("ns3::") + argv[1]);
  ns3::Simulator::SetScheduler(scheduler);
  Rounds all(pending, per_round, static_cast<double>(pending));
  rounds = &all;
  for (unsigned long long i = 0; i < pending; ++i) {
    ns3::Simulator::Schedule(ns3::NanoSeconds(draw_residual(law, chance)), &happen);
  }
  ns3::Simulator::Run();
}
