// Faults of paths: what they add, whom they concern, and how they run.
#include "tests/world/fault_builder.hpp"

#include <algorithm>
#include <numeric>

namespace wanlab::world {
namespace {

using namespace std::chrono_literals;
using scenario::Fault;
using scenario::FaultKind;
using scenario::FaultShape;

scenario::Plan busy_plan(Duration length, Duration every = 100ms) {
  scenario::Plan plan = small_plan(busy_client(every, length));
  plan.duration = length + 20s;
  return plan;
}

TEST(PathFault, TellsWhenItBeginsAndHealsByItsNameAndPlace) {
  scenario::Plan plan = busy_plan(20s);
  plan.faults = {slow_path("home", "west", 5s, 1ms), slow_path("home", "west", 3s, 1ms, 4s)};
  plan.faults[1].name = "short";
  RunningWorld running(plan);
  running.run();
  const auto started = running.trace().all(TraceKind::fault_started);
  ASSERT_EQ(started.size(), 2u);
  EXPECT_EQ(started[0].at, 3s);
  EXPECT_EQ(started[0].text, "short");
  EXPECT_EQ(started[0].subject, 1u);
  EXPECT_EQ(started[1].at, 5s);
  const auto healed = running.trace().all(TraceKind::fault_healed);
  ASSERT_EQ(healed.size(), 1u);
  EXPECT_EQ(healed[0].at, 7s);
  EXPECT_EQ(healed[0].subject, 1u);
}

TEST(PathFault, JitterSpreadsLatencies) {
  scenario::Plan plan = busy_plan(60s);
  Fault fault = path_fault(FaultKind::jitter, "home", "west", 30s);
  fault.extra_delay = 10ms;
  plan.faults = {fault};
  RunningWorld running(plan);
  running.run();
  const std::vector<Duration> before = latencies(running, 5s, 30s);
  const std::vector<Duration> after = latencies(running, 31s, 60s);
  ASSERT_GT(before.size(), 100u);
  ASSERT_GT(after.size(), 100u);
  EXPECT_EQ(*std::max_element(before.begin(), before.end()),
            *std::min_element(before.begin(), before.end()));
  const Duration total = std::accumulate(after.begin(), after.end(), Duration::zero());
  const Duration added = total / static_cast<std::int64_t>(after.size()) - before.front();
  EXPECT_GT(added, 16ms);  // two directions of 10 ms on average
  EXPECT_LT(added, 24ms);
}

TEST(PathFault, LossIsAsFrequentAsSaid) {
  scenario::Plan plan = busy_plan(300s, 50ms);
  Fault fault = path_fault(FaultKind::lossy, "home", "west", 0s);
  fault.loss = 0.05;
  fault.one_way = true;
  plan.faults = {fault};
  RunningWorld running(plan);
  running.run();
  const network::Path& there = path(running, "home", "west");
  ASSERT_GT(there.messages, 2000u);
  EXPECT_NEAR(static_cast<double>(there.lost) / static_cast<double>(there.messages), 0.05, 0.02);
  EXPECT_EQ(path(running, "west", "home").lost, 0u);
}

// Watches the path's state itself: the share of bad time and the mean length of bad spells.
TEST(PathFault, BurstsOfLossHaveTheStatedLengthAndShare) {
  scenario::Plan plan = busy_plan(1000s, 10s);
  Fault fault = path_fault(FaultKind::lossy, "home", "west", 0s);
  fault.loss = 0.02;
  fault.loss_in_burst = 0.4;
  fault.burst = 500ms;
  plan.faults = {fault};
  RunningWorld running(plan);
  std::size_t bad = 0, spells = 0, looks = 0;
  bool was_bad = false;
  for (Duration at = 1s; at < 1000s; at += 10ms) {
    running.run_until(at);
    const bool is_bad = path(running, "home", "west").extra_loss != 0;
    bad += is_bad ? 1u : 0u;
    spells += is_bad && !was_bad ? 1u : 0u;
    was_bad = is_bad;
    ++looks;
  }
  ASSERT_GT(spells, 50u);
  EXPECT_NEAR(static_cast<double>(bad) / static_cast<double>(looks), 0.05, 0.02);
  EXPECT_NEAR(static_cast<double>(bad) * 0.01 / static_cast<double>(spells), 0.5, 0.15);
}

TEST(PathFault, ABandwidthLimitStretchesLongAnswers) {
  scenario::Plan plan = busy_plan(60s, 5s);
  plan.databases[0].result_bytes = 1'000'000;
  Fault fault = path_fault(FaultKind::bandwidth, "home", "west", 30s);
  fault.bits_per_second = 2'000'000;
  plan.faults = {fault};
  RunningWorld running(plan);
  running.run();
  const std::vector<Duration> before = latencies(running, 5s, 30s);
  const std::vector<Duration> after = latencies(running, 36s, 70s);
  ASSERT_FALSE(before.empty());
  ASSERT_FALSE(after.empty());
  EXPECT_LT(*std::max_element(before.begin(), before.end()), 2s);
  EXPECT_GT(*std::min_element(after.begin(), after.end()), 4s);  // 8 Mbit at 2 Mbit/s
}

TEST(PathFault, ReorderedSegmentsComeLate) {
  scenario::Plan plan = busy_plan(120s);
  Fault fault = path_fault(FaultKind::reorder, "home", "west", 20s);
  fault.share = 0.2;
  fault.extra_delay = 30ms;
  fault.one_way = true;
  plan.faults = {fault};
  RunningWorld running(plan);
  running.run();
  const Duration usual = latencies(running, 5s, 20s).at(0);
  std::size_t late = 0;
  const std::vector<Duration> after = latencies(running, 21s, 120s);
  for (const Duration& took : after) late += took >= usual + 30ms ? 1u : 0u;
  ASSERT_GT(after.size(), 500u);
  EXPECT_NEAR(static_cast<double>(late) / static_cast<double>(after.size()), 0.2, 0.06);
}

TEST(PathFault, OneMachineCanBeSingledOut) {
  scenario::Plan plan = two_region_plan();
  plan.edges[0].nodes = 2;
  plan.duration = 60s;
  scenario::ClientGroup group = busy_client(100ms, 40s);
  group.connections_per_host = 20;
  group.connects_in_flight = 20;
  plan.clients = {group};
  plan.faults = {path_fault(FaultKind::partition, "host:edge-1.pdx", "east", 20s)};
  RunningWorld running(plan);
  running.run();
  EXPECT_GT(routed_to(running, "east", 10s, 20s, "edge-1.pdx"), 50u);
  EXPECT_EQ(routed_to(running, "east", 24s, 40s, "edge-1.pdx"), 0u);
  EXPECT_GT(routed_to(running, "north", 24s, 40s, "edge-1.pdx"), 50u);
  EXPECT_GT(routed_to(running, "east", 24s, 40s, "edge-2.pdx"), 50u);
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 0u);
}

TEST(PathFault, EverythingMeansAllOtherSitesAndNotTheInsideOfOne) {
  scenario::Plan plan = busy_plan(30s);
  plan.faults = {path_fault(FaultKind::partition, "east", "*", 5s, 10s)};
  RunningWorld running(plan);
  running.run_until(6s);
  EXPECT_FALSE(path(running, "west", "east").open());
  EXPECT_FALSE(path(running, "east", "home").open());
  EXPECT_TRUE(path(running, "east", "east").open());
  EXPECT_TRUE(path(running, "west", "home").open());
  running.run_until(16s);
  EXPECT_TRUE(path(running, "west", "east").open());
}

TEST(PathFault, AZoneCanBeCutOffFromTheOthersOfItsRegion) {
  scenario::Plan plan = busy_plan(30s);
  plan.faults = {path_fault(FaultKind::partition, "east/2", "*", 5s)};
  RunningWorld running(plan);
  running.run_until(6s);
  network::Transport& transport = running.world().transport();
  const std::uint32_t east = running.world().wan().require("east");
  const auto open = [&](std::uint32_t zone, std::uint32_t other) {
    return transport.path(transport.path_between(east, zone, east, other)).open();
  };
  EXPECT_FALSE(open(0, 1));
  EXPECT_FALSE(open(1, 2));
  EXPECT_TRUE(open(0, 2));
  EXPECT_TRUE(open(1, 1));
}

TEST(PathFault, OneWayLeavesTheOtherDirection) {
  scenario::Plan plan = busy_plan(10s);
  plan.faults = {path_fault(FaultKind::partition, "west", "east|north", 5s)};
  plan.faults[0].one_way = true;
  RunningWorld running(plan);
  running.run_until(6s);
  EXPECT_FALSE(path(running, "west", "east").open());
  EXPECT_FALSE(path(running, "west", "north").open());
  EXPECT_TRUE(path(running, "west", "south").open());
  EXPECT_TRUE(path(running, "east", "west").open());
}

TEST(PathFault, ARampGrowsEvenlyAndThenStays) {
  scenario::Plan plan = busy_plan(60s);
  Fault fault = slow_path("home", "west", 10s, 100ms, 40s);
  fault.shape = FaultShape::ramp;
  fault.ramp = 20s;
  plan.faults = {fault};
  RunningWorld running(plan);
  const auto extra = [&](Duration at) {
    running.run_until(at);
    return Duration(path(running, "home", "west").extra_delay);
  };
  EXPECT_EQ(extra(10s), 0ms);
  EXPECT_NEAR(static_cast<double>(extra(15s).count()), 25e6, 1e6);
  EXPECT_NEAR(static_cast<double>(extra(20s).count()), 50e6, 1e6);
  EXPECT_EQ(extra(30s), 100ms);
  EXPECT_EQ(extra(49s), 100ms);
  EXPECT_EQ(extra(51s), 0ms);
}

TEST(PathFault, FlappingComesAndGoesUntilItHeals) {
  scenario::Plan plan = busy_plan(60s);
  Fault fault = path_fault(FaultKind::partition, "home", "west", 10s, 21s);
  fault.shape = FaultShape::flapping;
  fault.period = 4s;
  fault.duty = 0.25;
  plan.faults = {fault};
  RunningWorld running(plan);
  for (Duration at = 500ms; at < 60s; at += 1s) {
    running.run_until(at);
    const bool there = at >= 10s && at < 31s && (at - 10s) % 4s < 1s;
    EXPECT_EQ(path(running, "home", "west").open(), !there) << at.count();
  }
  EXPECT_EQ(running.trace().count(TraceKind::fault_started), 1u);
  EXPECT_EQ(running.trace().count(TraceKind::fault_healed), 1u);
}

TEST(PathFault, ACutCableIsRoutedAroundAfterItsTimeAndRepaired) {
  scenario::Plan plan = busy_plan(60s);
  // East hangs on two cables of which the direct one is shorter. Light needs 1 ms for 100 km there
  // and back.
  network::Topology& topology = plan.topology;
  std::erase_if(topology.paths, [](const network::MeasuredPath& each) {
    return each.source == "west" && each.target == "east";
  });
  topology.backbone_nodes = {
      {"A", 0, 0, "", false}, {"B", 0, 20, "", false}, {"C", 10, 10, "", false}};
  topology.backbone_cables = {
      {"A", "B", 4000, "straight"}, {"A", "C", 3500, ""}, {"C", "B", 3500, ""}};
  topology.backbone_per_kilometre = 10us;
  for (network::Site& site : topology.sites) {
    site.hubs = {site.name == "east" ? "B" : "A"};
    site.latitude = 0.001;
    site.longitude = site.name == "east" ? 20 : 0;
  }
  Fault cut = fault_on(FaultKind::cut_cable, scenario::FaultScope::cable, "straight", 20s, 20s);
  cut.reroute_after = 3s;
  plan.faults = {cut};
  RunningWorld running(plan);
  const auto west_to_east = [&](Duration at) {
    running.run_until(at);
    return path(running, "west", "east");
  };
  const Duration before(west_to_east(19s).delay);
  EXPECT_FALSE(west_to_east(21s).open());
  EXPECT_FALSE(west_to_east(22s + 900ms).open());
  EXPECT_TRUE(west_to_east(24s).open());
  EXPECT_EQ(Duration(west_to_east(24s).delay) - before, 15ms);  // 3,000 km more, one way
  EXPECT_EQ(Duration(west_to_east(41s).delay), before);
}

}  // namespace
}  // namespace wanlab::world
