// A failing world is made smaller as long as it still fails, and never anything else.
#include "sim/fuzz/shrinker.hpp"

#include "sim/fuzz/timing.hpp"
#include "sim/fuzz/world_maker.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace wanlab::fuzz {
namespace {

using namespace std::chrono_literals;

bool has_slow_path(const scenario::Plan& plan) {
  return std::any_of(plan.faults.begin(), plan.faults.end(), [](const scenario::Fault& fault) {
    return fault.kind == scenario::FaultKind::slow;
  });
}

// The first world with many faults, one of them a slow path.
scenario::Plan large_world() {
  for (std::uint64_t number = 0;; ++number) {
    scenario::Plan plan = make_world(1, number);
    if (plan.faults.size() >= 5 && has_slow_path(plan) && plan.edges.size() >= 2) return plan;
  }
}

TEST(Shrinking, LeavesOnlyWhatTheFailureNeeds) {
  const scenario::Plan large = large_world();
  const Shrunk small = shrink(large, has_slow_path, [] { return true; });
  EXPECT_EQ(small.plan.faults.size(), 1u);
  EXPECT_EQ(small.plan.faults.front().kind, scenario::FaultKind::slow);
  EXPECT_EQ(small.plan.edges.size(), 1u);
  EXPECT_EQ(small.plan.clients.size(), 1u);
  EXPECT_EQ(small.plan.credentials.size(), 1u);
  EXPECT_EQ(small.plan.edges.front().nodes, 1u);
  EXPECT_FALSE(small.reductions.empty());
  // Times follow what is left.
  EXPECT_EQ(*small.plan.settled_after, healed_by(small.plan) + recovery_bound(small.plan));
}

TEST(Shrinking, NeverReturnsAWorldThatDoesNotFail) {
  const scenario::Plan large = large_world();
  const std::size_t faults = large.faults.size();
  const Shrunk same = shrink(
      large, [&](const scenario::Plan& plan) { return plan.faults.size() == faults; },
      [] { return true; });
  EXPECT_EQ(same.plan.faults.size(), faults);
  EXPECT_EQ(same.plan.edges.size(), 1u);
}

TEST(Shrinking, OffersOnlyPlansThatMakeSense) {
  std::uint32_t tried = 0;
  shrink(
      large_world(),
      [&](const scenario::Plan& plan) {
        check(plan);  // throws for a name that leads nowhere
        EXPECT_FALSE(plan.edges.empty());
        EXPECT_FALSE(plan.clients.empty());
        ++tried;
        return tried % 3 == 0;
      },
      [] { return true; });
  EXPECT_GT(tried, 20u);
}

TEST(Shrinking, StopsWhenItMay) {
  std::uint32_t asked = 0;
  const Shrunk result = shrink(
      large_world(), [](const scenario::Plan&) { return true; }, [&] { return ++asked <= 5; });
  EXPECT_EQ(result.runs, 5u);
}

}  // namespace
}  // namespace wanlab::fuzz
