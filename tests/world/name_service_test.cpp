// DNS as clients meet it: who answers with which POP, how long that takes and how long it holds.
#include "tests/world/plan_builder.hpp"
#include "tests/world/running_world.hpp"

namespace wanlab::world {
namespace {

using namespace std::chrono_literals;

constexpr Duration authority = 2ms;

// POPs in the west and in the north behind one Optimized endpoint.
scenario::Plan plan_with_pops() {
  scenario::Plan plan = small_plan();
  plan.edges.push_back(plan.edges[0]);
  plan.edges[1].name = "cmh";
  plan.edges[1].site = "north";
  plan.endpoints.push_back({.name = "nearest",
                            .kind = scenario::EndpointKind::optimized,
                            .pop = "",
                            .provider = "cloud",
                            .branch = ""});
  return plan;
}

class Names : public ::testing::Test {
 protected:
  NameAnswer ask(const std::string& name, const std::string& client, const std::string& resolver,
                 Duration at = {}) {
    return names_.resolve(name, wan_.require(client), wan_.require(resolver), Instant(at));
  }
  static std::string host(const NameAnswer& answer) {
    return answer.addresses == nullptr ? "" : answer.addresses->front().host;
  }
  scenario::Plan plan_ = plan_with_pops();
  network::Wan wan_{plan_.topology};
  NameService names_{plan_, wan_};
};

TEST_F(Names, OfAnOptimizedEndpointLeadToThePopNearestToTheResolver) {
  EXPECT_EQ(host(ask("nearest", "home", "home")), "edge-1.pdx");
  // The client's own place does not matter: 80 ms from the south to the north, 115 ms to the west.
  EXPECT_EQ(host(ask("nearest", "home", "south")), "edge-1.cmh");
  EXPECT_EQ(host(ask("nearest", "south", "home")), "edge-1.pdx");
}

TEST_F(Names, OfADirectEndpointLeadToItsPopFromEverywhere) {
  for (const char* resolver : {"home", "west", "north", "south"}) {
    EXPECT_EQ(host(ask("edge", "home", resolver)), "edge-1.pdx");
  }
}

TEST_F(Names, OfADatabaseLeadToItsPrimary) {
  EXPECT_EQ(host(ask("database", "home", "home")), "primary.main.east");
}

TEST_F(Names, NobodyKnowsHaveNoAddress) {
  EXPECT_EQ(ask("nowhere", "home", "home").addresses, nullptr);
}

TEST_F(Names, CostTheWayToTheResolverAndItsQuestionWhenItDoesNotKnow) {
  const Duration to_resolver = round_trip(plan_, "home", "south");
  EXPECT_EQ(ask("edge", "home", "south").takes, to_resolver + authority);
  // Anybody else who asks the same resolver finds the answer there.
  EXPECT_EQ(ask("edge", "home", "south", 1s).takes, to_resolver);
  EXPECT_EQ(ask("edge", "west", "south", 2s).takes, round_trip(plan_, "west", "south"));
  // Another resolver has to ask for itself.
  EXPECT_EQ(ask("edge", "home", "north", 3s).takes, round_trip(plan_, "home", "north") + authority);
}

TEST_F(Names, HoldForTheirTimeToLiveFromTheResolversQuestion) {
  const NameAnswer first = ask("edge", "home", "home");
  EXPECT_EQ(first.expires, Instant(first.takes + 60s));
  EXPECT_EQ(ask("edge", "home", "home", 30s).expires, first.expires);
  const NameAnswer again = ask("edge", "home", "home", 61s);
  EXPECT_EQ(again.takes, within_zone + authority);
  EXPECT_EQ(again.expires, Instant(61s + again.takes + 60s));
}

TEST(ClientsAndNames, AskAgainOnlyWhenTheTimeToLiveIsOver) {
  scenario::ClientGroup group = one_client();
  group.connections_per_host = 4;
  group.ramp = 40s;  // at 0, 10, 20 and 30 s
  scenario::Plan plan = small_plan(group);
  plan.endpoints[0].ttl = 15s;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  const auto handshake = static_cast<std::uint64_t>(
      (4 * round_trip(plan, "home", "west") + round_trip(plan, "west", "east")).count());
  const auto asking = static_cast<std::uint64_t>((within_zone + authority).count());
  EXPECT_EQ(running.trace().get(TraceKind::client_established, 0).a, asking + handshake);
  EXPECT_EQ(running.trace().get(TraceKind::client_established, 1).a, handshake);
  EXPECT_EQ(running.trace().get(TraceKind::client_established, 2).a, asking + handshake);
  EXPECT_EQ(running.trace().get(TraceKind::client_established, 3).a, handshake);
}

TEST(ClientsAndNames, OfADistantResolverConnectToThePopNearThat) {
  scenario::Plan plan = plan_with_pops();
  scenario::ClientGroup group = one_client("nearest");
  group.resolver_site = "south";
  plan.clients.push_back(group);
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().get(TraceKind::client_connecting).text, "edge-1.cmh");
  EXPECT_EQ(running.trace().count(TraceKind::client_query_answered), 1u);
}

TEST(ClientsAndNames, SpreadOverTheNodesOfAPop) {
  scenario::ClientGroup group = one_client();
  group.connections_per_host = 400;
  group.connects_in_flight = 400;
  group.query_on_connect = false;
  scenario::Plan plan = small_plan(group);
  plan.edges[0].nodes = 4;
  RunningWorld running(plan);
  running.run();
  for (int node = 1; node <= 4; ++node) {
    const std::size_t here =
        running.trace().count(TraceKind::session_accepted, "edge-" + std::to_string(node) + ".pdx");
    EXPECT_GE(here, 70u);
    EXPECT_LE(here, 130u);
  }
}

}  // namespace
}  // namespace wanlab::world
