// Clients behave like clients: when their environments appear, how many connects are under way,
// when they try again and when they give up.
#include "tests/world/plan_builder.hpp"
#include "tests/world/running_world.hpp"

#include <algorithm>
#include <set>

namespace wanlab::world {
namespace {

using namespace std::chrono_literals;

// --- Lambda's concurrency

// Environments that connect once, to a name that leads nowhere: only when they appear matters.
scenario::ClientGroup environments(std::uint32_t count, scenario::ConcurrencyRule rule) {
  scenario::ClientGroup group = one_client("nowhere");
  group.name = "function";
  group.kind = scenario::ClientKind::lambda;
  group.hosts = count;
  group.concurrency = rule;
  const bool burst = rule == scenario::ConcurrencyRule::burst_2022;
  group.burst = burst ? 3000 : 1000;
  group.refill = burst ? 500 : 1000;
  group.refill_period = burst ? 60s : 10s;
  return group;
}

std::size_t appeared_by(const RunningWorld& running, Duration moment) {
  const std::vector<Told> began = running.trace().all(TraceKind::client_connecting);
  return static_cast<std::size_t>(std::count_if(
      began.begin(), began.end(), [&](const Told& told) { return told.at <= moment; }));
}

TEST(Lambda, BurstRuleGivesThreeThousandAtOnceAndFiveHundredAMinute) {
  scenario::Plan plan = small_plan(environments(4600, scenario::ConcurrencyRule::burst_2022));
  plan.duration = 300s;
  RunningWorld running(plan);
  running.run_until(200s);
  EXPECT_EQ(appeared_by(running, 0s), 3000u);
  EXPECT_EQ(appeared_by(running, 30s), 3250u);
  EXPECT_EQ(appeared_by(running, 60s), 3500u);
  EXPECT_EQ(appeared_by(running, 120s), 4000u);
  EXPECT_EQ(appeared_by(running, 180s), 4500u);
  EXPECT_EQ(appeared_by(running, 200s), 4600u);
}

TEST(Lambda, RateRuleGivesAThousandAtOnceAndAThousandEachTenSeconds) {
  scenario::Plan plan = small_plan(environments(4600, scenario::ConcurrencyRule::rate_2023));
  RunningWorld running(plan);
  running.run_until(50s);
  EXPECT_EQ(appeared_by(running, 0s), 1000u);
  EXPECT_EQ(appeared_by(running, 5s), 1500u);
  EXPECT_EQ(appeared_by(running, 10s), 2000u);
  EXPECT_EQ(appeared_by(running, 30s), 4000u);
  EXPECT_EQ(appeared_by(running, 36s), 4600u);
}

TEST(Lambda, FunctionsOfAnAccountShareTheBurstButEachHasItsOwnRate) {
  for (const auto rule :
       {scenario::ConcurrencyRule::burst_2022, scenario::ConcurrencyRule::rate_2023}) {
    scenario::Plan plan = small_plan(environments(2000, rule));
    plan.clients.push_back(plan.clients[0]);
    plan.clients[1].name = "other";
    plan.duration = 300s;
    RunningWorld running(plan);
    running.run_until(130s);
    if (rule == scenario::ConcurrencyRule::burst_2022) {
      EXPECT_EQ(appeared_by(running, 0s), 3000u);
      EXPECT_EQ(appeared_by(running, 60s), 3500u);
      EXPECT_EQ(appeared_by(running, 120s), 4000u);
    } else {
      EXPECT_EQ(appeared_by(running, 0s), 2000u);
      EXPECT_EQ(appeared_by(running, 10s), 4000u);
    }
  }
}

TEST(Lambda, EnvironmentsStartColdWithinTheirBounds) {
  scenario::ClientGroup group = environments(1000, scenario::ConcurrencyRule::rate_2023);
  group.cold_start_minimum = 100ms;
  group.cold_start_maximum = 1s;
  RunningWorld running(small_plan(group));
  running.run_until(5s);
  const std::vector<Told> began = running.trace().all(TraceKind::client_connecting);
  ASSERT_EQ(began.size(), 1000u);
  double sum = 0;
  for (const Told& told : began) {
    EXPECT_GE(told.at, 100ms);
    EXPECT_LE(told.at, 1s);
    sum += static_cast<double>(told.at.count());
  }
  EXPECT_NEAR(sum / 1000, 550e6, 25e6);
}

// --- pace

TEST(Ramp, SpreadsTheConnectionsOfAllHostsEvenly) {
  scenario::ClientGroup group = one_client("nowhere");
  group.hosts = 10;
  group.connections_per_host = 10;
  group.ramp = 10s;
  RunningWorld running(small_plan(group));
  running.run();
  const std::vector<Told> began = running.trace().all(TraceKind::client_connecting);
  ASSERT_EQ(began.size(), 100u);
  for (std::size_t i = 0; i < began.size(); ++i) {
    EXPECT_EQ(began[i].at, static_cast<std::int64_t>(i) * 100ms);
  }
}

TEST(Drain, ClosesTheConnectionsOfAllHostsEvenly) {
  scenario::ClientGroup group = one_client();
  group.hosts = 4;
  group.connections_per_host = 5;
  group.hold = 5s;
  group.drain = 10s;
  RunningWorld running(small_plan(group));
  run_and_expect_nothing_left(running);
  const std::vector<Told> closed = running.trace().all(TraceKind::client_closed);
  ASSERT_EQ(closed.size(), 20u);
  for (std::size_t i = 0; i < closed.size(); ++i) {
    EXPECT_EQ(closed[i].at, 5s + static_cast<std::int64_t>(i) * 500ms);
  }
}

// The most connects that were under way at once, from what clients told.
int most_under_way(const RunningWorld& running) {
  int under_way = 0, most = 0;
  for (const Told& told : running.trace().events()) {
    switch (told.kind) {
      case TraceKind::client_connecting:
        most = std::max(most, ++under_way);
        break;
      case TraceKind::client_established:
      case TraceKind::client_attempt_failed:
      case TraceKind::client_failed:
        --under_way;
        break;
      default:
        break;
    }
  }
  return most;
}

TEST(Connects, UnderWayNeverExceedTheirLimit) {
  scenario::ClientGroup group = one_client();
  group.connections_per_host = 50;
  group.connects_in_flight = 7;
  RunningWorld running(small_plan(group));
  run_and_expect_nothing_left(running);
  EXPECT_EQ(most_under_way(running), 7);
  EXPECT_EQ(running.trace().count(TraceKind::client_established), 50u);
}

TEST(Connects, ThatAreRepeatedCountToo) {
  scenario::ClientGroup group = one_client();
  group.connections_per_host = 50;
  group.connects_in_flight = 7;
  group.connect_timeout = 2s;
  group.hold = 60s;
  scenario::Plan plan = small_plan(group);
  plan.duration = 100s;
  plan.clients[0].retry.attempts = 4;
  plan.faults.push_back(black_hole("home", "west", 0s, 5s));
  RunningWorld running(plan);
  running.run();
  EXPECT_EQ(most_under_way(running), 7);
  EXPECT_EQ(running.trace().count(TraceKind::client_established), 50u);
}

TEST(Connects, OfAPoolThatLostAllItsConnectionsCountToo) {
  scenario::ClientGroup group = busy_client(1s, 40s);
  group.connections_per_host = 50;
  group.connects_in_flight = 7;
  group.retry.attempts = 20;
  scenario::Plan plan = small_plan(group);
  plan.faults.push_back(crash("edge-1.pdx", 10s, 1s));
  RunningWorld running(plan);
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 50u);
  EXPECT_EQ(running.trace().count(TraceKind::client_established), 100u);
  EXPECT_EQ(most_under_way(running), 7);
}

TEST(Arrivals, OpenAsManyConnectionsWhereAndWhenTheirRowsSay) {
  scenario::ClientGroup group = one_client();
  group.kind = scenario::ClientKind::arrivals;
  group.site = "";
  group.connects_in_flight = group.descriptors = 1000;
  group.hold = 2s;
  group.arrivals = {{.at = 0s, .site = "home", .count = 3},
                    {.at = 1s, .site = "north", .count = 5},
                    {.at = 4s, .site = "home", .count = 2}};
  RunningWorld running(small_plan(group));
  run_and_expect_nothing_left(running);
  const auto began = [&](std::string_view host) {
    std::vector<Duration> moments;
    for (const Told& told : running.trace().all(TraceKind::client_connecting, host)) {
      moments.push_back(told.at);
    }
    return moments;
  };
  const std::vector<Duration> home = began("client.home"), north = began("client.north");
  ASSERT_EQ(home.size(), 5u);
  EXPECT_LE(home[2], 10ms);  // but for asking the name
  EXPECT_EQ(home[3], 4s);
  EXPECT_EQ(home[4], 4s);
  ASSERT_EQ(north.size(), 5u);
  EXPECT_GE(north[0], 1s);
  EXPECT_LE(north[4], 1010ms);
  EXPECT_EQ(running.trace().count(TraceKind::client_query_answered), 10u);
  EXPECT_EQ(running.trace().count(TraceKind::client_closed), 10u);
}

// --- trying again

// A database that takes no connection besides those of its origin: error 1040 for everybody else.
scenario::Plan full_database(scenario::ClientGroup group) {
  group.endpoint = "database";
  group.retry.attempts = 5;
  group.retry.base = 100ms;
  group.retry.cap = 500ms;
  group.hold = 30s;
  scenario::Plan plan = small_plan(group);
  plan.databases[0].maximum_connections = 4;
  return plan;
}

// From each failed attempt to the next one.
std::vector<Duration> pauses(const RunningWorld& running, std::string_view host = "client-1") {
  const std::vector<Told> failed = running.trace().all(TraceKind::client_attempt_failed, host);
  const std::vector<Told> began = running.trace().all(TraceKind::client_connecting, host);
  std::vector<Duration> waited;
  for (std::size_t i = 0; i < failed.size(); ++i) waited.push_back(began[i + 1].at - failed[i].at);
  return waited;
}

TEST(Retry, WithoutJitterDoublesItsPauseUpToTheCap) {
  scenario::ClientGroup group = one_client();
  group.retry.jitter = false;
  RunningWorld running(full_database(group));
  run_and_expect_nothing_left(running);
  EXPECT_EQ(pauses(running), (std::vector<Duration>{100ms, 200ms, 400ms, 500ms}));
  EXPECT_EQ(running.trace().count(TraceKind::client_failed), 1u);
  EXPECT_EQ(running.trace().get(TraceKind::client_failed).b, 1040u);
}

TEST(Retry, WithJitterPausesAnythingUpToThat) {
  scenario::ClientGroup group = one_client();
  group.hosts = 400;
  RunningWorld running(full_database(group));
  running.run();
  const Duration bounds[] = {100ms, 200ms, 400ms, 500ms};
  double sums[4] = {};
  std::set<std::int64_t> different;
  for (int host = 1; host <= 400; ++host) {
    const std::vector<Duration> waited = pauses(running, "client-" + std::to_string(host));
    ASSERT_EQ(waited.size(), 4u);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_LE(waited[i], bounds[i]);
      sums[i] += static_cast<double>(waited[i].count());
    }
    different.insert(waited[0].count());
  }
  EXPECT_GE(different.size(), 390u);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto half = static_cast<double>(bounds[i].count()) / 2;
    EXPECT_NEAR(sums[i] / 400, half, half * 0.1);
  }
}

