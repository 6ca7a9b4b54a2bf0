// Finds the name somebody probably meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wanlab::base {

// The candidate with the fewest edits (insert, delete, replace, swap neighbours; letter case is
// half an edit), if that is few enough for its length to be a likely slip. Ties go to the earlier
// candidate.
std::optional<std::string> nearest_name(std::string_view name,
                                        std::span<const std::string_view> candidates);
std::optional<std::string> nearest_name(std::string_view name,
                                        std::span<const std::string> candidates);

// "; did you mean \"name\"?", or nothing when no candidate is near.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates);
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

}  // namespace wanlab::base
