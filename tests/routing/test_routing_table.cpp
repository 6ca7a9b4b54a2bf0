// What sessions and operators may rely on when Routes come, change, move and go.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "real_components/routing/routing_table.hpp"

namespace wanlab::routing {
namespace {

struct Heard final : RoutingObserver {
  void on_route_visible(RouteHandle, const RouteView& view) override {
    log.push_back("visible " + std::string(view.user) + "@" + std::to_string(view.revision));
  }
  void on_route_removed(RouteHandle, std::string_view user, std::uint64_t revision) override {
    log.push_back("removed " + std::string(user) + "@" + std::to_string(revision));
  }
  void on_head_changed(RouteHandle, const RouteView& view, HeadChange why, Duration before,
                       Duration after) override {
    ++moved;
    last_why = why;
    cost_before = before;
    cost_after = after;
    last_user = view.user;
  }
  std::vector<std::string> log;
  int moved = 0;
  HeadChange last_why = HeadChange::none;
  Duration cost_before{}, cost_after{};
  std::string last_user;
};

class RoutingTableTest : public ::testing::Test {
 protected:
  void set(std::string_view name, Duration cost, RegionState state = RegionState::up) {
    RegionCost value;
    value.measured = true;
    value.state = state;
    value.cost = cost;
    costs.set(regions.intern(name), value);
  }
  wire::Route route(std::vector<std::string> clusters) { return {"main", std::move(clusters), 0}; }
  std::string order(RouteHandle handle) {
    std::string text;
    for (const RegionId region : table.view(handle).clusters) {
      text += std::string(text.empty() ? "" : " ") + std::string(regions.name(region));
    }
    return text;
  }
  void tick(int times = 1) {
    for (int i = 0; i < times; ++i) {
      now += 1s;
      table.resort(costs, now);
    }
  }

