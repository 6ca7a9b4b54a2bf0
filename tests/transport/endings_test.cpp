// How streams end, stall and wake when hosts freeze, readers pause and resets get lost.
#include "tests/transport/bench.hpp"

#include <gtest/gtest.h>

namespace wanlab::network {
namespace {

Impairment blocked() {
  Impairment impairment;
  impairment.from = {Place{.site = 0}};
  impairment.to = {Place{.site = 1}};
  impairment.blocks = true;
  return impairment;
}

TEST(Reset, AnswersDataForAConnectionThatIsNoMore) {
  Wire wire;
  const EndpointId id = wire.established();
  const std::uint32_t fault = wire.transport.impair(blocked());
  wire.server.enter();
  wire.transport.abort(wire.server.last);  // its RST is lost in the partition
  wire.simulation.run_for(1s);
  wire.transport.mend(fault);
  EXPECT_EQ(wire.client.when("connection reset"), Duration(-1));
  wire.client.enter();
  wire.transport.send(id, pattern(10));
  wire.simulation.run_for(1s);
  EXPECT_GE(wire.client.when("connection reset"), Duration::zero());
  EXPECT_EQ(wire.transport.open_endpoints(), 0u);
}

TEST(Finish, WaitsBehindDataThatAPausedReaderHasNotTaken) {
  Wire wire;
  const EndpointId id = wire.established();
  const EndpointId reader = wire.server.last;
  wire.transport.pause_reading(reader);
  wire.client.enter();
  wire.transport.send(id, pattern(100));
  wire.transport.close(id);
  wire.simulation.run_for(1s);
  EXPECT_EQ(wire.server.when("closed by peer"), Duration(-1));
  wire.transport.resume_reading(reader);
  wire.simulation.run_for(1s);
  EXPECT_EQ(wire.server.received, pattern(100));
  EXPECT_GE(wire.server.when("closed by peer"), wire.server.when("data"));
  EXPECT_EQ(wire.transport.open_endpoints(), 0u);
}

TEST(PausedReader, StaysPausedWhenPausedAgainBeforeItWasServed) {
  Wire wire;
  const EndpointId id = wire.established();
  const EndpointId reader = wire.server.last;
  wire.transport.pause_reading(reader);
  wire.client.enter();
  wire.transport.send(id, pattern(100));
  wire.simulation.run_for(1s);
  wire.transport.resume_reading(reader);
  wire.transport.pause_reading(reader);
  wire.simulation.run_for(1s);
  EXPECT_TRUE(wire.server.received.empty());
}

TEST(PausedReader, StopsItsSenderWhenTheWindowIsFull) {
  Wire wire;
  const EndpointId id = wire.established();
  const EndpointId reader = wire.server.last;
  wire.transport.pause_reading(reader);
  const Bytes sent = pattern(8'000'000);
  wire.client.enter();
  wire.transport.send(id, sent);
  wire.simulation.run_for(60s);
  EXPECT_GT(wire.transport.unsent_bytes(id), 4'000'000u);
  wire.transport.resume_reading(reader);
  wire.simulation.run_for(60s);
  EXPECT_EQ(wire.server.received, sent);
}

TEST(Freeze, IsSilenceAndThenEverythingInItsOrder) {
  Wire wire;
  const EndpointId id = wire.established();
  wire.server.down = true;
  Bytes sent;
  for (std::uint8_t i = 0; i < 20; ++i) {
    const Bytes one{std::byte{i}};
    append(sent, one);
    wire.client.enter();
    wire.transport.send(id, one);
    wire.simulation.run_for(37ms);
  }
  EXPECT_TRUE(wire.server.received.empty());
  wire.transport.thaw(wire.server);
  wire.simulation.run_for(5s);
  EXPECT_EQ(wire.server.received, sent);
}

TEST(Freeze, LosesAttemptsToConnectLikeAnySilence) {
  Wire wire;
  wire.server.down = true;
  wire.connect();
  wire.simulation.run_for(2s);
  wire.transport.thaw(wire.server);
  wire.simulation.run_for(10s);
  EXPECT_EQ(wire.client.when("connect"), 3s + 20ms);
}

TEST(Closing, GivesUpOnAPathThatStaysDown) {
  Wire wire;
  const EndpointId id = wire.established();
  wire.transport.impair(blocked());
  wire.client.enter();
  wire.transport.send(id, pattern(10));
  wire.transport.close(id);
  wire.simulation.run_for(600s);
  EXPECT_EQ(wire.client.released, 1);
}

TEST(Closing, ReachesThePeerThroughAFullQueue) {
  Wire wire({.round_trip = 20ms, .bits_per_second = 1'000'000});
  const EndpointId flood = wire.established();
  wire.server.log.clear();
  const EndpointId id = wire.established();
  wire.client.enter();
  for (int i = 0; i < 20; ++i) wire.transport.send(flood, pattern(1400));
  wire.transport.close(id);
  wire.simulation.run_for(30s);
  EXPECT_GE(wire.server.when("closed by peer"), Duration::zero());
  EXPECT_EQ(wire.transport.open_endpoints(), 2u);
}

TEST(Timeout, OfAnOldAttemptTouchesNobodyElsesConnection) {
  Wire wire;
  wire.server.drops = 1;
  const EndpointId first = wire.connect({.tls = runtime::TlsVersion::none, .timeout = 500ms});
  wire.simulation.run_for(600ms);  // given up; its slots are free
  EXPECT_GE(wire.client.when("connect timeout"), Duration::zero());
  EXPECT_EQ(wire.transport[first].state, StreamState::free);
  wire.connect();
  wire.simulation.run_for(10s);  // the first attempt's SYN timer fires meanwhile
  EXPECT_GE(wire.client.when("connect"), Duration::zero());
  EXPECT_GE(wire.server.when("accept"), Duration::zero());
  EXPECT_EQ(wire.transport.open_endpoints(), 2u);
}

}  // namespace
}  // namespace wanlab::network
