// Logins that must fail: the MySQL error a client gets, when it gets it, and that nothing remains.
#include "tests/world/plan_builder.hpp"
#include "tests/world/running_world.hpp"

#include <algorithm>

namespace wanlab::world {
namespace {

using namespace std::chrono_literals;

struct Refusal {
  std::uint64_t error = 0;
  Duration after{};  // from the first attempt
};
Refusal refusal_of(const RunningWorld& running, std::string_view host) {
  const Told failed = running.trace().get(TraceKind::client_failed, 0, host);
  const Told began = running.trace().get(TraceKind::client_connecting, 0, host);
  return {failed.b, failed.at - began.at};
}

// TCP, greeting, TLS 1.3 and login on a session with the edge in the west.
Duration handshake(const scenario::Plan& plan) {
  return 4 * round_trip(plan, "home", "west");
}

TEST(LoginFailure, AWrongPasswordIsDeniedAfterOneRoundTripToTheOrigin) {
  scenario::ClientGroup group = one_client();
  group.password = "not the password";
  RunningWorld running(small_plan(group));
  run_and_expect_nothing_left(running);
  const Refusal refusal = refusal_of(running, "client-1");
  EXPECT_EQ(refusal.error, 1045u);
  EXPECT_EQ(refusal.after, handshake(running.plan()) + round_trip(running.plan(), "west", "east"));
  EXPECT_EQ(running.trace().count(TraceKind::client_established), 0u);
}

TEST(LoginFailure, AnUnknownUserIsDeniedAfterTheTimeARealLoginTakes) {
  scenario::Plan plan = small_plan();
  // Real users first, so that the edge knows how long a real login takes.
  scenario::ClientGroup real = one_client();
  real.name = "real";
  real.connections_per_host = 60;
  real.ramp = 5s;
  real.hold = 3s;
  plan.clients.push_back(real);
  scenario::ClientGroup guessing = one_client();
  guessing.name = "guessing";
  guessing.user = "root";
  guessing.password = "123456";
  guessing.start = 6s;
  guessing.connections_per_host = 40;
  guessing.ramp = 1s;
  plan.clients.push_back(guessing);
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);

  const Duration real_login = handshake(plan) + round_trip(plan, "west", "east");
  const std::vector<Told> refused = running.trace().all(TraceKind::client_failed);
  const std::vector<Told> began = running.trace().all(TraceKind::client_connecting, "guessing-1");
  ASSERT_EQ(refused.size(), 40u);
  ASSERT_EQ(began.size(), 40u);
  Duration sum{};
  for (std::size_t i = 0; i < refused.size(); ++i) {
    EXPECT_EQ(refused[i].b, 1045u);
    const auto begin = std::find_if(began.begin(), began.end(), [&](const Told& told) {
      return told.subject == refused[i].subject;
    });
    const Duration took = refused[i].at - begin->at;
    EXPECT_GE(took, real_login * 7 / 10);
    EXPECT_LE(took, real_login * 13 / 10);
    sum += took;
  }
  const Duration mean = sum / 40;
  EXPECT_NEAR(static_cast<double>(mean.count()), static_cast<double>(real_login.count()),
              static_cast<double>(real_login.count()) / 10);
}

TEST(LoginFailure, AnExpiredRouteIsDeniedLikeAnUnknownUser) {
  scenario::ClientGroup group = one_client();
  group.start = 5s;
  scenario::Plan plan = small_plan(group);
  plan.credentials[0].route_expires_after = 3s;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(refusal_of(running, "client-1").error, 1045u);
  EXPECT_LE(refusal_of(running, "client-1").after, 2s);
}

TEST(LoginFailure, AnExpiredCredentialIsDeniedByTheOrigin) {
  scenario::ClientGroup group = one_client();
  group.start = 5s;
  scenario::Plan plan = small_plan(group);
  plan.credentials[0].credential_expires_after = 3s;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(refusal_of(running, "client-1").error, 1045u);
  EXPECT_EQ(running.trace().count(TraceKind::proof_rejected, "origin-1.east"), 1u);
}

TEST(LoginFailure, ARouteThatIsGoodForLongerIsNotExpired) {
  scenario::ClientGroup group = one_client();
  group.start = 5s;
  scenario::Plan plan = small_plan(group);
  plan.credentials[0].route_expires_after = 7s;
  plan.credentials[0].credential_expires_after = 7s;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_query_answered), 1u);
}

