// Where POPs are added, against the best that trying everything finds.
#include "analysis/planner/placement.hpp"

#include <gtest/gtest.h>

#include <random>

namespace wanlab::analysis {
namespace {

// Users and places strewn over a square of 300 ms; the first `existing` places are there already.
PlacementProblem strewn(std::uint32_t seed, std::size_t existing) {
  std::mt19937 random(seed);
  const auto draw = [&] { return static_cast<double>(random() % 3000) / 10; };
  PlacementProblem problem;
  problem.sites = 12;
  problem.limit_ms = 70;
  std::vector<std::pair<double, double>> places(problem.sites);
  for (auto& place : places) place = {draw(), draw()};
  for (std::size_t demand = 0; demand < 25; ++demand) {
    const double x = draw(), y = draw();
    problem.users.push_back(1 + draw());
    for (const auto& place : places) {
      problem.round_trip_ms.push_back(std::abs(x - place.first) + std::abs(y - place.second));
    }
  }
  for (std::size_t site = 0; site < problem.sites; ++site) {
    (site < existing ? problem.existing : problem.candidates).push_back(site);
  }
  return problem;
}

class PlacementOf : public ::testing::TestWithParam<PlacementGoal> {};
INSTANTIATE_TEST_SUITE_P(Goals, PlacementOf,
                         ::testing::Values(PlacementGoal::coverage, PlacementGoal::nearness));

TEST_P(PlacementOf, GreedyKeepsItsBoundsAgainstTheBest) {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    for (const std::size_t existing : {0u, 2u}) {
      const PlacementProblem problem = strewn(seed, existing);
      for (std::size_t count = 1; count <= 4; ++count) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::to_string(count) + " added");
        const Placement placement = place_greedily(problem, GetParam(), count);
        const double best = best_gain(problem, GetParam(), count);
        EXPECT_GE(placement.gain.back(), (1 - 1 / 2.718281828459045) * best - 1e-9);
        EXPECT_LE(placement.gain.back(), best + 1e-9);
        if (placement.added.size() == count) {
          EXPECT_GE(placement.gain_bound.back(), best - 1e-9);
          EXPECT_LE(placement.proven_share(), 1);
        }
        std::vector<std::size_t> swapped = placement.added;
        const double improved = improve_by_swaps(problem, GetParam(), swapped);
        EXPECT_GE(improved, placement.gain.back() - 1e-9);
        EXPECT_LE(improved, best + 1e-9);
      }
    }
  }
}

// The classic trap: the best single place lies between two that are better together.
TEST(Placement, SwapsFindWhatGreedyMisses) {
  PlacementProblem problem;
  problem.users = {3, 3, 2, 2};
  problem.sites = 3;
  problem.limit_ms = 1;
  problem.candidates = {0, 1, 2};
  problem.round_trip_ms = {0, 0, 9,   // both the middle and the left cover the first
                           0, 9, 0,   // the middle and the right the second
                           9, 0, 9,   // only the left the third
                           9, 9, 0};  // only the right the fourth
  const Placement greedy = place_greedily(problem, PlacementGoal::coverage, 2);
  EXPECT_EQ(greedy.added[0], 0u);
  EXPECT_NEAR(greedy.gain.back(), 0.8, 1e-9);
  EXPECT_GE(greedy.gain_bound.back(), 1.0 - 1e-9);
  std::vector<std::size_t> swapped = greedy.added;
  EXPECT_NEAR(improve_by_swaps(problem, PlacementGoal::coverage, swapped), 1.0, 1e-9);
}

TEST(Placement, TellsReachWithEachPlaceAndStopsWhenNothingIsGained) {
  PlacementProblem problem;
  problem.users = {1, 3};
  problem.sites = 3;
  problem.limit_ms = 50;
  problem.existing = {0};
  problem.candidates = {1, 2};
  problem.round_trip_ms = {20, 90, 90, 120, 40, 45};
  const Placement placement = place_greedily(problem, PlacementGoal::coverage, 2);
  ASSERT_EQ(placement.added, (std::vector<std::size_t>{1}));
  EXPECT_NEAR(placement.reach[0].covered, 0.25, 1e-12);
  EXPECT_NEAR(placement.reach[0].mean_ms, (20 + 3 * 120) / 4.0, 1e-12);
  EXPECT_NEAR(placement.reach[1].covered, 1, 1e-12);
  EXPECT_NEAR(placement.reach[1].mean_ms, (20 + 3 * 40) / 4.0, 1e-12);
  EXPECT_EQ(placement.proven_share(), 1);
}

}  // namespace
}  // namespace wanlab::analysis
