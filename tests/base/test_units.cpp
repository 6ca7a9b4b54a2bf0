// What people may write as a quantity, and what they are told otherwise.
#include "sim/base/units.hpp"

#include <gtest/gtest.h>

namespace wanlab::base {
namespace {

using std::chrono::nanoseconds;

TEST(Units, ReadsDurations) {
  EXPECT_EQ(parse_duration("35ms").value, 35ms);
  EXPECT_EQ(parse_duration("1.5s").value, 1500ms);
  EXPECT_EQ(parse_duration("2min").value, 120s);
  EXPECT_EQ(parse_duration("2m").value, 120s);
  EXPECT_EQ(parse_duration("24h").value, 86'400s);
  EXPECT_EQ(parse_duration("100us").value, 100us);
  EXPECT_EQ(parse_duration("250ns").value, 250ns);
  EXPECT_EQ(parse_duration("0s").value, 0ns);
  EXPECT_EQ(parse_duration("0.000000001s").value, 1ns);
}

TEST(Units, ReadsSizesRatesAndRatios) {
  EXPECT_EQ(parse_byte_size("64KiB").value, 65'536u);
  EXPECT_EQ(parse_byte_size("16GiB").value, std::uint64_t{16} << 30);
  EXPECT_EQ(parse_byte_size("1500B").value, 1500u);
  EXPECT_EQ(parse_byte_size("1.5kB").value, 1500u);
  EXPECT_EQ(parse_bit_rate("10Gbit/s").value, 10'000'000'000u);
  EXPECT_EQ(parse_bit_rate("100Mbit/s").value, 100'000'000u);
  EXPECT_EQ(parse_ratio_billionths("0.1%").value, 1'000'000u);
  EXPECT_EQ(parse_ratio_billionths("0.001").value, 1'000'000u);
  EXPECT_EQ(parse_ratio_billionths("100%").value, billion);
}

TEST(Units, SaysWhatWasExpectedAndWhatWasFound) {
  const std::string expected =
      "expected a duration such as \"35ms\" or \"1.5s\" (units: ns, us, ms, s, min, h), got ";
  EXPECT_EQ(parse_duration("35").error, expected + "\"35\", which has no unit");
  EXPECT_EQ(parse_duration("").error, expected + "\"\"");
  EXPECT_EQ(parse_duration("-5ms").error, expected + "\"-5ms\", which is negative");
  EXPECT_EQ(parse_duration("soon").error, expected + "\"soon\"");
  EXPECT_EQ(parse_duration("5.s").error, expected + "\"5.s\"");
  EXPECT_EQ(parse_duration("35sm").error,
            expected + "\"35sm\" with the unknown unit \"sm\"; did you mean \"ms\"?");
  EXPECT_EQ(parse_duration("64KiB").error, expected + "\"64KiB\", which is a size");
  EXPECT_EQ(parse_duration("0.1ns").error,
            expected + "\"0.1ns\", which is not a whole number of steps of a nanosecond");
  EXPECT_EQ(parse_duration("9999999999h").error, expected + "\"9999999999h\", which is too large");
  EXPECT_EQ(parse_bit_rate("10GB").error,
            "expected a bit rate such as \"10Gbit/s\" (units: bit/s, kbit/s, Mbit/s, Gbit/s, "
            "Tbit/s), got \"10GB\", which is a size");
  EXPECT_EQ(
      parse_ratio_billionths("101%").error,
      "expected a ratio from 0 to 1 such as \"0.1%\" or \"0.001\", got \"101%\", which is too "
      "large");
}

TEST(Units, WritesTheShortestTextThatReadsBackTheSame) {
  EXPECT_EQ(format_duration(35ms), "35ms");
  EXPECT_EQ(format_duration(1500ms), "1.5s");
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(120s), "2min");
  EXPECT_EQ(format_duration(24h), "24h");
  EXPECT_EQ(format_duration(123'456'789ns), "123456.789us");
  EXPECT_EQ(format_duration(820ns), "820ns");
  EXPECT_EQ(format_byte_size(65'536), "64KiB");
  EXPECT_EQ(format_byte_size(1500), "1500B");
  EXPECT_EQ(format_bit_rate(10'000'000'000), "10Gbit/s");
  EXPECT_EQ(describe_byte_size(8'000'000'000), "7.45 GiB");
}

TEST(Units, EveryDurationSurvivesWritingAndReading) {
  std::uint64_t state = 20'231;  // a fixed multiplicative sequence: many magnitudes, no library
  for (int round = 0; round < 20'000; ++round) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto value = static_cast<std::int64_t>((state >> 1) >> (state % 63));
    EXPECT_EQ(parse_duration(format_duration(nanoseconds(value))).value.count(), value);
    const auto size = static_cast<std::uint64_t>(value);
    EXPECT_EQ(parse_byte_size(format_byte_size(size)).value, size);
    EXPECT_EQ(parse_bit_rate(format_bit_rate(size)).value, size);
  }
}

}  // namespace
}  // namespace wanlab::base