TEST(NoLiveCluster, ALoginIsRefusedAtOnceWhereNoOriginWasEverFound) {
  scenario::Plan plan = small_plan(one_client());
  plan.origins.clear();  // the Route names a region in which nobody stands
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  const Refusal refusal = refusal_of(running, "client-1");
  EXPECT_EQ(refusal.error, 1053u);
  EXPECT_LE(refusal.after, 1s);
}

TEST(NoLiveCluster, ALoginIsRefusedWithinASecondOnceTheLossIsKnown) {
  scenario::ClientGroup group = one_client();
  group.start = 10s;
  scenario::Plan plan = small_plan(group);
  plan.faults.push_back(crash("origin-1.east", 2s));
  RunningWorld running(plan);
  running.run();
  const Refusal refusal = refusal_of(running, "client-1");
  EXPECT_EQ(refusal.error, 1053u);
  EXPECT_LE(refusal.after, 1s);
  EXPECT_EQ(running.world().leftovers().edge_sessions, 0u);
}

TEST(NoLiveCluster, StatementsOfOpenSessionsFailAtOnceAndTheSessionSurvivesTheOutage) {
  scenario::Plan plan = small_plan(busy_client(200ms, 30s));
  plan.faults.push_back(crash("origin-1.east", 5s, 5s));
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  std::size_t during = 0;
  for (const Told& failed : running.trace().all(TraceKind::client_query_failed)) {
    // The one that was under way has an unknown outcome; after that it is known that nobody is
    // there.
    if (failed.b == 1105u) continue;
    EXPECT_EQ(failed.b, 1053u);
    ++during;
  }
  EXPECT_GE(during, 10u);
  EXPECT_EQ(running.trace().count(TraceKind::client_connecting), 1u);
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 0u);
  // It is served again after the origin has come back.
  const std::vector<Told> answered = running.trace().all(TraceKind::client_query_answered);
  ASSERT_FALSE(answered.empty());
  EXPECT_GT(answered.back().at, 25s);
}

TEST(NoLiveCluster, ALoginIntoABlackHoleIsRefusedInBoundedTime) {
  scenario::ClientGroup group = one_client();
  group.start = 2s;
  group.connect_timeout = 30s;
  scenario::Plan plan = small_plan(group);
  plan.faults.push_back(black_hole("west", "east", 2s));
  RunningWorld running(plan);
  running.run();
  const Refusal refusal = refusal_of(running, "client-1");
  EXPECT_EQ(refusal.error, 1053u);
  EXPECT_LE(refusal.after, 10s + 100ms);  // the edge's handshake timeout at the latest
  EXPECT_EQ(running.world().leftovers().edge_sessions, 0u);
  EXPECT_EQ(running.world().leftovers().edge_exchanges, 0u);
}

TEST(Admission, BeyondATenantsRateIsToldToComeBackLater) {
  scenario::ClientGroup group = one_client();
  group.connections_per_host = 20;
  group.connects_in_flight = 20;
  scenario::Plan plan = small_plan(group);
  plan.edges[0].tenant_rate = 1;
  plan.edges[0].tenant_burst = 4;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_established), 4u);
  ASSERT_EQ(running.trace().count(TraceKind::client_failed), 16u);
  for (const Told& failed : running.trace().all(TraceKind::client_failed))
    EXPECT_EQ(failed.b, 1226u);
}

TEST(Admission, BeyondAnAddresssRateIsRefusedBeforeItsGreeting) {
  scenario::ClientGroup group = one_client();
  group.connections_per_host = 20;
  group.connects_in_flight = 20;
  scenario::Plan plan = small_plan(group);
  plan.edges[0].address_rate = 1;
  plan.edges[0].address_burst = 4;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_established), 4u);
  ASSERT_EQ(running.trace().count(TraceKind::client_failed), 16u);
  for (const Told& failed : running.trace().all(TraceKind::client_failed))
    EXPECT_EQ(failed.b, 1040u);
}

}  // namespace
}  // namespace wanlab::world