  RegionTable regions;
  RegionCosts costs;
  Heard heard;
  RoutingTable table{regions, {{}, 5s, "edge-fra-1"}, &heard};
  Instant now{};
};

TEST_F(RoutingTableTest, SortsARouteBeforeItBecomesVisible) {
  set("far", 500ms);  // the numbers of the regions are not in the order of their costs
  set("near", 5ms);
  set("middle", 50ms);
  table.resort(costs, now);
  const RouteHandle handle = table.upsert("alice", route({"far", "near", "middle"}), 7);
  EXPECT_EQ(order(handle), "near middle far");
  EXPECT_EQ(table.view(handle).clusters[0], regions.find("near"));
  EXPECT_EQ(heard.log, std::vector<std::string>{"visible alice@7"});
}

TEST_F(RoutingTableTest, FindsUsersByName) {
  EXPECT_FALSE(table.find("alice"));
  const RouteHandle alice = table.upsert("alice", route({"a"}), 1);
  const RouteHandle bob = table.upsert("bob", route({"b"}), 2);
  EXPECT_EQ(table.find("alice"), alice);
  EXPECT_EQ(table.find("bob"), bob);
  EXPECT_FALSE(table.find("alic"));
  EXPECT_FALSE(table.view(RouteHandle{}).live());
  EXPECT_EQ(table.size(), 2u);
}

TEST_F(RoutingTableTest, KeepsTheHandleWhenARouteChanges) {
  const RouteHandle handle = table.upsert("alice", route({"a"}), 1);
  EXPECT_EQ(table.upsert("alice", {"dev", {"b", "b"}, 99}, 2), handle);
  EXPECT_EQ(order(handle), "b");
  EXPECT_EQ(table.view(handle).branch, "dev");
  EXPECT_EQ(table.view(handle).expiration, 99u);
  EXPECT_EQ(table.view(handle).revision, 2u);
}

TEST_F(RoutingTableTest, TellsASessionThatItsRouteWasDeletedEvenIfItCameBack) {
  const RouteHandle old = table.upsert("alice", route({"a"}), 1);
  EXPECT_TRUE(table.remove("alice", 2));
  EXPECT_FALSE(table.remove("alice", 3));
  EXPECT_FALSE(table.view(old).live());
  EXPECT_EQ(table.view(old).head(), no_region);
  EXPECT_FALSE(table.find("alice"));
  const RouteHandle fresh = table.upsert("alice", route({"a"}), 4);
  EXPECT_NE(fresh, old);
  EXPECT_FALSE(table.view(old).live());
  EXPECT_TRUE(table.view(fresh).live());
  EXPECT_EQ(heard.log,
            (std::vector<std::string>{"visible alice@1", "removed alice@2", "visible alice@4"}));
}

TEST_F(RoutingTableTest, ChecksExpirationAgainstTheWallClock) {
  const RouteHandle handle = table.upsert("alice", {"main", {"a"}, 1'000}, 1);
  EXPECT_FALSE(table.view(handle).expired(WallTime{999s}));
  EXPECT_TRUE(table.view(handle).expired(WallTime{1'000s}));
}

TEST_F(RoutingTableTest, HasNoHeadForARouteWithoutClusters) {
  const RouteHandle handle = table.upsert("alice", route({}), 1);
  EXPECT_TRUE(table.view(handle).live());
  EXPECT_EQ(table.view(handle).head(), no_region);
  tick(3);
}

TEST_F(RoutingTableTest, FallsThroughToTheNextClusterAfterAHardFailure) {
  set("a", 1ms);
  set("b", 2ms);
  set("c", 3ms);
  table.resort(costs, now);
  const RouteView& view = table.view(table.upsert("alice", route({"c", "b", "a"}), 1));
  const RegionId a = regions.find("a"), b = regions.find("b"), c = regions.find("c");
  EXPECT_EQ(view.next_after({}), a);
  EXPECT_EQ(view.next_after(std::vector{a}), b);
  EXPECT_EQ(view.next_after(std::vector{b, a}), c);
  EXPECT_EQ(view.next_after(std::vector{a, b, c}), no_region);
}

TEST_F(RoutingTableTest, KeepsAViewUntilItIsReclaimed) {
  const RouteHandle handle = table.upsert("alice", route({"a"}), 1);
  const RouteView& old = table.view(handle);
  table.upsert("alice", route({"b"}), 2);
  table.remove("alice", 3);
  EXPECT_EQ(old.revision, 1u);
  EXPECT_EQ(regions.name(old.head()), "a");
  EXPECT_EQ(table.retired(), 2u);
  table.reclaim();
  EXPECT_EQ(table.retired(), 0u);
}

TEST_F(RoutingTableTest, WaitsForEveryRegisteredReaderBeforeItReclaims) {
  const ReaderId slow = table.register_reader();
  const ReaderId fast = table.register_reader();
  table.upsert("alice", route({"a"}), 1);
  table.upsert("alice", route({"b"}), 2);
  table.quiescent(fast);
  table.reclaim();
  EXPECT_EQ(table.retired(), 1u);
  table.quiescent(slow);
  table.reclaim();
  EXPECT_EQ(table.retired(), 0u);
  table.upsert("alice", route({"c"}), 3);
  table.quiescent(fast);
  table.unregister_reader(slow);
  table.reclaim();
  EXPECT_EQ(table.retired(), 0u);
}

TEST_F(RoutingTableTest, MovesAllRoutesAtOnceWhenTheHeadFails) {
  set("a", 10ms);
  set("b", 20ms);
  table.resort(costs, now);
  for (int i = 0; i < 100; ++i) table.upsert("user" + std::to_string(i), route({"a", "b"}), 1);
  tick();
  set("a", 10ms, RegionState::down);
  table.resort(costs, now);
  EXPECT_EQ(heard.moved, 100);
  EXPECT_EQ(heard.last_why, HeadChange::failure);
  EXPECT_EQ(order(table.find("user42")), "b a");
}

TEST_F(RoutingTableTest, SpreadsMovesForTheSakeOfLatency) {
  set("a", 10ms);
  set("b", 50ms);
  table.resort(costs, now);
  constexpr int users = 1'000;
  for (int i = 0; i < users; ++i) table.upsert("user" + std::to_string(i), route({"a", "b"}), 1);
  tick(60);
  set("a", 100ms);
  tick(5);
  const Instant decided = now;
  ASSERT_LT(table.next_adoption(), decided + 100ms);
  int before = heard.moved;
  EXPECT_LT(before, users / 50);
  for (int part = 1; part <= 10; ++part) {  // ten half seconds, a tenth of the users in each
    now = decided + part * 500ms;
    table.resort(costs, now);
    EXPECT_NEAR(heard.moved - before, users / 10, users / 20) << part;
    before = heard.moved;
  }
  EXPECT_EQ(heard.moved, users);
  EXPECT_EQ(heard.last_why, HeadChange::latency);
  EXPECT_EQ(heard.cost_before, 100ms);
  EXPECT_EQ(heard.cost_after, 50ms);
  EXPECT_EQ(table.next_adoption(), Instant::max());
}

TEST_F(RoutingTableTest, SpreadsDifferentlyOnDifferentEdges) {
  std::set<Instant> moments;
  for (const char* edge : {"edge-1", "edge-2", "edge-3", "edge-4"}) {
    RoutingTable other(regions, {{}, 5s, edge});
    set("a", 10ms);
    set("b", 50ms);
    other.upsert("alice", route({"a", "b"}), 1);
    Instant time{};
    for (int i = 0; i < 60; ++i) other.resort(costs, time += 1s);
    set("a", 100ms);
    for (int i = 0; i < 5; ++i) other.resort(costs, time += 1s);
    moments.insert(other.next_adoption());
  }
  EXPECT_EQ(moments.size(), 4u);
}

TEST_F(RoutingTableTest, StopsWaitingWhenTheOldHeadFailsMeanwhile) {
  set("a", 10ms);
  set("b", 50ms);
  table.resort(costs, now);
  for (int i = 0; i < 100; ++i) table.upsert("user" + std::to_string(i), route({"a", "b"}), 1);
  tick(60);
  set("a", 100ms);
  tick(5);
  ASSERT_LT(heard.moved, 50);
  set("a", 100ms, RegionState::suspect);
  table.resort(costs, now + 1ms);
  EXPECT_EQ(heard.moved, 100);
}

TEST_F(RoutingTableTest, SurvivesRoutesThatLeaveOrChangeWhileTheyWait) {
  set("a", 10ms);
  set("b", 50ms);
  table.resort(costs, now);
  for (int i = 0; i < 100; ++i) table.upsert("user" + std::to_string(i), route({"a", "b"}), 1);
  tick(60);
  set("a", 100ms);
  tick(5);
  for (int i = 0; i < 100; i += 2) table.remove("user" + std::to_string(i), 2);
  for (int i = 1; i < 100; i += 4) table.upsert("user" + std::to_string(i), route({"a"}), 3);
  tick(6);
  EXPECT_EQ(order(table.find("user1")), "a");
  EXPECT_EQ(order(table.find("user3")), "b a");
  EXPECT_EQ(table.size(), 50u);
}

TEST_F(RoutingTableTest, NamesTheRegionsWorthProbing) {
  table.upsert("alice", route({"c", "a"}), 1);
  table.upsert("bob", route({"a", "b"}), 1);
  regions.intern("unused");
  const auto names = [&] {
    std::string text;
    for (const RegionId region : table.named_regions()) text += regions.name(region);
    return text;
  };
  EXPECT_EQ(names(), "abc");
  table.remove("bob", 2);
  EXPECT_EQ(names(), "ac");
}

TEST_F(RoutingTableTest, HoldsManyRoutesAndReusesTheirPlaces) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20'000; ++i) table.upsert("user" + std::to_string(i), route({"a", "b"}), 1);
    for (int i = 0; i < 20'000; i += 7) {
      const RouteHandle handle = table.find("user" + std::to_string(i));
      ASSERT_LT(handle.index, 20'000u);
      ASSERT_EQ(table.view(handle).user, "user" + std::to_string(i));
    }
    for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(table.remove("user" + std::to_string(i), 2));
    table.reclaim();
    EXPECT_EQ(table.size(), 0u);
    EXPECT_FALSE(table.find("user7"));
  }
}

}  // namespace
}  // namespace wanlab::routing
