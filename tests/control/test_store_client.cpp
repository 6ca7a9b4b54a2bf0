// The client through everything that happens to connections.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/control/store_driver.hpp"

namespace wanlab::control {
namespace {

class StoreClientTest : public ::testing::Test {
 protected:
  StoreClientTest() {
    world.run("s1", first);
    world.run("s2", second);
  }
  StoreClientOptions both() { return {.members = {{"s1", 2379}, {"s2", 2379}}}; }
  StoreClientOptions one() { return {.members = {{"s1", 2379}}}; }
  void run(StoreClientOptions options) {
    edge = std::make_unique<ClientHost>(world.host("edge"), std::move(options));
    world.run("edge", *edge);
  }
  StoreClient& client() { return edge->client; }

  testing::FakeWorld world;
  StoreNode first{world.host("s1"), {}};
  StoreNode second{world.host("s2"), {}};
  Recorder recorder;  // outlives the client
  std::unique_ptr<ClientHost> edge;
};

TEST_F(StoreClientTest, OwnsExactlyTheCookiesOfItsTag) {
  run(one());
  EXPECT_TRUE(client().owns(runtime::Cookie{5} << 48 | 1234));
  EXPECT_FALSE(client().owns(runtime::Cookie{6} << 48 | 1234));
}

TEST_F(StoreClientTest, SendsWhatWasAskedBeforeTheConnectionWasUp) {
  run(one());
  client().submit(wire::PutRequest{"a", "1", 0}, recorder, 1);
  client().watch({"a", "", 1}, recorder);
  EXPECT_FALSE(client().connected());
  world.advance(1s);
  ASSERT_EQ(recorder.results.size(), 1u);
  EXPECT_EQ(recorder.results[0].status, StoreStatus::ok);
  EXPECT_EQ(recorder.story(), "a=1@2");
}

TEST_F(StoreClientTest, SaysUnavailableWhenARequestWasNeverSent) {
  world.partition("edge", "s1");
  run(one());
  client().submit(wire::PutRequest{"a", "1", 0}, recorder, 1);
  world.advance(5s);
  ASSERT_EQ(recorder.results.size(), 1u);
  EXPECT_EQ(recorder.results[0].status, StoreStatus::unavailable);
  world.heal("edge", "s1");
  world.advance(60s);
  EXPECT_TRUE(client().connected());
  EXPECT_EQ(first.engine().revision(), 1) << "unavailable means: not executed";
}

TEST_F(StoreClientTest, SaysUnknownOutcomeWhenTheConnectionBreaksAfterSending) {
  run(one());
  world.advance(1s);
  client().submit(wire::PutRequest{"a", "1", 0}, recorder, 1);
  world.advance(world.delay / 2);
  world.crash("s1");
  world.advance(1s);
  ASSERT_EQ(recorder.results.size(), 1u);
  EXPECT_EQ(recorder.results[0].status, StoreStatus::unknown_outcome);
}

TEST_F(StoreClientTest, SaysUnknownOutcomeWhenNoAnswerComesInTime) {
  run(one());
  world.advance(1s);
  world.partition("edge", "s1");
  client().submit(wire::PutRequest{"a", "1", 0}, recorder, 1);
  world.advance(4900ms);
  EXPECT_TRUE(recorder.results.empty());
  world.advance(200ms);
  ASSERT_EQ(recorder.results.size(), 1u);
  EXPECT_EQ(recorder.results[0].status, StoreStatus::unknown_outcome);
  world.heal("edge", "s1");
  world.advance(1s);
  EXPECT_EQ(recorder.results.size(), 1u) << "the late answer is nobody's";
  EXPECT_EQ(first.engine().revision(), 2);
}

TEST_F(StoreClientTest, ReportsWatchesBrokenOnceAndCarriesNewOnesOver) {
  run(both());
  world.advance(1s);
  const WatchId watch = client().watch({"a"}, recorder);
  world.advance(1s);
  const bool on_first = first.connections() == 1;
  world.crash(on_first ? "s1" : "s2");
  world.advance(world.delay);
  EXPECT_EQ(recorder.broken, std::vector{watch});
  const WatchId again = client().watch({"a"}, recorder);
  world.advance(2s);
  EXPECT_TRUE(client().connected()) << "the other member serves now";
  EXPECT_EQ(recorder.watched.back(), again);
  EXPECT_EQ(recorder.broken.size(), 1u);
}

TEST_F(StoreClientTest, NoticesABlackHoleWithinTheSilenceLimit) {
  run(one());
  world.advance(1s);
  client().watch({"a"}, recorder);
  world.advance(100s);
  EXPECT_TRUE(client().connected()) << "an idle connection that answers pings is a good one";
  EXPECT_EQ(edge->connected, 1);
  world.partition("edge", "s1");
  world.advance(21s);
  EXPECT_FALSE(client().connected());
  EXPECT_EQ(recorder.broken.size(), 1u);
}

TEST_F(StoreClientTest, BacksOffWithFullJitterUpToTenSeconds) {
  world.crash("s1");
  run(one());
  // Every attempt is refused after one round trip; count them in growing spans.
  const auto refusals = [&] { return world.host("edge").connections_made(); };
  world.advance(2s);
  const std::size_t early = refusals();
  world.advance(598s);
  const std::size_t late = refusals() - early;
  EXPECT_GE(early, 4u) << "50 ms, 100 ms, 200 ms, ... at most";
  EXPECT_LE(early, 30u);
  EXPECT_GE(late, 60u) << "the mean wait is half of 10 s at most";
  EXPECT_LE(late, 300u);
}

TEST_F(StoreClientTest, ForgetsTheBackoffOnceAMemberHasAnswered) {
  world.crash("s1");
  run(one());
  world.advance(600s);
  StoreNode repaired(world.host("s1"), {});
  world.run("s1", repaired);
  world.advance(20s);
  ASSERT_TRUE(client().connected());
  for (int i = 0; i < 5; ++i) {
    client().submit(wire::RangeRequest{"a"}, recorder, 1);
    world.advance(1s);
    world.crash("s1");
    world.run("s1", repaired);
    world.advance(50ms + 4 * world.delay);
    EXPECT_TRUE(client().connected()) << i;
  }
}

TEST_F(StoreClientTest, DifferentHostsWaitDifferently) {
  const auto first_retries = [](const std::string& name) {
    testing::FakeWorld other;
    ClientHost host(other.host(name), {.members = {{"nowhere", 1}}});
    other.run(name, host);
    std::string times;
    for (std::size_t seen = 1; seen < 6;) {
      other.advance(1ms);
      if (other.host(name).connections_made() == seen) continue;
      seen = other.host(name).connections_made();
      times += std::to_string(nanoseconds(other.now()) / 1'000'000) + " ";
    }
    return times;
  };
  EXPECT_EQ(first_retries("edge-1"), first_retries("edge-1"));
  EXPECT_NE(first_retries("edge-1"), first_retries("edge-2"));
}

TEST_F(StoreClientTest, RefusesMoreRequestsThanItMayHold) {
  world.partition("edge", "s1");
  StoreClientOptions options = one();
  options.max_waiting = 3;
  run(options);
  for (std::uint64_t token = 1; token <= 4; ++token) {
    client().submit(wire::RangeRequest{"a"}, recorder, token);
  }
  EXPECT_TRUE(recorder.results.empty()) << "never before submit() returned";
  world.advance(1ms);
  EXPECT_EQ(recorder.tokens, std::vector<std::uint64_t>{4});
  EXPECT_EQ(recorder.results[0].status, StoreStatus::unavailable);
}

TEST_F(StoreClientTest, BreaksWithAServerThatTalksNonsense) {
  struct Babbler final : runtime::Component {
    explicit Babbler(runtime::Runtime& its_runtime) : runtime(its_runtime) {}
    void start() override { runtime.listen(2379, {}); }
    void on_timer(runtime::Cookie) override {}
    runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId connection,
                              const runtime::PeerInfo&) override {
      ++accepted;
      runtime.send(connection, as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n"));
      return 0;
    }
    void on_connect(runtime::ConnectionId, runtime::Cookie) override {}
    void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
    void on_data(runtime::ConnectionId, runtime::Cookie, ByteView) override {}
    void on_writable(runtime::ConnectionId, runtime::Cookie) override {}
    void on_close(runtime::ConnectionId, runtime::Cookie, runtime::CloseReason) override {}
    runtime::Runtime& runtime;
    int accepted = 0;
  } babbler{world.host("babbler")};
  world.run("babbler", babbler);
  run({.members = {{"babbler", 2379}}});
  world.advance(600s);
  EXPECT_GE(babbler.accepted, 5);
  EXPECT_LE(babbler.accepted, 400)
      << "a server that accepts is not yet one that works: still back off";
  EXPECT_LE(world.host("babbler").open_connections(), 1u);
}

TEST_F(StoreClientTest, LeavesAMemberWhenToldAndOnlyIfThereIsAnother) {
  run(both());
  world.advance(1s);
  const bool on_first = first.connections() == 1;
  client().leave_member();
  client().leave_member();
  world.advance(1s);
  EXPECT_EQ(first.connections(), on_first ? 0u : 1u);
  EXPECT_EQ(second.connections(), on_first ? 1u : 0u);
  run(one());
  world.advance(1s);
  client().leave_member();
  world.advance(1s);
  EXPECT_EQ(edge->connected, 1);
}

TEST_F(StoreClientTest, LetsObserversAskAgainFromInsideABreak) {
  struct Stubborn final : StoreObserver {
    void on_result(std::uint64_t, StoreResult result) override {
      ++answers;
      if (result.status != StoreStatus::ok) store->submit(wire::RangeRequest{"a"}, *this, 0);
    }
    void on_watch(WatchId, WatchNotice) override {}
    void on_watch_broken(WatchId) override { store->watch({"a"}, *this); }
    Store* store = nullptr;
    int answers = 0;
  } stubborn;
  run(both());
  stubborn.store = &client();
  world.advance(1s);
  for (int i = 0; i < 10; ++i) {
    client().submit(wire::RangeRequest{"a"}, stubborn, 0);
    client().watch({"a"}, stubborn);
  }
  world.advance(1ms);
  world.crash(first.connections() == 1 ? "s1" : "s2");
  world.advance(5s);
  EXPECT_EQ(stubborn.answers, 20) << "ten unknown outcomes, ten answers";
}

}  // namespace
}  // namespace wanlab::control
