// The server against peers that are slow, silent, too many or hostile.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/control/store_driver.hpp"

namespace wanlab::control {
namespace {

using wire::StoreRequestMessage;
using wire::StoreResponseMessage;

// A peer that sends whatever the test says.
class RawPeer final : public runtime::Component {
 public:
  explicit RawPeer(runtime::Runtime& its_runtime) : runtime(its_runtime) {}
  void start() override { connection = runtime.connect({"store", 2379}, {}, 1); }
  void on_timer(runtime::Cookie) override {}
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId,
                            const runtime::PeerInfo&) override {
    return 0;
  }
  void on_connect(runtime::ConnectionId, runtime::Cookie) override { open = true; }
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
  void on_data(runtime::ConnectionId, runtime::Cookie, ByteView bytes) override {
    reader.feed(bytes);
    while (const auto message = reader.next()) {
      StoreResponseMessage response;
      ASSERT_TRUE(wire::decode(*message, response));
      responses.push_back(std::move(response));
    }
  }
  void on_writable(runtime::ConnectionId, runtime::Cookie) override {}
  void on_close(runtime::ConnectionId, runtime::Cookie, runtime::CloseReason reason) override {
    open = false;
    closed.push_back(reason);
  }

  void send(const StoreRequestMessage& message) {
    Bytes bytes;
    const std::size_t begin = wire::begin_frame(bytes);
    wire::encode(message, bytes);
    wire::finish_frame(bytes, begin);
    runtime.send(connection, bytes);
  }
  std::size_t events() const {
    std::size_t count = 0;
    for (const auto& response : responses) {
      if (const auto* notice = std::get_if<WatchNotice>(&response.body))
        count += notice->events.size();
    }
    return count;
  }

  runtime::Runtime& runtime;
  runtime::ConnectionId connection{};
  wire::FrameReader reader{64 * 1024 * 1024};
  bool open = false;
  std::vector<StoreResponseMessage> responses;
  std::vector<runtime::CloseReason> closed;
};

class StoreNodeTest : public ::testing::Test {
 protected:
  explicit StoreNodeTest(StoreNodeConfig config = {}) : node(world.host("store"), config) {
    world.run("store", node);
    world.run("peer", peer);
    world.advance(1s);
  }
  void put(std::string key, std::string value) {
    node.engine().apply(wire::PutRequest{std::move(key), std::move(value), 0});
    node.flush();
  }

  testing::FakeWorld world;
  StoreNode node;
  RawPeer peer{world.host("peer")};
};

TEST_F(StoreNodeTest, ServesRequestsInOrder) {
  for (std::uint64_t id = 1; id <= 3; ++id) {
    peer.send({id, StoreCall{wire::PutRequest{"a", std::to_string(id), 0}}});
  }
  world.advance(1s);
  ASSERT_EQ(peer.responses.size(), 3u);
  for (std::uint64_t id = 1; id <= 3; ++id) EXPECT_EQ(peer.responses[id - 1].id, id);
}

TEST_F(StoreNodeTest, ResetsAPeerThatSendsNonsense) {
  peer.runtime.send(peer.connection, as_bytes("GET / HTTP/1.1\r\n\r\n"));
  world.advance(1s);
  EXPECT_EQ(peer.closed, std::vector{runtime::CloseReason::reset});
  EXPECT_EQ(node.connections(), 0u);
}

TEST_F(StoreNodeTest, ResetsAPeerThatAnnouncesTooLongAMessage) {
  const std::uint32_t length = 4 * 1024 * 1024;
  Bytes header;
  append_little_endian(header, length);
  peer.runtime.send(peer.connection, header);
  world.advance(1s);
  EXPECT_EQ(peer.closed.size(), 1u);
}

TEST_F(StoreNodeTest, ResetsAPeerThatNamesTwoWatchesAlike) {
  peer.send({0, wire::WatchCreate{1, {"a"}}});
  peer.send({0, wire::WatchCreate{1, {"b"}}});
  world.advance(1s);
  EXPECT_FALSE(peer.open);
}

TEST_F(StoreNodeTest, SurvivesAnyBytes) {
  constexpr std::uint64_t seed = 99;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    Bytes bytes;
    const std::size_t begin = wire::begin_frame(bytes);
    wire::encode(StoreRequestMessage{1, wire::WatchCreate{random() % 3, {"a", "z", 1, true}}},
                 bytes);
    if (round % 3 != 0) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    wire::finish_frame(bytes, begin);
    if (round % 3 == 2) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    peer.runtime.send(peer.connection, bytes);
    world.advance(100ms);
    if (!peer.open) {
      peer.reader.reset();
      peer.start();
      world.advance(100ms);
    }
  }
  put("a", "still alive");
  EXPECT_LE(node.connections(), 1u);
}

