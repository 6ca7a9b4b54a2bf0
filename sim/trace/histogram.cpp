// Merging and reading of histograms; everything here runs after or beside the hot path.
#include "sim/trace/histogram.hpp"

#include <utility>

namespace wanlab::trace {

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  if (counts_.empty()) counts_.resize(buckets);
  for (Bucket bucket = 0; bucket < buckets; ++bucket) counts_[bucket] += other.counts_[bucket];
  count_ += other.count_;
  sum_ += other.sum_;
  minimum_ = std::min(minimum_, other.minimum_);
  maximum_ = std::max(maximum_, other.maximum_);
}

void Histogram::clear() {
  if (count_ == 0) return;
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = 0;
  sum_ = Duration::zero();
  minimum_ = Duration::max();
  maximum_ = Duration::min();
}

Histogram Histogram::restore(std::vector<std::uint64_t> counts, Duration sum, Duration minimum,
                             Duration maximum) {
  Histogram histogram;
  for (const std::uint64_t count : counts) histogram.count_ += count;
  if (histogram.count_ == 0) return histogram;
  histogram.counts_ = std::move(counts);
  histogram.sum_ = sum;
  histogram.minimum_ = minimum;
  histogram.maximum_ = maximum;
  return histogram;
}

Duration Histogram::mean() const {
  return count_ == 0 ? Duration::zero() : sum_ / static_cast<std::int64_t>(count_);
}

Duration Histogram::at_per_mille(std::uint32_t per_mille) const {
  if (count_ == 0) return Duration::zero();
  // Nearest rank: the smallest sample with at least this share of all samples at or below it.
  const std::uint64_t thousandths = count_ * std::min(per_mille, 1000u);
  const std::uint64_t rank = std::max<std::uint64_t>((thousandths + 999) / 1000, 1);
  if (rank == count_) return maximum_;
  std::uint64_t seen = 0;
  for (Bucket bucket = 0; bucket < buckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return std::clamp(middle_of(bucket), minimum_, maximum_);
  }
  return maximum_;
}

Duration Histogram::middle_of(Bucket bucket) {
  if (bucket < per_octave) {
    return Duration(static_cast<std::int64_t>(bucket * linear_width + linear_width / 2));
  }
  const std::uint32_t octave = bucket / per_octave - 1 + first_octave;
  const std::uint64_t width = std::uint64_t{1} << (octave - bits_per_octave);
  const std::uint64_t start = (per_octave + bucket % per_octave) * width;
  return Duration(static_cast<std::int64_t>(start + width / 2));
}

}  // namespace wanlab::trace
