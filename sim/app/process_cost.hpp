// What this process has cost its machine. The only place of the simulator that reads real clocks;
// nothing measured here may reach the world.
#pragma once

#include "real_components/runtime/time.hpp"
#include "sim/trace/run_record.hpp"

#include <chrono>
#include <cstdint>

namespace wanlab::app {

class ProcessCost {
 public:
  // Wall and CPU time count from here; so does what memory is compared with.
  ProcessCost();

  // To be called as the run proceeds: notes the CPU time at which it passed `mark`.
  void pass(Instant now) {
    if (nanoseconds(now) >= cost_.cpu_mark_at.count() && !cost_.cpu_at_mark) note_mark();
  }
  trace::MachineCost total() const;

 private:
  void note_mark();

  std::chrono::steady_clock::time_point wall_start_;
  Duration cpu_start_;
  trace::MachineCost cost_;
};

}  // namespace wanlab::app
