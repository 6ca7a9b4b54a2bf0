// The same plan and seed give the same history, on any machine and in any build; nobody's history
// depends on who else is there or on the order in which a plan lists its parts.
#include "sim/scenario/plan_json.hpp"
#include "tests/world/plan_builder.hpp"
#include "tests/world/running_world.hpp"

#include <algorithm>
#include <map>

namespace wanlab::world {
namespace {

using namespace std::chrono_literals;

// Several POPs, users and kinds of clients, with everything on that draws or waits: jitter, loss,
// bandwidth, CPU, retries, a fault and a revocation.
scenario::Plan varied_plan(std::uint64_t seed = 7) {
  scenario::Plan plan = two_region_plan();
  plan.seed = seed;
  plan.jitter = true;
  plan.default_bits_per_second = 1'000'000'000;
  plan.duration = 40s;
  for (network::MeasuredPath& path : plan.topology.paths) {
    path.jitter_p90 = path.round_trip / 20;
    path.loss = 0.001;
  }
  for (std::size_t work = 0; work < runtime::work_kinds; ++work) {
    plan.edges[0].host.cost[work] = Duration(20'000);
    plan.origins[0].host.cost[work] = Duration(5'000);
    plan.databases[0].host.cost[work] = Duration(100'000);
  }
  plan.edges[0].nodes = 2;
  plan.edges.push_back(plan.edges[0]);
  plan.edges[1].name = "cmh";
  plan.edges[1].site = "north";
  plan.endpoints.push_back({.name = "nearest",
                            .kind = scenario::EndpointKind::optimized,
                            .pop = "",
                            .provider = "cloud",
                            .branch = ""});
  scenario::Credential other = plan.credentials[0];
  other.user = "batch";
  other.revoked_after = 15s;
  plan.credentials.push_back(other);

  scenario::ClientGroup pool = busy_client(400ms, 12s);
  pool.name = "pool";
  pool.hosts = 3;
  pool.connections_per_host = 4;
  pool.ramp = 2s;
  pool.drain = 1s;
  pool.query_interval_maximum = 900ms;
  pool.retry.attempts = 3;
  scenario::ClientGroup burst = pool;
  burst.name = "burst";
  burst.kind = scenario::ClientKind::lambda;
  burst.endpoint = "nearest";
  burst.site = "north";
  burst.user = "batch";
  burst.hold = 16s;
  burst.cold_start_maximum = 500ms;
  plan.clients = {pool, burst};
  plan.faults.push_back(slow_path("west", "east", 4s, 30ms, 3s));
  return plan;
}

// Nothing drawn and everything at once, so that much happens at the same instant and only the order
// of hosts decides who comes first.
scenario::Plan tied_plan() {
  scenario::Plan plan = varied_plan();
  plan.jitter = false;
  for (network::MeasuredPath& path : plan.topology.paths) path.loss = 0;
  for (scenario::ClientGroup& group : plan.clients) {
    group.site = "home";
    group.endpoint = "edge";
    group.ramp = group.drain = Duration::zero();
    group.query_interval_maximum = group.query_interval_minimum;
    group.cold_start_minimum = group.cold_start_maximum = Duration::zero();
  }
  return plan;
}

std::uint64_t digest_of(scenario::Plan plan) {
  RunningWorld running(std::move(plan));
  running.run();
  EXPECT_GT(running.trace().count(TraceKind::client_query_answered), 100u);
  return running.digest();
}

// What every host, by name, did and heard.
std::map<std::string, std::uint64_t> histories(scenario::Plan plan, Duration until = 30s) {
  RunningWorld running(std::move(plan));
  running.run_until(until);
  std::map<std::string, std::uint64_t> of;
  std::vector<std::string> names = {
      "edge-1.pdx",     "edge-2.pdx", "edge-1.cmh",       "edge-2.cmh",        "origin-1.east",
      "origin-1.north", "store.east", "credentials.east", "credentials.north", "primary.main.east"};
  for (int number = 1; number <= 3; ++number) {
    names.push_back("pool-" + std::to_string(number));
    names.push_back("burst-" + std::to_string(number));
  }
  for (const std::string& name : names) of[name] = running.digest_of(name);
  return of;
}

TEST(Determinism, TheSamePlanGivesTheSameDigest) {
  EXPECT_EQ(digest_of(varied_plan()), digest_of(varied_plan()));
}

TEST(Determinism, AnotherSeedGivesAnotherDigest) {
  EXPECT_NE(digest_of(varied_plan(7)), digest_of(varied_plan(8)));
}

TEST(Determinism, ThePlanReadBackFromItsFileGivesTheSameDigest) {
  const scenario::Plan plan = varied_plan();
  const base::Document document =
      base::parse_document(base::to_text(scenario::to_json(plan)), "plan.json");
  EXPECT_EQ(digest_of(scenario::read_plan(document.root())), digest_of(plan));
}

TEST(Determinism, AnIdleHostChangesNobodysHistory) {
  for (const scenario::Plan& plan : {varied_plan(), tied_plan()}) {
    scenario::Plan crowded = plan;
    // First, in the middle and last by name, so that everybody's number changes.
    crowded.idle_hosts = {"aaa", "middle", "zzz"};
    EXPECT_EQ(histories(crowded), histories(plan));
    EXPECT_EQ(digest_of(crowded), digest_of(plan));
  }
}

// A region with a database and its clients that no Route of the others names. (An origin there
// would put a record into the store that every edge reads: that is no longer unrelated.)
TEST(Determinism, AnUnrelatedRegionChangesNobodysHistory) {
  scenario::Plan crowded = varied_plan();
  network::Site site = crowded.topology.sites[1];
  site.name = "antarctica";
  crowded.topology.sites.insert(crowded.topology.sites.begin(), site);
  for (const char* other : {"home", "west", "east", "north", "south"}) {
    crowded.topology.paths.insert(crowded.topology.paths.begin(),
                                  {.source = "antarctica", .target = other, .round_trip = 250ms});
  }
  scenario::Database database = crowded.databases[0];
  database.branch = "penguins";
  database.primary_region = "antarctica";
  database.read_only_regions.clear();
  crowded.databases.insert(crowded.databases.begin(), database);
  scenario::Endpoint endpoint = crowded.endpoints[1];
  endpoint.name = "penguins";
  endpoint.branch = "penguins";
  crowded.endpoints.insert(crowded.endpoints.begin(), endpoint);
  scenario::ClientGroup group = crowded.clients[0];
  group.name = "antarctic";
  group.site = "antarctica";
  group.endpoint = "penguins";
  crowded.clients.insert(crowded.clients.begin(), group);
  EXPECT_EQ(histories(crowded), histories(varied_plan()));
}

TEST(Determinism, TheOrderInWhichAPlanListsItsPartsDoesNotMatter) {
  for (const scenario::Plan& plan : {varied_plan(), tied_plan()}) {
    scenario::Plan shuffled = plan;
    std::reverse(shuffled.edges.begin(), shuffled.edges.end());
    std::reverse(shuffled.origins.begin(), shuffled.origins.end());
    std::reverse(shuffled.credentials.begin(), shuffled.credentials.end());
    std::reverse(shuffled.endpoints.begin(), shuffled.endpoints.end());
    std::reverse(shuffled.clients.begin(), shuffled.clients.end());
    EXPECT_EQ(histories(shuffled), histories(plan));
    EXPECT_EQ(digest_of(shuffled), digest_of(plan));
  }
}

// The value itself is arbitrary. It stands here so that the builds with and without optimisation,
// with and without sanitizers, and the machines of everybody agree on one: a difference between two
// of them is a defect (uninitialised memory, the order of a hash table, an address, a library's
// mathematics). Whoever changes what components do or draw changes it everywhere alike, and then
// this line.
TEST(Determinism, EveryBuildAndMachineGivesThisDigest) {
  EXPECT_EQ(digest_of(varied_plan()), 9277740961237406355u);
}

}  // namespace
}  // namespace wanlab::world
