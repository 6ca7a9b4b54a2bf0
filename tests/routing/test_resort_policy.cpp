// When clusters[0] may move: soon enough after a real change, at once after a failure, never
// because of noise.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "real_components/routing/resort_policy.hpp"

namespace wanlab::routing {
namespace {

Duration milliseconds(double value) {
  return Duration{static_cast<std::int64_t>(value * 1e6)};
}

class ResortPolicyTest : public ::testing::Test {
 protected:
  ResortPolicyTest() {
    for (const char* name : {"a", "b", "c"}) order.push_back(regions.intern(name));
    set("a", 20);
    set("b", 100);
    set("c", 200);
  }

  void set(std::string_view name, double cost, RegionState state = RegionState::up) {
    RegionCost value;
    value.measured = true;
    value.state = state;
    value.cost = milliseconds(cost);
    costs.set(regions.intern(name), value);
  }
  void forget(std::string_view name, Duration prior) {
    RegionCost value;
    value.prior = prior;
    costs.set(regions.intern(name), value);
  }
  HeadChange evaluate() { return policy.evaluate(order, costs, regions, options, now); }
  // One evaluation a second; returns how often the head changed.
  int seconds(int count, const std::function<void(int)>& before_each = {}) {
    int changes = 0;
    for (int i = 0; i < count; ++i) {
      if (before_each) before_each(i);
      if (evaluate() != HeadChange::none) ++changes;
      now += 1s;
    }
    return changes;
  }
  std::string shown() const {
    std::string text;
    for (const RegionId region : order) text += regions.name(region);
    return text;
  }
  // Until the head is `name`; the time that took.
  Duration until_head(std::string_view name, int limit = 1'000) {
    const Instant begin = now;
    for (int i = 0; i < limit && regions.name(order.front()) != name; ++i) {
      evaluate();
      if (regions.name(order.front()) == name) break;
      now += 1s;
    }
    return now - begin;
  }

