// Faults of machines, of places full of machines, and of DNS.
#include "real_components/edge/edge_node.hpp"
#include "sim/world/database_service.hpp"
#include "tests/world/fault_builder.hpp"

#include <algorithm>

namespace wanlab::world {
namespace {

using namespace std::chrono_literals;
using scenario::Fault;
using scenario::FaultKind;
using scenario::FaultScope;
using scenario::FaultShape;

scenario::Plan two_regions(Duration length, Duration every = 100ms) {
  scenario::Plan plan = two_region_plan();
  plan.duration = length + 30s;
  scenario::ClientGroup client = busy_client(every, length);
  client.retry.attempts = 5;
  plan.clients = {client};
  return plan;
}

std::size_t up(RunningWorld& running, const std::vector<std::string>& names) {
  std::size_t count = 0;
  for (const std::string& name : names) {
    SimulatedHost& host = running.host(name);
    count += host.component() != nullptr && !host.down ? 1u : 0u;
  }
  return count;
}

const std::vector<std::string> all_of_east{"origin-1.east",       "primary.main.east",
                                           "replica-1.main.east", "replica-2.main.east",
                                           "store.east",          "credentials.east"};

TEST(RegionFault, TakesEverythingInItAndGivesItBack) {
  for (const bool refuses : {false, true}) {
    scenario::Plan plan = two_regions(60s);
    Fault fault = fault_on(FaultKind::fail, FaultScope::region, "east", 20s, 15s);
    fault.refuses = refuses;
    plan.faults = {fault};
    RunningWorld running(plan);
    running.run_until(21s);
    EXPECT_EQ(up(running, all_of_east), 0u);
    EXPECT_EQ(up(running, {"edge-1.pdx", "origin-1.north", "credentials.north"}), 3u);
    running.run_until(36s);
    EXPECT_EQ(up(running, all_of_east), all_of_east.size());
    running.run();
    EXPECT_GT(routed_to(running, "east", 10s, 20s), 50u);
    EXPECT_GT(routed_to(running, "north", 24s, 35s), 50u);
    EXPECT_EQ(routed_to(running, "east", 24s, 35s), 0u);
    // Its database, its credentials and its Route are there again: the store kept them.
    EXPECT_GT(routed_to(running, "east", 45s, 60s) + routed_to(running, "north", 45s, 60s), 60u);
    EXPECT_EQ(running.trace().count(TraceKind::client_lost), 0u);
    EXPECT_EQ(running.trace().count(TraceKind::client_query_failed), 0u);
  }
}

TEST(RegionFault, RefusingIsNoticedSoonerThanSilence) {
  Duration longest[2]{};
  for (const bool refuses : {false, true}) {
    scenario::Plan plan = two_regions(40s);
    Fault fault = fault_on(FaultKind::fail, FaultScope::region, "east", 20s);
    fault.refuses = refuses;
    plan.faults = {fault};
    RunningWorld running(plan);
    running.run();
    const std::vector<Duration> took = latencies(running, 20s, 30s);
    ASSERT_FALSE(took.empty());
    longest[refuses ? 1 : 0] = *std::max_element(took.begin(), took.end());
  }
  EXPECT_GT(longest[0], 1s);
  EXPECT_LT(longest[1], 300ms);
}

TEST(ZoneFault, TakesTheMachinesOfThatZoneOnly) {
  scenario::Plan plan = two_regions(30s);
  plan.origins[0].nodes = 3;
  plan.faults = {fault_on(FaultKind::fail, FaultScope::zone, "east/2", 10s)};
  RunningWorld running(plan);
  running.run_until(11s);
  EXPECT_EQ(up(running, {"origin-2.east", "replica-1.main.east"}), 0u);
  EXPECT_EQ(up(running, {"origin-1.east", "origin-3.east", "primary.main.east",
                         "replica-2.main.east", "store.east"}),
            5u);
}

TEST(PopFault, TakesItsMachinesAndTheirSessions) {
  scenario::Plan plan = two_regions(40s);
  plan.edges[0].nodes = 2;
  Fault fault = fault_on(FaultKind::fail, FaultScope::pop, "pdx", 10s, 5s);
  fault.refuses = true;
  plan.faults = {fault};
  RunningWorld running(plan);
  running.run_until(11s);
  EXPECT_EQ(up(running, {"edge-1.pdx", "edge-2.pdx"}), 0u);
  running.run();
  trace::RunRecord record;
  running.recorder().finish(running.world().simulation().now(), record);
  ASSERT_EQ(record.pops.size(), 1u);
  EXPECT_EQ(record.pops[0].sessions.open, 0u);
  EXPECT_LT(record.pops[0].sessions.closed, record.pops[0].sessions.accepted);
}

TEST(CrashFault, OfTheStoreKeepsItsRecordsAndRevisions) {
  scenario::Plan plan = two_regions(60s);
  plan.faults = {crash("store.east", 10s, 5s),
                 fault_on(FaultKind::remove_cluster, FaultScope::user, "app", 20s)};
  plan.faults[1].target = "east";
  RunningWorld running(plan);
  running.run();
  EXPECT_GT(routed_to(running, "east", 10s, 20s), 50u);  // Routes are served without the store
  EXPECT_EQ(routed_to(running, "east", 25s, 60s), 0u);   // and the watch came back
  EXPECT_EQ(running.trace().count(TraceKind::client_query_failed), 0u);
}

TEST(DrainFault, OfAnOriginMovesItsWorkUnseenAndUndrainBringsItBack) {
  scenario::Plan plan = two_regions(180s);
  plan.faults = {fault_on(FaultKind::drain, FaultScope::host, "origin-1.east", 20s, 40s)};
  RunningWorld running(plan);
  running.run();
  EXPECT_GT(routed_to(running, "east", 10s, 20s), 50u);
  EXPECT_EQ(routed_to(running, "east", 21s, 60s), 0u);
  EXPECT_GT(routed_to(running, "north", 21s, 60s), 100u);
  EXPECT_GT(routed_to(running, "east", 150s, 180s), 50u);
  EXPECT_EQ(running.trace().count(TraceKind::client_query_failed), 0u);
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 0u);
}

TEST(DrainFault, OfAnEdgeEndsItsSessionsAndTakesNoNewOnes) {
  scenario::Plan plan = two_regions(100s);
  plan.edges[0].nodes = 2;
  plan.clients[0].connections_per_host = 20;
  plan.clients[0].connects_in_flight = 20;
  plan.clients[0].ramp = 60s;  // some come while it drains, some later
  plan.faults = {fault_on(FaultKind::drain, FaultScope::host, "edge-1.pdx", 10s, 30s)};
  RunningWorld running(plan);
  running.run_until(39s);
  EXPECT_EQ(
      static_cast<const edge::EdgeNode*>(running.host("edge-1.pdx").component())->census().sessions,
      0u);
  const auto accepted = [&](Duration from, Duration to) {
    std::size_t count = 0;
    for (const Told& told : running.trace().all(TraceKind::session_accepted, "edge-1.pdx")) {
      count += told.at >= from && told.at < to ? 1u : 0u;
    }
    return count;
  };
  running.run();
  EXPECT_GT(accepted(0s, 10s), 0u);
  EXPECT_EQ(accepted(10s + 1ms, 40s), 0u);
  EXPECT_GT(accepted(40s, 100s), 0u);
}

TEST(StarvedCpu, MakesWorkTakeLonger) {
  scenario::Plan plan = two_regions(40s);
  for (Duration& cost : plan.edges[0].host.cost) cost = 1ms;
  plan.faults = {fault_on(FaultKind::starve_cpu, FaultScope::pop, "pdx", 20s, 10s)};
  plan.faults[0].share = 0.9;
  RunningWorld running(plan);
  running.run();
  const Duration before = latencies(running, 10s, 20s).at(0);
  const Duration during = latencies(running, 21s, 29s).at(0);
  EXPECT_GE(during - before, 9ms);
  EXPECT_EQ(latencies(running, 32s, 39s).back(), before);
}

TEST(ClockFault, SkewGoesAwayAndAStepStays) {
  scenario::Plan plan = two_regions(60s);
  Fault skew = fault_on(FaultKind::clock_skew, FaultScope::host, "edge-*", 10s, 10s);
  skew.extra_delay = 5s;
  skew.behind = true;
  Fault step = fault_on(FaultKind::clock_step, FaultScope::host, "edge-1.pdx", 30s);
  step.extra_delay = 2s;
  plan.faults = {skew, step};
  RunningWorld running(plan);
  const auto wrong = [&](Duration at) {
    running.run_until(at);
    const SimulatedHost& host = running.host("edge-1.pdx");
    return host.wall_now() - (wall_start + host.now().time_since_epoch());
  };
  EXPECT_EQ(wrong(9s), 0s);
  EXPECT_EQ(wrong(15s), -5s);
  EXPECT_EQ(wrong(21s), 0s);
  EXPECT_EQ(wrong(31s), 2s);
  EXPECT_EQ(wrong(59s), 2s);
}

TEST(ReplicaFault, TheOnlyReplicaOfAReadOnlyRegionIsReplaced) {
  scenario::Plan plan = two_regions(60s);
  set_round_trip(plan, "west", "north", 30ms);  // the read-only region is the nearer one
  plan.faults = {
      fault_on(FaultKind::replace_replica, FaultScope::host, "replica-1.main.north", 20s, 20s)};
  RunningWorld running(plan);
  running.run_until(21s);
  EXPECT_EQ(up(running, {"replica-1.main.north"}), 0u);
  running.run();
  // Statements have to be answered elsewhere meanwhile, and no client notices but by time.
  EXPECT_GT(routed_to(running, "north", 10s, 20s), 50u);
  EXPECT_GT(routed_to(running, "east", 21s, 40s), 50u);
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 0u);
  EXPECT_EQ(running.trace().count(TraceKind::client_query_failed), 0u);
}

