// Runs this program's own commands as child processes, several at a time, and hands back what each
// printed. A child that crashes or hangs takes nobody with it, and none outlives this process.
#pragma once

#include "sim/base/units.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace wanlab::app {

struct EndedRun {
  std::size_t id = 0;
  std::optional<int> status;  // none: ended by `signal`
  int signal = 0;
  bool timed_out = false;
  std::string out, err;
  Duration wall{};
};

class ChildRuns {
 public:
  // Each child is ended when it has taken `time_limit`. `program`: whose commands they are.
  explicit ChildRuns(Duration time_limit, std::string program = "/proc/self/exe")
      : time_limit_(time_limit), program_(std::move(program)) {}
  ~ChildRuns();  // ends what still runs
  ChildRuns(const ChildRuns&) = delete;
  ChildRuns& operator=(const ChildRuns&) = delete;

  // Throws std::system_error when the machine has no process or descriptor left.
  void start(std::size_t id, const std::vector<std::string>& arguments);
  std::size_t running() const { return children_.size(); }
  // The next child to end; none when a signal came or `patience` is over.
  std::optional<EndedRun> wait(std::chrono::milliseconds patience);
  // Asks every child to stop, as Ctrl-C would.
  void interrupt();

 private:
  using Clock = std::chrono::steady_clock;
  struct Child {
    EndedRun run;
    pid_t process = 0;
    int out = -1, err = -1;  // read ends; -1 after their end
    Clock::time_point started;
  };
  void stop_the_late();
  static void read_some(int& descriptor, std::string& into);
  EndedRun finish(std::size_t index);

  Duration time_limit_;
  std::string program_;
  std::vector<Child> children_;
};

}  // namespace wanlab::app
