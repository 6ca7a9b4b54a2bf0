// Where further POPs go: the placement problem of a plan's topology, and plans with POPs added.
#pragma once

#include "analysis/planner/capacity_report.hpp"
#include "analysis/planner/placement.hpp"
#include "sim/scenario/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace wanlab::app {

struct PlacesAsked {
  std::size_t count = 10;
  Duration within = std::chrono::milliseconds(50);
  std::optional<double> cover;  // as few as cover this share of users
  analysis::PlacementGoal goal = analysis::PlacementGoal::coverage;
  std::string sites = "*";  // where one may be added
};

class PlanPlaces {
 public:
  // Users are the metros of the topology, by their weight. Throws base::InputError for a topology
  // without any, or without a place left.
  PlanPlaces(const scenario::Plan& plan, const PlacesAsked& asked);

  // From the topology alone.
  analysis::Answer answer() const;
  // In the order of what they add.
  const std::vector<std::size_t>& added() const { return placement_.added; }
  // Adds the first `count` to the plan, shaped like its first POP.
  void add_to(scenario::Plan& plan, std::size_t count) const;

 private:
  double within_reach_of(double share) const;
  void tell_cover(analysis::Answer& answer) const;

  const network::Topology& topology_;
  PlacesAsked asked_;
  analysis::PlacementProblem problem_;
  analysis::Placement placement_;
};

}  // namespace wanlab::app
