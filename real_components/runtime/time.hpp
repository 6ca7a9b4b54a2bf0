// Time as the components see it: integer nanoseconds on two clocks that cannot be mixed up.
#pragma once

#include <chrono>
#include <cstdint>

namespace wanlab {

using Duration = std::chrono::nanoseconds;

// The monotonic clock of a run. It exists only as a type: nothing here can read a system clock.
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};

// The calendar clock of a host. It may be skewed and may step; expirations are compared with it.
struct CalendarClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<CalendarClock>;
  static constexpr bool is_steady = false;
};

// Nanoseconds since the run (or the process) began.
using Instant = MonotonicClock::time_point;

// Nanoseconds since the Unix epoch, as this host believes.
using WallTime = CalendarClock::time_point;

using namespace std::chrono_literals;

constexpr std::int64_t nanoseconds(Instant instant) {
  return instant.time_since_epoch().count();
}
constexpr std::int64_t unix_seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace wanlab
