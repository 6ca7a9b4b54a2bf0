// Handshakes cost what they cost: to the nanosecond, the number of round trips of the published
// protocols (MySQL's connection phase, RFC 5246 and 8446), and what each statement costs
// afterwards.
#include "tests/world/plan_builder.hpp"
#include "tests/world/running_world.hpp"

#include <ostream>

namespace wanlab::world {
namespace {

using runtime::TlsVersion;
using namespace std::chrono_literals;

constexpr Duration authority = 2ms;  // the resolver's own question, for a name it does not know

// How the client logs in, and how many round trips that takes on an established connection.
struct Login {
  const char* name;
  bool client_begins_native;
  bool native_allowed;
  int round_trips;
};
constexpr Login logins[] = {
    {"sha2 fast", false, false, 1},
    {"native", true, true, 1},
    // The client begins with a method that its account does not have.
    {"AuthSwitch to sha2", true, false, 2},
};
struct Security {
  TlsVersion version;
  int round_trips;
};
constexpr Security securities[] = {{TlsVersion::none, 0},
                                   {TlsVersion::tls12, 2},
                                   {TlsVersion::tls12_resumed, 1},
                                   {TlsVersion::tls13, 1}};

scenario::Plan plan_for(const Login& login, TlsVersion tls, const std::string& endpoint) {
  scenario::ClientGroup group = one_client(endpoint);
  group.tls = tls;
  if (login.client_begins_native) group.authentication_plugin = "mysql_native_password";
  // Two connections: the first has to look its server up, the second knows it.
  group.connections_per_host = 2;
  group.ramp = 20s;
  scenario::Plan plan = small_plan(group);
  plan.edges[0].require_tls = tls != TlsVersion::none;
  plan.credentials[0].allow_native = login.native_allowed;
  return plan;
}

// `first`: what the first connection needs in addition.
void expect_exactly(RunningWorld& running, Duration connects, Duration answers, Duration first) {
  run_and_expect_nothing_left(running);
  ASSERT_EQ(running.trace().count(TraceKind::client_established), 2u);
  ASSERT_EQ(running.trace().count(TraceKind::client_first_answer), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const Duration before = i == 0 ? first : Duration::zero();
    EXPECT_EQ(running.trace().get(TraceKind::client_established, i).a,
              static_cast<std::uint64_t>((before + connects).count()));
    EXPECT_EQ(running.trace().get(TraceKind::client_first_answer, i).a,
              static_cast<std::uint64_t>((before + connects + answers).count()));
  }
}

class Handshake : public ::testing::TestWithParam<std::tuple<int, int>> {
 protected:
  const Login& login() const { return logins[std::get<0>(GetParam())]; }
  const Security& security() const { return securities[std::get<1>(GetParam())]; }
};

// Only sha2 has a cache of passwords.
class FullAuthentication : public Handshake {};

TEST_P(Handshake, ThroughTheEdgeTakesItsRoundTripsToTheEdgeAndOneToTheOrigin) {
  SCOPED_TRACE(login().name);
  RunningWorld running(plan_for(login(), security().version, "edge"));
  const Duration to_edge = round_trip(running.plan(), "home", "west");
  const Duration to_origin = round_trip(running.plan(), "west", "east");
  // TCP, the greeting, TLS, the login.
  const int round_trips = 1 + 1 + security().round_trips + login().round_trips;
  expect_exactly(running, round_trips * to_edge + to_origin, to_edge + to_origin + within_zone,
                 within_zone + authority);
}

TEST_P(Handshake, WithTheDatabaseItselfTakesItsRoundTripsAllTheWay) {
  SCOPED_TRACE(login().name);
  RunningWorld running(plan_for(login(), security().version, "database"));
  const Duration all_the_way = round_trip(running.plan(), "home", "east");
  const int round_trips = 1 + 1 + security().round_trips + login().round_trips;
  expect_exactly(running, round_trips * all_the_way, all_the_way, within_zone + authority);
}

// Once: then the database remembers the password, and the second connection is fast.
TEST_P(FullAuthentication, WithADatabaseThatDoesNotRememberThePasswordTakesItsOwnRoundTrips) {
  SCOPED_TRACE(login().name);
  scenario::Plan plan = plan_for(login(), security().version, "database");
  plan.databases[0].password_cache_warm = false;
  RunningWorld running(plan);
  const Duration all_the_way = round_trip(running.plan(), "home", "east");
  // The password itself; in the clear the server's key has to be asked for before.
  const int full = security().version == TlsVersion::none ? 2 : 1;
  const int round_trips = 1 + 1 + security().round_trips + login().round_trips;
  expect_exactly(running, round_trips * all_the_way, all_the_way,
                 full * all_the_way + within_zone + authority);
}

std::string row_name(const ::testing::TestParamInfo<std::tuple<int, int>>& row) {
  constexpr const char* by_login[] = {"Fast", "Native", "Switched"};
  constexpr const char* by_tls[] = {"Plain", "Tls12", "Tls12Resumed", "Tls13"};
  return std::string(by_login[std::get<0>(row.param)]) + by_tls[std::get<1>(row.param)];
}
INSTANTIATE_TEST_SUITE_P(EveryRow, Handshake,
                         ::testing::Combine(::testing::Range(0, 3), ::testing::Range(0, 4)),
                         row_name);
INSTANTIATE_TEST_SUITE_P(EveryRow, FullAuthentication,
                         ::testing::Combine(::testing::Values(0, 2), ::testing::Range(0, 4)),
                         row_name);

TEST(Exactness, AuthenticationCostsItsBackhaulRoundTripOncePerConnection) {
  RunningWorld running(small_plan(busy_client(100ms, 2s)));
  run_and_expect_nothing_left(running);
  const Duration statement = round_trip(running.plan(), "home", "west") +
                             round_trip(running.plan(), "west", "east") + within_zone;
  const std::vector<Told> answers = running.trace().all(TraceKind::client_query_answered);
  ASSERT_GE(answers.size(), 10u);
  for (const Told& answer : answers) {
    EXPECT_EQ(answer.b, static_cast<std::uint64_t>(statement.count())) << answer.a;
  }
}

TEST(Exactness, AReplicaInAnotherZoneIsFurtherAwayByTheRoundTripBetweenZones) {
  scenario::Plan plan = small_plan(busy_client(100ms, 2s));
  plan.credentials[0].tablet_type = scenario::TabletType::replica;
  plan.databases[0].replicas = 1;  // the first replica stands in the second zone
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  const Duration statement = round_trip(running.plan(), "home", "west") +
                             round_trip(running.plan(), "west", "east") + between_zones;
  ASSERT_GE(running.trace().count(TraceKind::client_query_answered), 10u);
  for (const Told& answer : running.trace().all(TraceKind::client_query_answered)) {
    EXPECT_EQ(answer.b, static_cast<std::uint64_t>(statement.count()));
  }
}

TEST(Exactness, WorkOfTheHostsComesOnTopToTheNanosecond) {
  RunningWorld cheap(small_plan(one_client()));
  cheap.run();
  scenario::Plan plan = small_plan(one_client());
  plan.edges[0].host.cost[static_cast<std::size_t>(runtime::Work::tls_handshake_server)] =
      Duration(310'007);
  RunningWorld dear(plan);
  dear.run();
  EXPECT_EQ(dear.trace().get(TraceKind::client_established).a -
                cheap.trace().get(TraceKind::client_established).a,
            310'007u);
}

TEST(Exactness, ATwoMillisecondEdgeSavesMostOfAConnectionsRoundTrips) {
  // The worked example of the published round-trip arithmetic: 65 ms to the database, 2 ms to the
  // edge.
  scenario::Plan plan = small_plan(one_client());
  plan.clients.push_back(one_client("database"));
  plan.clients[1].name = "direct";
  plan.clients[1].start = 10s;
  set_round_trip(plan, "home", "east", 65ms);
  set_round_trip(plan, "west", "east", 65ms);
  set_round_trip(plan, "home", "west", 2ms);
  RunningWorld running(plan);
  running.run();
  const Duration looks_up = within_zone + authority;
  const auto first_answer = [&](std::string_view host) {
    return Duration(static_cast<std::int64_t>(
               running.trace().get(TraceKind::client_first_answer, 0, host).a)) -
           looks_up;
  };
  EXPECT_EQ(first_answer("direct-1"), 5 * 65ms);
  EXPECT_EQ(first_answer("client-1"), 4 * 2ms + 65ms + 2ms + 65ms + within_zone);
}

}  // namespace
}  // namespace wanlab::world
