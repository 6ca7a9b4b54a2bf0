// How figures are written for people.
#include "analysis/numbers.hpp"

#include <gtest/gtest.h>

namespace wanlab::analysis {
namespace {

TEST(Numbers, GroupDigitsByThree) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(decimals(-1234.5, 1), "-1,234.5");
  EXPECT_EQ(decimals(-123.0, 0), "-123");
}

TEST(Numbers, DurationsUseTheUnitThatFits) {
  EXPECT_EQ(duration_text(Duration(999)), "999 ns");
  EXPECT_EQ(duration_text(Duration(1500)), "1.5 us");
  EXPECT_EQ(duration_text(Duration(12'300'000)), "12.3 ms");
  EXPECT_EQ(duration_text(std::chrono::seconds(5)), "5.00 s");
  EXPECT_EQ(duration_text(Duration(112'300ms)), "1 min 52.3 s");
  EXPECT_EQ(duration_text(std::chrono::hours(24)), "24 h 0 min");
}

TEST(Numbers, BytesUseBinaryUnits) {
  EXPECT_EQ(bytes_text(512), "512 B");
  EXPECT_EQ(bytes_text(1536), "1.50 KiB");
  EXPECT_EQ(bytes_text(1020ull << 10), "1.00 MiB");
  EXPECT_EQ(bytes_text(5ull << 30), "5.00 GiB");
}

}  // namespace
}  // namespace wanlab::analysis
