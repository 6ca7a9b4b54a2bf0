// What an edge can rely on: warm connections, one outcome per request, pings, backoff.
#include "tests/backhaul/pool_fixture.hpp"

namespace wanlab::backhaul::testing {
namespace {

class Pool : public PoolWorld {};

TEST_F(Pool, KeepsItsConnectionsWarmAndSpreadOverTheOrigins) {
  connect({"fra-1", "fra-2"});
  pass(1s);
  EXPECT_EQ(ready(), 4u);
  EXPECT_EQ(origin("fra-1").acceptor.connections(), 2u);
  EXPECT_EQ(origin("fra-2").acceptor.connections(), 2u);
  EXPECT_EQ(world.traced(runtime::TraceKind::backhaul_up), 4u);
  EXPECT_EQ(world.trace.front().text, "fra");
}

TEST_F(Pool, OpensAtMostTwoHandshakesAtOnce) {
  connect({"fra-1"});
  EXPECT_EQ(world.host("edge").open_connections(), 2u);
}

TEST_F(Pool, CarriesARequestInOneRoundTrip) {
  connect({"fra-1"});
  pass(1s);
  const Instant asked = world.now();
  ASSERT_TRUE(edge().ask("select 1", 5));
  ASSERT_TRUE(world.advance_until([&] { return edge().outcomes[5].ends == 1; }));
  EXPECT_EQ(world.now() - asked, 2 * world.delay);
  EXPECT_EQ(edge().outcomes[5].text, "re:h:select 1");
  EXPECT_EQ(origin("fra-1").requests[0].identity, "edge");
}

TEST_F(Pool, RefusesARequestAtOnceWhenNothingIsReady) {
  connect({"fra-1"});
  EXPECT_FALSE(edge().ask("too early", 1));
  EXPECT_FALSE(edge().ask("no such region", 2, 7));
  pass(1s);
  EXPECT_TRUE(edge().outcomes.empty());
}

TEST_F(Pool, OnDemandDialsARegionWhenTheFirstRequestAsksForIt) {
  pool_options.on_demand = true;
  connect({"fra-1"});
  pass(60s);
  EXPECT_EQ(world.host("edge").open_connections(), 0u);
  EXPECT_FALSE(edge().pool.opening(0));
  EXPECT_FALSE(edge().ask("too early", 1));
  EXPECT_TRUE(edge().pool.opening(0));
  pass(1s);
  EXPECT_FALSE(edge().pool.opening(0));
  EXPECT_EQ(ready(), 4u);
  EXPECT_TRUE(edge().ask("select 1", 2));
}

TEST_F(Pool, SpreadsRequestsOverItsInteractiveConnections) {
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(1s);
  std::map<std::uint32_t, int> used;
  for (std::uint64_t i = 0; i < 9; ++i) ++used[edge().ask("q", i).connection];
  EXPECT_EQ(used.size(), 3u);
  for (const auto& [connection, requests] : used) EXPECT_EQ(requests, 3);
}

TEST_F(Pool, GivesBulkAConnectionOfItsOwn) {
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(1s);
  const std::uint32_t bulk = edge().ask("load", 1, 0, bulk_class).connection;
  EXPECT_EQ(edge().ask("load", 2, 0, bulk_class).connection, bulk);
  for (std::uint64_t i = 3; i < 9; ++i) EXPECT_NE(edge().ask("q", i).connection, bulk);
}

TEST_F(Pool, PingsEverySecondGiveOrTakeATenth) {
  connect({"fra-1"});
  pass(30s);
  ASSERT_EQ(edge().links.size(), 4u);
  bool varied = false;
  for (const auto& [connection, link] : edge().links) {
    for (std::size_t i = 1; i < link.sent_at.size(); ++i) {
      const Duration gap = link.sent_at[i] - link.sent_at[i - 1];
      EXPECT_GE(gap, 900ms);
      EXPECT_LE(gap, 1100ms);
      varied |= gap != 1s;
    }
    EXPECT_GE(link.round_trips.size(), 27u);
    for (const Duration round_trip : link.round_trips) EXPECT_EQ(round_trip, 2 * world.delay);
  }
  EXPECT_TRUE(varied);
}

TEST_F(Pool, PingsASlowlyProbedRegionLessAndAtOnceWhenAsked) {
  connect({"fra-1"});
  pass(2s);
  edge().pool.set_ping_interval(0, 16s);
  pass(2s);
  const int before = edge().links[0].sent;
  pass(10s);
  EXPECT_LE(edge().links[0].sent, before + 1);
  const int asked = edge().links[0].sent;
  edge().pool.ping_now(0);
  EXPECT_EQ(edge().links[0].sent, asked + 1);
  edge().pool.set_ping_interval(0, 1s);
  pass(5s);
  EXPECT_GE(edge().links[0].sent, asked + 5);
}

TEST_F(Pool, PassesOnWhatTheOriginSaysOfItsLoad) {
  connect({"fra-1"});
  origin("fra-1").acceptor.set_load(700);
  pass(3s);
  EXPECT_EQ(edge().last_pong.load, 700u);
  EXPECT_FALSE(edge().last_pong.draining);
}

TEST_F(Pool, GivesUpASilentConnectionExactlyThreeSecondsAfterItsPing) {
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(5s);
  edge().ask("lost in the dark", 1);
  pass(15ms);
  world.partition("edge", "fra-1");
  const Instant cut = world.now();
  edge().ask("sent into the dark", 2);
  pass(5s);
  for (const auto& [connection, link] : edge().links) {
    EXPECT_EQ(link.missed, 1);
    EXPECT_EQ(link.reason, runtime::CloseReason::timed_out);
    const auto first = std::find_if(link.sent_at.begin(), link.sent_at.end(),
                                    [&](Instant at) { return at > cut - 2 * world.delay; });
    EXPECT_EQ(link.down_at - *first, 3s);
  }
  EXPECT_EQ(edge().outcomes[1].processed, Processed::unknown);
  EXPECT_EQ(edge().outcomes[2].processed, Processed::unknown);
  EXPECT_EQ(ready(), 0u);
}

TEST_F(Pool, KeepsItsConnectionsWhenItsOwnProcessStoodStill) {
  connect({"a"});
  pass(20s);
  world.freeze("edge");
  pass(10s);
  world.thaw("edge");
  pass(10s);
  for (const auto& [number, link] : edge().links) EXPECT_EQ(link.downs, 0) << number;
  EXPECT_EQ(ready(), 4u);
}

TEST_F(Pool, GivesUpASilentConnectionAlsoAfterItsOwnProcessStoodStill) {
  connect({"a"});
  pass(20s);
  world.partition("edge", "a");
  world.freeze("edge");
  pass(10s);
  world.thaw("edge");
  pass(2900ms);
  for (const auto& [number, link] : edge().links) EXPECT_EQ(link.downs, 0) << number;
  pass(200ms);
  for (const auto& [number, link] : edge().links) {
    EXPECT_EQ(link.downs, 1) << number;
    EXPECT_EQ(link.missed, 1) << number;
  }
}

TEST_F(Pool, NoticesAResetAtOnce) {
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(1s);
  edge().ask("q", 1);
  pass(15ms);
  world.crash("fra-1");
  pass(15ms);
  EXPECT_EQ(edge().outcomes[1].failures, 1);
  EXPECT_EQ(edge().outcomes[1].processed, Processed::unknown);
  EXPECT_EQ(world.traced(runtime::TraceKind::backhaul_down), 4u);
}

TEST_F(Pool, ComesBackAfterAnOutageWithinTheBackoff) {
  connect({"fra-1"});
  pass(20s);
  world.crash("fra-1");
  pass(60s);
  EXPECT_EQ(ready(), 0u);
  restart("fra-1");
  pass(6s);
  EXPECT_EQ(ready(), 4u);
}
TEST_F(Pool, TakesTheLossOfAllItsConnectionsForOneFailure) {
  pool_options.backoff_limit = 1h;  // what is waited for comes from the number of failures alone
  connect({"fra-1"});
  // Before any connection was stable, so that failures add up: 100, 200, 400, 800 ms at most.
  for (int outage = 0; outage < 4; ++outage) {
    pass(2s);
    ASSERT_EQ(ready(), 4u) << outage;
    restart("fra-1");
  }
  pass(2s);
  EXPECT_EQ(ready(), 4u);
}

TEST_F(Pool, BacksOffFromAnOriginThatRefuses) {
  world.host("fra-9");  // nothing listens there
  EdgeHost& host = edge();
  OriginHost idle(world.host("fra-9"), accept_options);
  connect({});
  const std::vector<runtime::Address> addresses{{"fra-9", port}};
  host.pool.set_region(0, "fra", addresses);
  std::size_t attempts = 0;
  for (int second = 0; second < 300; ++second) {
    attempts += world.host("edge").open_connections();
    pass(1s);
  }
  EXPECT_EQ(ready(), 0u);
  EXPECT_LT(attempts, 100u);
}

TEST_F(Pool, UsesTheOtherOriginsWhileOneIsGoneAndItAgainOnceItIsBack) {
  connect({"fra-1", "fra-2"});
  pass(20s);
  world.crash("fra-1");
  pass(10s);
  EXPECT_EQ(ready(), 4u);
  EXPECT_EQ(origin("fra-2").acceptor.connections(), 4u);
  restart("fra-1");
  pass(60s);
  EXPECT_EQ(ready(), 4u);
  EXPECT_GE(origin("fra-1").acceptor.connections(), 1u);
}

TEST_F(Pool, NeverWrittenRequestsEndAsNotProcessed) {
  pool_options.connections = 1;
  pool_options.low_water = 1000;
  world.window = 500;
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(1s);
  edge().ask(std::string(4000, 'x'), 1);  // fills what the runtime takes
  edge().ask("stays in the mux", 2);
  world.crash("fra-1");
  pass(15ms);
  EXPECT_EQ(edge().outcomes[1].processed, Processed::unknown);
  EXPECT_EQ(edge().outcomes[2].processed, Processed::no);
}

TEST_F(Pool, HandsBytesDownOnlyWhileLittleIsUnsentAndGoesOnWhenWritable) {
  pool_options.connections = 1;
  pool_options.low_water = 64 * 1024;
  connect({"fra-1"});
  pass(1s);
  const std::string big(2 << 20, 'x');
  const RequestHandle request = edge().ask(big, 1);
  EXPECT_GT(edge().pool.queued_bytes(request), 1u << 20);
  pass(20s);
  EXPECT_EQ(edge().outcomes[1].text.size(), big.size() + 2);
}

TEST_F(Pool, RetriesFromWithinAFailureGoElsewhere) {
  connect({"fra-1"});
  origin("ams-1");
  edge().pool.set_region(1, "ams", std::vector<runtime::Address>{{"ams-1", port}});
  origin("fra-1").echo = false;
  pass(1s);
  edge().retry_in = 1;
  edge().ask("begun", 1);
  pass(15ms);
  origin("fra-1").acceptor.reset(origin("fra-1").requests[0].id, ResetReason::refused,
                                 Processed::no);
  pass(1s);
  EXPECT_EQ(edge().outcomes[1].processed, Processed::no);
  EXPECT_EQ(edge().outcomes[1001].text, "re:again");
}

TEST_F(Pool, ADrainingOriginLosesNothing) {
  connect({"fra-1", "fra-2"});
  origin("fra-1").echo = false;
  origin("fra-2").echo = false;
  pass(1s);
  for (std::uint64_t i = 0; i < 12; ++i) edge().ask("q", i);
  pass(15ms);
  origin("fra-1").acceptor.drain();
  pass(100ms);
  EXPECT_GE(edge().links[0].draining + edge().links[1].draining, 1);
  for (std::uint64_t i = 12; i < 40; ++i) ASSERT_TRUE(edge().ask("q", i));
  pass(100ms);
  for (const char* name : {"fra-1", "fra-2"}) {
    for (auto& request : origin(name).requests) {
      origin(name).acceptor.respond(request.id, as_bytes("done"), true);
    }
  }
  pass(10s);
  for (std::uint64_t i = 0; i < 40; ++i) EXPECT_EQ(edge().outcomes[i].text, "done") << i;
  EXPECT_TRUE(origin("fra-1").acceptor.drained());
  EXPECT_EQ(origin("fra-2").acceptor.connections(), 4u);
}

TEST_F(Pool, RequestsThatCrossAFinalDrainAreNotProcessed) {
  accept_options.drain_grace = 0ms;
  pool_options.connections = 1;
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(1s);
  origin("fra-1").acceptor.drain();
  pass(5ms);
  edge().ask("crosses the notice", 1);
  pass(100ms);
  EXPECT_EQ(edge().outcomes[1].failures, 1);
  EXPECT_EQ(edge().outcomes[1].processed, Processed::no);
  EXPECT_TRUE(origin("fra-1").requests.empty());
}

TEST_F(Pool, ACancelledRequestIsToldToTheOriginAndEndsSilently) {
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(1s);
  const RequestHandle request = edge().ask("slow", 1);
  pass(15ms);
  edge().pool.cancel(request);
  pass(15ms);
  EXPECT_TRUE(origin("fra-1").requests[0].cancelled);
  EXPECT_TRUE(edge().outcomes.empty());
  edge().pool.cancel(request);  // once more does nothing
  EXPECT_EQ(edge().pool.requests_in_flight(0), 0u);
  EXPECT_EQ(origin("fra-1").acceptor.requests_in_flight(), 0u);
}

TEST_F(Pool, AHandleOfALostConnectionDoesNothing) {
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(1s);
  const RequestHandle old = edge().ask("q", 1);
  restart("fra-1").echo = false;
  pass(5s);
  ASSERT_TRUE(edge().ask("q", 2));
  edge().pool.cancel(old);
  edge().pool.consumed(old, 100);
  EXPECT_FALSE(edge().pool.send(old, as_bytes("x"), true));
  EXPECT_EQ(edge().pool.requests_in_flight(0), 1u);
}

TEST_F(Pool, ASlowReaderHoldsTheOriginBackAndNobodyElse) {
  pool_options.connections = 1;
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(1s);
  edge().hold = true;
  edge().ask("large", 1);
  pass(15ms);
  const RequestId id = origin("fra-1").requests[0].id;
  origin("fra-1").acceptor.respond(id, as_bytes(std::string(1 << 20, 'y')), true);
  pass(2s);
  EXPECT_EQ(edge().outcomes[1].text.size(), 256u * 1024u);
  EXPECT_GT(origin("fra-1").acceptor.queued_bytes(id), 700u * 1024u);
  edge().hold = false;
  origin("fra-1").echo = true;
  edge().ask("quick", 2);
  pass(100ms);
  EXPECT_EQ(edge().outcomes[2].ends, 1);
  edge().pool.consumed(edge().handles[1], edge().held[1]);
  pass(2s);
  EXPECT_EQ(edge().outcomes[1].text.size(), std::size_t{1} << 20);
}

TEST_F(Pool, MovesToNewAddressesWithoutCuttingRequests) {
  connect({"fra-1"});
  origin("fra-1").echo = false;
  pass(1s);
  edge().ask("q", 1);
  pass(15ms);
  connect({"fra-2"});
  pass(2s);
  EXPECT_EQ(origin("fra-2").acceptor.connections(), 4u);
  EXPECT_EQ(origin("fra-1").acceptor.connections(), 1u);  // the one with the request
  origin("fra-1").acceptor.respond(origin("fra-1").requests[0].id, as_bytes("done"), true);
  pass(1s);
  EXPECT_EQ(edge().outcomes[1].text, "done");
  EXPECT_EQ(origin("fra-1").acceptor.connections(), 0u);
}

TEST_F(Pool, ForgetsARegionThatHasNoOriginsLeft) {
  connect({"fra-1"});
  pass(1s);
  edge().pool.set_region(0, "fra", {});
  pass(40s);
  EXPECT_EQ(world.host("edge").open_connections(), 0u);
  EXPECT_EQ(world.host("edge").pending_timers(), 0u);
}

TEST_F(Pool, AnIdlePoolKeepsNoBuffers) {
  connect({"fra-1"});
  pass(30s);
  EXPECT_LE(edge().pool.memory_bytes(), 4u * 1500u);
}

TEST_F(Pool, DeclaresTheWorkOfItsFrames) {
  connect({"fra-1"});
  pass(1s);
  const auto before = world.host("edge").spent[runtime::Work::backhaul_frame];
  for (std::uint64_t i = 0; i < 10; ++i) edge().ask("q", i);
  pass(100ms);
  EXPECT_GE(world.host("edge").spent[runtime::Work::backhaul_frame], before + 20);
}

TEST_F(Pool, EveryRequestEndsOnceWhateverHappensToTheOrigins) {
  connect({"fra-1", "fra-2", "fra-3"});
  pass(1s);
  std::uint64_t state = 7, cookie = 0;
  const auto random = [&state](std::uint64_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % bound;
  };
  std::vector<std::uint64_t> accepted;
  const std::vector<std::string> names{"fra-1", "fra-2", "fra-3"};
  for (int i = 0; i < 3000; ++i) {
    if (edge().ask(std::string(random(20'000), 'q'), ++cookie)) accepted.push_back(cookie);
    const std::string& name = names[random(3)];
    switch (random(400)) {
      case 0:
        restart(name);
        break;
      case 1:
        world.partition("edge", name);
        break;
      case 2:
      case 3:
        world.heal("edge", name);
        break;
      case 4:
        origin(name).acceptor.drain();
        break;
      case 5:
        restart(name);
        break;
      default:
        break;
    }
    pass(Duration(static_cast<std::int64_t>(random(20'000'000))));
  }
  for (const std::string& name : names) world.heal("edge", name);
  pass(60s);
  EXPECT_GT(accepted.size(), 1000u);
  for (const std::uint64_t request : accepted) {
    EXPECT_EQ(edge().outcomes[request].ends + edge().outcomes[request].failures, 1) << request;
  }
  EXPECT_EQ(edge().pool.requests_in_flight(0), 0u);
}

}  // namespace
}  // namespace wanlab::backhaul::testing
