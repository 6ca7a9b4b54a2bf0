// Erlang's formulas by the recurrence over servers, which neither overflows nor cancels.
#include "analysis/planner/queueing.hpp"

#include "analysis/numbers.hpp"

#include <algorithm>
#include <cmath>

namespace wanlab::analysis {

namespace {

Duration from_seconds(double seconds) {
  return Duration(static_cast<Duration::rep>(seconds * 1e9));
}

}  // namespace

double erlang_b(std::uint32_t servers, double offered) {
  if (offered <= 0) return servers == 0 ? 1 : 0;
  double blocked = 1;
  for (std::uint32_t i = 1; i <= servers; ++i) {
    blocked = offered * blocked / (i + offered * blocked);
  }
  return blocked;
}

double erlang_c(std::uint32_t servers, double offered) {
  if (offered <= 0) return 0;
  if (offered >= servers) return 1;
  const double blocked = erlang_b(servers, offered);
  return blocked / (1 - offered / servers * (1 - blocked));
}

double Queue::offered() const {
  return mean_present(arrivals_per_second, holding);
}

std::optional<double> Queue::waiting_probability() const {
  if (!stable()) return std::nullopt;
  return erlang_c(servers, offered());
}

std::optional<Duration> Queue::mean_wait() const {
  if (!stable()) return std::nullopt;
  const double exponential =
      erlang_c(servers, offered()) * seconds_of(holding) / (servers - offered());
  return from_seconds(exponential * (1 + variability) / 2);
}

std::optional<double> Queue::mean_waiting() const {
  const auto wait = mean_wait();
  if (!wait) return std::nullopt;
  return mean_present(arrivals_per_second, *wait);
}

std::optional<Duration> Queue::wait_quantile(double quantile) const {
  if (!stable()) return std::nullopt;
  const double waits = erlang_c(servers, offered());
  const double beyond = 1 - quantile;
  if (waits <= beyond || waits <= 0) return Duration::zero();
  // Of those who wait, the wait is exponential with this mean.
  const double mean = seconds_of(*mean_wait()) / waits;
  return from_seconds(mean * std::log(waits / beyond));
}

std::optional<std::uint32_t> servers_for_waiting(double offered, double probability,
                                                 std::uint32_t most) {
  double blocked = 1;
  for (std::uint32_t servers = 1; servers <= most; ++servers) {
    blocked = offered * blocked / (servers + offered * blocked);
    if (offered >= servers) continue;
    if (blocked / (1 - offered / servers * (1 - blocked)) <= probability) return servers;
  }
  return std::nullopt;
}

double mean_present(double arrivals_per_second, Duration stay) {
  return arrivals_per_second * seconds_of(stay);
}

}  // namespace wanlab::analysis
