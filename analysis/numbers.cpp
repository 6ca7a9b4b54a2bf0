// Formatting of figures.
#include "analysis/numbers.hpp"

#include <cstdio>

namespace wanlab::analysis {

namespace {

std::string fixed(int places, double value) {
  char text[400];  // the longest double has 309 digits
  std::snprintf(text, sizeof text, "%.*f", places, value);
  return text;
}

// Commas into the integer part of a number in digits.
std::string with_commas(std::string digits) {
  std::size_t end = digits.find('.');
  if (end == std::string::npos) end = digits.size();
  const std::size_t start = digits.front() == '-' ? 1 : 0;
  for (std::size_t at = end; at > start + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

}  // namespace

std::string grouped(std::uint64_t value) {
  return with_commas(std::to_string(value));
}

std::string decimals(double value, int places) {
  return with_commas(fixed(places, value));
}

std::string percent(double share) {
  return fixed(1, share * 100) + " %";
}

std::string duration_text(Duration duration) {
  const double seconds = seconds_of(duration);
  if (duration < std::chrono::microseconds(1)) return std::to_string(duration.count()) + " ns";
  if (duration < std::chrono::milliseconds(1)) return fixed(1, seconds * 1e6) + " us";
  if (duration < std::chrono::seconds(1)) return fixed(1, seconds * 1e3) + " ms";
  if (duration < std::chrono::minutes(1)) return fixed(2, seconds) + " s";
  const std::int64_t hours = duration / std::chrono::hours(1);
  const std::int64_t minutes = duration / std::chrono::minutes(1) - hours * 60;
  const Duration rest = duration % std::chrono::minutes(1);
  if (hours > 0) return std::to_string(hours) + " h " + std::to_string(minutes) + " min";
  return std::to_string(minutes) + " min " + fixed(1, seconds_of(rest)) + " s";
}

std::string milliseconds_text(Duration duration) {
  return decimals(milliseconds_of(duration), 3);
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  constexpr const char* units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  return fixed(value < 10 ? 2 : value < 100 ? 1 : 0, value) + " " + units[unit];
}

}  // namespace wanlab::analysis
