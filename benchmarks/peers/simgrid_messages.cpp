// Messages of 128 bytes, one way, over links of 40 ms and 10 Gbit/s: one every millisecond for each
// pair of hosts, through mailboxes. The network model is CM02, which leaves latencies as they are
// given.
//   simgrid_messages PAIRS MESSAGES_PER_ROUND
#include "benchmarks/peers/rounds.hpp"

#include <simgrid/s4u.hpp>

#include <string>

namespace s4u = simgrid::s4u;

int main(int argc, char** argv) {
  const auto pairs = std::strtoul(argv[1], nullptr, 10);
  const auto per_round = std::strtoull(argv[2], nullptr, 10);
  s4u::Engine engine(&argc, argv);
  s4u::Engine::set_config("network/model:CM02");
  s4u::Engine::set_config("contexts/stack-size:64");
  wanlab::bench::Rounds rounds(pairs * 100, per_round, static_cast<double>(pairs));
  auto* zone = s4u::create_full_zone("zone");
  for (unsigned long i = 0; i < pairs; ++i) {
    const std::string number = std::to_string(i);
    auto* here = zone->create_host("here-" + number, 1e9);
    auto* there = zone->create_host("there-" + number, 1e9);
    auto* link = zone->create_link("link-" + number, 1.25e9)->set_latency(0.040)->seal();
    zone->add_route(here->get_netpoint(), there->get_netpoint(), nullptr, nullptr,
                    {s4u::LinkInRoute(link)}, true);
    auto* mailbox = s4u::Mailbox::by_name(number);
    const double phase = 1e-3 * static_cast<double>(i) / static_cast<double>(pairs);
    s4u::Actor::create("sender", here, [mailbox, phase] {
      static int payload;
      s4u::this_actor::sleep_for(phase);
      for (;;) {
        mailbox->put_init(&payload, 128)->detach();
        s4u::this_actor::sleep_for(1e-3);
      }
    });
    s4u::Actor::create("receiver", there, [mailbox, &rounds] {
      // Lets messages leave when they are sent, not when the one before was received.
      mailbox->set_receiver(s4u::Actor::self());
      for (;;) {
        mailbox->get<int>();
        rounds.tick();
      }
    });
  }
  zone->seal();
  engine.run();
}