  RegionTable regions;
  RegionCosts costs;
  ResortOptions options;
  ResortPolicy policy;
  std::vector<RegionId> order;
  Instant now{};
};

using Sorting = ResortPolicyTest;
TEST_F(Sorting, GoesByStateThenCostThenPriorThenName) {
  for (const char* name : {"d", "e", "f", "g"}) order.push_back(regions.intern(name));
  set("a", 1, RegionState::down);
  set("b", 500);
  set("c", 1, RegionState::probation);
  set("d", 1, RegionState::suspect);
  forget("e", 10ms);
  forget("f", 5ms);
  set("g", 1, RegionState::draining);
  sort_regions(order, costs, regions, options.quantum);
  EXPECT_EQ(shown(), "bcdfeag");
}

TEST_F(Sorting, PutsTheNeverMeasuredBehindAllThatAnswered) {
  forget("a", 0ns);  // a prior of nothing at all must not look like a perfect region
  sort_regions(order, costs, regions, options.quantum);
  EXPECT_EQ(shown(), "bca");
}

TEST_F(Sorting, TakesARegionOverItsCapacityForASuspectOne) {
  RegionCost full = costs.of(regions.find("a"));
  full.over_capacity = true;
  costs.set(regions.find("a"), full);
  sort_regions(order, costs, regions, options.quantum);
  EXPECT_EQ(shown(), "bca");
}

TEST_F(Sorting, IsTheSameForEveryInitialOrder) {
  set("a", 10.2);
  set("b", 10.7);  // equal to a within the quantum, so the name decides
  set("c", 10.1);
  std::vector<RegionId> permutation = order;
  do {
    order = permutation;
    sort_regions(order, costs, regions, options.quantum);
    EXPECT_EQ(shown(), "abc");
  } while (std::next_permutation(permutation.begin(), permutation.end()));
}

TEST_F(ResortPolicyTest, AdoptsAStepWithinSixSeconds) {
  seconds(60);
  EXPECT_EQ(shown(), "abc");
  set("a", 40);
  set("b", 20);  // the head is now twice as far as the best
  EXPECT_LE(until_head("b"), 6s);
  EXPECT_EQ(policy.cost_before(), milliseconds(40));
  EXPECT_EQ(policy.cost_after(), milliseconds(20));
}

TEST_F(ResortPolicyTest, WantsAGainThatLastsFiveTicks) {
  seconds(60);
  // Four bad seconds, one good one, over and over.
  EXPECT_EQ(seconds(600, [&](int i) { set("b", i % 5 == 4 ? 100 : 5); }), 0);
  EXPECT_EQ(seconds(5, [&](int) { set("b", 5); }), 1);
}

TEST_F(ResortPolicyTest, CountsTicksNotEvaluations) {
  seconds(60);
  set("b", 5);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(evaluate(), HeadChange::none);
    now += 1ms;
  }
}

TEST_F(ResortPolicyTest, WantsFiveMillisecondsAndAFifth) {
  seconds(60);
  set("a", 10);
  set("b", 5.1);  // half of it, but only 4.9 ms
  EXPECT_EQ(seconds(100), 0);
  set("a", 100);
  set("b", 81);  // 19 ms, but only 19 %
  EXPECT_EQ(seconds(100), 0);
  set("b", 79);
  EXPECT_EQ(seconds(6), 1);
}

TEST_F(ResortPolicyTest, DoesNotFlapUnderOscillationBelowTheThreshold) {
  set("b", 20);
  seconds(60);
  // Both swing by 9 % in opposite phase: at worst 16 % apart. Triangle waves of several periods.
  for (const int period : {2, 7, 20, 61}) {
    EXPECT_EQ(seconds(7'200,
                      [&](int i) {
                        const int phase = i % period;
                        const double swing = 4.0 * std::min(phase, period - phase) / period - 1.0;
                        set("a", 100 * (1 + 0.09 * swing));
                        set("b", 100 * (1 - 0.09 * swing));
                      }),
              0)
        << period;
  }
}

TEST_F(ResortPolicyTest, DoesNotFlapUnderNoiseWithAHeavyTail) {
  constexpr std::uint64_t seed = 7;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  set("b", 21);
  seconds(60);
  EXPECT_EQ(seconds(24 * 3600,
                    [&](int) {
                      // One second in twenty the head looks up to five times worse.
                      const double peak =
                          random() % 20 == 0 ? 20.0 * static_cast<double>(random() % 5) : 0;
                      set("a", 20 + peak);
                    }),
            0);
}

TEST_F(ResortPolicyTest, DwellsThirtySecondsAfterAChange) {
  seconds(60);
  set("b", 10);
  EXPECT_LE(until_head("b"), 6s);
  const Instant changed = now;
  set("a", 1);
  until_head("a");
  EXPECT_GE(now - changed, 30s);
  EXPECT_LE(now - changed, 31s);
}

TEST_F(ResortPolicyTest, DampsARouteThatFlapsAndForgivesIt) {
  seconds(60);
  // The best region changes as often as the dwell allows.
  int changes = 0;
  const Instant begin = now;
  while (!policy.suppressed()) {
    const bool a_leads = regions.name(order.front()) == "a";
    set("a", a_leads ? 100 : 20);
    set("b", a_leads ? 20 : 100);
    changes += seconds(1);
    ASSERT_LT(now - begin, 600s);
  }
  EXPECT_EQ(changes, 3);
  EXPECT_EQ(policy.penalty(options, now), policy.penalty(options, now));
  const Instant suppressed = now;
  const bool a_leads = regions.name(order.front()) == "a";
  set("a", a_leads ? 100 : 20);
  set("b", a_leads ? 20 : 100);
  until_head(a_leads ? "b" : "a");
  // From about 2,200 to 750 with a half-life of 60 s: 93 s.
  EXPECT_GE(now - suppressed, 80s);
  EXPECT_LE(now - suppressed, 100s);
}

TEST_F(ResortPolicyTest, NeverSuppressesLongerThanTheMaximum) {
  options.maximum_suppression = 40s;
  options.half_life = 600s;
  seconds(60);
  const auto state = [](bool bad) { return bad ? RegionState::down : RegionState::up; };
  for (int i = 0; i < 10; ++i) {  // failures flap as they like
    set("a", 20, state(i % 2 == 0));
    set("b", 30, state(i % 2 == 1));
    EXPECT_EQ(evaluate(), HeadChange::failure);
    now += 100ms;
  }
  ASSERT_TRUE(policy.suppressed());
  const bool a_leads = regions.name(order.front()) == "a";
  set("a", a_leads ? 100 : 20);
  set("b", a_leads ? 20 : 100);
  EXPECT_LE(until_head(a_leads ? "b" : "a"), 41s);
}

TEST_F(ResortPolicyTest, HalvesThePenaltyEveryHalfLife) {
  seconds(60);
  set("a", 20, RegionState::down);
  EXPECT_EQ(evaluate(), HeadChange::failure);
  EXPECT_EQ(policy.penalty(options, now), 1000u);
  EXPECT_NEAR(policy.penalty(options, now + 30s), 707, 1);
  EXPECT_NEAR(policy.penalty(options, now + 60s), 500, 1);
  EXPECT_NEAR(policy.penalty(options, now + 85s), 374, 2);
  EXPECT_EQ(policy.penalty(options, now + 24h), 0u);
}

TEST_F(ResortPolicyTest, LeavesABadHeadAtOnce) {
  for (const RegionState state : {RegionState::suspect, RegionState::down, RegionState::draining}) {
    SCOPED_TRACE(to_string(state));
    policy = {};
    set("a", 20);
    sort_regions(order, costs, regions, options.quantum);
    seconds(2);
    set("a", 20, state);
    EXPECT_EQ(evaluate(), HeadChange::failure);
    EXPECT_EQ(shown().substr(0, 2), "bc");
  }
}

TEST_F(ResortPolicyTest, LeavesABadHeadEvenDuringDwellAndSuppression) {
  seconds(60);
  for (int i = 0; i < 20; ++i) {
    const std::string head(regions.name(order.front()));
    set(head, 50, RegionState::down);
    EXPECT_EQ(evaluate(), HeadChange::failure) << i;
    set(head, 50);
  }
}

TEST_F(ResortPolicyTest, DoesNotReturnToARecoveredRegionBeforeTheDwell) {
  seconds(60);
  set("a", 20, RegionState::down);
  evaluate();
  const Instant changed = now;
  now += 5s;
  set("a", 20);
  until_head("a");
  EXPECT_GE(now - changed, 30s);
}

TEST_F(ResortPolicyTest, KeepsTheHeadWhenEverythingIsEquallyBad) {
  seconds(60);
  set("a", 300, RegionState::down);
  set("b", 20, RegionState::down);
  set("c", 10, RegionState::down);
  EXPECT_EQ(seconds(100), 0);
  EXPECT_EQ(shown()[0], 'a');
}

TEST_F(ResortPolicyTest, MovesNothingDuringAPanic) {
  seconds(60);
  costs.panic = true;
  set("a", 20, RegionState::suspect);
  set("c", 10);
  EXPECT_EQ(seconds(10), 0);
  EXPECT_EQ(shown(), "abc");
  costs.panic = false;
  EXPECT_EQ(evaluate(), HeadChange::failure);
}

TEST_F(ResortPolicyTest, ReordersTheTailFreely) {
  seconds(60);
  set("c", 50);
  EXPECT_EQ(evaluate(), HeadChange::none);
  EXPECT_EQ(shown(), "acb");
}

TEST_F(ResortPolicyTest, DoesNotMoveToAStaleRegionForItsLatency) {
  seconds(60);
  set("b", 5);
  RegionCost stale = costs.of(regions.find("b"));
  stale.stale = true;
  costs.set(regions.find("b"), stale);
  set("c", 10);
  EXPECT_EQ(seconds(10), 1);
  EXPECT_EQ(shown()[0], 'c') << "the best region whose cost is fresh";
}

TEST_F(ResortPolicyTest, StartsByThePriorAndFollowsTheFirstMeasurementsFreely) {
  forget("a", 10ms);
  forget("b", 20ms);
  forget("c", 30ms);
  sort_regions(order, costs, regions, options.quantum);
  EXPECT_EQ(shown(), "abc");
  EXPECT_EQ(evaluate(), HeadChange::none);
  now += 1s;
  set("c", 80);  // the farthest answers first
  EXPECT_EQ(evaluate(), HeadChange::learning);
  EXPECT_EQ(shown(), "cab");
  now += 1s;
  set("a", 20);
  EXPECT_EQ(evaluate(), HeadChange::learning) << "no dwell, no ticks";
  set("b", 19);
  EXPECT_EQ(evaluate(), HeadChange::learning) << "the last one is learnt as well";
  EXPECT_EQ(shown(), "bac");
  EXPECT_EQ(policy.penalty(options, now), 0u);
  now += 1s;
  set("a", 10);
  EXPECT_EQ(evaluate(), HeadChange::none) << "now hysteresis rules";
}

TEST_F(ResortPolicyTest, EndsLearningEvenIfARegionNeverAnswers) {
  forget("c", 30ms);
  seconds(12);
  set("b", 1);
  EXPECT_EQ(seconds(4), 0);
  EXPECT_EQ(seconds(2), 1);
}

// 200 edges that see the same, after the loss of "a": how many go to each of the others.
std::map<std::string, int> heads_after_failure(double cost_of_b, double cost_of_c,
                                               RegionState state_of_c = RegionState::up) {
  std::map<std::string, int> heads;
  for (std::uint64_t edge = 1; edge <= 200; ++edge) {
    RegionTable regions;
    RegionCosts costs;
    std::vector<RegionId> order;
    const auto set = [&](const char* name, double cost, RegionState state) {
      RegionCost value;
      value.measured = true;
      value.state = state;
      value.cost = milliseconds(cost);
      costs.set(regions.intern(name), value);
    };
    for (const char* name : {"a", "b", "c"}) order.push_back(regions.intern(name));
    set("a", 5, RegionState::up);
    set("b", cost_of_b, RegionState::up);
    set("c", cost_of_c, state_of_c);
    ResortOptions options;
    options.spread = edge;
    ResortPolicy policy;
    policy.evaluate(order, costs, regions, options, Instant{});
    set("a", 5, RegionState::down);
    EXPECT_EQ(policy.evaluate(order, costs, regions, options, Instant{1s}), HeadChange::failure);
    ++heads[std::string(regions.name(order.front()))];
    EXPECT_EQ(policy.evaluate(order, costs, regions, options, Instant{60s}), HeadChange::none)
        << "who took the second best by chance may stay";
  }
  return heads;
}

TEST(HerdControl, SharesTheLoadOfALostRegionBetweenEquallyGoodOnes) {
  for (const auto& [b, c] : {std::pair{30.0, 30.0}, {30.0, 33.0}, {14.0, 10.0}}) {
    const auto heads = heads_after_failure(b, c);
    EXPECT_EQ(heads.at("b") + heads.at("c"), 200);
    EXPECT_LE(std::max(heads.at("b"), heads.at("c")), 120) << b << " and " << c << " ms";
  }
}

TEST(HerdControl, SendsNobodyToARegionThatIsClearlyWorse) {
  EXPECT_EQ(heads_after_failure(30, 38).at("b"), 200);
  EXPECT_EQ(heads_after_failure(30, 30, RegionState::probation).at("b"), 200);
}

}  // namespace
}  // namespace wanlab::routing
