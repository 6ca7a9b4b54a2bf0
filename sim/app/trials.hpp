// Runs plans in child processes, several at a time, to see whether anything goes wrong: a broken
// rule, a broken invariant, a crash, a hang. What happens to a child happens to nobody else.
#pragma once

#include "sim/base/units.hpp"
#include "sim/scenario/plan.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace wanlab::app {

// How a plan's run ended.
struct Outcome {
  std::string failure;  // empty: nothing is wrong. The same words for the same kind of failure
  std::string text;     // more about it
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
  std::uint64_t statements = 0;  // answered
  Duration simulated{};
  Duration cpu{};
};

// In this process. Never throws for what the run does.
Outcome try_plan(const scenario::Plan& plan);

class Trials {
 public:
  // A child that uses more CPU is a hang; one that takes five times as long is ended too.
  explicit Trials(Duration cpu_limit) : cpu_limit_(cpu_limit) {}
  ~Trials();  // ends what still runs
  Trials(const Trials&) = delete;
  Trials& operator=(const Trials&) = delete;

  // `make` is called in the child. Throws std::system_error when the machine has no process or
  // descriptor left.
  void start(std::uint64_t id, const std::function<scenario::Plan()>& make);
  std::size_t running() const { return children_.size(); }
  struct Ended {
    std::uint64_t id = 0;
    Outcome outcome;
  };
  // The next one to end; none when a signal came or `patience` is over.
  std::optional<Ended> wait(std::chrono::milliseconds patience);

 private:
  using Clock = std::chrono::steady_clock;
  struct Child {
    std::uint64_t id = 0;
    pid_t process = 0;
    int out = -1, err = -1;  // read ends; -1 after their end
    std::string said, complained;
    Clock::time_point started;
    bool late = false;
  };
  void end_the_late();
  Ended finish(std::size_t index);

  Duration cpu_limit_;
  std::vector<Child> children_;
};

}  // namespace wanlab::app