TEST(Retry, IsNotForPasswordsThatAreWrong) {
  scenario::ClientGroup group = one_client();
  group.password = "wrong";
  group.retry.attempts = 5;
  RunningWorld running(small_plan(group));
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().count(TraceKind::client_connecting), 1u);
}

TEST(ConnectTimeout, EndsAnAttemptThatNobodyAnswers) {
  scenario::ClientGroup group = one_client();
  group.connect_timeout = 4s;
  group.hold = 30s;
  group.retry = {.attempts = 2, .base = 1s, .cap = 1s, .jitter = false};
  scenario::Plan plan = small_plan(group);
  plan.faults.push_back(black_hole("home", "west", 0s));
  RunningWorld running(plan);
  running.run();
  const Told first = running.trace().get(TraceKind::client_connecting, 0);
  const Told again = running.trace().get(TraceKind::client_connecting, 1);
  const Told failed = running.trace().get(TraceKind::client_failed);
  EXPECT_EQ(again.at - first.at, 4s + 1s);
  EXPECT_EQ(failed.at - again.at, 4s);
  EXPECT_EQ(failed.a, static_cast<std::uint64_t>(trace::ConnectFailure::connect_timeout));
  EXPECT_EQ(running.world().leftovers().client_connections, 0u);
  EXPECT_EQ(running.host("client-1").open_connections(), 0u);
}

