// Credentials and Routes that end while sessions are open: how fast the session ends, with which
// error, and that it cannot come back.
#include "tests/world/plan_builder.hpp"
#include "tests/world/running_world.hpp"

namespace wanlab::world {
namespace {

using namespace std::chrono_literals;

// A client that keeps asking ends with `error` within `bound` after `moment`, and is denied
// afterwards.
void expect_ended(RunningWorld& running, Duration moment, Duration bound, std::uint64_t error) {
  run_and_expect_nothing_left(running);
  const Told failed = running.trace().get(TraceKind::client_query_failed);
  EXPECT_EQ(failed.b, error);
  EXPECT_GE(failed.at, moment);
  EXPECT_LE(failed.at, moment + bound);
  EXPECT_EQ(running.trace().count(TraceKind::client_query_failed), 1u);
  // Nothing that was sent to a database after the moment and the time in which it must be known.
  for (const Told& served : running.trace().all(TraceKind::statement_served)) {
    EXPECT_LE(served.at, moment + bound);
  }
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 1u);
  // A pool connects again, and is denied.
  EXPECT_EQ(running.trace().get(TraceKind::client_failed).b, 1045u);
}

TEST(Revocation, OfACredentialEndsBusySessionsAsSoonAsTheEdgeHearsOfIt) {
  scenario::Plan plan = small_plan(busy_client(100ms, 10s));
  plan.credentials[0].revoked_after = 3s;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  const Told lost = running.trace().get(TraceKind::client_lost);
  EXPECT_GE(lost.at, 3s);
  // The operator's call to the store, its news to the edge, and the edge's word to the client.
  const Duration known =
      3s + 100ms + round_trip(plan, "west", "east") + round_trip(plan, "home", "west");
  EXPECT_LE(lost.at, known);
  for (const Told& served : running.trace().all(TraceKind::statement_served)) {
    EXPECT_LE(served.at, known);
  }
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 1u);
  EXPECT_EQ(running.trace().get(TraceKind::client_failed).b, 1045u);
}

TEST(Revocation, OfACredentialEndsIdleSessionsAtOnce) {
  scenario::ClientGroup group = one_client();
  group.hold = 400s;
  scenario::Plan plan = small_plan(group);
  plan.duration = 450s;
  plan.credentials[0].revoked_after = 3s;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  const Told lost = running.trace().get(TraceKind::client_lost);
  EXPECT_LE(lost.at, 4s);
  EXPECT_EQ(running.trace().get(TraceKind::client_failed).b, 1045u);
}

TEST(Revocation, OfOneCredentialLeavesOthersAlone) {
  scenario::Plan plan = small_plan(busy_client(100ms, 10s));
  plan.credentials.push_back(plan.credentials[0]);
  plan.credentials[1].user = "other";
  plan.credentials[1].revoked_after = 3s;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_query_failed), 0u);
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 0u);
}

TEST(Expiry, OfACredentialEndsSessionsWithTheirNextStatement) {
  scenario::Plan plan = small_plan(busy_client(100ms, 10s));
  plan.credentials[0].credential_expires_after = 3s;
  RunningWorld running(plan);
  const Duration statement = round_trip(plan, "home", "west") + round_trip(plan, "west", "east");
  expect_ended(running, 3s, 100ms + 2 * statement, 1927);
}

TEST(Expiry, OfARouteEndsSessionsWithTheirNextStatement) {
  scenario::Plan plan = small_plan(busy_client(100ms, 10s));
  plan.credentials[0].route_expires_after = 3s;
  RunningWorld running(plan);
  const Duration statement = round_trip(plan, "home", "west") + round_trip(plan, "west", "east");
  expect_ended(running, 3s, 100ms + 2 * statement, 1927);
}

TEST(Expiry, IsNotDelayedByAnEdgeThatIsCutOffFromTheStore) {
  // The store stands where only the edge's watch comes from: cutting that path hides every change.
  scenario::Plan plan = small_plan(busy_client(100ms, 10s));
  plan.store_site = "south";
  plan.faults.push_back(black_hole("west", "south", 1s));
  plan.credentials[0].revoked_after = 3s;
  RunningWorld running(plan);
  running.run();
  const Told failed = running.trace().get(TraceKind::client_query_failed);
  EXPECT_EQ(failed.b, 1927u);
  EXPECT_LE(failed.at, 3s + 300ms);
  EXPECT_EQ(running.trace().get(TraceKind::client_failed).b, 1045u);
}

TEST(Grants, OfLongSessionsAreRenewedWithoutTheClientNoticing) {
  scenario::Plan plan = small_plan(busy_client(5s, 700s));
  plan.duration = 800s;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_query_failed), 0u);
  EXPECT_EQ(running.trace().count(TraceKind::client_connecting), 1u);
  EXPECT_GE(running.trace().count(TraceKind::client_query_answered), 130u);
}

TEST(Grants, OfIdleSessionsAreRenewedToo) {
  scenario::ClientGroup group = one_client();
  group.query_interval_minimum = group.query_interval_maximum = 650s;
  group.hold = 700s;
  scenario::Plan plan = small_plan(group);
  plan.duration = 800s;
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_query_answered), 2u);
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 0u);
}

}  // namespace
}  // namespace wanlab::world