TEST(ReplicaFault, LagIsWhatTheReplicaSaysOfItself) {
  scenario::Plan plan = two_regions(60s);
  Fault fault = fault_on(FaultKind::replica_lag, FaultScope::host, "replica-*.north", 10s, 30s);
  fault.extra_delay = 20s;
  fault.shape = FaultShape::ramp;
  fault.ramp = 10s;
  plan.faults = {fault};
  RunningWorld running(plan);
  const auto lag = [&](Duration at) {
    running.run_until(at);
    return static_cast<DatabaseService*>(running.host("replica-1.main.north").component())->lag();
  };
  EXPECT_EQ(lag(9s), 0s);
  EXPECT_NEAR(static_cast<double>(lag(15s).count()), 10e9, 3e8);
  EXPECT_EQ(lag(25s), 20s);
  EXPECT_EQ(lag(41s), 0s);
}

// --- DNS -----------------------------------------------------------------------------------------

// A nearer POP in the west and a farther one in the north, for clients that come one after another
// and ask DNS each time.
scenario::Plan two_pops() {
  scenario::Plan plan = two_region_plan();
  plan.duration = 300s;
  plan.edges.push_back(plan.edges[0]);
  plan.edges[1].name = "ord";
  plan.edges[1].site = "north";
  plan.endpoints.push_back({.name = "nearest",
                            .kind = scenario::EndpointKind::optimized,
                            .pop = "",
                            .provider = "cloud",
                            .branch = "",
                            .ttl = 10s});
  scenario::ClientGroup group = one_client("nearest");
  group.hosts = 240;
  group.ramp = 240s;
  group.hold = 1s;
  group.connect_timeout = 1s;
  plan.clients = {group};
  return plan;
}

