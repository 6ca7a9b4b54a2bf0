// Subject: PHOLD (Fujimoto, 1990) through the kernel. Logical processes with state and chance of
// their own; each event sends one on, to a random process or, three times out of four, to the same
// one.
#include "benchmarks/suite.hpp"
#include "sim/kernel/simulation.hpp"

#include <array>
#include <cmath>

namespace wanlab::bench {

namespace {

class Phold {
 public:
  explicit Phold(std::uint32_t processes) : processes_(processes) {
    simulation_.set_handler(kind, this, &Phold::handle, &Phold::prefetch);
    for (std::uint32_t i = 0; i < processes; ++i) {
      processes_[i].chance = i;
      simulation_.add_origin();
    }
    for (std::uint32_t i = 0; i < processes; ++i) send(i);
  }
  void run(std::uint64_t events) { simulation_.run_some(events, Instant::max()); }
  double memory_bytes() const {
    return static_cast<double>(simulation_.memory_bytes() +
                               processes_.size() * (sizeof(Process) + sizeof(std::uint64_t)));
  }

 private:
  static constexpr kernel::Kind kind = 1;
  static constexpr double remote_share = 0.25;
  static constexpr double lookahead = 1e9, mean = 1e9;  // nanoseconds

  struct Process {
    std::uint64_t chance;
    std::uint64_t received;
    std::uint64_t history;  // of who sent what when: a result that depends on every event
    std::uint64_t unused;
  };

  // splitmix64.
  static double fraction(Process& process) {
    std::uint64_t mixed = process.chance += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return (static_cast<double>((mixed ^ (mixed >> 31)) >> 11) + 1) * 0x1p-53;
  }
  void send(std::uint32_t from) {
    Process& process = processes_[from];
    std::uint32_t to = from;
    if (fraction(process) <= remote_share) {
      to = static_cast<std::uint32_t>(fraction(process) * 0.9999999 *
                                      static_cast<double>(processes_.size()));
    }
    const double delay = lookahead - std::log(fraction(process)) * mean;
    simulation_.post(from, simulation_.now() + Duration(static_cast<Duration::rep>(delay)), kind,
                     to, 0);
  }
  static void handle(void* self, const kernel::Event& event) {
    auto& phold = *static_cast<Phold*>(self);
    Process& process = phold.processes_[event.target];
    ++process.received;
    process.history = (process.history ^ event.time ^ event.order) * 0x9e3779b97f4a7c15;
    phold.send(event.target);
  }
  static void prefetch(void* self, const kernel::Event& event,
                       kernel::Simulation::Nearness nearness) {
    if (nearness != kernel::Simulation::Nearness::near) return;
    __builtin_prefetch(&static_cast<Phold*>(self)->processes_[event.target], 1);
  }

  kernel::Simulation simulation_;
  std::vector<Process> processes_;
};

}  // namespace

Subject measure_phold(const SuiteOptions& options) {
  Subject subject;
  subject.title =
      "PHOLD: lookahead 1 s + exponential of mean 1 s, a quarter of the events to another process";
  subject.operation = "event";
  subject.unit = "processes";
  subject.notes.emplace_back(
      "one event per process; each process an origin of its own, 32 B of state");
  for (const std::uint32_t processes : {1'024u, 65'536u, 1'000'000u}) {
    const auto phold = std::make_shared<Phold>(processes);
    phold->run(2 * std::uint64_t{processes});
    const std::uint64_t events = options.operations(4'000'000);
    compete(
        subject, processes,
        {{"wanlab kernel", [=] { return nanoseconds_each(events, [&] { phold->run(events); }); },
          [=] { return phold->memory_bytes() / processes; }}},
        options.rounds());
  }
  return subject;
}

}  // namespace wanlab::bench
