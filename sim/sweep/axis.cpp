// Ranges are counted in whole steps of the smallest digit anybody wrote, so that none drifts.
#include "sim/sweep/axis.hpp"

#include "sim/base/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <set>

namespace wanlab::sweep {

namespace {

using base::InputError;

constexpr std::size_t most_steps = 10'000;
constexpr std::size_t most_points = 1'000'000;

// A way to read a quantity as a whole number, and to write it again.
struct Kind {
  std::function<std::optional<std::uint64_t>(std::string_view)> read;
  std::function<std::string(std::uint64_t)> write;
};

template <typename T>
std::optional<std::uint64_t> value_of(const base::Parsed<T>& parsed) {
  if (!parsed) return std::nullopt;
  if constexpr (std::is_same_v<T, Duration>) {
    return static_cast<std::uint64_t>(parsed.value.count());
  } else {
    return parsed.value;
  }
}

// Digits behind the point.
std::size_t places_of(std::string_view text) {
  const std::size_t point = text.find('.');
  return point == std::string_view::npos ? 0 : text.size() - point - 1;
}

std::optional<std::uint64_t> read_decimal(std::string_view text, std::size_t places) {
  const std::size_t own = places_of(text);
  if (text.empty() || text.front() == '.' || text.back() == '.') return std::nullopt;
  if (places > 9 || own > places) return std::nullopt;
  std::string digits(text);
  std::erase(digits, '.');
  if (digits.size() + 1 < text.size()) return std::nullopt;  // two points
  digits.append(places - own, '0');
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value);
  return read.ec == std::errc() && read.ptr == end ? std::optional(value) : std::nullopt;
}

std::string write_decimal(std::uint64_t value, std::size_t places) {
  std::string digits = std::to_string(value);
  if (places == 0) return digits;
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  digits.insert(digits.end() - static_cast<std::ptrdiff_t>(places), '.');
  while (digits.back() == '0') digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
  return digits;
}

Kind decimals(std::size_t places, std::string_view ending) {
  return {[=](std::string_view text) -> std::optional<std::uint64_t> {
            if (!text.ends_with(ending)) return std::nullopt;
            text.remove_suffix(ending.size());
            return read_decimal(text, places);
          },
          [=](std::uint64_t value) { return write_decimal(value, places).append(ending); }};
}

std::vector<Kind> kinds_for(std::string_view from, std::string_view to, std::string_view step) {
  const auto places = [](std::string_view text) {
    return places_of(text.ends_with('%') ? text.substr(0, text.size() - 1) : text);
  };
  const std::size_t most = std::max({places(from), places(to), places(step)});
  return {decimals(most, ""),
          decimals(most, "%"),
          {[](std::string_view text) { return value_of(base::parse_duration(text)); },
           [](std::uint64_t value) {
             return base::format_duration(Duration(static_cast<Duration::rep>(value)));
           }},
          {[](std::string_view text) { return value_of(base::parse_byte_size(text)); },
           base::format_byte_size},
          {[](std::string_view text) { return value_of(base::parse_bit_rate(text)); },
           base::format_bit_rate}};
}

struct Range {
  std::string_view from, to, step;
  bool factor = false;
};

// "10ms..50ms/10ms"; none for what is no range.
std::optional<Range> range_in(std::string_view text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos || dots == 0 || text.front() == '"') return std::nullopt;
  Range range;
  range.from = text.substr(0, dots);
  std::string_view rest = text.substr(dots + 2);
  // Of the slashes of "1Gbit/s..4Gbit/s/1Gbit/s" the second parts the step from the end.
  const std::size_t unit_slash = rest.find("bit/s");
  const std::size_t behind = unit_slash == std::string_view::npos ? 0 : unit_slash + 5;
  const std::size_t sign = rest.find_first_of("/*", behind);
  range.to = rest.substr(0, sign);
  if (sign != std::string_view::npos) {
    range.factor = rest[sign] == '*';
    range.step = rest.substr(sign + 1);
  }
  return range;
}

class RangeReader {
 public:
  RangeReader(const std::string& option, std::string_view text, const Range& range)
      : option_(option), text_(text), range_(range) {}

  std::vector<std::string> read() const {
    for (const Kind& kind : kinds_for(range_.from, range_.to, range_.factor ? "" : range_.step)) {
      const auto from = kind.read(range_.from), to = kind.read(range_.to);
      if (from && to)
        return range_.factor ? by_factor(kind, *from, *to) : by_step(kind, *from, *to);
    }
    refuse("expected two quantities of one kind around \"..\", e.g. 10ms..50ms/10ms or 1..5");
  }

