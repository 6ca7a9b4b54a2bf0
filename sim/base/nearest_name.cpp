// Damerau-Levenshtein distance (optimal string alignment) in half edits.
#include "sim/base/nearest_name.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace wanlab::base {
namespace {

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::size_t replace_cost(char left, char right) {
  if (left == right) return 0;
  return lower(left) == lower(right) ? 1 : 2;
}

std::size_t half_edits(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before(right.size() + 1), previous(right.size() + 1),
      current(right.size() + 1);
  for (std::size_t column = 0; column <= right.size(); ++column) previous[column] = 2 * column;
  for (std::size_t row = 1; row <= left.size(); ++row) {
    current[0] = 2 * row;
    for (std::size_t column = 1; column <= right.size(); ++column) {
      std::size_t best = std::min(previous[column], current[column - 1]) + 2;
      best = std::min(best, previous[column - 1] + replace_cost(left[row - 1], right[column - 1]));
      if (row > 1 && column > 1 && left[row - 1] == right[column - 2] &&
          left[row - 2] == right[column - 1])
        best = std::min(best, before[column - 2] + 1);  // the commonest slip
      current[column] = best;
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[right.size()];
}

template <typename Name>
std::optional<std::string> nearest(std::string_view name, std::span<const Name> candidates) {
  const Name* best = nullptr;
  // A third of the letters may be wrong, one always.
  std::size_t limit = 2 * std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const Name& candidate : candidates) {
    const std::size_t distance = half_edits(name, candidate);
    if (distance < limit) {
      limit = distance;
      best = &candidate;
    }
  }
  if (best == nullptr) return std::nullopt;
  return std::string(*best);
}

template <typename Name>
std::string suggestion(std::string_view name, std::span<const Name> candidates) {
  const auto found = nearest<Name>(name, candidates);
  return found ? "; did you mean \"" + *found + "\"?" : std::string();
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name,
                                        std::span<const std::string_view> candidates) {
  return nearest<std::string_view>(name, candidates);
}

std::optional<std::string> nearest_name(std::string_view name,
                                        std::span<const std::string> candidates) {
  return nearest<std::string>(name, candidates);
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates) {
  return suggestion<std::string_view>(name, candidates);
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  return suggestion<std::string>(name, candidates);
}

}  // namespace wanlab::base
