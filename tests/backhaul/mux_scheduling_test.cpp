// Who is served when several want to send: fairness by tenant, then by stream, and bounded waiting.
#include "tests/backhaul/mux_fixture.hpp"

namespace wanlab::backhaul::testing {
namespace {

class FairMux : public MuxPair {
 protected:
  static MuxOptions roomy() {
    MuxOptions options;
    options.max_streams = 1000;
    options.stream_window = 8 << 20;
    options.connection_window = 32 << 20;
    return options;
  }
  FairMux() : MuxPair(roomy()) { settle(); }

  // Takes `total` bytes off the client's output in pieces of `piece` and lets the server hear them.
  void carry(std::size_t total, std::size_t piece = 16 * 1024) {
    while (total != 0) {
      const ByteView ready = client.output(now);
      if (ready.empty()) return;
      const std::size_t part = std::min({ready.size(), piece, total});
      const Bytes copy(ready.begin(), ready.begin() + static_cast<std::ptrdiff_t>(part));
      client.wrote(part);
      server.receive(copy, now);
      total -= part;
      check();
    }
  }
  // Cookies at the client are not known at the server: tenants tell the streams apart.
  std::size_t received(std::uint32_t tenant) {
    std::size_t sum = 0;
    for (const auto& [cookie, it] : at_server.heard) {
      if (it.header.tenant == tenant) sum += it.data.size();
    }
    return sum;
  }
};

const std::string& megabytes() {
  static const std::string text(4 << 20, 'x');
  return text;
}

// I8
TEST_F(FairMux, TwoBackloggedTenantsShareEqually) {
  open(megabytes(), true, 1, 10);
  for (std::uint64_t i = 2; i <= 9; ++i)
    open(megabytes(), true, i, 20);  // more streams, no more share
  carry(3 << 20);
  const auto a = static_cast<std::int64_t>(received(10)),
             b = static_cast<std::int64_t>(received(20));
  EXPECT_LE(std::abs(a - b),
            2 * 16 * 1024 + 32 * 1024);  // one quantum, one frame, the output buffer
  EXPECT_GT(a, 1'300'000);
}

// I8
TEST_F(FairMux, TenantsShareByWeight) {
  at_client.weights[30] = 3;
  open(megabytes(), true, 1, 10);
  open(megabytes(), true, 2, 30);
  carry(2 << 20);
  const double ratio = static_cast<double>(received(30)) / static_cast<double>(received(10));
  EXPECT_NEAR(ratio, 3.0, 0.2);
}

// I8
TEST_F(FairMux, TheStreamsOfATenantShareEqually) {
  for (std::uint64_t i = 1; i <= 4; ++i) open(megabytes(), true, i, 10);
  carry(4 << 20);
  ASSERT_EQ(at_server.heard.size(), 4u);
  for (const auto& [cookie, it] : at_server.heard) {
    EXPECT_NEAR(static_cast<double>(it.data.size()), 1 << 20, 64 * 1024);
  }
}

// The direct way into the output is only for when nothing waits.
TEST_F(FairMux, ShortRequestsDoNotOvertakeTheTurnOfWhatIsQueued) {
  open(std::string(40'000, 'x'), true, 1, 10);
  for (std::uint64_t i = 2; i <= 200; ++i) open("short", true, i, 20);
  carry(1 << 20);
  EXPECT_EQ(at_server.heard[1].header.tenant, 10u);
}

// I9
TEST_F(FairMux, ASmallQueryOvertakesABulkLoadOfAnotherTenant) {
  for (std::uint64_t i = 1; i <= 8; ++i) open(megabytes(), true, i, 10);
  carry(1 << 20);
  open("point query", true, 9, 20);
  carry(32 * 1024 + 2 * 16 * 1024 + 1024);  // what is encoded already, one quantum, and itself
  EXPECT_EQ(received(20), 11u);
}

// I9
TEST_F(FairMux, ASmallQueryWaitsForNoMoreThanAQuantumOfEachStreamOfItsTenant) {
  for (std::uint64_t i = 1; i <= 4; ++i) open(megabytes(), true, i, 10);
  carry(1 << 20);
  open("point query", true, 9, 10);
  carry(32 * 1024 + 5 * 16 * 1024 + 1024);
  EXPECT_EQ(at_server.heard[5].ends, 1);
}

TEST_F(FairMux, ControlOvertakesEverythingThatIsNotEncodedYet) {
  for (std::uint64_t i = 1; i <= 8; ++i) open(megabytes(), true, i, 10);
  carry(1 << 20);
  client.ping(now);
  carry(3 * 16 * 1024);
  settle();
  EXPECT_EQ(at_client.pongs.size(), 1u);
}

TEST_F(FairMux, TurnsAreNotChoppedIntoTinyFrames) {
  open(megabytes(), true, 1, 10);
  open(megabytes(), true, 2, 20);
  const std::uint64_t before = client.frames_encoded();
  carry(4 << 20);
  EXPECT_LE(client.frames_encoded() - before, (4u << 20) / (15 * 1024));
}

class NarrowMux : public MuxPair {
 protected:
  NarrowMux() { settle(); }
};

// One tenant opening all streams: the next free place goes to another.
TEST_F(NarrowMux, FreedStreamCreditGoesRoundTheTenants) {
  for (std::uint64_t i = 1; i <= 30; ++i) open("greedy", true, i, 10);
  open("modest", true, 31, 20);
  to_server();
  EXPECT_EQ(at_server.opened, 8u);
  for (std::uint64_t i = 1; i <= 4; ++i) {
    server.send(at_server.heard[i].id, as_bytes("a"), true);
  }
  to_client();
  to_server();
  EXPECT_EQ(at_server.opened, 12u);
  bool modest = false;
  for (const auto& [cookie, it] : at_server.heard) modest |= it.data == "modest";
  EXPECT_TRUE(modest);
}

// h2 0.4.1, 0.4.13: a stream without credit of its own must not be handed the connection's.
TEST_F(NarrowMux, AStreamWithoutCreditDoesNotHoldUpTheOthers) {
  at_server.hold = true;
  open(std::string(3000, 'x'), true, 1);
  settle();
  EXPECT_EQ(at_server.heard[1].data.size(), 1000u);
  open("small", true, 2);
  settle();
  EXPECT_EQ(at_server.heard[2].data, "small");
}

TEST_F(NarrowMux, NumbersOnTheWireFollowTheFirstFramesNotTheCalls) {
  open(std::string(900, 'x'), false, 1);
  const StreamId lazy = open("", false, 2);  // has nothing to say yet
  open("third", true, 3);
  to_server();
  client.send(lazy, as_bytes("second, said last"), true);
  to_server();
  EXPECT_EQ(at_server.errors, 0);
  EXPECT_EQ(at_server.heard[3].data, "second, said last");
}

TEST_F(NarrowMux, ARequestWithoutBytesIsARequest) {
  open("", true, 1);
  settle();
  EXPECT_EQ(at_server.heard[1].ends, 1);
  server.send(at_server.heard[1].id, as_bytes(""), true);
  settle();
  EXPECT_EQ(at_client.heard[1].ends, 1);
  expect_quiet();
}

}  // namespace
}  // namespace wanlab::backhaul::testing
