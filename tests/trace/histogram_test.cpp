// Percentiles of the histogram against those of the sorted values themselves.
#include "sim/trace/histogram.hpp"

#include "sim/base/hash.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace wanlab::trace {
namespace {

Duration nearest_rank(const std::vector<Duration>& sorted, std::uint32_t per_mille) {
  const std::size_t rank = std::max<std::size_t>((sorted.size() * per_mille + 999) / 1000, 1);
  return sorted[rank - 1];
}

// Values from 1 us to 1 h, equally many in each power of two, as latencies are spread.
std::vector<Duration> values_over_all_magnitudes(std::uint64_t seed, std::size_t count) {
  std::vector<Duration> values;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t word = mix(seed, i);
    const unsigned magnitude = 10 + static_cast<unsigned>(word % 31);
    const std::uint64_t value = (std::uint64_t{1} << magnitude) | (mix(word) >> (64 - magnitude));
    values.emplace_back(
        static_cast<std::int64_t>(std::min<std::uint64_t>(value, 3'600'000'000'000)));
  }
  return values;
}

TEST(Histogram, PercentilesAreWithinOnePercentOfTheSortedValues) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<Duration> values = values_over_all_magnitudes(seed, 10'000);
    Histogram histogram;
    for (const Duration value : values) histogram.add(value);
    std::sort(values.begin(), values.end());
    for (const std::uint32_t per_mille : {1u, 10u, 100u, 500u, 900u, 990u, 999u, 1000u}) {
      const auto expected = static_cast<double>(nearest_rank(values, per_mille).count());
      const auto got = static_cast<double>(histogram.at_per_mille(per_mille).count());
      EXPECT_NEAR(got, expected, expected * 0.008) << per_mille << " per mille";
    }
    EXPECT_EQ(histogram.minimum(), values.front());
    EXPECT_EQ(histogram.maximum(), values.back());
    EXPECT_EQ(histogram.count(), values.size());
  }
}

TEST(Histogram, EveryBucketBoundaryKeepsTheOrderOfValues) {
  Histogram::Bucket last = 0;
  for (std::uint64_t power = 0; power < 43; ++power) {
    for (std::int64_t near = -1; near <= 1; ++near) {
      const Duration value(static_cast<std::int64_t>(std::uint64_t{1} << power) + near);
      const Histogram::Bucket bucket = Histogram::bucket_of(value);
      EXPECT_GE(bucket, last) << value.count();
      last = std::max(last, bucket);
    }
  }
}

TEST(Histogram, ReportsASingleSampleExactly) {
  Histogram histogram;
  histogram.add(Duration(123'456'789));
  EXPECT_EQ(histogram.at_per_mille(500), Duration(123'456'789));
  EXPECT_EQ(histogram.at_per_mille(999), Duration(123'456'789));
  EXPECT_EQ(histogram.mean(), Duration(123'456'789));
}

TEST(Histogram, IsAllZeroWithoutSamples) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.minimum(), Duration::zero());
  EXPECT_EQ(histogram.maximum(), Duration::zero());
  EXPECT_EQ(histogram.mean(), Duration::zero());
  EXPECT_EQ(histogram.at_per_mille(500), Duration::zero());
}

TEST(Histogram, TakesValuesBeyondItsRangeAndBelowZeroWithoutHarm) {
  Histogram histogram;
  histogram.add(std::chrono::hours(24 * 365));
  histogram.add(Duration(-5));
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.maximum(), Duration(std::chrono::hours(24 * 365)));
  EXPECT_EQ(histogram.minimum(), Duration(-5));
}

TEST(Histogram, MergedPartsEqualTheWhole) {
  const std::vector<Duration> values = values_over_all_magnitudes(7, 2'000);
  Histogram whole, left, right;
  for (std::size_t i = 0; i < values.size(); ++i) {
    whole.add(values[i]);
    (i % 3 == 0 ? left : right).add(values[i]);
  }
  Histogram empty;
  left.merge(right);
  left.merge(empty);
  EXPECT_EQ(left.count(), whole.count());
  EXPECT_EQ(left.mean(), whole.mean());
  for (const std::uint32_t per_mille : {10u, 500u, 990u}) {
    EXPECT_EQ(left.at_per_mille(per_mille), whole.at_per_mille(per_mille));
  }
}

TEST(Histogram, ForgetsEverythingWhenCleared) {
  Histogram histogram;
  histogram.add(std::chrono::seconds(5));
  histogram.clear();
  histogram.add(std::chrono::milliseconds(1));
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_EQ(histogram.maximum(), Duration(std::chrono::milliseconds(1)));
  EXPECT_EQ(histogram.at_per_mille(999), Duration(std::chrono::milliseconds(1)));
}

}  // namespace
}  // namespace wanlab::trace
