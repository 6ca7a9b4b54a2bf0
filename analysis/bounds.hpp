// The bounds of an expectation, in words and as tests.
#pragma once

#include "analysis/metrics.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace wanlab::analysis {

struct BoundCheck {
  enum class Kind : std::uint8_t { at_least, at_most, equals };
  Kind kind = Kind::equals;
  double bound = 0;
  std::string words;  // "at most 40"

  bool holds(double got) const {
    switch (kind) {
      case Kind::at_least:
        return got >= bound;
      case Kind::at_most:
        return got <= bound;
      case Kind::equals:
        return got == bound;
    }
    return false;
  }
};

// One for each bound that is stated.
inline std::vector<BoundCheck> bounds_of(const scenario::Expectation& expectation) {
  std::vector<BoundCheck> bounds;
  const auto add = [&bounds](BoundCheck::Kind kind, const char* words, double bound) {
    std::string text = words;
    text += ' ';
    text += to_string(MetricValue(bound));
    bounds.push_back({kind, bound, std::move(text)});
  };
  if (expectation.at_least) add(BoundCheck::Kind::at_least, "at least", *expectation.at_least);
  if (expectation.at_most) add(BoundCheck::Kind::at_most, "at most", *expectation.at_most);
  if (expectation.equals) add(BoundCheck::Kind::equals, "equal to", *expectation.equals);
  return bounds;
}

}  // namespace wanlab::analysis
