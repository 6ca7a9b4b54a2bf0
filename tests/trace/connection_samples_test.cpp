// Which connections are kept out of many, and what is known of them.
#include "sim/trace/recorder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace wanlab::trace {
namespace {

using runtime::TraceEvent;
using runtime::TraceKind;
using Why = ConnectionSample::Why;

constexpr Instant at(Duration since_start) {
  return Instant(since_start);
}

class ConnectionSamplesTest : public testing::Test {
 protected:
  void establish(std::uint64_t number, Duration when, Duration took, std::uint32_t session = 0) {
    recorder_.record(at(when), client_, {TraceKind::client_connecting, number, 1, 0, "edge-1.iad"});
    if (session != 0) {
      recorder_.record(at(when + took - 1ms), edge_,
                       {TraceKind::session_authenticated, session - 1, 0, 0, "app"});
    }
    recorder_.note({.wanted = at(when),
                    .attempted = at(when),
                    .connected = at(when + took / 4),
                    .greeted = at(when + took / 2),
                    .secured = at(when + took / 2),
                    .session = session,
                    .tries = 1});
    recorder_.record(
        at(when + took), client_,
        {TraceKind::client_established, number, static_cast<std::uint64_t>(took.count()), 0, ""});
  }
  std::vector<ConnectionSample> finish(Why why) {
    recorder_.finish(at(1h), record_);
    std::vector<ConnectionSample> wanted;
    for (const ConnectionSample& sample : record_.samples) {
      if (sample.why == why) wanted.push_back(sample);
    }
    return wanted;
  }

  Recorder recorder_;
  RunRecord record_;
  HostIndex client_ = recorder_.add_host({"fleet-1", HostRole::client, "us-east-1", "fleet"});
  HostIndex edge_ = recorder_.add_host({"edge-1.iad", HostRole::edge, "iad", ""});
};

TEST_F(ConnectionSamplesTest, TheSlowestStayWhateverTheOrder) {
  constexpr std::uint64_t count = 1000;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t shuffled = i * 367 % count;  // 367 and 1000 share no factor
    establish(shuffled, 1s * static_cast<std::int64_t>(i), 10ms + Duration(shuffled * 1000));
  }
  std::set<std::uint32_t> kept;
  for (const ConnectionSample& sample : finish(Why::slow)) kept.insert(sample.number);
  EXPECT_EQ(kept.size(), ConnectionSamples::slowest);
  EXPECT_EQ(*kept.begin(), count - ConnectionSamples::slowest);
}

TEST_F(ConnectionSamplesTest, OrdinaryOnesAreDrawnFromTheWholeRun) {
  constexpr std::uint64_t count = 10'000;
  for (std::uint64_t i = 0; i < count; ++i) establish(i, 1s * static_cast<std::int64_t>(i), 10ms);
  const std::vector<ConnectionSample> kept = finish(Why::ordinary);
  EXPECT_EQ(kept.size(), ConnectionSamples::ordinary);
  const auto in_first_half = std::count_if(
      kept.begin(), kept.end(), [](const auto& sample) { return sample.number < count / 2; });
  EXPECT_GT(in_first_half, 8);
  EXPECT_LT(in_first_half, 32);
}

TEST_F(ConnectionSamplesTest, StepsComeFromClientAndEdge) {
  establish(7, 2s, 8ms, 42);
  recorder_.record(at(3s), client_, {TraceKind::client_query_sent, 7, 1, 0, ""});
  recorder_.record(at(3s + 5ms), client_, {TraceKind::client_query_answered, 7, 1, 5'000'000, ""});
  recorder_.record(at(4s), client_, {TraceKind::client_query_sent, 7, 2, 0, ""});
  recorder_.record(at(5s), client_, {TraceKind::client_closed, 7, 0, 0, ""});
  const std::vector<ConnectionSample> kept = finish(Why::slow);
  ASSERT_EQ(kept.size(), 1u);
  const ConnectionSample& sample = kept[0];
  EXPECT_EQ(sample.client, "fleet-1");
  EXPECT_EQ(sample.group, "fleet");
  EXPECT_EQ(sample.site, "us-east-1");
  EXPECT_EQ(sample.server, "edge-1.iad");
  EXPECT_EQ(sample.steps.connected, at(2s + 2ms));
  EXPECT_EQ(sample.granted, at(2s + 7ms));
  EXPECT_EQ(sample.ended, at(2s + 8ms));
  EXPECT_EQ(sample.query_sent, at(3s));
  EXPECT_EQ(sample.query_ended, at(3s + 5ms));
  EXPECT_EQ(sample.closed, at(5s));
}

TEST_F(ConnectionSamplesTest, AGrantOfAnEarlierSessionOfTheSameNumberIsNotTaken) {
  establish(1, 2s, 8ms, 42);
  recorder_.note({.wanted = at(9s), .greeted = at(9s), .session = 42, .tries = 1});
  recorder_.record(at(9s + 1ms), client_, {TraceKind::client_established, 2, 1'000'000, 0, ""});
  for (const ConnectionSample& sample : finish(Why::slow)) {
    EXPECT_EQ(sample.granted == Instant(), sample.number == 2);
  }
}

TEST_F(ConnectionSamplesTest, OfEachWayToFailSomeAreKept) {
  const auto fail = [&](std::uint64_t number, ConnectFailure cause, std::string_view words) {
    recorder_.note({.wanted = at(1s), .attempted = at(1s), .tries = 3});
    recorder_.record(
        at(2s), client_,
        {TraceKind::client_failed, number, static_cast<std::uint64_t>(cause), 1045, words});
  };
  for (std::uint64_t i = 0; i < 500; ++i) fail(i, ConnectFailure::connect_timeout, "timeout");
  fail(777, ConnectFailure::auth_rejected, "Access denied");
  const std::vector<ConnectionSample> kept = finish(Why::failed);
  EXPECT_EQ(kept.size(), ConnectionSamples::per_failure + 1);
  const auto denied = std::find_if(kept.begin(), kept.end(), [](const auto& sample) {
    return sample.cause == ConnectFailure::auth_rejected;
  });
  ASSERT_NE(denied, kept.end());
  EXPECT_EQ(denied->number, 777u);
  EXPECT_EQ(denied->words, "Access denied");
  EXPECT_EQ(denied->error, 1045u);
  EXPECT_EQ(denied->steps.tries, 3);
}

TEST_F(ConnectionSamplesTest, TheSlowestStatementsAreListedTheSlowestFirst) {
  establish(1, 1s, 1ms);
  for (std::uint64_t i = 1; i <= 500; ++i) {
    recorder_.record(at(2s), client_,
                     {TraceKind::client_query_answered, 1, i, (i * 367 % 500) * 1000, ""});
  }
  finish(Why::slow);
  ASSERT_EQ(record_.slow_statements.size(), ConnectionSamples::slowest_statements);
  for (std::size_t i = 0; i < record_.slow_statements.size(); ++i) {
    EXPECT_EQ(record_.slow_statements[i].took, Duration((499 - static_cast<int>(i)) * 1000));
  }
}

}  // namespace
}  // namespace wanlab::trace
