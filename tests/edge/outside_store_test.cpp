// Nodes whose stores are handed in from outside: everything that a store can cause happens all the
// same, although its news come between the events of the node's runtime.
#include <gtest/gtest.h>

#include "tests/edge/small_network.hpp"

namespace wanlab::testing {
namespace {

struct OutsideStore : ::testing::Test {
  OutsideStore() {
    net.outside_stores = true;
    net.edge_config.store.members.clear();  // nobody to connect to
    net.start();
  }
  SmallNetwork net;
};

TEST_F(OutsideStore, LetsClientsLogInAndAskAtOnce) {
  EXPECT_TRUE(net.edge->upstream().synchronised());
  EXPECT_TRUE(net.region(0).origin->synchronised());
  TestClient& client = net.login();
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "ams");
}

TEST_F(OutsideStore, MovesTheNextStatementOfASessionWhenItsRouteChanges) {
  TestClient& client = net.login();
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "ams");
  UserOptions options;
  options.clusters = {"fra"};
  net.put_route("app", options);
  net.run(5ms);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "fra");
  EXPECT_FALSE(client.closed);
}

TEST_F(OutsideStore, EndsSessionsAsSoonAsTheirRouteIsGone) {
  TestClient& client = net.login();
  net.remove_route("app");
  net.run(2 * net.world.delay + 5ms);  // far less than the edge's own clock ticks
  EXPECT_TRUE(client.closed);
}

TEST_F(OutsideStore, RevokesAtTheOrigins) {
  TestClient& client = net.login();
  net.revoke("app");
  net.run(5ms);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 1927);
  net.run(1s);
  EXPECT_TRUE(client.closed);
}

}  // namespace
}  // namespace wanlab::testing
