// Round-trip estimation: median filter, fading average, and the jump to a new path.
#include "real_components/mesh/rtt_estimator.hpp"

#include "real_components/mesh/decay.hpp"

#include <algorithm>

namespace wanlab::mesh {
namespace {

Duration distance(Duration one, Duration other) {
  return one > other ? one - other : other - one;
}

// old * weight + fresh * (1 - weight), in integers again as soon as possible.
Duration blend(Duration old, Duration fresh, double weight) {
  const double change = static_cast<double>((fresh - old).count()) * (1.0 - weight);
  return old + Duration{static_cast<Duration::rep>(change)};
}

}  // namespace

bool RttEstimator::add(Duration sample, Instant now, const RttOptions& options) {
  if (sample < Duration::zero() || sample > options.largest_sample) return false;
  recent_[next_] = sample;
  next_ = static_cast<std::uint8_t>((next_ + 1) % recent_.size());
  if (count_ == 0) {
    // As RFC 6298 starts: one sample says nothing about its own deviation, so half of it is
    // assumed.
    count_ = 1;
    smoothed_ = sample;
    deviation_ = sample / 2;
    last_sample_ = now;
    return true;
  }
  count_ = static_cast<std::uint8_t>(std::min<std::size_t>(count_ + 1U, recent_.size()));
  const Duration filtered = median();
  const Duration off = distance(filtered, smoothed_);
  // With fewer than three samples the median is no filter yet and a jump would be an outlier's.
  if (count_ == recent_.size() && off > smoothed_ / 4 &&
      off > deviation_ * options.jump_deviations) {
    smoothed_ = filtered;
  } else {
    const double weight = remaining_weight(now - last_sample_, options.tau);
    deviation_ = blend(deviation_, distance(sample, smoothed_), weight);
    smoothed_ = blend(smoothed_, filtered, weight);
  }
  last_sample_ = now;
  return true;
}

Duration RttEstimator::median() const {
  if (count_ == 0) return Duration::zero();
  // Before the ring is full its samples lie at the front.
  if (count_ == 1) return recent_[0];
  if (count_ == 2) return (recent_[0] + recent_[1]) / 2;
  return std::max(std::min(recent_[0], recent_[1]),
                  std::min(std::max(recent_[0], recent_[1]), recent_[2]));
}

}  // namespace wanlab::mesh
