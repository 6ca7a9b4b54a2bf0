// What measurement says of a region, as routing consumes it. Produced by the mesh, never by the
// world.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "real_components/routing/region_table.hpp"
#include "real_components/runtime/time.hpp"

namespace wanlab::routing {

// In the order routing prefers them.
enum class RegionState : std::uint8_t { up, probation, suspect, down, draining };
std::string_view to_string(RegionState state);

struct RegionCost {
  RegionState state = RegionState::up;
  bool measured = false;             // at least one sample ever; cost means something
  bool stale = false;                // measured, but not lately: the cost is frozen
  bool over_capacity = false;        // the region asks for less; treated like a suspect one
  Duration cost{0};                  // estimated round trip including penalties
  Duration prior = Duration::max();  // static guess (distance) that orders the never-measured
  bool operator==(const RegionCost&) const = default;
};

// One value per region; regions never mentioned are up, never measured and without a prior.
class RegionCosts {
 public:
  const RegionCost& of(RegionId region) const {
    return index_of(region) < costs_.size() ? costs_[index_of(region)] : unknown_;
  }
  void set(RegionId region, const RegionCost& cost) {
    if (index_of(region) >= costs_.size()) costs_.resize(index_of(region) + 1);
    costs_[index_of(region)] = cost;
  }

  // Most peers look bad at once, so the fault is ours: routing keeps its order while this is set.
  bool panic = false;

 private:
  std::vector<RegionCost> costs_;
  RegionCost unknown_{};
};

}  // namespace wanlab::routing
