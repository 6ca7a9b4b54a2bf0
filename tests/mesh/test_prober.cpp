// What an edge may conclude about its regions, and how fast.
#include "tests/mesh/small_world.hpp"

#include <gtest/gtest.h>

namespace wanlab::mesh {
namespace {

using routing::RegionState;

TEST(Prober, MeasuresEachRegionFromItsPings) {
  SmallWorld world({{.round_trip = 20ms}, {.round_trip = 150ms}});
  world.run_for(30s);
  EXPECT_GE(world.cost(0).cost, 20ms);
  EXPECT_LE(world.cost(0).cost, 21ms);
  EXPECT_GE(world.cost(1).cost, 150ms);
  EXPECT_LE(world.cost(1).cost, 152ms);
  EXPECT_EQ(world.state(0), RegionState::up);
  EXPECT_TRUE(world.changes.empty());
}

TEST(Prober, CallsARegionUnmeasuredUntilItWasHeard) {
  SmallWorld world({{.round_trip = 20ms}, {.answers_vanish = true}});
  world.prober.set_prior(routing::RegionId(1), 30ms);
  world.run_for(1s);
  EXPECT_TRUE(world.cost(0).measured);
  EXPECT_FALSE(world.cost(1).measured);
  EXPECT_EQ(world.cost(1).prior, 30ms);
  EXPECT_FALSE(world.cost(7).measured);  // never even mentioned
}

struct Fault {
  const char* name;
  Duration round_trip;
  std::uint32_t connections;
  bool requests_vanish;
  bool answers_vanish;
};
class BlackHole : public testing::TestWithParam<Fault> {};

TEST_P(BlackHole, IsNoticedWithinThreeSecondsWheneverItBegins) {
  const Fault& fault = GetParam();
  for (int tenth = 0; tenth < 12; ++tenth) {
    SmallWorld world({{.round_trip = fault.round_trip}, {}, {}, {}}, {}, fault.connections);
    world.prober.note_use(routing::RegionId(0), world.now);
    world.run_for(20s + tenth * 100ms);
    ASSERT_EQ(world.state(0), RegionState::up);
    const Instant begin = world.now;
    world.roads[0].requests_vanish = fault.requests_vanish;
    world.roads[0].answers_vanish = fault.answers_vanish;
    world.run_for(10s);
    EXPECT_LE(world.time_to(0, RegionState::suspect, begin), 2400ms);
    EXPECT_LE(world.time_to(0, RegionState::down, begin), 3s);
    EXPECT_LT(world.time_to(0, RegionState::suspect, begin),
              world.time_to(0, RegionState::down, begin));
    EXPECT_EQ(world.state(1), RegionState::up);
  }
}
INSTANTIATE_TEST_SUITE_P(Kinds, BlackHole,
                         testing::Values(Fault{"near", 2ms, 1, true, true},
                                         Fault{"far", 300ms, 1, true, true},
                                         Fault{"two", 90ms, 2, true, true},
                                         Fault{"requests", 90ms, 4, true, false},
                                         Fault{"answers", 90ms, 4, false, true}),
                         [](const auto& fault) { return std::string(fault.param.name); });

TEST(Prober, HoldsARegionWithoutConnectionsDownAtOnce) {
  SmallWorld world(std::vector<Road>(2));
  world.run_for(10s);
  world.prober.on_connection_down(routing::RegionId(0), 0, world.now);
  EXPECT_EQ(world.state(0), RegionState::up);  // one connection is left
  world.prober.on_connection_down(routing::RegionId(0), 1, world.now);
  EXPECT_EQ(world.state(0), RegionState::down);
  EXPECT_EQ(world.changes.back().at, world.now);
}

TEST(Prober, KeepsARegionUpWhoseSecondConnectionIsStuck) {
  SmallWorld world(std::vector<Road>(1));
  world.run_for(10s);
  const auto region = routing::RegionId(0);
  for (int second = 0; second < 20; ++second) {
    world.prober.on_ping_sent(region, 2, world.now);  // never answered
    world.run_for(1s);
  }
  EXPECT_TRUE(world.changes.empty());
  EXPECT_LE(world.cost(0).cost, 41ms);
}

TEST(Prober, LetsNoRegionDownForTenPercentLoss) {
  for (std::uint32_t connections : {2U, 4U}) {
    SmallWorld world({{.loss_percent = 10}, {.round_trip = 120ms, .loss_percent = 10}, {}}, {},
                     connections);
    for (int i = 0; i < 600; ++i) {
      world.prober.note_use(routing::RegionId(0), world.now);
      world.prober.note_use(routing::RegionId(1), world.now);
      world.run_for(1s);
    }
    EXPECT_EQ(world.count(0, RegionState::down), 0U) << connections;
    EXPECT_EQ(world.count(1, RegionState::down), 0U) << connections;
    EXPECT_GT(world.cost(0).cost, 40ms);  // but loss has a price
  }
}

TEST(Prober, DoesNotTakeItsOwnPauseForSilence) {
  SmallWorld world({{}, {.round_trip = 90ms}, {.round_trip = 200ms}});
  world.run_for(20s);
  const Duration before = world.cost(1).cost;
  world.stop_the_edge_for(10s);
  world.run_for(30s);
  EXPECT_TRUE(world.changes.empty());
  EXPECT_LE(world.cost(1).cost, before + 5ms);
  EXPECT_EQ(world.prober.patience(), 1U);  // forgiven by now
}

// One region, two connections, events by hand.
class ProberByHand : public testing::Test, public ProberObserver {
 protected:
  void exchange(std::uint32_t connection, Duration round_trip) {
    prober_.on_ping_sent(region_, connection, now_);
    now_ += round_trip;
    prober_.on_pong(region_, connection, {.round_trip = round_trip}, now_);
  }
  // Twenty seconds of pings and ticks on both connections.
  void settle(Duration first, Duration second) {
    prober_.on_connection_up(region_, 0, now_);
    prober_.on_connection_up(region_, 1, now_);
    for (int i = 0; i < 20; ++i) {
      exchange(0, first);
      exchange(1, second);
      now_ += 500ms;
      prober_.tick(now_);
    }
  }
  Duration cost() const { return prober_.costs().of(region_).cost; }
  RegionState state() const { return prober_.costs().of(region_).state; }
  void on_region_state(routing::RegionId, RegionState, RegionState, Instant) override {}
  void on_ping_wanted(routing::RegionId, Instant) override {}

