// What queueing theory says of pools and crowds, to stand beside what the simulator found. Knows
// nothing of runs or plans.
//
// Sources: A. K. Erlang, "Solution of some Problems in the Theory of Probabilities of Significance
// in Automatic Telephone Exchanges", 1917 (B and C); L. Kleinrock, "Queueing Systems", volume 1,
// 1975, sections 3.5 and 3.6 (M/M/m); J. D. C. Little, Operations Research 9(3), 1961 (L = lambda
// W); A. O. Allen, "Probability, Statistics, and Queueing Theory", 1990, section 5.3.5 (G/G/c,
// after Allen and Cunneen).
#pragma once

#include "sim/base/units.hpp"

#include <cstdint>
#include <optional>

namespace wanlab::analysis {

// The share of arrivals that find all `servers` busy and go away, at `offered` Erlangs (arrival
// rate times mean holding time).
double erlang_b(std::uint32_t servers, double offered);
// The share of arrivals that find all servers busy and wait; 1 from an offered load of `servers`
// on.
double erlang_c(std::uint32_t servers, double offered);

// A queue in equilibrium, first come first served: Poisson arrivals, and holding times whose
// squared coefficient of variation is `variability` (1: exponential, 0: constant). Exact for 1,
// else Allen and Cunneen's approximation of the waits; the waiting probability is that of M/M/c.
struct Queue {
  std::uint32_t servers = 1;
  double arrivals_per_second = 0;
  Duration holding{};
  double variability = 1;

  double offered() const;  // Erlangs
  double load() const { return offered() / servers; }
  bool stable() const { return load() < 1; }

  // None of these where the queue only grows.
  std::optional<double> waiting_probability() const;
  std::optional<Duration> mean_wait() const;   // over all arrivals
  std::optional<double> mean_waiting() const;  // Little: arrivals per second times the mean wait
  // The wait that a share of `quantile` of all arrivals does not exceed (exponential tail).
  std::optional<Duration> wait_quantile(double quantile) const;
};

// The fewest servers for which at most `probability` of the arrivals wait; none up to `most`.
std::optional<std::uint32_t> servers_for_waiting(double offered, double probability,
                                                 std::uint32_t most);

// How many are there on average: Little's law.
double mean_present(double arrivals_per_second, Duration stay);

}  // namespace wanlab::analysis