TEST(ConnectTimeout, OfTheSystemComesAfterAllSynRetries) {
  scenario::ClientGroup group = one_client();
  group.connect_timeout = 300s;
  group.hold = 200s;
  scenario::Plan plan = small_plan(group);
  plan.duration = 300s;
  plan.faults.push_back(black_hole("home", "west", 0s));
  RunningWorld running(plan);
  running.run();
  const Told failed = running.trace().get(TraceKind::client_failed);
  // Linux, with its default of six retries: 1 + 2 + 4 + ... + 64 s.
  EXPECT_EQ(failed.at - running.trace().get(TraceKind::client_connecting).at, 127s);
}

TEST(QueryTimeout, EndsTheConnectionOfAStatementThatIsNotAnswered) {
  scenario::ClientGroup group = busy_client(1s, 20s);
  group.query_timeout = 2s;
  group.retry.attempts = 1;
  scenario::Plan plan = small_plan(group);
  plan.faults.push_back(black_hole("home", "west", 5s));
  RunningWorld running(plan);
  running.run();
  const Told failed = running.trace().get(TraceKind::client_query_failed);
  EXPECT_EQ(failed.b, 2013u);
  EXPECT_EQ(failed.at - running.trace().all(TraceKind::client_query_sent).back().at, 2s);
  EXPECT_EQ(running.trace().count(TraceKind::client_lost), 1u);
}

TEST(Statements, FollowEachOtherAtIntervalsDrawnUniformly) {
  scenario::ClientGroup group = busy_client(100ms, 50s);
  group.query_on_connect = false;
  group.connections_per_host = 20;
  group.query_interval_maximum = 300ms;
  RunningWorld running(small_plan(group));
  run_and_expect_nothing_left(running);
  double sum = 0, count = 0;
  std::map<std::uint64_t, Duration> answered;
  for (const Told& told : running.trace().events()) {
    if (told.kind == TraceKind::client_query_answered) answered[told.subject] = told.at;
    if (told.kind != TraceKind::client_query_sent) continue;
    const auto last = answered.find(told.subject);
    if (last == answered.end()) continue;
    const Duration pause = told.at - last->second;
    EXPECT_GE(pause, 100ms);
    EXPECT_LE(pause, 300ms);
    sum += static_cast<double>(pause.count());
    ++count;
  }
  ASSERT_GE(count, 3000);
  EXPECT_NEAR(sum / count, 200e6, 4e6);
}

}  // namespace
}  // namespace wanlab::world
