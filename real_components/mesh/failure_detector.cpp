// Accrual failure detection without a logarithm: thresholds on phi are quantiles of the normal
// distribution, so silence is compared with quantiles instead of turned into probabilities.
#include "real_components/mesh/failure_detector.hpp"

#include <algorithm>
#include <array>

namespace wanlab::mesh {
namespace {

using routing::RegionState;

// How many standard deviations above the mean leave a tail of 10^-phi, for phi = log10(2), 1, 2,
// ... 12: quantiles of the standard normal distribution, to four digits.
struct Quantile {
  double phi;
  double deviations;
};
constexpr std::array<Quantile, 13> quantiles{{{0.3010, 0.0},
                                              {1, 1.2816},
                                              {2, 2.3263},
                                              {3, 3.0902},
                                              {4, 3.7190},
                                              {5, 4.2649},
                                              {6, 4.7534},
                                              {7, 5.1993},
                                              {8, 5.6120},
                                              {9, 5.9978},
                                              {10, 6.3613},
                                              {11, 6.7060},
                                              {12, 7.0345}}};

// Straight lines between the table's points, its ends beyond them.
double deviations_for(double phi) {
  if (phi <= quantiles.front().phi) return quantiles.front().deviations;
  for (std::size_t i = 1; i < quantiles.size(); ++i) {
    const Quantile& low = quantiles[i - 1];
    const Quantile& high = quantiles[i];
    if (phi <= high.phi) {
      return low.deviations +
             (phi - low.phi) * (high.deviations - low.deviations) / (high.phi - low.phi);
    }
  }
  return quantiles.back().deviations;
}

double phi_for(double deviations) {
  if (deviations <= 0.0) return 0.0;
  for (std::size_t i = 1; i < quantiles.size(); ++i) {
    const Quantile& low = quantiles[i - 1];
    const Quantile& high = quantiles[i];
    if (deviations <= high.deviations) {
      return low.phi + (deviations - low.deviations) * (high.phi - low.phi) /
                           (high.deviations - low.deviations);
    }
  }
  return quantiles.back().phi;
}

// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
std::uint64_t scramble(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// A normal distribution's standard deviation is about 1.25 times its mean absolute deviation.
Duration standard_deviation(Duration mean_absolute, const DetectorOptions& options) {
  return std::max(mean_absolute + mean_absolute / 4, options.smallest_deviation);
}

}  // namespace

void FailureDetector::on_asked(Instant now) {
  if (!asked_at_) asked_at_ = now;
}

void FailureDetector::on_answer(Duration response_time, bool fair, Instant now,
                                const DetectorOptions& options) {
  const bool in_time = !fair || response_time < suspect_after(1, options);
  const bool part_of_outage = life_ == Life::down || response_time >= down_after(1, options);
  const bool first = !heard_;
  asked_at_.reset();
  heard_ = true;
  if (fair && (first || !part_of_outage)) learn(response_time);
  switch (life_) {
    case Life::unknown:
    case Life::suspect:
      if (life_ == Life::unknown) up_since_ = now;
      life_ = Life::up;
      break;
    case Life::up:
      break;
    case Life::down:
      if (first) {  // it was never up, so there is no outage to be wary of
        go_up(now, false);
      } else if (now >= held_until_) {
        life_ = Life::probation;
        answers_ = in_time ? 1 : 0;
      }
      break;
    case Life::probation:
      answers_ = in_time ? answers_ + 1 : 0;
      break;
  }
  if (life_ == Life::probation && answers_ >= options.probation_answers) go_up(now, true);
}

void FailureDetector::on_all_connections_lost(Instant now, const DetectorOptions& options) {
  asked_at_.reset();
  if (life_ != Life::down) go_down(now, options);
}

void FailureDetector::forgive(Duration pause) {
  if (asked_at_) *asked_at_ += pause;
}

void FailureDetector::evaluate(Instant now, std::uint32_t patience,
                               const DetectorOptions& options) {
  if (!asked_at_ || life_ == Life::down) return;
  const Duration quiet = silence(now);
  const bool doubtful = quiet >= suspect_after(patience, options);
  if (quiet >= down_after(patience, options) || (doubtful && life_ == Life::probation)) {
    go_down(now, options);
  } else if (doubtful && life_ == Life::up) {
    life_ = Life::suspect;
  }
}

routing::RegionState FailureDetector::state() const {
  if (life_ == Life::down) return RegionState::down;
  if (draining_) return RegionState::draining;
  if (life_ == Life::suspect) return RegionState::suspect;
  if (life_ == Life::probation) return RegionState::probation;
  return RegionState::up;
}

double FailureDetector::phi(Instant now, std::uint32_t patience,
                            const DetectorOptions& options) const {
  const Duration excess = silence(now) / patience - mean_ - options.acceptable_pause;
  const Duration deviation = standard_deviation(deviation_, options);
  return phi_for(static_cast<double>(excess.count()) / static_cast<double>(deviation.count()));
}

Duration FailureDetector::silence(Instant now) const {
  return asked_at_ && now > *asked_at_ ? now - *asked_at_ : Duration::zero();
}

bool FailureDetector::overdue(Instant now) const {
  return silence(now) > std::max<Duration>(2 * mean_, mean_ + 200ms);
}

std::optional<Instant> FailureDetector::next_change(std::uint32_t patience,
                                                    const DetectorOptions& options) const {
  if (!asked_at_ || life_ == Life::down) return std::nullopt;
  const bool doubt_comes_first = life_ == Life::up || life_ == Life::probation;
  return *asked_at_ +
         (doubt_comes_first ? suspect_after(patience, options) : down_after(patience, options));
}

std::uint32_t FailureDetector::share(Instant now, const DetectorOptions& options) const {
  if (life_ == Life::down) return 0;
  if (life_ == Life::probation) return 100;
  if (!returned_ || now - up_since_ >= options.slow_start) return 1000;
  return 100 +
         static_cast<std::uint32_t>(900 * (now - up_since_).count() / options.slow_start.count());
}

Duration FailureDetector::quiet_for(double phi, const DetectorOptions& options) const {
  const Duration deviation = standard_deviation(deviation_, options);
  return mean_ + options.acceptable_pause +
         Duration{static_cast<Duration::rep>(deviations_for(phi) *
                                             static_cast<double>(deviation.count()))};
}

Duration FailureDetector::suspect_after(std::uint32_t patience,
                                        const DetectorOptions& options) const {
  return patience * std::min(quiet_for(options.suspect_phi, options),
                             std::max<Duration>(4 * mean_, options.suspect_silence));
}

Duration FailureDetector::down_after(std::uint32_t patience, const DetectorOptions& options) const {
  const Duration limit = patience * std::min(quiet_for(options.down_phi, options),
                                             std::max<Duration>(3 * mean_, options.down_silence));
  return std::max(limit, suspect_after(patience, options));
}

// The estimator of RFC 6298, with its gains.
void FailureDetector::learn(Duration response_time) {
  if (mean_ == Duration::zero()) {
    mean_ = response_time;
    deviation_ = response_time / 2;
    return;
  }
  const Duration off = response_time > mean_ ? response_time - mean_ : mean_ - response_time;
  deviation_ += (off - deviation_) / 4;
  mean_ += (response_time - mean_) / 8;
}

void FailureDetector::go_up(Instant now, bool returned) {
  life_ = Life::up;
  up_since_ = now;
  returned_ = returned;
  answers_ = 0;
}

void FailureDetector::go_down(Instant now, const DetectorOptions& options) {
  const bool was_stable = (life_ == Life::up || life_ == Life::suspect) &&
                          now - up_since_ >= options.repeats_forgotten_after;
  if (was_stable) times_down_ = 0;
  Duration hold = options.hold_down;
  for (std::uint32_t i = 0; i < times_down_ && hold < options.longest_hold_down; ++i) hold *= 2;
  hold = std::min(hold, options.longest_hold_down);
  const std::uint64_t per_mille = 800 + scramble(seed_ + times_down_) % 401;
  held_until_ = now + hold * static_cast<Duration::rep>(per_mille) / 1000;
  ++times_down_;
  life_ = Life::down;
  answers_ = 0;
}

}  // namespace wanlab::mesh
