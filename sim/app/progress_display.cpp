// Drawing, and the estimate of the time left.
#include "sim/app/progress_display.hpp"

#include "analysis/numbers.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <unistd.h>

namespace wanlab::app {

namespace {

constexpr auto between_bars = std::chrono::milliseconds(100);
constexpr auto between_lines = std::chrono::seconds(5);

double share_of(const ProgressView& view) {
  if (view.ends <= Duration::zero()) return 0;
  const double share =
      static_cast<double>(view.simulated.count()) / static_cast<double>(view.ends.count());
  return std::clamp(share, 0.0, 1.0);
}

std::string time_left(const ProgressView& view) {
  if (view.speed <= 0) return "?";
  const double seconds = analysis::seconds_of(view.ends - view.simulated) / view.speed;
  if (seconds > 1e7) return "?";
  const auto whole = static_cast<std::int64_t>(std::max(seconds, 0.0) + 0.5);
  if (whole < 60) return std::to_string(whole) + " s";
  char text[32];
  std::snprintf(text, sizeof text, "%lld:%02lld min", static_cast<long long>(whole / 60),
                static_cast<long long>(whole % 60));
  return text;
}

std::string whole_percent(double share) {
  return std::to_string(static_cast<int>(share * 100)) + " %";
}

}  // namespace

ProgressStyle progress_style(bool quiet) {
  if (quiet) return ProgressStyle::none;
  return ::isatty(STDERR_FILENO) != 0 ? ProgressStyle::bar : ProgressStyle::lines;
}

std::string bar_text(const std::string& name, const ProgressView& view) {
  constexpr std::size_t width = 24;
  const double share = share_of(view);
  const auto filled = static_cast<std::size_t>(share * width);
  std::string text = name + " [" + std::string(filled, '#');
  text.append(width - filled, '.').append("] ");
  text += whole_percent(share) + "  " + analysis::decimals(analysis::seconds_of(view.simulated), 1);
  text += " of " + analysis::decimals(analysis::seconds_of(view.ends), 0) + " s  ";
  text += analysis::decimals(view.speed, 1) + "x  " + analysis::grouped(view.open_connections);
  return text + " open  " + time_left(view) + " left";
}

std::string line_text(const std::string& name, const ProgressView& view) {
  return name + ": " + analysis::decimals(analysis::seconds_of(view.simulated), 1) + " of " +
         analysis::decimals(analysis::seconds_of(view.ends), 0) + " s simulated (" +
         whole_percent(share_of(view)) + ") in " + analysis::duration_text(view.elapsed) + ", " +
         analysis::decimals(view.speed, 1) + " times real time, " +
         analysis::grouped(view.open_connections) + " open, " + time_left(view) + " left";
}

ProgressDisplay::ProgressDisplay(std::ostream& out, ProgressStyle style, std::string name)
    : out_(out),
      style_(style),
      name_(std::move(name)),
      start_(Clock::now()),
      next_draw_(start_ + (style == ProgressStyle::bar ? Clock::duration(between_bars)
                                                       : Clock::duration(between_lines))),
      measured_at_(start_) {}

ProgressDisplay::~ProgressDisplay() {
  if (drawn_ && style_ == ProgressStyle::bar) out_ << "\r\033[K" << std::flush;
}

void ProgressDisplay::show(Duration simulated, Duration ends, std::uint64_t open_connections) {
  if (style_ == ProgressStyle::none) return;
  const Clock::time_point now = Clock::now();
  if (now < next_draw_) return;
  measure_speed(now, simulated);
  const ProgressView view{simulated, ends, now - start_, speed_, open_connections};
  if (style_ == ProgressStyle::bar) {
    next_draw_ = now + between_bars;
    out_ << '\r' << bar_text(name_, view) << "\033[K" << std::flush;
  } else {
    next_draw_ = now + between_lines;
    out_ << line_text(name_, view) << std::endl;
  }
  drawn_ = true;
}

void ProgressDisplay::measure_speed(Clock::time_point now, Duration simulated) {
  const double wall = std::chrono::duration<double>(now - measured_at_).count();
  if (wall <= 0) return;
  const double latest = analysis::seconds_of(simulated - measured_) / wall;
  // About two seconds of memory: the speed of the storm says little about the time after it.
  const double weight = std::min(wall / 2, 1.0);
  speed_ = drawn_ ? speed_ + weight * (latest - speed_) : latest;
  measured_at_ = now;
  measured_ = simulated;
}

}  // namespace wanlab::app
