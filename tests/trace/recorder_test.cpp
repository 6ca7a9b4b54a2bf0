// What the Recorder counts, where, and when.
#include "sim/trace/recorder.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace wanlab::trace {
namespace {

using runtime::TraceEvent;
using runtime::TraceKind;

constexpr Instant at(Duration since_start) {
  return Instant(since_start);
}
constexpr std::uint64_t nanoseconds_in(Duration duration) {
  return static_cast<std::uint64_t>(duration.count());
}

// Two client hosts of one group, one of another, and an edge node in each of two POPs.
class RecorderTest : public testing::Test {
 protected:
  void client(Duration now, HostIndex host, TraceKind kind, std::uint64_t a = 0,
              std::uint64_t b = 0, std::string_view text = "") {
    recorder_.record(at(now), host, {kind, 1, a, b, text});
  }
  void establish(Duration now, HostIndex host, std::string_view edge, Duration took) {
    client(now, host, TraceKind::client_connecting, 1, 0, edge);
    client(now + took, host, TraceKind::client_established, nanoseconds_in(took));
  }
  RunRecord finish(Duration end) {
    RunRecord record;
    recorder_.finish(at(end), record);
    return record;
  }

  Recorder recorder_{RecorderOptions{.target_open = 2}};
  HostIndex one_ = recorder_.add_host({"storm-1", HostRole::client, "us-east-1", "storm"});
  HostIndex two_ = recorder_.add_host({"storm-2", HostRole::client, "us-east-1", "storm"});
  HostIndex calm_ = recorder_.add_host({"calm-1", HostRole::client, "eu-central-1", "calm"});
  HostIndex iad_ = recorder_.add_host({"edge-1.iad", HostRole::edge, "iad", ""});
  HostIndex fra_ = recorder_.add_host({"edge-1.fra", HostRole::edge, "fra", ""});
};

TEST_F(RecorderTest, CountsConnectionsPerGroupPerPopAndInAll) {
  establish(1s, one_, "edge-1.iad", 10ms);
  establish(2s, calm_, "edge-1.fra", 20ms);
  establish(3s, two_, "edge-1.fra", 30ms);
  client(4s, one_, TraceKind::client_closed);
  const RunRecord record = finish(5s);

  EXPECT_EQ(record.clients.attempted, 3u);
  EXPECT_EQ(record.clients.established, 3u);
  EXPECT_EQ(record.clients.open, 2u);
  EXPECT_EQ(record.clients.peak_open, 3u);
  ASSERT_EQ(record.groups.size(), 2u);
  EXPECT_EQ(record.groups[0].name, "storm");
  EXPECT_EQ(record.groups[0].clients.established, 2u);
  EXPECT_EQ(record.groups[0].clients.closed, 1u);
  EXPECT_EQ(record.groups[0].clients.connect.maximum(), Duration(30ms));
  ASSERT_EQ(record.pops.size(), 2u);
  EXPECT_EQ(record.pops[0].name, "iad");
  EXPECT_EQ(record.pops[0].clients.established, 1u);
  EXPECT_EQ(record.pops[1].clients.established, 2u);
  EXPECT_EQ(record.pops[1].clients.connect.minimum(), Duration(20ms));
}

TEST_F(RecorderTest, ARetriedAttemptIsNotAnotherConnection) {
  client(1s, one_, TraceKind::client_connecting, 1, 0, "edge-1.iad");
  client(2s, one_, TraceKind::client_attempt_failed,
         static_cast<std::uint64_t>(ConnectFailure::connect_timeout));
  client(3s, one_, TraceKind::client_connecting, 2, 0, "edge-1.iad");
  client(4s, one_, TraceKind::client_failed,
         static_cast<std::uint64_t>(ConnectFailure::auth_rejected), 1045);
  const RunRecord record = finish(5s);
  EXPECT_EQ(record.clients.attempted, 1u);
  EXPECT_EQ(record.clients.attempts, 2u);
  EXPECT_EQ(record.clients.failed, 1u);
  const auto cause = [](ConnectFailure failure) { return static_cast<std::size_t>(failure); };
  EXPECT_EQ(record.clients.failures[cause(ConnectFailure::auth_rejected)], 1u);
  EXPECT_EQ(record.clients.failures[cause(ConnectFailure::connect_timeout)], 0u);
  EXPECT_EQ(record.clients.failed_attempts[cause(ConnectFailure::connect_timeout)], 1u);
}

TEST_F(RecorderTest, TheTargetIsReachedWhenThatManyAreOpenAtOnce) {
  establish(1s, one_, "edge-1.iad", 1ms);
  client(2s, one_, TraceKind::client_closed);
  establish(3s, one_, "edge-1.iad", 1ms);
  establish(4s, two_, "edge-1.iad", 1ms);
  const RunRecord record = finish(5s);
  ASSERT_TRUE(record.target_reached.has_value());
  EXPECT_EQ(*record.target_reached, at(4s + 1ms));
}

TEST_F(RecorderTest, ALostConnectionIsNoLongerOpen) {
  establish(1s, one_, "edge-1.iad", 1ms);
  client(2s, one_, TraceKind::client_lost, 1, 0, "connection reset");
  EXPECT_EQ(recorder_.open_connections(), 0u);
  const RunRecord record = finish(5s);
  EXPECT_EQ(record.clients.lost, 1u);
  EXPECT_EQ(record.clients.closed, 0u);
}

TEST_F(RecorderTest, StatementsAreCountedWithTheirLatency) {
  establish(1s, one_, "edge-1.iad", 1ms);
  client(2s, one_, TraceKind::client_query_sent, 1);
  client(2s + 5ms, one_, TraceKind::client_query_answered, 1, nanoseconds_in(5ms));
  client(3s, one_, TraceKind::client_query_sent, 2);
  client(3s, one_, TraceKind::client_query_failed, 2, 2013);
  const RunRecord record = finish(5s);
  EXPECT_EQ(record.clients.queries_sent, 2u);
  EXPECT_EQ(record.clients.queries_answered, 1u);
  EXPECT_EQ(record.clients.queries_failed, 1u);
  EXPECT_EQ(record.clients.query.at_per_mille(500), Duration(5ms));
  EXPECT_EQ(record.pops[0].clients.query.count(), 1u);
}

TEST_F(RecorderTest, TheSeriesHasOneRowPerSecondQuietOnesIncluded) {
  establish(Duration(100ms), one_, "edge-1.iad", 10ms);
  establish(Duration(3s), two_, "edge-1.iad", 20ms);
  client(Duration(3s + 500ms), one_, TraceKind::client_closed);
  const RunRecord record = finish(3s + 700ms);
  ASSERT_EQ(record.series.size(), 4u);
  EXPECT_EQ(record.series[0].at, Duration::zero());
  EXPECT_EQ(record.series[0].established, 1u);
  EXPECT_EQ(record.series[0].open, 1u);
  EXPECT_EQ(record.series[0].connect_p50, Duration(10ms));
  EXPECT_EQ(record.series[1].established, 0u);
  EXPECT_EQ(record.series[1].open, 1u);
  EXPECT_EQ(record.series[1].connect_p50, Duration::zero());
  EXPECT_EQ(record.series[3].at, Duration(3s));
  EXPECT_EQ(record.series[3].established, 1u);
  EXPECT_EQ(record.series[3].closed, 1u);
  EXPECT_EQ(record.series[3].open, 1u);
}

TEST_F(RecorderTest, ARunEndingOnABorderOpensNoFurtherRow) {
  establish(Duration(100ms), one_, "edge-1.iad", 10ms);
  EXPECT_EQ(finish(2s).series.size(), 2u);
}

TEST_F(RecorderTest, ThePeakRateIsThatOfTheBusiestSecond) {
  for (int i = 0; i < 3; ++i) establish(Duration(i * 100ms), one_, "edge-1.iad", 10ms);
  for (int i = 0; i < 5; ++i) establish(Duration(2s + i * 100ms), one_, "edge-1.iad", 10ms);
  const RunRecord record = finish(10s);
  EXPECT_EQ(record.clients.peak_established_per_second, 5u);
  EXPECT_EQ(record.groups[0].clients.peak_established_per_second, 5u);
  EXPECT_EQ(record.groups[1].clients.peak_established_per_second, 0u);
}

TEST_F(RecorderTest, EdgesCountTheirSessionsUnderTheirPop) {
  recorder_.record(at(1s), iad_, {TraceKind::session_accepted, 1, 0, 0, ""});
  recorder_.record(at(1s), iad_, {TraceKind::session_refused, 1, 1045, 0, "app"});
  recorder_.record(at(2s), iad_, {TraceKind::session_closed, 1, 0, 0, ""});
  recorder_.record(at(2s), fra_, {TraceKind::session_accepted, 1, 0, 0, ""});
  const RunRecord record = finish(5s);
  EXPECT_EQ(record.pops[0].sessions.accepted, 1u);
  EXPECT_EQ(record.pops[0].sessions.refused, 1u);
  EXPECT_EQ(record.pops[0].sessions.open, 0u);
  EXPECT_EQ(record.pops[0].sessions.peak_open, 1u);
  EXPECT_EQ(record.pops[1].sessions.open, 1u);
}

TEST_F(RecorderTest, ObserversHearEveryEventWithItsHost) {
  class Listener : public Observer {
   public:
    void observe(Instant now, const HostLabel& host, const TraceEvent& event) override {
      heard_ += host.name + "@" + std::to_string(nanoseconds(now)) + ":" +
                std::string(to_string(event.kind)) + " ";
    }
    std::string heard_;
  } listener;
  recorder_.add_observer(listener);
  recorder_.record(at(5ns), iad_, {TraceKind::session_accepted, 1, 0, 0, ""});
  recorder_.record(at(6ns), one_, {TraceKind::client_closed, 1, 0, 0, ""});
  EXPECT_EQ(listener.heard_, "edge-1.iad@5:session_accepted storm-1@6:client_closed ");
}

TEST_F(RecorderTest, RefusesTwoHostsOfOneName) {
  EXPECT_THROW(recorder_.add_host({"storm-1", HostRole::client, "", ""}), std::logic_error);
}

}  // namespace
}  // namespace wanlab::trace
