// What a mux must survive: each attack or defect known from other multiplexers, and bounded memory
// against it.
#include "tests/backhaul/mux_fixture.hpp"

namespace wanlab::backhaul::testing {
namespace {

class AgainstServer : public Forged {};

class AgainstClient : public Forged {
 protected:
  AgainstClient() : Forged(Role::client) {}
  void open_one() {
    say_hello();
    hear();
    stream = mux.open({1, interactive_class, 1}, as_bytes("q"), false);
    hear();
  }
  StreamId stream;
};

// CVE-2023-44487. Credit for streams comes back only when the backend is done with them.
TEST_F(AgainstServer, RapidResetCannotStartMoreWorkThanMaxStreams) {
  say_hello();
  std::uint64_t id = 0;
  while (!mux.failed() && id < 1000) {
    ++id;
    say_stream(id, "q", flag_open | flag_end);
    if (mux.failed()) break;
    say(FrameType::reset_stream, id, 0u, 2u);
    hear();
  }
  EXPECT_EQ(mux.error(), MuxError::too_many_streams);
  EXPECT_EQ(observer.opened, 8u);
  EXPECT_LE(mux.open_streams(), 8u);
}

// CVE-2025-8671, "MadeYouReset": making the server reset does not free what its backend still does.
TEST_F(AgainstServer, MakingTheServerResetDoesNotRaiseTheLimit) {
  say_hello();
  for (std::uint64_t id = 1; id <= 8; ++id) say_stream(id, "q", flag_open);
  // Every way to provoke the server about single streams ends the connection instead.
  say_stream(1, std::string(1001, 'x'), 0);
  EXPECT_EQ(mux.error(), MuxError::flow_control);
  EXPECT_EQ(observer.opened, 8u);
  EXPECT_EQ(mux.open_streams(), 8u);
}

TEST_F(AgainstServer, OpenFloodEndsTheConnectionAtTheLimit) {
  say_hello();
  for (std::uint64_t id = 1; id <= 8; ++id) say_stream(id, "", flag_open);
  EXPECT_FALSE(mux.failed());
  say_stream(9, "", flag_open);
  EXPECT_EQ(mux.error(), MuxError::too_many_streams);
}

TEST_F(AgainstServer, StreamNumbersMustCountUpWithoutGaps) {
  say_hello();
  say_stream(2, "q", flag_open | flag_end);
  EXPECT_EQ(mux.error(), MuxError::stream_state);
}

TEST_F(AgainstServer, AStreamNumberIsNeverUsedTwice) {
  say_hello();
  say_stream(1, "q", flag_open | flag_end);
  mux.send(observer.heard[1].id, as_bytes("a"), true);
  hear();
  say_stream(1, "q", flag_open | flag_end);
  EXPECT_EQ(mux.error(), MuxError::stream_state);
}

TEST_F(AgainstServer, StreamNumbersDoNotDecrease) {
  say_hello();
  say_stream(1, "q", flag_open);
  say_stream(2, "q", flag_open);
  say_stream(1, "q", flag_open);
  EXPECT_EQ(mux.error(), MuxError::stream_state);
}

TEST_F(AgainstServer, StreamNumberZeroDoesNotExist) {
  say_hello();
  say_stream(0, "q", 0);
  EXPECT_EQ(mux.error(), MuxError::stream_state);
}

// The other side's numbers: only a client opens.
TEST_F(AgainstClient, AServerMayNotOpen) {
  open_one();
  say_stream(2, "q", flag_open);
  EXPECT_EQ(mux.error(), MuxError::stream_state);
}

TEST_F(AgainstServer, DataOnAStreamNeverOpenedIsAnError) {
  say_hello();
  say_stream(1, "q", 0);
  EXPECT_EQ(mux.error(), MuxError::stream_state);
}

TEST_F(AgainstServer, DataAfterTheEndIsAnError) {
  say_hello();
  say_stream(1, "q", flag_open | flag_end);
  say_stream(1, "more", 0);
  EXPECT_EQ(mux.error(), MuxError::stream_state);
}

TEST_F(AgainstServer, DataOnAClosedStreamIsDroppedAndItsCreditReturned) {
  say_hello();
  say_stream(1, "q", flag_open | flag_end);
  mux.send(observer.heard[1].id, as_bytes("a"), true);
  hear();
  std::size_t updates = 0;
  for (int i = 0; i < 100; ++i) {
    say_stream(1, std::string(500, 'x'), 0);
    updates += count(hear(), FrameType::max_data);
  }
  EXPECT_FALSE(mux.failed());
  EXPECT_GE(updates, 20u);
  EXPECT_EQ(mux.unconsumed_bytes(), 0u);
}

TEST_F(AgainstServer, DataBeyondTheStreamsWindowIsAnError) {
  say_hello();
  observer.hold = true;
  say_stream(1, std::string(1000, 'x'), flag_open);
  EXPECT_FALSE(mux.failed());
  say_stream(1, "y", 0);
  EXPECT_EQ(mux.error(), MuxError::flow_control);
}

TEST_F(AgainstServer, AFirstFrameBeyondTheStreamsWindowIsAnError) {
  say_hello();
  say_stream(1, std::string(1001, 'x'), flag_open);
  EXPECT_EQ(mux.error(), MuxError::flow_control);
}

TEST_F(AgainstServer, DataBeyondTheConnectionsWindowIsAnError) {
  say_hello();
  observer.hold = true;
  for (std::uint64_t id = 1; id <= 4; ++id) say_stream(id, std::string(1000, 'x'), flag_open);
  EXPECT_FALSE(mux.failed());
  say_stream(5, "y", flag_open);
  EXPECT_EQ(mux.error(), MuxError::flow_control);
}

TEST_F(AgainstClient, CreditThatShrinksIsAnError) {
  open_one();
  say(FrameType::max_data, 3999u);
  EXPECT_EQ(mux.error(), MuxError::flow_control);
}

TEST_F(AgainstClient, StreamCreditThatShrinksIsAnError) {
  open_one();
  say(FrameType::max_stream_data, 1u, 999u);
  EXPECT_EQ(mux.error(), MuxError::flow_control);
}

// QMux and HTTP/2 alike: a limit lowered below what is in flight (MAX_STREAMS).
TEST_F(AgainstClient, AStreamLimitThatShrinksIsAnError) {
  open_one();
  say(FrameType::max_streams, 0u);
  EXPECT_EQ(mux.error(), MuxError::flow_control);
}

// Absolute credit cannot overflow: the largest number is a limit like any other.
TEST_F(AgainstClient, TheLargestCreditDoesNotWrap) {
  open_one();
  say(FrameType::max_data, largest_varint);
  say(FrameType::max_stream_data, 1u, largest_varint);
  say(FrameType::max_streams, largest_varint);
  EXPECT_FALSE(mux.failed());
  mux.send(stream, as_bytes(std::string(20'000, 'x')), true);
  std::size_t sent = 0;
  for (const Frame& frame : hear()) sent += frame.payload.size();
  EXPECT_EQ(sent, 20'000u);
}

TEST_F(AgainstClient, AWindowOfZeroOrBeyondMeasureInTheHelloIsAnError) {
  say_hello(0, 4000, 8);
  EXPECT_EQ(mux.error(), MuxError::flow_control);
}

// A window opened byte by byte makes us send frames of one byte: it costs the peer its budget.
TEST_F(AgainstClient, ADribbledWindowExhaustsTheBudget) {
  open_one();
  mux.send(stream, as_bytes(std::string(50'000, 'x')), false);
  hear();
  std::uint64_t limit = 1000;
  std::size_t frames = 0;
  while (!mux.failed() && limit < 50'000) {
    say(FrameType::max_stream_data, 1u, ++limit);
    frames += hear().size();
  }
  EXPECT_EQ(mux.error(), MuxError::excessive_load);
  EXPECT_LE(frames, options.glitch_burst + 1);
}

// A peer that never opens its window holds what was queued for it, and no more.
TEST_F(AgainstClient, AZeroWindowHoldIsBoundedAndEndsWithTheReset) {
  options.max_queued = 100'000;
  open_one();
  while (mux.send(stream, as_bytes(std::string(1000, 'x')), false)) hear();
  EXPECT_LE(mux.queued_bytes(), 100'000u);
  EXPECT_LE(mux.memory_bytes(), 300'000u);
  mux.reset(stream, ResetReason::timed_out, Processed::unknown);
  hear();
  EXPECT_EQ(mux.queued_bytes(), 0u);
  EXPECT_EQ(mux.open_streams(), 0u);
}

// CVE-2019-9518
TEST_F(AgainstServer, AFloodOfEmptyFramesExhaustsTheBudget) {
  say_hello();
  say_stream(1, "q", flag_open);
  std::uint32_t frames = 0;
  while (!mux.failed() && frames < 100'000) {
    say_stream(1, "", 0);
    ++frames;
  }
  EXPECT_EQ(mux.error(), MuxError::excessive_load);
  EXPECT_LE(frames, options.glitch_burst + 1);
}

TEST_F(AgainstServer, TheBudgetRefillsWithTime) {
  say_hello();
  for (std::uint64_t sequence = 1; sequence <= 100'000; ++sequence) {
    now += 10ms;
    say(FrameType::ping, sequence);
    hear();
    ASSERT_FALSE(mux.failed()) << sequence;
  }
}

// CVE-2019-9512
TEST_F(AgainstServer, PingsWhoseAnswersAreNotReadDoNotPileUp) {
  say_hello();
  hear();
  mux.trim();
  const std::size_t before = mux.memory_bytes();
  for (std::uint64_t sequence = 1; sequence <= 9000; ++sequence) say(FrameType::ping, sequence);
  const auto frames = hear();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].fields[0], 9000u);
  EXPECT_LE(mux.memory_bytes(), before + 512);
}

TEST_F(AgainstServer, PingSequencesMustIncrease) {
  say_hello();
  say(FrameType::ping, 5u);
  say(FrameType::ping, 5u);
  EXPECT_EQ(mux.error(), MuxError::protocol);
}

TEST_F(AgainstClient, APongForAPingNeverSentIsAnError) {
  open_one();
  say(FrameType::pong, 1u, 0u, 0u, 0u);
  EXPECT_EQ(mux.error(), MuxError::protocol);
}

TEST_F(AgainstClient, APongIsBelievedOnlyOnce) {
  open_one();
  mux.ping(now);
  hear();
  now += 10ms;
  say(FrameType::pong, 1u, 0u, 0u, 0u);
  EXPECT_EQ(observer.pongs.size(), 1u);
  say(FrameType::pong, 1u, 0u, 0u, 0u);
  EXPECT_EQ(mux.error(), MuxError::protocol);
}

TEST_F(AgainstClient, AnImpossibleHoldingTimeIsNotBelieved) {
  open_one();
  mux.ping(now);
  hear();
  now += 10ms;
  say(FrameType::pong, 1u, largest_varint, 0u, 0u);
  ASSERT_EQ(observer.pongs.size(), 1u);
  EXPECT_EQ(observer.pongs[0].round_trip, 10ms);
}

// rust-yamux GHSA-vxx9-2994-q338: the length is checked before anything is kept.
TEST_F(AgainstServer, AnOversizeFrameIsRefusedBeforeItsBytesArrive) {
  say_hello();
  Bytes frame(16);
  std::byte* to = frame.data();
  *to++ = static_cast<std::byte>(0x0a);
  to = write_varint(to, 1);
  to = write_varint(to, 1);
  to = write_varint(to, 0);
  to = write_varint(to, max_frame_payload + 1);
  frame.resize(static_cast<std::size_t>(to - frame.data()));
  mux.receive(frame, now);
  EXPECT_EQ(mux.error(), MuxError::frame_too_large);
  EXPECT_LE(mux.memory_bytes(), sizeof(Mux) + 1024);
}

TEST_F(AgainstServer, NothingIsHeardBeforeTheHello) {
  say_stream(1, "q", flag_open);
  EXPECT_EQ(mux.error(), MuxError::protocol);
  EXPECT_EQ(observer.opened, 0u);
}

TEST_F(AgainstServer, ASecondHelloIsAnError) {
  say_hello();
  say_hello();
  EXPECT_EQ(mux.error(), MuxError::protocol);
}

TEST_F(AgainstServer, AnotherVersionIsRefused) {
  say(FrameType::hello, protocol_version + 1, 1000u, 4000u, 0u);
  EXPECT_EQ(mux.error(), MuxError::version);
}

TEST_F(AgainstServer, GarbageIsRefusedWithAReason) {
  say_hello();
  hear();
  mux.receive(bytes_of("\x7fGET / HTTP/1.1"), now);
  EXPECT_EQ(mux.error(), MuxError::protocol);
  const auto frames = hear();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].type, FrameType::close);
  EXPECT_EQ(frames[0].fields[0], static_cast<std::uint64_t>(MuxError::protocol));
  EXPECT_TRUE(hear().empty());
}

TEST_F(AgainstServer, AFrameMayArriveByteByByte) {
  say_hello();
  const Bytes frame = stream_frame(1, "select 1", flag_open | flag_end);
  for (const std::byte byte : frame) {
    ASSERT_EQ(observer.heard[1].ends, 0);
    mux.receive({&byte, 1}, now);
  }
  EXPECT_EQ(observer.heard[1].data, "select 1");
  EXPECT_FALSE(mux.partial_frame_since());
}

// Slowloris: the mux holds one frame at most and tells since when.
TEST_F(AgainstServer, AFrameHeldBackIsBoundedAndNoticed) {
  say_hello();
  const Bytes frame = stream_frame(1, std::string(900, 'x'), flag_open | flag_end);
  now += 3s;
  const Instant begun = now;
  for (std::size_t i = 0; i + 1 < frame.size(); ++i) {
    mux.receive(ByteView(frame).subspan(i, 1), now);
    now += 1ms;
  }
  EXPECT_EQ(mux.partial_frame_since(), begun);
  EXPECT_LE(mux.memory_bytes(), sizeof(Mux) + 4096);
  EXPECT_EQ(observer.opened, 0u);
}

TEST_F(AgainstServer, RepeatedResetsOfOneStreamAreAnError) {
  say_hello();
  say_stream(1, "q", flag_open);
  say(FrameType::reset_stream, 1u, 0u, 2u);
  say(FrameType::reset_stream, 1u, 0u, 2u);
  EXPECT_EQ(mux.error(), MuxError::stream_state);
  EXPECT_EQ(observer.heard[1].resets, 1);
}

TEST_F(AgainstServer, AResetOfAStreamNeverOpenedIsAnError) {
  say_hello();
  say(FrameType::reset_stream, 7u, 0u, 2u);
  EXPECT_EQ(mux.error(), MuxError::stream_state);
}

TEST_F(AgainstServer, UnknownReasonsAreAnError) {
  say_hello();
  say_stream(1, "q", flag_open);
  say(FrameType::reset_stream, 1u, 99u, 2u);
  EXPECT_EQ(mux.error(), MuxError::protocol);
}

// h2 0.4.16: a reset behind a complete answer must not take the answer away.
TEST_F(AgainstClient, AResetAfterTheEndLeavesTheAnswer) {
  open_one();
  observer.hold = true;
  say_stream(1, "rows", flag_end);
  say(FrameType::reset_stream, 1u, 0u, 2u);
  EXPECT_EQ(observer.heard[1].ends, 1);
  EXPECT_EQ(observer.heard[1].resets, 0);
  EXPECT_EQ(mux.open_streams(), 1u);  // its bytes are still held
  mux.consumed(stream, 4);
  EXPECT_EQ(mux.open_streams(), 0u);
}

// h2 0.4.2, 0.4.12: state of reset streams must not accumulate while nobody reads our output.
TEST_F(AgainstClient, StreamsCancelledBeforeTheyWereWrittenLeaveNothing) {
  open_one();
  for (int i = 0; i < 100'000; ++i) {
    const StreamId more =
        mux.open({1, interactive_class, 2}, as_bytes(std::string(500, 'x')), true);
    ASSERT_TRUE(more);
    mux.reset(more, ResetReason::cancelled, Processed::no);
  }
  EXPECT_LE(mux.open_streams(), 9u);
  EXPECT_LE(mux.memory_bytes(), 64u * 1024u);
  EXPECT_EQ(mux.check_invariants(), "");
}

TEST_F(AgainstClient, GoawayMayNotTakeBackARefusal) {
  open_one();
  say(FrameType::goaway, 1u, 0u);
  say(FrameType::goaway, 1u, 5u);
  EXPECT_EQ(mux.error(), MuxError::protocol);
}

TEST_F(AgainstServer, AClientMaySpeakOnlyAClientsFrames) {
  say_hello();
  say(FrameType::goaway, 0u, 5u);
  EXPECT_EQ(mux.error(), MuxError::protocol);
}

// yamux#26: slots held by failed opens would make the client hang for ever.
TEST_F(AgainstClient, CancelledStreamsGiveTheirTurnToTheNext) {
  say_hello(1000, 4000, 2);
  hear();
  const StreamId a = mux.open({1, interactive_class, 1}, as_bytes("a"), true);
  const StreamId b = mux.open({1, interactive_class, 2}, as_bytes("b"), true);
  const StreamId c = mux.open({1, interactive_class, 3}, as_bytes("c"), true);
  EXPECT_EQ(mux.waiting_streams(), 1u);
  static_cast<void>(a);
  static_cast<void>(b);
  mux.reset(c, ResetReason::cancelled, Processed::no);
  const StreamId d = mux.open({1, interactive_class, 4}, as_bytes("d"), true);
  EXPECT_EQ(mux.waiting_streams(), 1u);
  say(FrameType::max_streams, 3u);
  const auto frames = hear();
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(as_text(frames.back().payload), "d");
  EXPECT_TRUE(d);
}

// After an error nothing is heard, and nothing is said but the reason.
TEST_F(AgainstServer, AFailedConnectionIsDeafAndMute) {
  say_hello();
  say_stream(1, "q", flag_open | flag_end);
  hear();
  say_stream(9, "q", flag_open);
  ASSERT_TRUE(mux.failed());
  say_stream(2, "q", flag_open);
  EXPECT_EQ(observer.opened, 1u);
  EXPECT_FALSE(mux.send(observer.heard[1].id, as_bytes("a"), true));
  EXPECT_EQ(hear().size(), 1u);
  EXPECT_EQ(observer.errors, 1);
}

TEST_F(AgainstServer, ThePeersErrorIsNotAnsweredWithOurs) {
  say_hello();
  hear();
  say(FrameType::close, 4u);
  EXPECT_TRUE(observer.error_by_peer);
  EXPECT_EQ(observer.last_error, MuxError::flow_control);
  EXPECT_TRUE(hear().empty());
}

// A clock that jumps does not make credit or time go backwards.
TEST_F(AgainstServer, AClockThatStandsStillIsNoHarm) {
  say_hello();
  now = Instant{} - 5s;
  for (std::uint64_t sequence = 1; sequence <= 100; ++sequence) say(FrameType::ping, sequence);
  EXPECT_FALSE(mux.failed());
  EXPECT_EQ(hear().back().fields[1], 0u);
}

}  // namespace
}  // namespace wanlab::backhaul::testing
