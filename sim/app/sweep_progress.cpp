// The time left is that of the runs so far: those of a sweep are much alike.
#include "sim/app/sweep_progress.hpp"

#include "analysis/numbers.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace wanlab::app {

namespace {

constexpr auto between_bars = std::chrono::milliseconds(200);
constexpr auto between_lines = std::chrono::seconds(5);

std::string time_left(const SweepView& view) {
  const std::uint64_t here = view.done - view.before;
  if (here == 0) return "?";
  const double each = view.elapsed.count() / static_cast<double>(here);
  const auto seconds =
      static_cast<std::uint64_t>(each * static_cast<double>(view.runs - view.done) + 0.5);
  if (seconds < 60) return std::to_string(seconds) + " s";
  char text[48];
  const auto hours = static_cast<unsigned long long>(seconds / 3600);
  const auto minutes = static_cast<unsigned long long>(seconds / 60 % 60);
  if (hours > 0) {
    std::snprintf(text, sizeof text, "%llu:%02llu h", hours, minutes);
  } else {
    std::snprintf(text, sizeof text, "%llu:%02llu min", minutes,
                  static_cast<unsigned long long>(seconds % 60));
  }
  return text;
}

}  // namespace

std::string sweep_progress_text(const std::string& name, const SweepView& view, bool with_bar) {
  constexpr std::size_t width = 24;
  const double share =
      view.runs == 0 ? 1 : static_cast<double>(view.done) / static_cast<double>(view.runs);
  std::string text = name;
  if (with_bar) {
    const auto filled = std::min(width, static_cast<std::size_t>(share * width));
    text.append(" [").append(filled, '#').append(width - filled, '.').append("]");
  } else {
    text += ':';
  }
  text.append(" ").append(std::to_string(static_cast<int>(share * 100))).append(" %  ");
  text += analysis::grouped(view.done) + " of " + analysis::grouped(view.runs) + " runs, " +
          analysis::grouped(view.running) + " at work";
  if (view.unlucky > 0) text += ", " + analysis::grouped(view.unlucky) + " without figures";
  return text + ", " + time_left(view) + " left";
}

SweepProgress::SweepProgress(std::ostream& out, ProgressStyle style, std::string name,
                             std::uint64_t runs, std::uint64_t before)
    : out_(out), style_(style), name_(std::move(name)), start_(Clock::now()), next_draw_(start_) {
  view_.runs = runs;
  view_.before = view_.done = before;
  if (style == ProgressStyle::lines) next_draw_ += between_lines;
}

SweepProgress::~SweepProgress() {
  if (drawn_ && style_ == ProgressStyle::bar) out_ << "\r\033[K" << std::flush;
}

void SweepProgress::show(std::uint64_t done, std::size_t running, std::uint64_t unlucky) {
  const Clock::time_point now = Clock::now();
  if (style_ == ProgressStyle::none || now < next_draw_) return;
  view_.done = done;
  view_.running = running;
  view_.unlucky = unlucky;
  view_.elapsed = now - start_;
  if (style_ == ProgressStyle::bar) {
    next_draw_ = now + between_bars;
    out_ << '\r' << sweep_progress_text(name_, view_, true) << "\033[K" << std::flush;
  } else {
    next_draw_ = now + between_lines;
    out_ << sweep_progress_text(name_, view_, false) << std::endl;
  }
  drawn_ = true;
}

}  // namespace wanlab::app
