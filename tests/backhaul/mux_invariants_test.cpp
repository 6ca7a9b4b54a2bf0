// What a mux promises: credit, order, exactly one end, and nothing left over.
#include "tests/backhaul/mux_fixture.hpp"

namespace wanlab::backhaul::testing {
namespace {

class Mux_ : public MuxPair {};

TEST_F(Mux_, CarriesARequestAndItsAnswer) {
  settle();
  open("select 1", true, 42, 7);
  to_server();
  ASSERT_EQ(at_server.opened, 1u);
  const auto& request = at_server.heard[1];
  EXPECT_EQ(request.data, "select 1");
  EXPECT_EQ(request.ends, 1);
  EXPECT_EQ(request.header.tenant, 7u);
  server.send(request.id, as_bytes("one row"), true);
  settle();
  EXPECT_EQ(at_client.heard[42].data, "one row");
  EXPECT_EQ(at_client.heard[42].ends, 1);
  expect_quiet();
}

TEST_F(Mux_, JoinsTheTwoSpansOfARequest) {
  settle();
  client.open({1, interactive_class, 1}, as_bytes("grant|"), as_bytes("select 1"), true);
  settle();
  EXPECT_EQ(at_server.heard[1].data, "grant|select 1");
}

TEST_F(Mux_, HoldsRequestsUntilThePeerSaidHello) {
  open("early", true, 1);
  EXPECT_EQ(client.waiting_streams(), 1u);
  settle();
  EXPECT_EQ(at_server.heard[1].data, "early");
  EXPECT_EQ(at_client.readies, 1);
}

// I1
TEST_F(Mux_, NeverSendsBeyondTheStreamsOrTheConnectionsCredit) {
  settle();
  at_server.hold = true;
  for (std::uint64_t i = 1; i <= 6; ++i) open(std::string(1500, 'x'), true, i);
  settle();
  std::size_t sum = 0;
  for (const auto& [cookie, it] : at_server.heard) {
    EXPECT_LE(it.data.size(), 1000u);
    sum += it.data.size();
  }
  EXPECT_EQ(sum, 4000u);  // the connection's window, used to the last byte
  EXPECT_EQ(at_server.errors, 0);
}

// I1: the rest flows as soon as the application has consumed.
TEST_F(Mux_, GoesOnWhenTheApplicationConsumes) {
  settle();
  at_server.hold = true;
  const std::string text = std::string(2500, 'a') + std::string(2500, 'b');
  open(text, true, 1);
  for (int i = 0; i < 40 && at_server.heard[1].ends == 0; ++i) {
    settle();
    auto& it = at_server.heard[1];
    server.consumed(it.id, std::exchange(it.held, 0));
  }
  EXPECT_EQ(at_server.heard[1].data, text);
}

// I2, I10
TEST_F(Mux_, GivesBackConnectionCreditForDataOfAResetStream) {
  settle();
  at_server.hold = true;
  for (std::uint64_t i = 1; i <= 200; ++i) {
    const StreamId stream = open(std::string(900, 'x'), false, i);
    to_server();
    ASSERT_FALSE(at_server.heard.empty());
    client.reset(stream, ResetReason::cancelled, Processed::unknown);
    settle();
    ASSERT_EQ(at_server.heard[i].resets, 1);
    server.reset(at_server.heard[i].id, ResetReason::cancelled, Processed::no);
    settle();
  }
  EXPECT_EQ(at_server.errors + at_client.errors, 0);
  expect_quiet();
}

TEST_F(Mux_, GivesBackConnectionCreditForDataThatCrossedItsReset) {
  settle();
  for (std::uint64_t i = 1; i <= 50; ++i) {
    const StreamId stream = open("q", true, i);
    to_server();
    server.send(at_server.heard[i].id, as_bytes(std::string(900, 'y')), true);
    client.reset(stream, ResetReason::cancelled, Processed::unknown);
    to_server();  // the reset is on its way while the answer ...
    to_client();  // ... arrives for a stream that is gone
    settle();
    EXPECT_TRUE(at_client.heard[i].data.empty());
  }
  EXPECT_EQ(at_client.errors, 0);
  expect_quiet();
}

// I3
TEST_F(Mux_, OwnsNoBlockForAStreamWithoutQueuedBytes) {
  settle();
  std::vector<StreamId> streams;
  for (std::uint64_t i = 1; i <= 8; ++i) streams.push_back(open("x", false, i));
  settle();
  client.trim();
  const std::size_t before = client.memory_bytes();
  for (const StreamId stream : streams) client.send(stream, as_bytes("y"), false);
  EXPECT_EQ(client.queued_bytes(), 0u);
  EXPECT_LE(client.memory_bytes(), before + 512);
}

TEST_F(Mux_, RefusesToQueueBeyondItsLimit) {
  options.max_queued = 5000;
  settle();
  const StreamId stream = open("", false, 1);
  EXPECT_TRUE(client.send(stream, as_bytes(std::string(5000, 'x')), false));
  EXPECT_FALSE(client.send(stream, as_bytes("y"), false));
  EXPECT_FALSE(open("z", true, 2));
  settle();
  EXPECT_TRUE(client.send(stream, as_bytes("y"), true));
}

// I4
TEST_F(Mux_, SendsControlAlthoughAllCreditIsUsedUp) {
  settle();
  at_server.hold = true;
  for (std::uint64_t i = 1; i <= 6; ++i) open(std::string(1500, 'x'), false, i);
  settle();
  client.ping(now);
  now += 5ms;
  settle();
  ASSERT_EQ(at_client.pongs.size(), 1u);
}

// I4
TEST_F(Mux_, ReadsWhileItsOwnWritesAreStuck) {
  settle();
  const StreamId stream = open("q", false, 1);
  to_server();
  server.send(at_server.heard[1].id, as_bytes(std::string(3000, 'y')), false);
  // The server's output is never taken; the client goes on and is heard.
  for (int i = 0; i < 3; ++i) {
    client.send(stream, as_bytes(std::string(300, 'x')), false);
    to_server();
  }
  EXPECT_EQ(at_server.heard[1].data.size(), 901u);
}

// I4: both transports full at once is no deadlock, for neither side waits for the other's reading.
TEST_F(Mux_, BothSidesStuckResumeOnceBytesMove) {
  settle();
  open("q", false, 1);
  to_server();
  const StreamId there = at_server.heard[1].id, here = at_client.heard[1].id;
  server.send(there, as_bytes(std::string(5000, 'y')), true);
  static_cast<void>(here);
  open(std::string(5000, 'x'), true, 2);
  settle();
  EXPECT_EQ(at_client.heard[1].data.size(), 5000u);
  EXPECT_EQ(at_server.heard[2].data.size(), 5000u);
}

// I5
TEST_F(Mux_, HasAtMostOneWindowUpdatePerStreamWaiting) {
  settle();
  open("q", true, 1);
  to_server();
  const StreamId there = at_server.heard[1].id;
  // Many answers consumed while the client's output is not taken.
  for (int i = 0; i < 20; ++i) {
    server.send(there, as_bytes(std::string(40, 'y')), false);
    to_client();
  }
  const ByteView out = client.output(now);
  EXPECT_LT(out.size(), 40u);  // one MAX_STREAM_DATA, at most one MAX_DATA
}

// I6
TEST_F(Mux_, FreesAServerSlotOnlyWhenTheWorkIsFinished) {
  settle();
  const StreamId stream = open("slow query", true, 1);
  to_server();
  client.reset(stream, ResetReason::cancelled, Processed::unknown);
  settle();
  EXPECT_EQ(client.open_streams(), 0u);
  EXPECT_EQ(server.open_streams(), 1u);  // the backend is still at it
  server.reset(at_server.heard[1].id, ResetReason::cancelled, Processed::yes);
  EXPECT_EQ(server.open_streams(), 0u);
}

// I6
TEST_F(Mux_, AnAnswerInVainAlsoReleasesTheSlot) {
  settle();
  const StreamId stream = open("q", true, 1);
  to_server();
  client.reset(stream, ResetReason::cancelled, Processed::unknown);
  settle();
  EXPECT_FALSE(server.send(at_server.heard[1].id, as_bytes("part"), false));
  EXPECT_TRUE(server.send(at_server.heard[1].id, as_bytes("too late"), true));
  settle();
  expect_quiet();
  EXPECT_TRUE(at_client.heard.empty());
}

// I7
TEST_F(Mux_, ReportsWhatTheServerSaysAboutAResetRequest) {
  settle();
  for (const Processed processed : {Processed::no, Processed::yes, Processed::unknown}) {
    const auto cookie = static_cast<std::uint64_t>(processed) + 1;
    open("q", true, cookie);
    to_server();
    server.reset(at_server.heard[cookie].id, ResetReason::overloaded, processed);
    settle();
    EXPECT_EQ(at_client.heard[cookie].resets, 1);
    EXPECT_EQ(at_client.heard[cookie].processed, processed);
    EXPECT_EQ(at_client.heard[cookie].reason, ResetReason::overloaded);
  }
  expect_quiet();
}

// I7
TEST_F(Mux_, ALostConnectionEndsEveryRequestOnceAndTellsWrittenFromUnwritten) {
  settle();
  open("handed out", true, 1);
  to_server();
  open("encoded, never handed out", true, 2);
  for (std::uint64_t i = 3; i <= 10; ++i) open("waits for credit", true, i);
  client.connection_lost();
  client.connection_lost();
  EXPECT_EQ(at_client.heard[1].processed, Processed::unknown);
  for (std::uint64_t i = 2; i <= 10; ++i) {
    EXPECT_EQ(at_client.heard[i].resets, 1) << i;
    EXPECT_EQ(at_client.heard[i].processed, Processed::no) << i;
  }
  EXPECT_EQ(client.open_streams(), 0u);
}

// I7: a first frame of which even one byte was held back cannot have been acted upon.
TEST_F(Mux_, ARequestHandedOutOnlyInPartIsNotProcessed) {
  settle();
  open("first", true, 1);
  open("second", true, 2);
  const ByteView ready = client.output(now);
  client.wrote(ready.size() - 1);
  client.connection_lost();
  EXPECT_EQ(at_client.heard[1].processed, Processed::unknown);
  EXPECT_EQ(at_client.heard[2].processed, Processed::no);
}

TEST_F(Mux_, AnAnswerThatIsCompleteSurvivesTheLossOfTheConnection) {
  settle();
  at_client.hold = true;
  open("q", true, 1);
  to_server();
  server.send(at_server.heard[1].id, as_bytes("rows"), true);
  to_client();
  client.connection_lost();
  EXPECT_EQ(at_client.heard[1].ends, 1);
  EXPECT_EQ(at_client.heard[1].resets, 0);
}

// I11
TEST_F(Mux_, DeliversWhatCameBeforeAResetAndNothingAfter) {
  settle();
  open("q", true, 1);
  to_server();
  server.send(at_server.heard[1].id, as_bytes("part"), false);
  server.reset(at_server.heard[1].id, ResetReason::internal, Processed::yes);
  settle();
  EXPECT_EQ(at_client.heard[1].data, "part");
  EXPECT_EQ(at_client.heard[1].resets, 1);
}

TEST_F(Mux_, AnEarlyAnswerStopsTheRestOfTheRequest) {
  settle();
  const StreamId stream = open(std::string(1000, 'x'), false, 1);
  to_server();
  client.send(stream, as_bytes(std::string(3000, 'x')), true);
  server.send(at_server.heard[1].id, as_bytes("enough"), true);
  settle();
  EXPECT_EQ(at_client.heard[1].data, "enough");
  EXPECT_LE(at_server.heard[1].data.size(), 2000u);
  EXPECT_EQ(at_client.heard[1].resets, 0);
  expect_quiet();
}

TEST_F(Mux_, ASoftDrainRefusesNewStreamsAndServesTheRest) {
  settle();
  open("begun", true, 1);
  to_server();
  server.drain();
  to_client();
  EXPECT_EQ(at_client.drains, std::vector<bool>{false});
  EXPECT_FALSE(open("late", true, 2));
  server.send(at_server.heard[1].id, as_bytes("answer"), true);
  settle();
  EXPECT_EQ(at_client.heard[1].data, "answer");
  expect_quiet();
}

TEST_F(Mux_, AFinalDrainTellsWhichRequestsWereNeverLookedAt) {
  settle();
  open("seen", true, 1);
  to_server();
  open("crosses the notice", true, 2);
  server.drain_finally();
  to_client();
  EXPECT_EQ(at_client.heard[2].processed, Processed::no);
  EXPECT_EQ(at_client.heard[2].reason, ResetReason::draining);
  EXPECT_EQ(at_client.heard[1].resets, 0);
  settle();  // the late request arrives and is dropped without being looked at
  EXPECT_EQ(at_server.opened, 1u);
  server.send(at_server.heard[1].id, as_bytes("answer"), true);
  settle();
  EXPECT_EQ(at_client.heard[1].ends, 1);
  expect_quiet();
}

TEST_F(Mux_, ADrainEndsRequestsThatWaitForCreditAsNotProcessed) {
  settle();
  for (std::uint64_t i = 1; i <= 12; ++i) open("q", true, i);
  to_server();
  server.drain();
  to_client();
  for (std::uint64_t i = 9; i <= 12; ++i) EXPECT_EQ(at_client.heard[i].processed, Processed::no);
  EXPECT_EQ(client.open_streams(), 8u);
}

TEST_F(Mux_, AStaleHandleNamesNothing) {
  settle();
  const StreamId first = open("a", true, 1);
  to_server();
  const StreamId there = at_server.heard[1].id;
  server.send(there, as_bytes("x"), true);
  settle();
  const StreamId second = open("b", false, 2);
  ASSERT_EQ(first.slot, second.slot);
  EXPECT_FALSE(client.send(first, as_bytes("c"), true));
  client.reset(first, ResetReason::cancelled, Processed::no);
  client.consumed(first, 10);
  EXPECT_EQ(client.open_streams(), 1u);
  EXPECT_FALSE(server.send(there, as_bytes("again"), true));
}

TEST_F(Mux_, ForgetsEverythingOnRestartButKeepsOldHandlesInvalid) {
  settle();
  const StreamId old = open(std::string(3000, 'x'), false, 1);
  client.restart();
  server.restart();
  at_server.heard.clear();
  at_server.opened = 0;
  EXPECT_FALSE(client.send(old, as_bytes("x"), true));
  settle();
  open("new", true, 2);
  settle();
  EXPECT_EQ(at_server.heard[1].data, "new");
}

TEST_F(Mux_, MeasuresTheRoundTripWithoutTheHoldingTime) {
  settle();
  server.set_load(250, true);
  client.ping(now);
  EXPECT_EQ(client.oldest_unanswered_ping(), now);
  now += 10ms;
  to_server();
  const ByteView pong = server.output(now + 7ms);  // held for 7 ms
  const Bytes copy(pong.begin(), pong.end());
  server.wrote(copy.size());
  now += 27ms;
  client.receive(copy, now);
  ASSERT_EQ(at_client.pongs.size(), 1u);
  EXPECT_EQ(at_client.pongs[0].held, 0ms + 7ms - 0ms);
  EXPECT_EQ(at_client.pongs[0].round_trip, 30ms);
  EXPECT_EQ(at_client.pongs[0].load, 250u);
  EXPECT_TRUE(at_client.pongs[0].draining);
  EXPECT_FALSE(client.oldest_unanswered_ping());
}

TEST_F(Mux_, TellsWhenQueuedBytesAreAllEncoded) {
  settle();
  const StreamId stream = open("q", false, 9);
  settle();
  client.send(stream, as_bytes(std::string(2500, 'x')), false);
  EXPECT_TRUE(at_client.sent.empty());
  settle();
  EXPECT_EQ(at_client.sent, std::vector<std::uint64_t>{9});
}

// A message longer than the window must not wait for itself (RFC 9000 discussion #1432).
TEST_F(Mux_, AMessageLongerThanEveryWindowGetsThrough) {
  settle();
  const std::string text(100'000, 'z');
  open(text, true, 1);
  settle();
  EXPECT_EQ(at_server.heard[1].data, text);
}

class WideMux : public MuxPair {
 protected:
  static MuxOptions wide() {
    MuxOptions options = small_options();
    options.max_streams = 100;
    options.max_connection_window = 64'000;
    options.max_stream_window = 16'000;
    return options;
  }
  WideMux() : MuxPair(wide()) {}
};

// Slow readers hold their own windows, not everybody's.
TEST_F(WideMux, UnreadStreamsDoNotStarveTheConnection) {
  settle();
  for (std::uint64_t i = 1; i <= 20; ++i) open("q", true, i);
  to_server();
  at_client.hold = true;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    server.send(at_server.heard[i].id, as_bytes(std::string(900, 'y')), false);
  }
  settle();
  at_client.hold = false;
  open("q", true, 21);
  to_server();
  server.send(at_server.heard[21].id, as_bytes("quick"), true);
  settle();
  EXPECT_EQ(at_client.heard[21].data, "quick");
}

TEST_F(WideMux, AWindowUsedUpWithinTwoRoundTripsGrows) {
  settle();
  client.ping(now);
  now += 50ms;
  settle();
  open("q", true, 1);
  to_server();
  server.send(at_server.heard[1].id, as_bytes(std::string(60'000, 'y')), true);
  int flights = 0;
  while (at_client.heard[1].ends == 0 && flights < 200) {
    to_client();
    now += 25ms;
    to_server();
    now += 25ms;
    ++flights;
  }
  EXPECT_LT(flights, 25);  // with a window of 1000 it would take more than 60
}

}  // namespace
}  // namespace wanlab::backhaul::testing
