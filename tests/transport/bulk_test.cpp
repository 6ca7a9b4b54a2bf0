// Streams that fill their window: slow start, bandwidth, and the goodput that loss leaves.
#include "tests/transport/bench.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace wanlab::network {
namespace {

TEST(SlowStart, SendsTenSegmentsThenTwentyThenForty) {
  Wire wire({.round_trip = 100ms});
  const EndpointId id = wire.established();
  const Instant start = wire.simulation.now();
  wire.client.enter();
  wire.transport.send(id, pattern(70 * segment_payload));
  wire.simulation.run_for(10s);
  std::array<std::size_t, 3> per_round{};
  for (const auto& [at, size] : wire.server.arrivals) {
    const auto round = static_cast<std::size_t>((at - start) / 100ms);
    ASSERT_LT(round, per_round.size());
    per_round[round] += size / segment_payload;
  }
  EXPECT_EQ(per_round, (std::array<std::size_t, 3>{10, 20, 40}));
}

TEST(Bandwidth, IsWhatTheLinkHas) {
  Wire wire({.round_trip = 20ms, .bits_per_second = 100'000'000});
  const EndpointId id = wire.established();
  const Instant start = wire.simulation.now();
  wire.client.enter();
  wire.transport.send(id, pattern(20'000'000));
  wire.simulation.run_until([&] { return wire.server.received.size() == 20'000'000; }, start + 60s);
  const double seconds = static_cast<double>((wire.simulation.now() - start).count()) / 1e9;
  const double payload_share = 1448.0 / 1500.0;
  EXPECT_NEAR(20e6 * 8 / seconds, 100e6 * payload_share, 100e6 * 0.1);
}

TEST(Bandwidth, IsSharedByTheStreamsOfALink) {
  Wire wire({.round_trip = 20ms, .bits_per_second = 50'000'000});
  const EndpointId first = wire.established();
  wire.server.log.clear();
  const EndpointId second = wire.established();
  std::map<EndpointId, std::size_t> got;
  wire.server.on_bytes = [&](EndpointId endpoint, ByteView bytes) {
    got[endpoint] += bytes.size();
  };
  wire.client.enter();
  wire.transport.send(first, pattern(40'000'000));
  wire.transport.send(second, pattern(40'000'000));
  wire.simulation.run_for(5s);
  ASSERT_EQ(got.size(), 2u);
  const double ratio = static_cast<double>(got.begin()->second) /
                       static_cast<double>(std::next(got.begin())->second);
  EXPECT_GT(ratio, 0.4);
  EXPECT_LT(ratio, 2.5);
}

TEST(Bandwidth, IsNotHeldByWhatABusyHostSendsLater) {
  Wire wire({.round_trip = 20ms, .bits_per_second = 1'000'000'000});
  const EndpointId late = wire.established();
  const EndpointId early = wire.connect();
  wire.simulation.run_for(1s);
  const Instant start = wire.simulation.now();
  wire.client.work = 500ms;  // what it sends now leaves half a second later
  wire.client.enter();
  wire.transport.send(late, pattern(100));
  wire.client.work = 0ms;
  wire.client.enter();
  wire.transport.send(early, pattern(100));
  wire.simulation.run_for(1s);
  ASSERT_EQ(wire.server.arrivals.size(), 2u);
  EXPECT_LT(wire.server.arrivals[0].first - start, 10ms + 10us);
  EXPECT_GT(wire.server.arrivals[1].first - start, 510ms);
  EXPECT_LT(wire.server.arrivals[1].first - start, 510ms + 10us);
}

TEST(Backpressure, TellsTheSenderWhenThereIsRoomAgain) {
  Wire wire({.round_trip = 20ms});
  const EndpointId id = wire.established();
  wire.client.enter();
  wire.transport.send(id, pattern(1'000'000));
  EXPECT_GT(wire.transport.unsent_bytes(id), 900'000u);
  wire.simulation.run_for(10s);
  EXPECT_GE(wire.client.when("writable"), Duration::zero());
  EXPECT_EQ(wire.transport.unsent_bytes(id), 0u);
}

struct MathisCase {
  double loss;
  Duration round_trip;
};
class Mathis : public testing::TestWithParam<MathisCase> {};

// goodput = MSS / RTT * sqrt(3/2) / sqrt(p): Mathis, Semke, Mahdavi, Ott, CCR 27(3), 1997, for a
// receiver that acknowledges every segment.
TEST_P(Mathis, GoodputIsWithinFifteenPercentOfTheLaw) {
  const auto [loss, round_trip] = GetParam();
  double bytes = 0, seconds = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Wire wire({.round_trip = round_trip, .loss = loss, .seed = seed});
    const EndpointId id = wire.established();
    const auto refill = [&](EndpointId) {
      while (wire.transport.unsent_bytes(id) < 1'000'000) {
        wire.transport.send(id, pattern(1'000'000));
      }
    };
    wire.client.on_room = refill;
    wire.client.enter();
    refill(id);
    wire.simulation.run_for(20s);  // past slow start
    wire.server.received.clear();
    std::size_t received = 0;
    wire.server.on_bytes = [&](EndpointId, ByteView part) {
      received += part.size();
      wire.server.received.clear();
      wire.server.arrivals.clear();
      wire.server.log.clear();
    };
    wire.simulation.run_for(400s);
    bytes += static_cast<double>(received);
    seconds += 400;
  }
  const double rtt = static_cast<double>(round_trip.count()) / 1e9;
  const double law = segment_payload / rtt * std::sqrt(1.5) / std::sqrt(loss);
  EXPECT_NEAR(bytes / seconds / law, 1.0, 0.15)
      << "goodput " << bytes / seconds << " B/s, law " << law;
}
INSTANTIATE_TEST_SUITE_P(LossAndDelay, Mathis,
                         testing::Values(MathisCase{0.001, 20ms}, MathisCase{0.001, 100ms},
                                         MathisCase{0.01, 20ms}, MathisCase{0.01, 100ms}));

TEST(Flow, SameSeedSameHistory) {
  const auto run = [] {
    Wire wire({.round_trip = 50ms, .jitter_p90 = 5ms, .loss = 0.01, .seed = 9});
    const EndpointId id = wire.established();
    wire.client.enter();
    wire.transport.send(id, pattern(3'000'000));
    wire.simulation.run_for(100s);
    return wire.server.arrivals;
  };
  const auto first = run();
  EXPECT_EQ(first, run());
  EXPECT_GT(first.size(), 100u);
}

}  // namespace
}  // namespace wanlab::network