std::size_t went_to(const RunningWorld& running, const std::string& host, Duration from,
                    Duration to) {
  std::size_t count = 0;
  for (const Told& told : running.trace().all(TraceKind::client_connecting)) {
    count += told.text == host && told.at >= from && told.at < to ? 1u : 0u;
  }
  return count;
}

TEST(DnsFault, APopThatFailsItsHealthChecksIsLeftOutAfterTheLagAndComesBackAsLate) {
  for (const bool cut_off : {false, true}) {
    scenario::Plan plan = two_pops();
    plan.faults = {cut_off ? path_fault(FaultKind::partition, "west", "*", 60s, 60s)
                           : fault_on(FaultKind::fail, FaultScope::pop, "pdx", 60s, 60s)};
    RunningWorld running(plan);
    running.run();
    EXPECT_EQ(went_to(running, "edge-1.ord", 0s, 90s), 0u);
    // 30 s until three checks have failed, and up to 10 s until resolvers ask again.
    EXPECT_GT(went_to(running, "edge-1.ord", 101s, 150s), 40u);
    EXPECT_EQ(went_to(running, "edge-1.pdx", 101s, 150s), 0u);
    EXPECT_GT(went_to(running, "edge-1.pdx", 170s, 240s), 40u);
  }
}

TEST(DnsFault, HealthChecksCanLag) {
  scenario::Plan plan = two_pops();
  Fault lag = fault_on(FaultKind::dns_health_lag, FaultScope::endpoint, "*", 0s);
  lag.extra_delay = 40s;
  plan.faults = {fault_on(FaultKind::fail, FaultScope::pop, "pdx", 60s), lag};
  RunningWorld running(plan);
  running.run();
  EXPECT_EQ(went_to(running, "edge-1.ord", 0s, 130s), 0u);
  EXPECT_GT(went_to(running, "edge-1.ord", 141s, 200s), 40u);
}

TEST(DnsFault, AStaleResolverAnswersWhatItKnewLongAgo) {
  scenario::Plan plan = two_pops();
  plan.faults = {fault_on(FaultKind::fail, FaultScope::pop, "pdx", 60s),
                 fault_on(FaultKind::stale_resolvers, FaultScope::resolver, "home", 50s, 100s)};
  RunningWorld running(plan);
  running.run();
  EXPECT_EQ(went_to(running, "edge-1.ord", 0s, 150s), 0u);
  EXPECT_GT(went_to(running, "edge-1.pdx", 101s, 150s), 40u);
  EXPECT_GT(went_to(running, "edge-1.ord", 190s, 240s), 40u);
}

}  // namespace
}  // namespace wanlab::world
