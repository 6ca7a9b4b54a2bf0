// What a scenario becomes: defaults, expansion, the saved plan and the memory it will need.
#include "sim/scenario/host_names.hpp"
#include "sim/scenario/memory_estimate.hpp"
#include "sim/scenario/metros.hpp"
#include "sim/scenario/plan_json.hpp"
#include "sim/scenario/times.hpp"
#include "tests/scenario/scenario_files.hpp"

#include <algorithm>
#include <map>

namespace wanlab::scenario {
namespace {

using PlanOf = ScenarioFiles;

TEST_F(PlanOf, FourSectionsGetTheRestByDefault) {
  const Plan plan = load(with("why", "\"to see\""));
  EXPECT_EQ(plan.name, "x");
  EXPECT_EQ(plan.topology_name, "aws-3-us");
  EXPECT_EQ(plan.store_site, "us-east-1");
  ASSERT_EQ(plan.origins.size(), 1u);
  EXPECT_EQ(plan.origins[0].region, "us-east-1");
  ASSERT_EQ(plan.credentials.size(), 1u);
  EXPECT_EQ(plan.credentials[0].regions, std::vector<std::string>{"us-east-1"});
  EXPECT_EQ(plan.edges[0].provider, "aws");
  ASSERT_EQ(plan.endpoints.size(), 1u);
  EXPECT_EQ(plan.endpoints[0].kind, EndpointKind::direct);
  EXPECT_EQ(plan.endpoints[0].pop, "iad");
  EXPECT_EQ(plan.clients[0].user, "app");
  EXPECT_GT(plan.duration, plan.clients[0].hold);
  const auto cost = [&](runtime::Work work) {
    return plan.edges[0].host.cost[static_cast<std::size_t>(work)];
  };
  EXPECT_EQ(cost(runtime::Work::tls_handshake_server) + cost(runtime::Work::tls_handshake_client),
            690us);
  EXPECT_EQ(cost(runtime::Work::verify_proof), 820ns);
}

TEST_F(PlanOf, CostsMayBeChangedOneByOneOrAllBeFree) {
  const Plan plan = load(with("edges", R"([
      {"name": "iad", "site": "us-east-1", "host": {"costs": {"tls_handshake_server": "400us"}}},
      {"name": "pdx", "site": "us-west-2", "host": {"costs": "free"}}])"));
  const auto index = static_cast<std::size_t>(runtime::Work::tls_handshake_server);
  EXPECT_EQ(plan.edges[0].host.cost[index], 400us);
  EXPECT_EQ(plan.edges[0].host.cost[static_cast<std::size_t>(runtime::Work::verify_proof)], 820ns);
  for (const Duration cost : plan.edges[1].host.cost) EXPECT_EQ(cost, 0ns);
}

TEST_F(PlanOf, LambdaRulesBecomeABucket) {
  const std::string client = R"([{"kind": "lambda", "site": "us-east-1", "endpoint": "iad.direct",
                                  "concurrency": ")";
  const ClientGroup old_rule = load(with("clients", client + "burst-2022\"}]")).clients[0];
  EXPECT_EQ(old_rule.burst, 3000u);
  EXPECT_EQ(old_rule.refill, 500u);
  EXPECT_EQ(old_rule.refill_period, 1min);
  const ClientGroup new_rule = load(with("clients", client + "rate-2023\"}]")).clients[0];
  EXPECT_EQ(new_rule.burst, 1000u);
  EXPECT_EQ(new_rule.refill, 1000u);
  EXPECT_EQ(new_rule.refill_period, 10s);
}

TEST_F(PlanOf, EverySiteOfAKindCanGetAnEdge) {
  Overrides overrides = in_source_tree();
  const Plan plan =
      load(with("edges", R"([{"sites": "regions", "nodes": 2}])")
               .replace(0, 1, R"({"endpoints": [{"name": "iad.direct", "pop": "us-east-1"}], )"),
           overrides);
  ASSERT_EQ(plan.edges.size(), 3u);
  EXPECT_EQ(plan.edges[2].name, plan.edges[2].site);
  EXPECT_EQ(plan.edges[2].nodes, 2u);
}

// Exercises every optional field and every list.
std::string everything() {
  return R"({"name": "all", "why": "\"quotes\" and \\", "seed": 18446744073709551615,
    "topology": "aws-5-global", "jitter": false, "bandwidth": "1.5Gbit/s", "duration": "1h",
    "warm_up": "1234567ns", "store_site": "eu-west-1",
    "edges": [{"name": "iad", "site": "us-east-1", "nodes": 3, "backhaul": "on-demand",
      "admission": {"tenant_rate": 10, "address_rate": 5, "address_burst": 50},
      "host": {"cores": 3, "memory": "1.5GiB", "costs": {"verify_proof": "1.001us"}}}],
    "origins": [{"region": "us-east-1", "pool": {"size": 3, "wait": "2s"}},
                {"region": "eu-west-1"}],
    "databases": [{"branch": "b", "region": "us-east-1", "read_only_regions": ["eu-west-1"],
                   "result_size": "1KiB"}],
    "credentials": [{"user": "u", "password": "p\u00e4ss", "role": "reader",
      "tablet_type": "replica", "route_expires": "1s", "expires": "2s", "revoked_after": "3s",
      "allow_native": true}],
    "endpoints": [{"name": "o", "kind": "optimized", "provider": "aws", "ttl": "0s"}],
    "clients": [
      {"name": "l", "kind": "lambda", "site": "us-east-1", "endpoint": "o", "tls": "1.2-resumed",
       "plugin": "mysql_native_password", "query": {"every": ["1s", "2s"], "on_connect": true}},
      {"name": "a", "kind": "arrivals", "endpoint": "b.database", "arrivals": "a.csv",
       "resolver_site": "sa-east-1", "stalls_in_handshake": true, "arrivals_spread": "1s"}],
    "faults": [
      {"kind": "slow", "from": "us-east-1", "to": "eu-west-1", "add_delay": "35ms", "at": "1s"},
      {"kind": "lossy", "from": "us-east-1", "to": "eu-west-1", "loss": "0.1%", "one_way": true},
      {"kind": "freeze", "host": "replica-1.b.eu-west-1", "for": "2s"},
      {"kind": "lossy", "name": "bursts", "from": "*", "to": "host:edge-2.iad", "loss": "2%",
       "burst": "300ms", "loss_in_burst": "75%", "shape": "flapping", "period": "3s", "duty": 0.25},
      {"kind": "fail", "region": "eu-*", "mode": "refusing", "at": "3s", "for": "1min"},
      {"kind": "clock-skew", "zone": "us-east-1/1", "behind": "5s", "shape": "ramp", "ramp": "2s"},
      {"kind": "cut-cable", "cable": "red_sea", "reroute_after": "7s"},
      {"kind": "rotate-credential", "user": "u", "password": "new"},
      {"kind": "remove-cluster", "user": "u", "region": "eu-west-1", "for": "5s"}],
    "expect": [{"metric": "connections.failed", "at_most": 0.1, "at_least": -1e-9, "equals": 0}],
    "idle_hosts": ["nobody"], "print_every_step": true})";
}