  const routing::RegionId region_{0};
  Instant now_{};
  Prober prober_{{}, *this};
};

TEST_F(ProberByHand, CostsARegionByItsBestConnection) {
  settle(200ms, 30ms);
  EXPECT_LT(cost(), 35ms);
  prober_.on_connection_down(region_, 1, now_);
  EXPECT_GE(cost(), 200ms);
}

TEST_F(ProberByHand, CountsFromWhereItWasWhenItsOwnTickComesLate) {
  settle(40ms, 40ms);
  const Duration before = cost();
  now_ += 800ms;
  prober_.on_ping_sent(region_, 0, now_);
  prober_.on_ping_sent(region_, 1, now_);
  now_ += 3s;  // the answers lie in the socket, but the timer is served first
  prober_.tick(now_);
  EXPECT_EQ(state(), RegionState::up);
  EXPECT_LT(cost(), 300ms);  // of its silence, only what passed while this edge was awake
  prober_.on_pong(region_, 0, {.round_trip = 3s}, now_);
  prober_.on_pong(region_, 1, {.round_trip = 3s}, now_);
  EXPECT_EQ(state(), RegionState::up);
  EXPECT_EQ(cost(), before);  // those three seconds were not the path's
}

TEST_F(ProberByHand, ChargesLateAnswersAsLoss) {
  settle(40ms, 40ms);
  prober_.on_connection_down(region_, 1, now_);
  const Duration before = cost();
  prober_.on_ping_sent(region_, 0, now_);
  now_ += 800ms;
  prober_.tick(now_);
  prober_.on_pong(region_, 0, {.round_trip = 40ms}, now_);
  EXPECT_GT(cost(), before + 1500us);  // 5 % of 40 ms, less what the deviation shrank meanwhile
  EXPECT_LT(cost(), before + 2ms);
}

TEST_F(ProberByHand, LetsARegionDrainOnceAllItsConnectionsDo) {
  settle(40ms, 40ms);
  prober_.on_connection_draining(region_, 0, now_);
  EXPECT_EQ(state(), RegionState::up);
  prober_.on_connection_draining(region_, 1, now_);
  EXPECT_EQ(state(), RegionState::draining);
  prober_.on_connection_down(region_, 0, now_);
  prober_.on_connection_up(region_, 0, now_);  // to another origin of the region
  EXPECT_EQ(state(), RegionState::up);
}

TEST_F(ProberByHand, TakesOneAnswerForSeveralPings) {
  settle(40ms, 40ms);
  prober_.on_ping_sent(region_, 0, now_);
  prober_.on_ping_sent(region_, 0, now_ + 20ms);
  now_ += 60ms;
  prober_.on_pong(region_, 0, {.round_trip = 40ms, .answered = 2}, now_);
  now_ += 1s;
  prober_.tick(now_);
  EXPECT_LT(cost(), 45ms);  // nothing is owed any more, so no silence counts
}

TEST_F(ProberByHand, PassesOnThatARegionAsksForLessUntilItIsClearlyBetter) {
  settle(40ms, 40ms);
  const auto over_capacity_at = [this](std::uint32_t load) {
    prober_.on_ping_sent(region_, 0, now_);
    prober_.on_pong(region_, 0, {.round_trip = 40ms, .load = load}, now_ + 40ms);
    now_ += 1s;
    return prober_.costs().of(region_).over_capacity;
  };
  EXPECT_FALSE(over_capacity_at(990));
  EXPECT_TRUE(over_capacity_at(1000));
  EXPECT_TRUE(over_capacity_at(900));
  EXPECT_FALSE(over_capacity_at(790));
  EXPECT_FALSE(over_capacity_at(900));
}

TEST_F(ProberByHand, ExpectsNoAnswerFromAConnectionThatIsGone) {
  settle(40ms, 40ms);
  prober_.on_ping_sent(region_, 1, now_);
  prober_.on_connection_down(region_, 1, now_);
  for (int i = 0; i < 5; ++i) {
    now_ += 1s;
    prober_.tick(now_);
  }
  EXPECT_EQ(state(), RegionState::up);
}

TEST(Prober, StillFindsABlackHoleWhenItsOwnLoopKeepsLagging) {
  SmallWorld world(std::vector<Road>(3));
  world.run_for(20s);
  world.roads[0].answers_vanish = true;
  const Instant begin = world.now;
  for (int i = 0; i < 60; ++i) {
    world.stop_the_edge_for(300ms);
    world.run_for(1s);
  }
  EXPECT_LE(world.time_to(0, RegionState::down, begin), 15s);
  EXPECT_EQ(world.count(1, RegionState::down), 0U);
}

TEST(Prober, PanicsInsteadOfReorderingWhenMostRegionsFallSilentTogether) {
  SmallWorld world(std::vector<Road>(4));
  world.run_for(20s);
  const Instant begin = world.now;
  for (Road& road : world.roads) road.answers_vanish = true;
  world.run_for(2200ms);
  EXPECT_TRUE(world.prober.costs().panic);
  for (Road& road : world.roads) road.answers_vanish = false;
  world.run_for(5s);
  EXPECT_FALSE(world.prober.costs().panic);
  for (std::uint32_t region = 0; region < 4; ++region) {
    EXPECT_EQ(world.count(region, RegionState::down), 0U) << region;
  }
  EXPECT_EQ(world.time_to(0, RegionState::down, begin), Duration::max());
}

TEST(Prober, BelievesInTheEndThatMostRegionsAreGone) {
  SmallWorld world(std::vector<Road>(4));
  world.run_for(20s);
  const Instant begin = world.now;
  for (Road& road : world.roads) road.answers_vanish = true;
  world.run_for(30s);
  EXPECT_FALSE(world.prober.costs().panic);
  for (std::uint32_t region = 0; region < 4; ++region) {
    EXPECT_LE(world.time_to(region, RegionState::down, begin), 13s) << region;
  }
}

TEST(Prober, TakesARegionBackOnlyThroughProbation) {
  SmallWorld world(std::vector<Road>(3));
  world.run_for(20s);
  world.roads[0].answers_vanish = true;
  world.run_for(10s);
  ASSERT_EQ(world.state(0), RegionState::down);
  world.roads[0].answers_vanish = false;
  const Instant healed = world.now;
  world.run_for(60s);
  EXPECT_EQ(world.state(0), RegionState::up);
  const Duration probation = world.time_to(0, RegionState::probation, healed);
  const Duration up = world.time_to(0, RegionState::up, healed);
  EXPECT_LT(probation, up);
  EXPECT_LE(up, 5s);  // three answers of two connections
  // The outage itself taught the detector nothing: the next one is noticed as fast.
  world.roads[0].answers_vanish = true;
  const Instant again = world.now;
  world.prober.note_use(routing::RegionId(0), world.now);
  world.run_for(5s);
  EXPECT_LE(world.time_to(0, RegionState::down, again), 3s);
}

TEST(Prober, HoldsAnOscillatingRegionDownLongerEachTime) {
  SmallWorld world(std::vector<Road>(3));
  world.run_for(20s);
  for (int i = 0; i < 60; ++i) {  // five seconds dead, ten alive, for a quarter of an hour
    world.roads[0].answers_vanish = true;
    world.run_for(5s);
    world.roads[0].answers_vanish = false;
    world.run_for(10s);
  }
  EXPECT_GE(world.count(0, RegionState::down), 3U);
  EXPECT_LE(world.count(0, RegionState::down), 10U);
}

TEST(Prober, GivesAReturningRegionItsLoadBackSlowly) {
  SmallWorld world(std::vector<Road>(3));
  world.run_for(20s);
  EXPECT_EQ(world.prober.share(routing::RegionId(0), world.now), 1000U);
  world.roads[0].answers_vanish = true;
  world.run_for(6s);
  EXPECT_EQ(world.prober.share(routing::RegionId(0), world.now), 0U);
  world.roads[0].answers_vanish = false;
  while (world.state(0) != RegionState::up) world.run_for(100ms);
  EXPECT_NEAR(world.prober.share(routing::RegionId(0), world.now), 100, 20);
  world.run_for(15s);
  EXPECT_NEAR(world.prober.share(routing::RegionId(0), world.now), 550, 20);
  world.run_for(16s);
  EXPECT_EQ(world.prober.share(routing::RegionId(0), world.now), 1000U);
}

TEST(Prober, FollowsAPathThatBecameSlowerWithinAFewSamples) {
  SmallWorld world({{.round_trip = 40ms}});
  world.run_for(30s);
  world.roads[0].round_trip = 80ms;
  world.run_for(4s);
  EXPECT_GE(world.cost(0).cost, 80ms);
  EXPECT_EQ(world.state(0), RegionState::up);
}

TEST(Prober, FlagsACostThatNothingConfirmsAnyMore) {
  SmallWorld world(std::vector<Road>(3));
  world.run_for(20s);
  EXPECT_FALSE(world.cost(0).stale);
  world.roads[0].answers_vanish = true;
  world.run_for(8s);
  EXPECT_TRUE(world.cost(0).stale);
  const Duration frozen = world.cost(0).cost;
  world.run_for(10s);
  EXPECT_EQ(world.cost(0).cost, frozen);
}

TEST(Prober, ReportsARegionThatDrains) {
  SmallWorld world(std::vector<Road>(2));
  world.run_for(10s);
  world.roads[0].draining = true;
  world.run_for(2s);
  EXPECT_EQ(world.state(0), RegionState::draining);
  world.roads[0].draining = false;
  world.run_for(2s);
  EXPECT_EQ(world.state(0), RegionState::up);
}

TEST(Prober, PingsLessWhereNothingChangesAndNoQueryGoes) {
  SmallWorld world(std::vector<Road>(1));
  world.run_for(600s);
  const std::uint64_t calm = world.pings;
  EXPECT_EQ(world.prober.ping_interval(routing::RegionId(0)), 16s);
  EXPECT_LT(calm, 400U);  // two connections once a second would be 1200
  world.prober.note_use(routing::RegionId(0), world.now);
  EXPECT_EQ(world.prober.ping_interval(routing::RegionId(0)), 1s);
  world.run_for(100ms);
  EXPECT_EQ(world.pings, calm + 2);  // and at once
}

TEST(Prober, NoticesABlackHoleBehindASlowlyProbedRegionSoonAfterTheFirstQuery) {
  SmallWorld world(std::vector<Road>(3));
  world.run_for(600s);
  world.roads[0].answers_vanish = true;
  const Instant begin = world.now;
  world.prober.note_use(routing::RegionId(0), world.now);
  world.run_for(5s);
  EXPECT_LE(world.time_to(0, RegionState::down, begin), 2s);
}

TEST(Prober, ComesToTheSameConclusionsFromTheSameEvents) {
  const auto run = [] {
    SmallWorld world({{.loss_percent = 5}, {.round_trip = 90ms, .loss_percent = 20}, {}});
    for (int i = 0; i < 20; ++i) {
      world.roads[2].answers_vanish = i % 4 == 1;
      world.run_for(15s);
    }
    std::vector<Duration> costs;
    for (std::uint32_t region = 0; region < 3; ++region) costs.push_back(world.cost(region).cost);
    return std::pair{world.changes, costs};
  };
  const auto first = run();
  EXPECT_FALSE(first.first.empty());
  EXPECT_EQ(first, run());
}

}  // namespace
}  // namespace wanlab::mesh
