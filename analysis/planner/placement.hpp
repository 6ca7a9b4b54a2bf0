// Where further POPs do most good: facility location on the round trips between users and places.
// Pure arithmetic; knows no topology.
//
// Places are added greedily, each the one that adds most. What is added, coverage or closeness, is
// a monotone and submodular function of the set of places, so that K greedy places have at least
// 1 - 1/e = 63 % of the best possible gain of any K (Cornuejols, Fisher, Nemhauser, "Location of
// bank accounts to optimize float", Management Science 23(8), 1977; Nemhauser, Wolsey, Fisher,
// Mathematical Programming 14, 1978). How good they really are is bounded from what was seen: no K
// places can gain more than a greedy set has, and the K largest single gains beyond it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace wanlab::analysis {

struct PlacementProblem {
  std::vector<double> users;  // by place of demand
  std::size_t sites = 0;
  std::vector<double> round_trip_ms;  // users.size() rows of `sites` columns
  std::vector<std::size_t> existing;
  std::vector<std::size_t> candidates;  // where one may be added
  double limit_ms = 50;                 // users nearer than this are covered

  double at(std::size_t demand, std::size_t site) const {
    return round_trip_ms[demand * sites + site];
  }
};

// What is to be gained: users within the limit, or nearness (the mean round trip goes down).
enum class PlacementGoal : std::uint8_t { coverage, nearness };

struct Reach {
  double covered = 0;  // share of all users
  double mean_ms = 0;  // to the nearest, of those who have any
};
Reach reach_of(const PlacementProblem& problem, const std::vector<std::size_t>& sites);

struct Placement {
  std::vector<std::size_t> added;  // in the order of choice; fewer where nothing more is gained
  std::vector<Reach> reach;  // with the existing and the first so many added; added + 1 values
  // Of the goal, from 0 for nothing added: what each prefix gains, and what no set of the same size
  // can exceed.
  std::vector<double> gain, gain_bound;

  // At least so much of the best possible gain, of all that were added.
  double proven_share() const {
    return gain.empty() || gain_bound.back() <= 0 ? 1 : gain.back() / gain_bound.back();
  }
};

Placement place_greedily(const PlacementProblem& problem, PlacementGoal goal, std::size_t count);

// Exchanges one of `added` against one that is not there, as long as that gains; never loses.
// What it gains in the end is returned.
double improve_by_swaps(const PlacementProblem& problem, PlacementGoal goal,
                        std::vector<std::size_t>& added);

// By trying all: for few candidates only, and to test the above.
double best_gain(const PlacementProblem& problem, PlacementGoal goal, std::size_t count);

}  // namespace wanlab::analysis
