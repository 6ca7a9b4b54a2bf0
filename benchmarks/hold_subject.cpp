// Subject: the hold model through the kernel, on bare queues, and on the peers.
#include "benchmarks/hold.hpp"
#include "benchmarks/suite.hpp"

#include <array>
#include <memory>

namespace wanlab::bench {

namespace {

constexpr std::array<std::uint32_t, 3> sizes{1'000, 100'000, 1'000'000};

Contestant local(const char* name, std::shared_ptr<HoldModel> model, std::uint32_t pending,
                 std::uint64_t events) {
  model->run(pending);  // once around, so that every part of the queue is in use
  return {name, [model, events] { return nanoseconds_each(events, [&] { model->run(events); }); },
          [model, pending] { return static_cast<double>(model->memory_bytes()) / pending; }};
}

Contestant peer(const Peers& peers, const char* name, const char* program, const char* kind,
                Law law, std::uint32_t pending, std::uint64_t events) {
  auto process = peers.program(program, {kind, law == Law::wan ? "wan" : "exponential",
                                         std::to_string(pending), std::to_string(events)});
  return {name, [process] { return process->round(); },
          [process] { return process->memory_bytes(); }};
}

Subject measure(const SuiteOptions& options, Law law, const char* title) {
  Subject subject;
  subject.title = title;
  subject.operation = "event";
  subject.unit = "pending";
  subject.notes.emplace_back(
      "kernel: post() and dispatch through a registered handler; bare queues: push and pop in a "
      "loop; "
      "all draw their increments from the same generator");
  for (const std::uint32_t pending : sizes) {
    const std::uint64_t events = options.operations(pending < 1'000'000 ? 2'000'000 : 4'000'000);
    std::vector<Contestant> contestants{
        local("wanlab kernel", kernel_hold(law, pending), pending, events),
        local("bare radix heap, 24 B", radix_hold_24(law, pending), pending, events),
        local("bare radix heap, 16 B", radix_hold_16(law, pending), pending, events),
        local("std::priority_queue, 24 B", priority_queue_hold_24(law, pending), pending, events)};
    if (options.peers != nullptr) {
      const Peers& peers = *options.peers;
      const std::uint64_t few = options.operations(1'000'000);
      contestants.push_back(peer(peers, "ns-3 MapScheduler (default)", "ns3_hold", "MapScheduler",
                                 law, pending, few));
      contestants.push_back(peer(peers, "ns-3 PriorityQueueScheduler", "ns3_hold",
                                 "PriorityQueueScheduler", law, pending, few));
      contestants.push_back(
          peer(peers, "SimGrid timers", "simgrid_hold", "timers", law, pending, few));
      // A million actors would need 18 GB.
      if (pending <= 100'000) {
        contestants.push_back(
            peer(peers, "SimGrid actors", "simgrid_hold", "actors", law, pending, few / 4));
      }
    }
    compete(subject, pending, contestants, options.rounds());
  }
  return subject;
}

}  // namespace

Subject measure_hold_exponential(const SuiteOptions& options) {
  return measure(options, Law::exponential,
                 "Hold model, exponential increments of mean 1 s: take the next event, run its "
                 "handler, schedule a successor");
}

Subject measure_hold_wan(const SuiteOptions& options) {
  return measure(options, Law::wan,
                 "Hold model, increments of a WAN: 45 % 0.05-0.2 ms, 45 % 20-150 ms, 10 % 30-60 s");
}

}  // namespace wanlab::bench
