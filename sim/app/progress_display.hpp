// Shows how far a run has come: a bar that is redrawn on a terminal, a line now and then elsewhere.
#pragma once

#include "real_components/runtime/time.hpp"

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

namespace wanlab::app {

enum class ProgressStyle : std::uint8_t { none, lines, bar };
// A bar where standard error is a terminal, lines elsewhere, none when quiet.
ProgressStyle progress_style(bool quiet);

struct ProgressView {
  Duration simulated{}, ends{};  // simulated time
  Duration elapsed{};            // wall time
  double speed = 0;              // simulated time over wall time, lately
  std::uint64_t open_connections = 0;
};
std::string bar_text(const std::string& name, const ProgressView& view);
std::string line_text(const std::string& name, const ProgressView& view);

class ProgressDisplay {
 public:
  ProgressDisplay(std::ostream& out, ProgressStyle style, std::string name);
  ~ProgressDisplay();  // leaves no half-drawn bar behind
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // May be called as often as one likes; draws only when it is time to.
  void show(Duration simulated, Duration ends, std::uint64_t open_connections);

 private:
  using Clock = std::chrono::steady_clock;
  void measure_speed(Clock::time_point now, Duration simulated);

  std::ostream& out_;
  ProgressStyle style_;
  std::string name_;
  Clock::time_point start_, next_draw_, measured_at_;
  Duration measured_{};
  double speed_ = 0;
  bool drawn_ = false;
};

}  // namespace wanlab::app