TEST_F(StoreNodeTest, AnswersPings) {
  peer.send({7, wire::Ping{}});
  world.advance(1s);
  ASSERT_EQ(peer.responses.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<wire::Pong>(peer.responses[0].body));
}

TEST_F(StoreNodeTest, ResetsAPeerThatIsSilentForAMinute) {
  for (int i = 0; i < 5; ++i) {
    world.advance(50s);
    peer.send({7, wire::Ping{}});
  }
  EXPECT_TRUE(peer.open);
  world.advance(80s);
  EXPECT_FALSE(peer.open);
  world.advance(1h);
  EXPECT_EQ(world.host("store").pending_timers(), 0u) << "without peers nothing ticks";
}

TEST_F(StoreNodeTest, TellsProgressOnlyToWatchesThatAskedAndAreUpToDate) {
  peer.send({0, wire::WatchCreate{1, {"a", "", 0, true}}});
  peer.send({0, wire::WatchCreate{2, {"a", "", 0, false}}});
  peer.send({0, wire::WatchCreate{3, {"a", "", 100, true}}});  // waits for revision 100
  world.advance(1s);
  put("unrelated", "x");
  world.advance(14s);
  std::vector<std::uint64_t> told;
  for (const auto& response : peer.responses) {
    const auto* notice = std::get_if<WatchNotice>(&response.body);
    if (notice == nullptr || notice->kind != WatchNotice::Kind::progress) continue;
    EXPECT_EQ(notice->revision, node.engine().revision());
    told.push_back(notice->watch);
  }
  EXPECT_EQ(told, (std::vector<std::uint64_t>{1, 3}));
}

TEST_F(StoreNodeTest, TracesEveryCommit) {
  const std::size_t before = world.traced(runtime::TraceKind::store_committed);
  peer.send({1, StoreCall{wire::PutRequest{"a", "1", 0}}});
  peer.send({2, StoreCall{wire::RangeRequest{"a"}}});
  world.advance(1s);
  put("b", "1");
  EXPECT_EQ(world.traced(runtime::TraceKind::store_committed), before + 2);
  EXPECT_EQ(world.trace.back().subject, static_cast<std::uint64_t>(node.engine().revision()));
}

TEST_F(StoreNodeTest, ExpiresLeasesOnTimeEvenIfNobodyAsks) {
  peer.send({0, wire::WatchCreate{1, {"a"}}});
  peer.send({1, StoreCall{wire::LeaseGrantRequest{5, 10}}});
  peer.send({2, StoreCall{wire::PutRequest{"a", "1", 5}}});
  const Instant granted = world.now() + world.delay;
  ASSERT_TRUE(world.advance_until([&] { return peer.events() == 2; }));
  EXPECT_EQ(world.now(), granted + 10s + world.delay);
}

class SmallStoreNode : public StoreNodeTest {
 protected:
  static StoreNodeConfig small() {
    StoreNodeConfig config;
    config.max_connections = 2;
    config.max_watches_per_connection = 3;
    config.max_unsent_bytes = 256 * 1024;
    config.events_per_message = 10;
    return config;
  }
  SmallStoreNode() : StoreNodeTest(small()) {}
};

TEST_F(SmallStoreNode, RefusesConnectionsBeyondItsLimit) {
  RawPeer second(world.host("second")), third(world.host("third"));
  world.run("second", second);
  world.run("third", third);
  world.advance(1s);
  EXPECT_TRUE(second.open);
  EXPECT_FALSE(third.open);
  second.runtime.close(second.connection);
  world.advance(1s);
  third.start();
  world.advance(1s);
  EXPECT_TRUE(third.open) << "a place became free";
}

TEST_F(SmallStoreNode, CancelsWatchesBeyondItsLimitAndWithoutAKey) {
  for (std::uint64_t id = 1; id <= 4; ++id) peer.send({0, wire::WatchCreate{id, {"a"}}});
  peer.send({0, wire::WatchCancel{1}});
  peer.send({0, wire::WatchCreate{5, {""}}});
  peer.send({0, wire::WatchCreate{6, {"a"}}});
  world.advance(1s);
  ASSERT_EQ(peer.responses.size(), 6u);
  const auto notice = [&](std::size_t i) { return std::get<WatchNotice>(peer.responses[i].body); };
  EXPECT_EQ(notice(3).kind, WatchNotice::Kind::canceled);
  EXPECT_EQ(notice(3).reason, StoreStatus::unavailable);
  EXPECT_EQ(notice(4).reason, StoreStatus::invalid_request);
  EXPECT_EQ(notice(5).kind, WatchNotice::Kind::created);
}

