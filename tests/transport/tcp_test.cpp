#include "tests/transport/bench.hpp"

#include <gtest/gtest.h>

namespace wanlab::network {
namespace {

Instant at(Duration since_start) {
  return Instant() + since_start;
}

Impairment blocked(bool one_way) {
  Impairment impairment{};
  impairment.from = {Place{.site = 0}};
  impairment.to = {Place{.site = 1}};
  impairment.one_way = one_way;
  impairment.blocks = true;
  return impairment;
}

TEST(Connecting, TakesOneRoundTripForTheClientAndHalfAnotherForTheServer) {
  Wire wire;
  wire.connect();
  wire.simulation.run_until(at(1s));
  EXPECT_EQ(wire.client.when("connect"), 20ms);
  EXPECT_EQ(wire.server.when("accept"), 30ms);
}

TEST(Connecting, RepeatsTheSynAfterOneThreeAndSevenSeconds) {
  Wire wire;
  wire.server.drops = 3;
  wire.connect();
  wire.simulation.run_until(at(20s));
  ASSERT_EQ(wire.server.syn_times.size(), 4u);
  EXPECT_EQ(wire.server.syn_times[1].time_since_epoch(), 1s + 10ms);
  EXPECT_EQ(wire.server.syn_times[2].time_since_epoch(), 3s + 10ms);
  EXPECT_EQ(wire.server.syn_times[3].time_since_epoch(), 7s + 10ms);
  EXPECT_EQ(wire.client.when("connect"), 7s + 20ms);
  EXPECT_EQ(wire.client.syn_retransmissions, 3u);
}

TEST(Connecting, GivesUpAfter127SecondsOfSilence) {
  Wire wire;
  wire.transport.impair(blocked(false));
  wire.connect();
  wire.simulation.run_until(at(200s));
  EXPECT_EQ(wire.client.when("connect timeout"), 127s);
  EXPECT_EQ(wire.server.syns, 0);
  EXPECT_EQ(wire.transport.open_endpoints(), 0u);
}

TEST(Connecting, KeepsToTheCallersOwnTimeout) {
  Wire wire;
  wire.server.drops = 100;
  wire.connect({.tls = runtime::TlsVersion::none, .timeout = 2s});
  wire.simulation.run_until(at(200s));
  EXPECT_EQ(wire.client.when("connect timeout"), 2s);
  EXPECT_EQ(wire.transport.open_endpoints(), 0u);
  EXPECT_EQ(wire.transport.messages_in_flight(), 0u);
}

TEST(Connecting, LearnsOfARefusalAfterOneRoundTrip) {
  Wire wire;
  wire.server.refuses = true;
  wire.connect();
  wire.simulation.run_until(at(1s));
  EXPECT_EQ(wire.client.when("connection refused"), 20ms);
  EXPECT_EQ(wire.transport.open_endpoints(), 0u);
}

struct TlsCase {
  runtime::TlsVersion version;
  Duration client, server;  // from the client hello to on_secure, round trip 20 ms
};
class Tls : public testing::TestWithParam<TlsCase> {};

TEST_P(Tls, CostsItsRoundTrips) {
  Wire wire;
  const EndpointId id = wire.established();
  const Instant start = wire.simulation.now();
  wire.transport.start_tls_server(wire.server.last, {});
  wire.client.enter();
  wire.transport.start_tls_client(id, GetParam().version);
  wire.simulation.run_until(at(1s));
  EXPECT_EQ(wire.client.when("secure") - start.time_since_epoch(), GetParam().client);
  EXPECT_EQ(wire.server.when("secure") - start.time_since_epoch(), GetParam().server);
}
INSTANTIATE_TEST_SUITE_P(Versions, Tls,
                         testing::Values(TlsCase{runtime::TlsVersion::tls13, 20ms, 30ms},
                                         TlsCase{runtime::TlsVersion::tls12_resumed, 20ms, 30ms},
                                         TlsCase{runtime::TlsVersion::tls12, 40ms, 30ms}));

TEST(MutualTls, ComesBeforeBothSidesHearOfTheConnection) {
  Wire wire;
  wire.server.wants_mutual_tls = true;
  wire.connect({.tls = runtime::TlsVersion::tls13});
  wire.simulation.run_until(at(1s));
  EXPECT_EQ(wire.client.when("connect"), 40ms);
  EXPECT_EQ(wire.server.when("accept"), 50ms);
}

TEST(TlsUpgrade, RefusesPlainBytesThatWerePipelinedBehindTheRequest) {
  Wire wire;
  wire.established();
  const Bytes smuggled = pattern(5);
  wire.server.enter();
  wire.transport.start_tls_server(wire.server.last, smuggled);
  wire.simulation.run_until(at(1s));
  EXPECT_GE(wire.server.when("TLS handshake failed"), Duration::zero());
}

TEST(Data, ArrivesHalfARoundTripLaterAsItWasSent) {
  Wire wire;
  const EndpointId id = wire.established();
  const Bytes sent = pattern(100);
  wire.client.enter();
  wire.transport.send(id, sent);
  wire.simulation.run_until(at(1s));
  EXPECT_EQ(wire.server.received, sent);
  EXPECT_EQ(wire.server.when("data"), 40ms);
}

TEST(Data, StaysInOrderWhenJitterExceedsTheSpacing) {
  Wire wire({.round_trip = 20ms, .jitter_p90 = 30ms});
  const EndpointId id = wire.established();
  Bytes sent;
  for (std::uint8_t i = 0; i < 100; ++i) {
    const Bytes one{std::byte{i}};
    append(sent, one);
    wire.client.enter();
    wire.transport.send(id, one);
    wire.simulation.run_for(1ms);
  }
  wire.simulation.run_for(10s);
  EXPECT_EQ(wire.server.received, sent);
}

TEST(Data, WaitsForTheRetransmissionOfWhatWasLostBeforeIt) {
  Wire wire({.round_trip = 20ms, .loss = 0.05, .seed = 3});
  const EndpointId id = wire.established();
  Bytes sent;
  for (std::uint32_t i = 0; i < 400; ++i) {
    const Bytes one{static_cast<std::byte>(i)};
    append(sent, one);
    wire.client.enter();
    wire.transport.send(id, one);
    wire.simulation.run_for(50ms);
  }
  wire.simulation.run_for(60s);
  EXPECT_EQ(wire.server.received, sent);
  // About twenty of four hundred were lost; each held its successors for a retransmission timeout.
  EXPECT_GT(wire.client.segments_lost, 5u);
  Duration longest{};
  for (std::size_t i = 1; i < wire.server.arrivals.size(); ++i) {
    longest = std::max(longest, wire.server.arrivals[i].first - wire.server.arrivals[i - 1].first);
  }
  EXPECT_GE(longest, 200ms);
}

TEST(Data, FlippedInFlightArrivesFlipped) {
  Wire wire;
  const EndpointId id = wire.established();
  const Bytes sent = pattern(10);
  wire.transport.corrupt_next(wire.client, 3, std::byte{0x01});
  wire.client.enter();
  wire.transport.send(id, sent);
  wire.simulation.run_until(at(1s));
  ASSERT_EQ(wire.server.received.size(), sent.size());
  EXPECT_EQ(wire.server.received[3], sent[3] ^ std::byte{0x01});
}

TEST(Partition, IsSilenceUntilItHealsAndLosesNothing) {
  Wire wire;
  const EndpointId id = wire.established();
  const std::uint32_t fault = wire.transport.impair(blocked(false));
  const Bytes sent = pattern(3000);
  wire.client.enter();
  wire.transport.send(id, sent);
  wire.simulation.run_for(30s);
  EXPECT_TRUE(wire.server.received.empty());
  EXPECT_EQ(wire.client.when("connection reset"), Duration(-1));
  wire.transport.mend(fault);
  wire.simulation.run_for(60s);
  EXPECT_EQ(wire.server.received, sent);
}

TEST(Partition, OneWayLetsTheOtherDirectionThrough) {
  Wire wire;
  const EndpointId id = wire.established();
  const EndpointId other = wire.server.last;
  wire.transport.impair(blocked(true));
  wire.client.enter();
  wire.transport.send(id, pattern(10));
  wire.server.enter();
  wire.transport.send(other, pattern(20));
  wire.simulation.run_for(1s);
  EXPECT_EQ(wire.client.received.size(), 20u);
  EXPECT_TRUE(wire.server.received.empty());
}

TEST(Closing, DeliversWhatWasSentBefore) {
  Wire wire;
  const EndpointId id = wire.established();
  const Bytes sent = pattern(500'000);  // many windows
  wire.client.enter();
  wire.transport.send(id, sent);
  wire.transport.close(id);
  wire.simulation.run_for(10s);
  EXPECT_EQ(wire.server.received, sent);
  EXPECT_GE(wire.server.when("closed by peer"), Duration::zero());
  EXPECT_EQ(wire.transport.open_endpoints(), 0u);
  EXPECT_EQ(wire.client.released + wire.server.released, 2);
}

TEST(Crash, ResetsEveryConnectionOfTheHost) {
  Wire wire;
  wire.established();
  wire.server.enter();
  wire.transport.reset_all(wire.server);
  wire.simulation.run_for(1s);
  EXPECT_GE(wire.client.when("connection reset"), Duration::zero());
  EXPECT_EQ(wire.transport.open_endpoints(), 0u);
}

TEST(PausedReader, GetsItsDataWhenItResumes) {
  Wire wire;
  const EndpointId id = wire.established();
  wire.transport.pause_reading(wire.server.last);
  wire.client.enter();
  wire.transport.send(id, pattern(100));
  wire.simulation.run_for(1s);
  EXPECT_TRUE(wire.server.received.empty());
  wire.transport.resume_reading(wire.server.last);
  wire.simulation.run_for(1ms);
  EXPECT_EQ(wire.server.received, pattern(100));
}

TEST(Endpoint, OldMessagesFindNobodyInAReusedSlot) {
  Wire wire;
  const EndpointId first = wire.established();
  wire.client.enter();
  wire.transport.send(first, pattern(50));
  wire.transport.abort(wire.server.last);  // both sides' slots are free before the data arrives
  wire.transport.abort(first);
  wire.client.received.clear();
  wire.server.received.clear();
  wire.connect();
  wire.simulation.run_for(1s);
  EXPECT_TRUE(wire.server.received.empty());
}

}  // namespace
}  // namespace wanlab::network
