// One decimal parser for all quantities: digits, an optional fraction, a unit; exact in 128 bits.
#include "sim/base/units.hpp"

#include <array>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "sim/base/nearest_name.hpp"

namespace wanlab::base {
namespace {

__extension__ typedef unsigned __int128 Uint128;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

struct Quantity {
  std::string_view expected;  // completes "expected ..."
  std::span<const Unit> units;
  std::string_view what;       // "a duration"
  std::string_view too_small;  // what the smallest step is
};

constexpr std::array duration_units{
    Unit{"h", 3'600'000'000'000}, Unit{"min", 60'000'000'000}, Unit{"s", 1'000'000'000},
    Unit{"ms", 1'000'000},        Unit{"us", 1'000},           Unit{"ns", 1},
    Unit{"m", 60'000'000'000}};  // read, never written
constexpr std::array byte_units{Unit{"TiB", std::uint64_t{1} << 40},
                                Unit{"GiB", std::uint64_t{1} << 30},
                                Unit{"MiB", std::uint64_t{1} << 20},
                                Unit{"KiB", std::uint64_t{1} << 10},
                                Unit{"TB", 1'000'000'000'000},
                                Unit{"GB", 1'000'000'000},
                                Unit{"MB", 1'000'000},
                                Unit{"kB", 1'000},
                                Unit{"B", 1}};
constexpr std::array rate_units{Unit{"Tbit/s", 1'000'000'000'000}, Unit{"Gbit/s", 1'000'000'000},
                                Unit{"Mbit/s", 1'000'000}, Unit{"kbit/s", 1'000}, Unit{"bit/s", 1}};
constexpr std::array ratio_units{Unit{"%", 10'000'000}, Unit{"", 1'000'000'000}};

constexpr Quantity duration_quantity{
    "a duration such as \"35ms\" or \"1.5s\" (units: ns, us, ms, s, min, h)", duration_units,
    "a duration", "a nanosecond"};
constexpr Quantity byte_quantity{
    "a size such as \"64KiB\" or \"1500B\" (units: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)",
    byte_units, "a size", "a byte"};
constexpr Quantity rate_quantity{
    "a bit rate such as \"10Gbit/s\" (units: bit/s, kbit/s, Mbit/s, Gbit/s, Tbit/s)", rate_units,
    "a bit rate", "a bit per second"};
constexpr Quantity ratio_quantity{"a ratio from 0 to 1 such as \"0.1%\" or \"0.001\"", ratio_units,
                                  "a ratio", "a billionth"};

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return &unit;
  return nullptr;
}

// What is wrong with the unit somebody wrote, as the end of a sentence.
std::string explain_unit(const Quantity& quantity, std::string_view unit) {
  if (unit.empty()) return ", which has no unit";
  for (const Quantity* other : {&duration_quantity, &byte_quantity, &rate_quantity})
    if (other != &quantity && find_unit(other->units, unit) != nullptr)
      return ", which is " + std::string(other->what);
  std::vector<std::string_view> names;
  for (const Unit& known : quantity.units)
    if (!known.name.empty()) names.push_back(known.name);
  return " with the unknown unit \"" + std::string(unit) + "\"" + did_you_mean(unit, names);
}

Parsed<std::uint64_t> parse(const Quantity& quantity, std::string_view text, std::uint64_t limit) {
  const auto refuse = [&](const std::string& reason) {
    return Parsed<std::uint64_t>{0, "expected " + std::string(quantity.expected) + ", got \"" +
                                        std::string(text) + "\"" + reason};
  };
  std::size_t position = 0;
  Uint128 digits = 0;
  std::uint64_t divisor = 1;
  bool any = false, fraction = false;
  if (text.starts_with('-')) return refuse(", which is negative");
  for (; position < text.size(); ++position) {
    const char letter = text[position];
    if (letter == '.' && !fraction && any) {
      fraction = true;
      if (position + 1 == text.size() || !is_digit(text[position + 1])) return refuse("");
      continue;
    }
    if (!is_digit(letter)) break;
    any = true;
    digits = digits * 10 + static_cast<unsigned>(letter - '0');
    if (fraction) divisor *= 10;
    if (digits > std::numeric_limits<std::uint64_t>::max()) return refuse(", which is too large");
    if (divisor > 1'000'000'000'000'000) return refuse(", which has too many decimal places");
  }
  if (!any) return refuse("");
  const std::string_view unit_name = text.substr(position);
  const Unit* unit = find_unit(quantity.units, unit_name);
  if (unit == nullptr) return refuse(explain_unit(quantity, unit_name));
  const Uint128 scaled = digits * unit->factor;
  if (scaled % divisor != 0)
    return refuse(", which is not a whole number of steps of " + std::string(quantity.too_small));
  const Uint128 value = scaled / divisor;
  if (value > limit) return refuse(", which is too large");
  return {static_cast<std::uint64_t>(value), {}};
}

// The largest unit in which the value needs at most `places` decimal places.
std::string format(std::uint64_t value, std::span<const Unit> units, int places) {
  if (value == 0) return "0";
  for (const Unit& unit : units) {
    if (value < unit.factor && unit.factor != 1) continue;
    const std::uint64_t whole = value / unit.factor;
    std::uint64_t rest = value % unit.factor;
    std::string text = std::to_string(whole);
    if (rest != 0) {
      text += '.';
      for (int place = 0; place < places && rest != 0; ++place) {
        const Uint128 next = static_cast<Uint128>(rest) * 10;
        text += static_cast<char>('0' + static_cast<int>(next / unit.factor));
        rest = static_cast<std::uint64_t>(next % unit.factor);
      }
    }
    if (rest == 0) return text + std::string(unit.name);
  }
  return std::to_string(value) + std::string(units.back().name);
}

}  // namespace

Parsed<Duration> parse_duration(std::string_view text) {
  const auto parsed = parse(duration_quantity, text,
                            static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max()));
  return {Duration(static_cast<Duration::rep>(parsed.value)), parsed.error};
}

Parsed<std::uint64_t> parse_byte_size(std::string_view text) {
  return parse(byte_quantity, text, std::numeric_limits<std::uint64_t>::max());
}

Parsed<std::uint64_t> parse_bit_rate(std::string_view text) {
  return parse(rate_quantity, text, std::numeric_limits<std::uint64_t>::max());
}

Parsed<std::uint64_t> parse_ratio_billionths(std::string_view text) {
  return parse(ratio_quantity, text, billion);
}

std::string format_duration(Duration duration) {
  const auto count = duration.count();
  if (count == 0) return "0s";
  const std::string sign = count < 0 ? "-" : "";
  const std::uint64_t value = count < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(count)
                                        : static_cast<std::uint64_t>(count);
  const std::span<const Unit> units = duration_units;
  // Hours and minutes only when whole: "90s" reads better than "1.5min".
  for (const Unit& unit : units.first(2))
    if (value % unit.factor == 0)
      return sign + std::to_string(value / unit.factor) + std::string(unit.name);
  return sign + format(value, units.subspan(2), 3);
}

std::string format_byte_size(std::uint64_t bytes) {
  if (bytes == 0) return "0B";
  const std::span<const Unit> units = byte_units;
  // Binary units first; a size that is not whole in them is told in bytes.
  for (const Unit& unit : units.first(4))
    if (bytes % unit.factor == 0)
      return std::to_string(bytes / unit.factor) + std::string(unit.name);
  return format(bytes, units.subspan(4), 0);
}

std::string format_bit_rate(std::uint64_t bits_per_second) {
  if (bits_per_second == 0) return "0bit/s";
  return format(bits_per_second, rate_units, 3);
}

std::string describe_byte_size(std::uint64_t bytes) {
  const std::span<const Unit> units = byte_units;
  for (const Unit& unit : units.first(4)) {
    if (bytes < unit.factor) continue;
    // Hundredths, rounded half up; digits dropped so that three significant ones remain.
    const Uint128 hundredths = (static_cast<Uint128>(bytes) * 100 + unit.factor / 2) / unit.factor;
    const auto whole = static_cast<std::uint64_t>(hundredths / 100);
    const auto rest = static_cast<std::uint64_t>(hundredths % 100);
    std::string text = std::to_string(whole);
    const auto digit = [](std::uint64_t value) { return static_cast<char>('0' + value); };
    if (whole < 100) {
      text += '.';
      text += digit(rest / 10);
    }
    if (whole < 10) text += digit(rest % 10);
    return text + " " + std::string(unit.name);
  }
  return std::to_string(bytes) + " B";
}

}  // namespace wanlab::base
