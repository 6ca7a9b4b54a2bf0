// How far a sweep has come and how long it will take.
#pragma once

#include "sim/app/progress_display.hpp"

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

namespace wanlab::app {

struct SweepView {
  std::uint64_t runs = 0, done = 0, unlucky = 0;
  std::uint64_t before = 0;  // of those done, by an earlier command
  std::size_t running = 0;
  std::chrono::duration<double> elapsed{};
};
std::string sweep_progress_text(const std::string& name, const SweepView& view, bool with_bar);

class SweepProgress {
 public:
  SweepProgress(std::ostream& out, ProgressStyle style, std::string name, std::uint64_t runs,
                std::uint64_t before);
  ~SweepProgress();
  SweepProgress(const SweepProgress&) = delete;
  SweepProgress& operator=(const SweepProgress&) = delete;

  // May be called as often as one likes.
  void show(std::uint64_t done, std::size_t running, std::uint64_t unlucky);

 private:
  using Clock = std::chrono::steady_clock;
  std::ostream& out_;
  ProgressStyle style_;
  std::string name_;
  SweepView view_;
  Clock::time_point start_, next_draw_;
  bool drawn_ = false;
};

}  // namespace wanlab::app
