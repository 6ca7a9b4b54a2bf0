// An edge whose backhaul is opened by the first request that needs it.
#include "tests/edge/small_network.hpp"

#include <gtest/gtest.h>

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;
using runtime::TraceKind;

struct ColdNetwork : SmallNetwork {
  ColdNetwork() { edge_config.backhaul.on_demand = true; }
};

TEST(ColdBackhaul, StaysClosedUntilALoginNeedsIt) {
  ColdNetwork net;
  net.start();
  net.run(60s);
  EXPECT_EQ(net.world.traced(TraceKind::backhaul_up), 0u);
  EXPECT_TRUE(net.login().established);
  net.run(1s);
  EXPECT_EQ(net.edge->upstream().pool().ready_connections(0), 4u);
}

TEST(ColdBackhaul, CostsOnlyTheFirstLoginItsRoundTrips) {
  ColdNetwork net;
  net.start({"ams"});
  const TestClient& first = net.login();
  ASSERT_TRUE(first.established);
  net.run(1s);
  const TestClient& second = net.login();
  ASSERT_TRUE(second.established);
  // In this world a connection is up, and its peer's hello here, after one round trip.
  EXPECT_EQ((first.ended - first.started) - (second.ended - second.started), 2 * net.world.delay);
}

TEST(ColdBackhaul, AllWhoWaitedAreServed) {
  ColdNetwork net;
  net.start();
  std::vector<TestClient*> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(&net.clients->connect());
  net.run(2s);
  for (TestClient* client : clients) {
    ASSERT_TRUE(client->established);
    EXPECT_EQ(net.ask(*client, "SELECT 1").error, 0);
    net.clients->close(*client);
  }
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(ColdBackhaul, ARegionThatCannotBeReachedEndsTheWaitWithAnError) {
  ColdNetwork net;
  net.start();
  net.world.partition("edge", "origin-1.ams");
  net.world.partition("edge", "origin-1.fra");
  const TestClient& client = net.login();
  EXPECT_FALSE(client.established);
  EXPECT_EQ(client.error, 1053);
  EXPECT_GE(client.ended - client.started, net.edge_config.cold_backhaul_wait);
  EXPECT_LE(client.ended - client.started, net.edge_config.cold_backhaul_wait + 100ms);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(ColdBackhaul, GoesToTheNextRegionWhenTheFirstStaysSilent) {
  ColdNetwork net;
  net.start();
  net.world.partition("edge", "origin-1.ams");
  TestClient& client = net.login();
  ASSERT_TRUE(client.established);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "fra");
}

TEST(ColdBackhaul, AClientThatLeavesWhileWaitingLeavesNothing) {
  ColdNetwork net;
  net.start();
  net.world.partition("edge", "origin-1.ams");
  net.world.partition("edge", "origin-1.fra");
  TestClient& client = net.clients->connect();
  net.run(1s);
  EXPECT_EQ(net.edge->census().exchanges, 1u);
  net.clients->close(client);
  net.run(10s);
  EXPECT_TRUE(net.quiet());
}

TEST(ColdBackhaul, AfterItWasOpenALossFailsAtOnceAsOnAWarmEdge) {
  ColdNetwork net;
  net.start();
  TestClient& client = net.login();
  ASSERT_EQ(net.ask(client, "SELECT 1").error, 0);
  net.run(1s);
  net.world.crash("origin-1.ams");
  net.world.crash("origin-1.fra");
  net.run(1s);
  const Instant before = net.world.now();
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 1053);
  EXPECT_LE(net.world.now() - before, 100ms);
}

}  // namespace
}  // namespace wanlab::testing
