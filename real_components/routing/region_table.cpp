// Interning of region names.
#include "real_components/routing/region_table.hpp"

#include "real_components/routing/region_cost.hpp"

namespace wanlab::routing {

RegionId RegionTable::intern(std::string_view name) {
  if (const RegionId known = find(name); known != no_region) return known;
  if (names_.size() >= index_of(no_region)) return no_region;
  const RegionId id{static_cast<std::uint16_t>(names_.size())};
  ids_.emplace(names_.emplace_back(name), id);
  return id;
}

RegionId RegionTable::find(std::string_view name) const {
  const auto found = ids_.find(name);
  return found == ids_.end() ? no_region : found->second;
}

std::string_view to_string(RegionState state) {
  switch (state) {
    case RegionState::up:
      return "up";
    case RegionState::probation:
      return "probation";
    case RegionState::suspect:
      return "suspect";
    case RegionState::down:
      return "down";
    case RegionState::draining:
      return "draining";
  }
  return "unknown";
}

}  // namespace wanlab::routing
