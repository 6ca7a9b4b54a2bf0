// Limits answer at once with the error that names them, and leave nothing behind.
#include "tests/edge/small_network.hpp"

#include <gtest/gtest.h>

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;

TEST(Limits, ATenantBeyondItsRateIsToldSo) {
  SmallNetwork net;
  net.edge_config.tenant_rate = {.per_second = 1, .burst = 3};
  net.start();
  std::vector<TestClient*> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(&net.clients->connect());
  net.run(500ms);
  int refused = 0;
  for (const TestClient* client : clients) refused += client->error == 1226 ? 1 : 0;
  EXPECT_EQ(refused, 2);
  net.run(3s);
  EXPECT_TRUE(net.login().established);
}

TEST(Limits, AnAddressBeyondItsRateIsToldSoBeforeTheGreeting) {
  SmallNetwork net;
  net.edge_config.address_rate = {.per_second = 1, .burst = 2};
  net.start();
  EXPECT_TRUE(net.login().established);
  EXPECT_TRUE(net.login().established);
  TestClient& third = net.login();
  EXPECT_EQ(third.error, 1040);
  EXPECT_EQ(third.ended - third.started, 20ms);
}

TEST(Limits, ATenantHasOnlySoManySessions) {
  SmallNetwork net;
  net.edge_config.maximum_sessions_per_tenant = 2;
  net.start();
  TestClient& first = net.login();
  EXPECT_TRUE(net.login().established);
  EXPECT_EQ(net.login().error, 1203);
  net.clients->close(first);
  net.run(100ms);
  EXPECT_TRUE(net.login().established);
}

TEST(Limits, LoginsUnderWayCountAsSessionsOfTheirTenant) {
  SmallNetwork net;
  net.edge_config.maximum_sessions_per_tenant = 2;
  net.start();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(net.login({.password = "wrong"}).error, 1045);
  std::vector<TestClient*> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(&net.clients->connect());
  net.run(1s);
  int established = 0, refused = 0;
  for (const TestClient* client : clients) {
    established += client->established ? 1 : 0;
    refused += client->error == 1203 ? 1 : 0;
  }
  EXPECT_EQ(established, 2);
  EXPECT_EQ(refused, 3);
}

TEST(Limits, AnEdgeHasOnlySoManySessions) {
  SmallNetwork net;
  net.edge_config.maximum_sessions = 2;
  net.start();
  EXPECT_TRUE(net.login().established);
  TestClient& second = net.login();
  EXPECT_TRUE(second.established);
  EXPECT_EQ(net.login().error, 1040);
  net.clients->close(second);
  net.run(100ms);
  EXPECT_TRUE(net.login().established);
}

TEST(Limits, AThousandSessionsComeAndGoWithoutATrace) {
  SmallNetwork net;
  net.start();
  for (int round = 0; round < 3; ++round) {
    std::vector<TestClient*> clients;
    for (int i = 0; i < 1000; ++i) {
      clients.push_back(&net.clients->connect({.database = "shop" + std::to_string(i % 7)}));
    }
    net.run(1s);
    for (TestClient* client : clients) {
      ASSERT_TRUE(client->established);
      net.clients->query(*client, "SELECT 1");
    }
    net.run(10s);
    for (TestClient* client : clients) {
      ASSERT_EQ(client->answers.size(), 1u);
      ASSERT_EQ(client->answers[0].error, 0);
      net.clients->close(*client);
    }
    net.run(1s);
    ASSERT_TRUE(net.quiet());
  }
  EXPECT_LE(net.edge->census().memory_bytes, 1024u * 112 + 1024 * 400 + 1024 * 400);
}

}  // namespace
}  // namespace wanlab::testing
