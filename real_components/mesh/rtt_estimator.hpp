// The round-trip time of one connection: median of the last three samples, then an average that
// fades with time rather than with the number of samples, so that slow and fast probing agree.
#pragma once

#include "real_components/runtime/time.hpp"

#include <array>
#include <cstdint>

namespace wanlab::mesh {

struct RttOptions {
  // Time constant of the average. Source: Finagle's peak-EWMA balancer (10 s).
  Duration tau = 10s;
  // Samples above this are refused as nonsense. Source: the Vivaldi client of HashiCorp Serf (10
  // s).
  Duration largest_sample = 10s;
  // A median this many deviations and at least a quarter off the average is a new path, not noise:
  // the average jumps there instead of creeping.
  std::uint32_t jump_deviations = 4;
};

class RttEstimator {
 public:
  // Takes one sample (the peer's own hold time already deducted). False: refused, nothing changed.
  bool add(Duration sample, Instant now, const RttOptions& options);

  bool measured() const { return count_ != 0; }
  // Zero before the first sample.
  Duration smoothed() const { return smoothed_; }
  // Mean absolute deviation from the average.
  Duration deviation() const { return deviation_; }
  // Median of the last three samples (of the last one or two while there are no more).
  Duration median() const;
  Instant last_sample() const { return last_sample_; }

 private:
  std::array<Duration, 3> recent_{};
  Duration smoothed_{};
  Duration deviation_{};
  Instant last_sample_{};
  std::uint8_t count_ = 0;  // samples in recent_, at most 3
  std::uint8_t next_ = 0;   // where in recent_ the next sample goes
};

}  // namespace wanlab::mesh