TEST_F(SmallStoreNode, HoldsBoundedMemoryForAPeerThatDoesNotReadAndThenLosesNothing) {
  peer.send({0, wire::WatchCreate{1, {"a"}}});
  world.advance(1s);
  peer.runtime.pause_reading(peer.connection);
  for (int i = 0; i < 1'000; ++i) put("a", std::string(10'000, 'x'));  // 10 MB of events
  world.advance(1s);
  EXPECT_EQ(peer.events(), 0u);
  EXPECT_LT(world.host("store").unsent_bytes_total(), 1'000'000u);
  peer.runtime.resume_reading(peer.connection);
  world.advance(30s);
  EXPECT_EQ(peer.events(), 1'000u);
  EXPECT_TRUE(peer.open);
}

TEST_F(SmallStoreNode, TellsAPeerThatReadsTooSlowlyThatItsWatchWasCompacted) {
  peer.send({0, wire::WatchCreate{1, {"a"}}});
  world.advance(1s);
  peer.runtime.pause_reading(peer.connection);
  for (int i = 0; i < 1'000; ++i) put("a", std::string(10'000, 'x'));
  world.advance(1s);
  node.engine().apply(wire::CompactRequest{node.engine().revision()});
  peer.runtime.resume_reading(peer.connection);
  world.advance(30s);
  const auto& last = std::get<WatchNotice>(peer.responses.back().body);
  EXPECT_EQ(last.kind, WatchNotice::Kind::canceled);
  EXPECT_EQ(last.reason, StoreStatus::compacted);
  EXPECT_LT(peer.events(), 1'000u);
}

TEST_F(SmallStoreNode, StopsServingAPeerThatAsksMoreThanItReads) {
  put("a", std::string(100'000, 'x'));
  peer.runtime.pause_reading(peer.connection);
  for (std::uint64_t id = 1; id <= 1'000; ++id) peer.send({id, StoreCall{wire::RangeRequest{"a"}}});
  world.advance(1s);
  EXPECT_LT(world.host("store").unsent_bytes_total(), 1'000'000u) << "100 MB were asked for";
  peer.runtime.resume_reading(peer.connection);
  world.advance(60s);
  ASSERT_EQ(peer.responses.size(), 1'000u);
  for (std::uint64_t id = 1; id <= 1'000; ++id) ASSERT_EQ(peer.responses[id - 1].id, id);
}

class StoreOfOthersTest : public StoreNodeTest {
 protected:
  StoreOfOthersTest() : StoreNodeTest([] {
    StoreNodeConfig config;
    config.readers = {"origin-1.fra"};
    return config;
  }()) {}
};

TEST_F(StoreOfOthersTest, ResetsWhoeverMayNotEvenRead) {
  EXPECT_EQ(peer.closed.size(), 1u);
  EXPECT_EQ(node.connections(), 0u);
}

class ReadOnlyStoreTest : public StoreNodeTest {
 protected:
  ReadOnlyStoreTest() : StoreNodeTest([] {
    StoreNodeConfig config;
    config.writers = {"operator"};
    return config;
  }()) {}
};

TEST_F(ReadOnlyStoreTest, LetsReadersReadAndNothingElse) {
  put("a", "1");
  peer.send({1, StoreCall{wire::PutRequest{"a", "2", 0}}});
  peer.send({2, StoreCall{wire::DeleteRequest{"a", {}}}});
  peer.send({3, StoreCall{wire::RangeRequest{"a", {}}}});
  world.advance(1s);
  ASSERT_EQ(peer.responses.size(), 3u);
  for (const std::size_t refused : {0u, 1u}) {
    EXPECT_EQ(std::get<StoreResult>(peer.responses[refused].body).status,
              StoreStatus::permission_denied);
  }
  const auto& read = std::get<StoreResult>(peer.responses[2].body);
  EXPECT_EQ(read.status, StoreStatus::ok);
  EXPECT_EQ(std::get<wire::RangeResult>(read.body).values.at(0).value, "1");
}

}  // namespace
}  // namespace wanlab::control
