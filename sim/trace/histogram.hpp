// A histogram of durations in fixed memory with a bounded relative error. Integers only, so equal
// runs give equal percentiles everywhere; it must not allocate after its first sample.
#pragma once

#include "real_components/runtime/time.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace wanlab::trace {

// Log-linear, after Gil Tene's HdrHistogram: 64 buckets per power of two. Between 1 us and 73
// minutes a percentile is off by at most 0.8 % (half a bucket); below 1 us by at most 8 ns; longer
// durations count as 73 minutes. Count, sum, minimum and maximum are exact. Takes 17 KiB once it
// holds a sample.
class Histogram {
 public:
  using Bucket = std::uint32_t;

  // Negative durations count as zero.
  void add(Duration value) { add(bucket_of(value), value); }
  // The same for a value whose bucket is already known, to feed several histograms.
  void add(Bucket bucket, Duration value) {
    if (counts_.empty()) [[unlikely]] {
      counts_.resize(buckets);
    }
    ++counts_[bucket];
    ++count_;
    sum_ += value;
    minimum_ = std::min(minimum_, value);
    maximum_ = std::max(maximum_, value);
  }
  void merge(const Histogram& other);
  void clear();

  std::uint64_t count() const { return count_; }
  // All of these are zero without samples.
  Duration minimum() const { return count_ == 0 ? Duration::zero() : minimum_; }
  Duration maximum() const { return count_ == 0 ? Duration::zero() : maximum_; }
  Duration mean() const;
  // The value at or below which `per_mille` thousandths of the samples lie: 500 is the median, 999
  // is p99.9. Never outside [minimum, maximum], so a single sample is reported exactly.
  Duration at_per_mille(std::uint32_t per_mille) const;

  // What a histogram is kept as: the counts of all buckets (none: no sample ever), and the rest.
  const std::vector<std::uint64_t>& counts() const { return counts_; }
  Duration sum() const { return sum_; }
  // A histogram that was kept. `counts` has bucket_count elements; minimum and maximum are of the
  // samples.
  static Histogram restore(std::vector<std::uint64_t> counts, Duration sum, Duration minimum,
                           Duration maximum);
  static constexpr std::size_t bucket_count = 2112;
  // Calls visit(middle of the bucket, count) for every bucket with samples, the shortest first.
  template <typename Visit>
  void visit(const Visit& visit) const {
    for (Bucket bucket = 0; bucket < counts_.size(); ++bucket) {
      if (counts_[bucket] != 0) visit(middle_of(bucket), counts_[bucket]);
    }
  }

  static Bucket bucket_of(Duration value) {
    const auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
    if (nanoseconds < linear_end) return static_cast<Bucket>(nanoseconds / linear_width);
    const auto octave = static_cast<std::uint32_t>(std::bit_width(nanoseconds)) - 1;
    if (octave > last_octave) return buckets - 1;
    const auto step = static_cast<Bucket>(nanoseconds >> (octave - bits_per_octave)) % per_octave;
    return (octave - first_octave + 1) * per_octave + step;
  }

 private:
  static constexpr std::uint32_t bits_per_octave = 6;
  static constexpr std::uint32_t per_octave = 1u << bits_per_octave;
  static constexpr std::uint32_t first_octave = 10;
  static constexpr std::uint32_t last_octave = 41;
  static constexpr std::uint64_t linear_end = 1u << first_octave;
  static constexpr std::uint64_t linear_width = linear_end / per_octave;
  static constexpr Bucket buckets = (last_octave - first_octave + 2) * per_octave;
  static_assert(buckets == bucket_count);

  static Duration middle_of(Bucket bucket);

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  Duration sum_{};
  Duration minimum_ = Duration::max();
  Duration maximum_ = Duration::min();
};

}  // namespace wanlab::trace
