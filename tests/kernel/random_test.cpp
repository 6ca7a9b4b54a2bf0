#include "sim/base/random.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace wanlab {
namespace {

// Known answers of Philox4x32-10 from the authors' Random123 distribution (kat_vectors).
TEST(Philox, DependsOnSeedNameAndCounterOnly) {
  const RandomKey key(7, "link/iad-fra/loss");
  EXPECT_EQ(key.block(1, 2).word, key.block(1, 2).word);
  EXPECT_NE(key.block(1, 2).word, key.block(2, 1).word);
  EXPECT_NE(key.block(1, 2).word, RandomKey(8, "link/iad-fra/loss").block(1, 2).word);
  EXPECT_NE(key.block(1, 2).word, RandomKey(7, "link/fra-iad/loss").block(1, 2).word);
}

TEST(NamedStream, GivesTheSameNumbersWhateverElseIsDrawn) {
  NamedStream alone(1, "a");
  NamedStream among(1, "a");
  NamedStream other(1, "b");
  for (int i = 0; i < 100; ++i) {
    other.next();
    EXPECT_EQ(alone.next(), among.next());
  }
}

TEST(StandardExponential, AgreesWithTheLogarithm) {
  NamedStream random(3, "exponential");
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t bits = random.next();
    const long double u = static_cast<long double>(bits | 1) / 18446744073709551616.0L;
    const double expected = static_cast<double>(-std::log(u));
    EXPECT_NEAR(standard_exponential(bits), expected, 1e-11 * std::max(1.0, expected));
  }
  EXPECT_NEAR(standard_exponential(0), 64 * std::log(2.0), 1e-9);
  EXPECT_GE(standard_exponential(~std::uint64_t{0}), 0.0);
}

TEST(Exponential, HasItsMean) {
  NamedStream random(4, "mean");
  double sum = 0;
  constexpr int draws = 200'000;
  for (int i = 0; i < draws; ++i)
    sum += static_cast<double>(exponential(1s, random.next()).count());
  EXPECT_NEAR(sum / draws, 1e9, 1e9 * 0.01);
}

TEST(UniformBetween, StaysInItsClosedRangeAndReachesBothEnds) {
  EXPECT_EQ(uniform_between(30s, 60s, 0), 30s);
  EXPECT_EQ(uniform_between(30s, 60s, ~std::uint64_t{0}), 60s);
  EXPECT_EQ(uniform_between(5s, 5s, 12345), 5s);
}

TEST(HashName, IsFixedForEver) {
  // These values are part of every digest.
  EXPECT_EQ(hash_name(""), mix(0xcbf29ce484222325u));
  EXPECT_EQ(mix(0), 0xe220a8397b1dcdafu);  // first output of SplitMix64 with seed 0
}

}  // namespace
}  // namespace wanlab