 private:
  std::vector<std::string> by_step(const Kind& kind, std::uint64_t from, std::uint64_t to) const {
    std::uint64_t step = 1;
    if (!range_.step.empty()) {
      const auto read = kind.read(range_.step);
      if (!read || *read == 0) refuse("expected a step of the same kind that is more than nothing");
      step = *read;
    } else if (range_.from.find_first_not_of("0123456789") != std::string_view::npos ||
               range_.to.find_first_not_of("0123456789") != std::string_view::npos) {
      refuse("only whole numbers have a step of their own; say e.g. " + std::string(text_) + "/" +
             std::string(range_.from));
    }
    check_order(from, to);
    if ((to - from) / step >= most_steps) refuse("more than 10,000 values");
    std::vector<std::string> values;
    for (std::uint64_t i = 0; i <= (to - from) / step; ++i) {
      values.push_back(kind.write(from + i * step));
    }
    return values;
  }

  std::vector<std::string> by_factor(const Kind& kind, std::uint64_t from, std::uint64_t to) const {
    const auto factor = read_decimal(range_.step, 0);
    if (!factor || *factor < 2) refuse("expected a whole factor of at least 2 behind \"*\"");
    check_order(from, to);
    if (from == 0) refuse("a range of factors cannot begin with nothing");
    std::vector<std::string> values;
    for (std::uint64_t value = from;; value *= *factor) {
      values.push_back(kind.write(value));
      if (value > to / *factor) break;
    }
    return values;
  }

  void check_order(std::uint64_t from, std::uint64_t to) const {
    if (from > to) refuse("a range goes upwards");
  }
  [[noreturn]] void refuse(const std::string& why) const {
    throw InputError(option_, std::string(text_), why);
  }

  const std::string& option_;
  std::string_view text_;
  const Range& range_;
};

// At commas outside of brackets, braces and quotes.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t from = 0, depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const char c = at < text.size() ? text[at] : ',';
    if (at == text.size()) {
      parts.push_back(text.substr(from, at - from));
    } else if (quoted) {
      if (c == '\\') {
        ++at;
      } else {
        quoted = c != '"';
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    } else if (c == ',' && depth == 0) {
      parts.push_back(text.substr(from, at - from));
      from = at + 1;
    }
  }
  return parts;
}

}  // namespace

Axis read_axis(const std::string& option, std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    throw InputError(option, std::string(text),
                     "expected PATH=VALUES, e.g. edges.0.nodes=1,2,4 or jitter=1ms..5ms/1ms");
  }
  Axis axis;
  axis.paths.emplace_back(text.substr(0, equals));
  std::set<std::string> seen;
  for (const std::string_view part : split(text.substr(equals + 1))) {
    if (part.empty()) throw InputError(option, std::string(text), "there is an empty value");
    const auto range = range_in(part);
    const std::vector<std::string> values = range ? RangeReader(option, part, *range).read()
                                                  : std::vector<std::string>{std::string(part)};
    for (const std::string& value : values) {
      if (!seen.insert(value).second) {
        throw InputError(option, std::string(text), "has the value " + value + " twice");
      }
      axis.steps.push_back({value});
    }
  }
  if (axis.size() > most_steps)
    throw InputError(option, std::string(text), "more than 10,000 values");
  return axis;
}

Axis zipped(const std::vector<Axis>& axes) {
  Axis all = axes.front();
  for (auto axis = axes.begin() + 1; axis != axes.end(); ++axis) {
    if (axis->size() != all.size()) {
      throw InputError("--zip", "",
                       all.paths.front() + " has " + std::to_string(all.size()) + " values, " +
                           axis->paths.front() + " has " + std::to_string(axis->size()) +
                           ": parameters that advance together need as many of each");
    }
    all.paths.insert(all.paths.end(), axis->paths.begin(), axis->paths.end());
    for (std::size_t i = 0; i < all.size(); ++i) all.steps[i].push_back(axis->steps[i].front());
  }
  return all;
}

Grid::Grid(std::vector<Axis> axes) : axes_(std::move(axes)) {
  std::set<std::string> seen;
  for (const Axis& axis : axes_) {
    for (const std::string& path : axis.paths) {
      if (!seen.insert(path).second) {
        throw InputError("--vary", path, "is varied twice; give all its values in one list");
      }
    }
    if (axis.size() > most_points / points_) {
      throw InputError("--vary", axis.paths.front(),
                       "makes more than a million points; vary less or in larger steps");
    }
    points_ *= axis.size();
  }
}

std::vector<std::size_t> Grid::steps(std::size_t point) const {
  std::vector<std::size_t> found(axes_.size());
  for (std::size_t i = axes_.size(); i-- > 0;) {
    found[i] = point % axes_[i].size();
    point /= axes_[i].size();
  }
  return found;
}

std::vector<Assignment> Grid::at(std::size_t point) const {
  std::vector<Assignment> assignments;
  const std::vector<std::size_t> step = steps(point);
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    for (std::size_t j = 0; j < axes_[i].paths.size(); ++j) {
      assignments.push_back({axes_[i].paths[j], axes_[i].steps[step[i]][j]});
    }
  }
  return assignments;
}

}  // namespace wanlab::sweep