TEST_F(PlanOf, SavedAndReadBackIsTheSamePlan) {
  write("a.csv", "time,site,count\n1s,us-east-1,5\n1.000000001s,eu-west-1,7\n");
  const Plan plan = load(everything());
  write_plan(plan, folder_ / "plan.json");
  std::filesystem::remove(folder_ / "a.csv");
  const Plan again = load_plan(folder_ / "plan.json");
  EXPECT_EQ(base::to_text(to_json(again)), base::to_text(to_json(plan)));
  EXPECT_EQ(again.seed, 18446744073709551615u);
  EXPECT_EQ(again.default_bits_per_second, 1'500'000'000u);
  EXPECT_EQ(again.edges[0].host.memory_bytes, std::uint64_t{3} << 29);
  EXPECT_EQ(again.credentials[0].password, "p\xc3\xa4ss");
  EXPECT_EQ(again.credentials[0].revoked_after, 3s);
  EXPECT_EQ(again.clients[0].tls, runtime::TlsVersion::tls12_resumed);
  EXPECT_EQ(again.clients[1].arrivals.at(1).at, 1s + 1ns);
  EXPECT_EQ(again.clients[1].descriptors, 1'000'000u);
  EXPECT_EQ(again.faults[1].loss, 0.001);
  EXPECT_EQ(again.faults[3].burst, 300ms);
  EXPECT_EQ(again.faults[3].duty, 0.25);
  EXPECT_EQ(again.faults[4].scope, FaultScope::region);
  EXPECT_TRUE(again.faults[4].refuses);
  EXPECT_EQ(again.faults[5].extra_delay, 5s);
  EXPECT_TRUE(again.faults[5].behind);
  EXPECT_EQ(again.faults[8].target, "eu-west-1");
  EXPECT_EQ(again.expectations[0].at_most, 0.1);
  EXPECT_EQ(again.topology.sites.size(), plan.topology.sites.size());
  EXPECT_EQ(again.topology.paths.size(), plan.topology.paths.size());
}

TEST_F(PlanOf, ASavedPlanTakesOverridesToo) {
  write_plan(load(with("seed", "3")), folder_ / "plan.json");
  Overrides overrides;
  overrides.sets = {"clients.fleet.hosts=9"};
  EXPECT_EQ(load_plan(folder_ / "plan.json", overrides).clients[0].hosts, 9u);
}

TEST_F(PlanOf, MemoryGrowsWithTheConnections) {
  Plan plan = load(with("seed", "3"));
  const std::uint64_t small = estimate_memory_bytes(plan);
  plan.clients[0].hosts = 1000;
  plan.clients[0].connections_per_host = 1001;
  EXPECT_EQ(peak_connections(plan), 1'001'000u);
  EXPECT_EQ(estimate_memory_bytes(plan) - small, 1'000'999u * 1024 + 999u * 4096);
  EXPECT_FALSE(too_large_for(plan, estimate_memory_bytes(plan)));
  EXPECT_TRUE(too_large_for(plan, estimate_memory_bytes(plan) - 1));
  EXPECT_GT(physical_memory_bytes(), std::uint64_t{1} << 28);
}

TEST_F(PlanOf, MoreMachinesThanTheKernelCanOrderAreRefusedBeforeTheRun) {
  Plan plan = load(with("seed", "3"));
  const std::uint64_t plenty = std::uint64_t{1} << 50;
  plan.clients[0].hosts = 1'000'000;
  EXPECT_FALSE(too_large_for(plan, plenty));
  plan.clients[0].hosts = 1'048'576;
  const auto reason = too_large_for(plan, plenty);
  ASSERT_TRUE(reason);
  EXPECT_NE(reason->find("a run can have 1048576"), std::string::npos) << *reason;
}

TEST_F(PlanOf, ArrivalsCountOnlyWhileTheirConnectionsLive) {
  Plan plan = load(with("seed", "3"));
  ClientGroup& group = plan.clients[0];
  group.kind = ClientKind::arrivals;
  group.hold = 10s;
  group.arrivals = {{0s, "us-east-1", 5}, {10s, "us-east-1", 7}, {11s, "us-east-1", 1}};
  EXPECT_EQ(peak_connections(plan), 12u);
}

TEST_F(PlanOf, HostsAreNamedByPlace) {
  const Plan plan = load(with("idle_hosts", R"(["nobody"])"));
  const std::vector<std::string> expected{"edge-1.iad",
                                          "edge-1.pdx",
                                          "origin-1.us-east-1",
                                          "primary.main.us-east-1",
                                          "replica-1.main.us-east-1",
                                          "replica-2.main.us-east-1",
                                          "store.us-east-1",
                                          "credentials.us-east-1",
                                          "nobody"};
  EXPECT_EQ(host_names(plan), expected);
}

TEST(Metros, ShareTheDayByUsersAndLocalHour) {
  network::Topology topology;
  const auto add = [&](const char* name, double longitude, double users) {
    network::Site site;
    site.name = name;
    site.kind = network::SiteKind::metro;
    site.longitude = longitude;
    site.weight = users;
    topology.sites.push_back(site);
  };
  add("Greenwich", 0, 3);
  add("Dateline", 180, 1);
  MetroLoad load;
  load.connections = 100'001;
  load.day = 24s;
  load.steps = 24;
  const auto arrivals = metro_arrivals(load, topology);
  std::map<std::string, std::uint64_t> sums;
  std::map<std::string, std::pair<std::uint32_t, Duration>> busiest;
  std::uint64_t total = 0;
  Duration last{};
  for (const auto& arrival : arrivals) {
    EXPECT_GE(arrival.at, last);
    last = arrival.at;
    total += arrival.count;
    sums[arrival.site] += arrival.count;
    if (arrival.count > busiest[arrival.site].first)
      busiest[arrival.site] = {arrival.count, arrival.at};
  }
  EXPECT_EQ(total, 100'001u);
  EXPECT_NEAR(static_cast<double>(sums["Greenwich"]), 75'001, 1);
  EXPECT_EQ(busiest["Greenwich"].second, 20s);  // one second stands for an hour
  EXPECT_EQ(busiest["Dateline"].second, 8s);
}

TEST(LikelyEnd, IsThatOfTheLastGroupIfAllGoesWell) {
  Plan plan;
  plan.duration = 1h;
  plan.warm_up = 2s;
  ClientGroup pool;
  pool.ramp = 10s;
  pool.hold = 60s;
  pool.drain = 5s;
  plan.clients.push_back(pool);
  EXPECT_EQ(likely_end(plan), 2s + 75s + 2s);
  ClientGroup slow = pool;  // its last environment starts after its connections were to close
  slow.kind = ClientKind::lambda;
  slow.hosts = 3000;
  slow.burst = 1000;
  slow.refill = 1000;
  slow.refill_period = 60s;
  plan.clients.push_back(slow);
  EXPECT_EQ(likely_end(plan), 2s + 121s + 2s);
  ClientGroup recorded = pool;
  recorded.kind = ClientKind::arrivals;
  recorded.arrivals = {{.at = 1s, .site = {}, .count = 1}, {.at = 100s, .site = {}, .count = 1}};
  plan.clients.push_back(recorded);
  EXPECT_EQ(likely_end(plan), 2s + 160s + 2s);
  plan.duration = 30s;
  EXPECT_EQ(likely_end(plan), 32s);
}

}  // namespace
}  // namespace wanlab::scenario
