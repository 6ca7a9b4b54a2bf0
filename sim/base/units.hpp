// Quantities as people write them: "35ms", "64KiB", "10Gbit/s", "0.1%". Parsing is exact integer
// arithmetic and never rounds: what cannot be held exactly is refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "real_components/runtime/time.hpp"

namespace wanlab::base {

// A value, or the reason why there is none: what was expected, with an example, and what was found.
template <typename T>
struct Parsed {
  T value{};
  std::string error;  // empty: value holds
  explicit operator bool() const { return error.empty(); }
};

// Units: ns, us, ms, s, min, h. Never negative; at most 292 years, at least to the nanosecond.
Parsed<Duration> parse_duration(std::string_view text);
// Units: B, kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers of 1024). In bytes.
Parsed<std::uint64_t> parse_byte_size(std::string_view text);
// Units: bit/s, kbit/s, Mbit/s, Gbit/s, Tbit/s (powers of 1000). In bits per second.
Parsed<std::uint64_t> parse_bit_rate(std::string_view text);
// "0.1%" or "0.001", from 0 to 1, in billionths.
Parsed<std::uint64_t> parse_ratio_billionths(std::string_view text);

inline constexpr std::uint64_t billion = 1'000'000'000;

// The shortest text that parses back to exactly the same value.
std::string format_duration(Duration duration);
std::string format_byte_size(std::uint64_t bytes);
std::string format_bit_rate(std::uint64_t bits_per_second);

// For people, not for parsing back: three significant digits, e.g. "7.45 GiB".
std::string describe_byte_size(std::uint64_t bytes);

}  // namespace wanlab::base
