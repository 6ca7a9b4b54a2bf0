// Doubling until the turn is between two values, then cutting in between.
#include "analysis/planner/bracket_search.hpp"

#include <algorithm>
#include <cmath>

namespace wanlab::analysis {

BracketSearch::BracketSearch(Wanted wanted, const Bounds& bounds)
    : wanted_(wanted), bounds_(bounds) {
  bounds_.most = std::max(bounds_.most, bounds_.least);
  bounds_.start = std::clamp(bounds_.start, bounds_.least, bounds_.most);
}

bool BracketSearch::finished() const {
  if (!good_) return bad_ == easiest();
  if (!bad_) return good_ == hardest();
  const std::uint64_t low = std::min(*good_, *bad_), high = std::max(*good_, *bad_);
  return high - low <= 1 ||
         static_cast<double>(high - low) <= bounds_.tolerance * static_cast<double>(low);
}

// Twice or half as much, but not beyond the bound.
std::uint64_t BracketSearch::towards(std::uint64_t from, std::uint64_t bound) const {
  return bound >= from ? (from > bound / 2 ? bound : std::max<std::uint64_t>(2 * from, 1))
                       : std::max(from / 2, bound);
}

void BracketSearch::propose(std::uint64_t value, std::vector<std::uint64_t>& values) {
  if (asked_.emplace(value, std::nullopt).second) values.push_back(value);
}

std::vector<std::uint64_t> BracketSearch::ask(std::size_t room) {
  std::vector<std::uint64_t> values;
  if (finished() || room == 0) return values;
  if (!good_ || !bad_) {
    propose(bounds_.start, values);
    // Towards where the turn must be, as far as is known; both ways while nothing is.
    std::uint64_t easy = bad_.value_or(bounds_.start), hard = good_.value_or(bounds_.start);
    for (int doublings = 0; values.size() < room && doublings < 64; ++doublings) {
      if (!good_) propose(easy = towards(easy, easiest()), values);
      if (!bad_ && values.size() < room) propose(hard = towards(hard, hardest()), values);
    }
    return values;
  }
  const std::uint64_t low = std::min(*good_, *bad_), high = std::max(*good_, *bad_);
  const auto parts = static_cast<double>(room + 1);
  const double ratio =
      static_cast<double>(high) / static_cast<double>(std::max<std::uint64_t>(low, 1));
  for (std::size_t i = 1; i <= room; ++i) {
    const double part = static_cast<double>(i) / parts;
    // Far apart, equal factors tell more than equal distances.
    const double at = low > 0 && ratio > 4
                          ? static_cast<double>(low) * std::pow(ratio, part)
                          : static_cast<double>(low) + static_cast<double>(high - low) * part;
    propose(std::clamp(static_cast<std::uint64_t>(std::llround(at)), low + 1, high - 1), values);
  }
  return values;
}

void BracketSearch::tell(std::uint64_t value, bool good) {
  asked_[value] = good;
  std::optional<std::uint64_t> best;
  for (const auto& [known, answer] : asked_) {
    if (answer.value_or(false) && (!best || easier(*best, known))) best = known;
  }
  // The bad value next to the best good one, on its harder side; one on its easier side
  // contradicts.
  std::optional<std::uint64_t> nearest;
  contradicted_ = false;
  for (const auto& [known, answer] : asked_) {
    if (answer.value_or(true)) continue;
    if (best && easier(known, *best)) {
      contradicted_ = true;
    } else if (!nearest || easier(known, *nearest)) {
      nearest = known;
    }
  }
  good_ = best;
  bad_ = nearest;
}

}  // namespace wanlab::analysis
