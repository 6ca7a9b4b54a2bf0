#include "sim/base/random.hpp"

#include <bit>

namespace wanlab {

double standard_exponential(std::uint64_t bits) {
  // u = value / 2^64 with value in [1, 2^64); ln u = ln(mantissa) + exponent * ln 2.
  const std::uint64_t value = bits | 1;
  const int leading = std::countl_zero(value);
  // The top 53 bits as a mantissa in [1, 2).
  const std::uint64_t mantissa_bits = ((value << leading) << 1) >> 12;
  double mantissa = std::bit_cast<double>((std::uint64_t{1023} << 52) | mantissa_bits);
  int exponent = -1 - leading;
  if (mantissa > 1.4142135623730951) {
    mantissa *= 0.5;
    ++exponent;
  }
  // ln m = 2 artanh(s) with s = (m - 1) / (m + 1), |s| <= 0.172: nine terms reach 1e-15.
  const double s = (mantissa - 1.0) / (mantissa + 1.0);
  const double square = s * s;
  double series = 1.0 / 17.0;
  for (int odd = 15; odd >= 1; odd -= 2) series = series * square + 1.0 / static_cast<double>(odd);
  const double logarithm =
      2.0 * s * series + static_cast<double>(exponent) * 0.69314718055994530942;
  return -logarithm;
}

Duration exponential(Duration mean, std::uint64_t bits) {
  return Duration(
      static_cast<Duration::rep>(static_cast<double>(mean.count()) * standard_exponential(bits)));
}

Duration uniform_between(Duration least, Duration most, std::uint64_t bits) {
  if (most <= least) return least;
  const auto span = static_cast<std::uint64_t>((most - least).count()) + 1;
  return least + Duration(static_cast<Duration::rep>(scale_to(bits, span)));
}

}  // namespace wanlab
