// What an origin can rely on: whole small requests, answers whenever, harmless stale names, drain.
#include "tests/backhaul/pool_fixture.hpp"

#include "real_components/backhaul/frame.hpp"

namespace wanlab::backhaul::testing {
namespace {

class Origin : public PoolWorld {
 protected:
  Origin() { pool_options.connections = 1; }
};

TEST_F(Origin, GetsASmallRequestInOnePieceHoweverItWasSent) {
  connect({"fra-1"});
  pass(1s);
  const RequestHandle request = edge().pool.request(0, {77, interactive_class, 1},
                                                    as_bytes("grant|"), as_bytes("sel"), false);
  pass(15ms);
  EXPECT_TRUE(origin("fra-1").requests.empty());
  edge().pool.send(request, as_bytes("ect"), false);
  pass(15ms);
  edge().pool.send(request, as_bytes(" 1"), true);
  pass(50ms);
  ASSERT_EQ(origin("fra-1").requests.size(), 1u);
  EXPECT_EQ(origin("fra-1").requests[0].text, "grant|select 1");
  EXPECT_EQ(origin("fra-1").requests[0].tenant, 77u);
  EXPECT_EQ(origin("fra-1").requests[0].pieces, 1);
  EXPECT_EQ(edge().outcomes[1].text, "re:grant|select 1");
}

TEST_F(Origin, GetsALongRequestAsItArrives) {
  connect({"fra-1"});
  pass(1s);
  const std::string text(500'000, 'x');
  edge().ask(text, 1);
  pass(5s);
  EXPECT_EQ(origin("fra-1").requests[0].text, "h:" + text);
  EXPECT_GT(origin("fra-1").requests[0].pieces, 5);
  EXPECT_EQ(edge().outcomes[1].text.size(), text.size() + 2);
}

TEST_F(Origin, AnswersInPiecesAndLater) {
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(1s);
  edge().ask("a", 1);
  edge().ask("b", 2);
  pass(1s);
  auto& acceptor = origin("fra-1").acceptor;
  const RequestId a = origin("fra-1").requests[0].id, b = origin("fra-1").requests[1].id;
  EXPECT_TRUE(acceptor.respond(b, as_bytes("second"), true));
  EXPECT_TRUE(acceptor.respond(a, as_bytes("fi"), false));
  EXPECT_TRUE(acceptor.respond(a, as_bytes("rst"), true));
  EXPECT_FALSE(acceptor.respond(a, as_bytes("!"), true));
  pass(100ms);
  EXPECT_EQ(edge().outcomes[1].text, "first");
  EXPECT_EQ(edge().outcomes[2].text, "second");
  EXPECT_EQ(acceptor.requests_in_flight(), 0u);
}

TEST_F(Origin, AnswersToADeadConnectionAreHarmless) {
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(1s);
  edge().ask("a", 1);
  pass(15ms);
  const RequestId old = origin("fra-1").requests[0].id;
  world.crash("edge");
  pass(15ms);
  EXPECT_TRUE(origin("fra-1").requests[0].cancelled);
  edge_host.reset();
  connect({"fra-1"});
  pass(1s);
  edge().ask("b", 1);  // same slot of the same connection's place
  pass(15ms);
  auto& acceptor = origin("fra-1").acceptor;
  EXPECT_EQ(origin("fra-1").requests[1].id.connection, old.connection);
  EXPECT_FALSE(acceptor.respond(old, as_bytes("for the dead"), true));
  acceptor.reset(old, ResetReason::internal, Processed::no);
  EXPECT_TRUE(acceptor.respond(origin("fra-1").requests[1].id, as_bytes("ok"), true));
  pass(15ms);
  EXPECT_EQ(edge().outcomes[1].text, "ok");
}

TEST_F(Origin, ARequestCancelledBeforeItIsWholeIsNeverDelivered) {
  connect({"fra-1"});
  pass(1s);
  const RequestHandle request = edge().pool.request(0, {1, 0, 1}, {}, as_bytes("half"), false);
  pass(15ms);
  EXPECT_EQ(origin("fra-1").acceptor.requests_in_flight(), 1u);
  edge().pool.cancel(request);
  pass(15ms);
  EXPECT_TRUE(origin("fra-1").requests.empty());
  EXPECT_EQ(origin("fra-1").acceptor.requests_in_flight(), 0u);
}

TEST_F(Origin, ADrainResetsWhatIsLeftAtTheDeadline) {
  accept_options.drain_deadline = 5s;
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(1s);
  edge().ask("never answered", 1);
  pass(1s);
  origin("fra-1").acceptor.drain();
  pass(4s);
  EXPECT_FALSE(origin("fra-1").acceptor.drained());
  EXPECT_EQ(edge().outcomes.size(), 0u);
  pass(2s);
  EXPECT_TRUE(origin("fra-1").acceptor.drained());
  EXPECT_TRUE(origin("fra-1").requests[0].cancelled);
  EXPECT_EQ(edge().outcomes[1].processed, Processed::unknown);
}

TEST_F(Origin, TellsADrainInItsPongs) {
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(1s);
  edge().ask("keeps the connection", 1);
  pass(15ms);
  origin("fra-1").acceptor.drain();
  pass(3s);
  EXPECT_TRUE(edge().last_pong.draining);
}

// A peer that says nothing, or the beginning of a frame and no more.
class Stranger final : public runtime::Component {
 public:
  explicit Stranger(FakeRuntime& host) : runtime(host) {}
  void start() override { id = runtime.connect({"fra-1", port}, {}, 0); }
  void on_timer(runtime::Cookie) override {}
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId,
                            const runtime::PeerInfo&) override {
    return 0;
  }
  void on_connect(runtime::ConnectionId, runtime::Cookie) override { connected = true; }
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
  void on_data(runtime::ConnectionId, runtime::Cookie, ByteView) override {}
  void on_writable(runtime::ConnectionId, runtime::Cookie) override {}
  void on_close(runtime::ConnectionId, runtime::Cookie, runtime::CloseReason) override {
    closed_at = runtime.now();
  }

  FakeRuntime& runtime;
  runtime::ConnectionId id{};
  bool connected = false;
  std::optional<Instant> closed_at;
};

TEST_F(Origin, DropsASilentPeer) {
  origin("fra-1");
  Stranger stranger(world.host("stranger"));
  world.run("stranger", stranger);
  pass(29s);
  ASSERT_TRUE(stranger.connected);
  EXPECT_FALSE(stranger.closed_at);
  pass(3s);
  EXPECT_TRUE(stranger.closed_at);
  EXPECT_EQ(origin("fra-1").acceptor.connections(), 0u);
  pass(2s);
  EXPECT_EQ(world.host("fra-1").pending_timers(), 0u);
}

TEST_F(Origin, DropsAPeerThatHoldsBackTheRestOfAFrame) {
  origin("fra-1");
  Stranger stranger(world.host("stranger"));
  world.run("stranger", stranger);
  pass(100ms);
  for (int i = 0; i < 12 && !stranger.closed_at; ++i) {
    world.host("stranger").send(stranger.id, as_bytes(i == 0 ? "\x01\x9d" : "\x40"));
    pass(1s);
    if (i == 1) break;  // now and then a byte, never a whole frame
  }
  pass(11s);
  EXPECT_TRUE(stranger.closed_at);
}

TEST_F(Origin, RefusesConnectionsBeyondItsLimit) {
  accept_options.max_connections = 2;
  pool_options.connections = 4;
  connect({"fra-1"});
  pass(3s);
  EXPECT_EQ(ready(), 2u);
  EXPECT_EQ(origin("fra-1").acceptor.connections(), 2u);
}

TEST_F(Origin, AnIdleConnectionKeepsNoBuffers) {
  connect({"fra-1"});
  pass(1s);
  for (std::uint64_t i = 0; i < 200; ++i) edge().ask(std::string(8000, 'x'), i);
  pass(10s);
  EXPECT_LE(origin("fra-1").acceptor.memory_bytes(), 1500u);
}

}  // namespace
}  // namespace wanlab::backhaul::testing
