// Faults behind the edge: what a client may see of them, and what it must not.
#include "tests/edge/small_network.hpp"

#include <gtest/gtest.h>

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;
using runtime::TraceKind;

TEST(Failover, LossOfAnIdleRegionIsInvisible) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "ams");
  net.world.crash("origin-1.ams");
  net.run(50ms);
  EXPECT_EQ(net.world.traced(TraceKind::head_changed), 1u);  // at once, not at the next tick
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "fra");
  EXPECT_EQ(net.region_of(net.ask(client, "INSERT INTO t VALUES (1)")), "fra");
  EXPECT_FALSE(client.closed);
}

TEST(Failover, SilenceOfARegionMovesStatementsWithinThreeSeconds) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.run(30s);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "ams");
  net.world.partition("edge", "origin-1.ams");
  net.run(3s);
  const Instant before = net.world.now();
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "fra");
  EXPECT_LE(net.world.now() - before, 100ms);
  EXPECT_FALSE(client.closed);
}

TEST(Failover, AReadOnReplicasIsRepeatedElsewhere) {
  SmallNetwork net;
  net.start();
  net.add_user("reader", {.tablet_type = wire::TabletType::replica, .id = 3});
  net.run(1s);
  TestClient& client = net.login({.user = "reader"});
  net.ask(client, "SELECT 0");
  for (int i = 0; i < 10; ++i) net.ask(client, "SELECT 0");  // earns the budget for a repeat
  for (auto& database : net.region(0).databases) database->mood = TinyDatabase::Mood::silent;
  net.clients->query(client, "SELECT 1");
  net.run(500ms);
  net.world.crash("origin-1.ams");
  net.run(1s);
  ASSERT_EQ(client.answers.size(), 12u);
  EXPECT_EQ(client.answers.back().error, 0);
  EXPECT_EQ(net.region_of(client.answers.back()), "fra");
  EXPECT_EQ(net.edge->counters().retries, 1u);
}

TEST(Failover, RepeatsAreWithinABudget) {
  SmallNetwork net;
  net.edge_config.retry_budget_percent = 0;
  net.start();
  net.add_user("reader", {.tablet_type = wire::TabletType::replica, .id = 3});
  net.run(1s);
  TestClient& client = net.login({.user = "reader"});
  for (auto& database : net.region(0).databases) database->mood = TinyDatabase::Mood::silent;
  net.clients->query(client, "SELECT 1");
  net.run(500ms);
  net.world.crash("origin-1.ams");
  net.run(1s);
  ASSERT_EQ(client.answers.size(), 1u);
  EXPECT_EQ(client.answers[0].error, 1105);
}

TEST(Failover, AWriteOfUnknownOutcomeIsReportedAndNeverRepeated) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  for (int i = 0; i < 10; ++i) net.ask(client, "SELECT 0");  // there would be budget for a repeat
  net.region(0).databases[0]->mood = TinyDatabase::Mood::silent;
  net.clients->query(client, "INSERT INTO t VALUES (1)");
  net.run(500ms);
  net.world.crash("origin-1.ams");
  net.run(1s);
  ASSERT_EQ(client.answers.size(), 11u);
  EXPECT_EQ(client.answers[10].error, 1105);
  EXPECT_NE(client.answers[10].message.find("[wanlab:OUTCOME_UNKNOWN]"), std::string::npos);
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(net.region(1).databases[0]->statements.size(), 0u);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "fra");
}

TEST(Failover, ADatabaseLostWithinAStatementLeavesTheOutcomeUnknown) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.region(0).databases[0]->mood = TinyDatabase::Mood::hangs_up;
  EXPECT_EQ(net.ask(client, "UPDATE t SET a = 1").error, 1105);
  net.region(0).databases[0]->mood = TinyDatabase::Mood::answers;
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  net.clients->close(client);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(Failover, AnAnswerThatBreaksOffBetweenPacketsEndsInAnError) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.region(0).databases[0]->mood = TinyDatabase::Mood::breaks_off;
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 1053);
  net.region(0).databases[0]->mood = TinyDatabase::Mood::answers;
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  EXPECT_FALSE(client.closed);
}

TEST(Failover, AnAnswerThatBreaksOffWithinAPacketEndsTheConnection) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.region(0).databases[0]->mood = TinyDatabase::Mood::breaks_packet;
  net.clients->query(client, "SELECT 1");
  net.run(1s);
  EXPECT_TRUE(client.answers.empty());
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.reason, runtime::CloseReason::reset);
  EXPECT_TRUE(net.quiet());
}

TEST(Failover, WithoutALiveRegionAStatementFailsAtOnceAndTheSessionStays) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.world.crash("origin-1.ams");
  net.world.crash("origin-1.fra");
  net.run(1s);
  const Instant before = net.world.now();
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 1053);
  EXPECT_LE(net.world.now() - before, 1s);
  EXPECT_FALSE(client.closed);
  auto config = net.region(1).origin->config();
  net.region(1).origin =
      std::make_unique<origin::OriginNode>(net.world.host("origin-1.fra"), config);
  net.world.run("origin-1.fra", *net.region(1).origin);
  net.run(60s);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "fra");
}

TEST(Failover, WithoutADatabaseAStatementGoesToTheNextRegion) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.world.crash("db-0.ams");
  net.run(2s);
  EXPECT_EQ(net.region_of(net.ask(client, "INSERT INTO t VALUES (1)")), "fra");
  EXPECT_FALSE(client.closed);
}

TEST(Failover, DrainOfAnOriginIsInvisible) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "ams");
  net.region(0).databases[0]->mood = TinyDatabase::Mood::silent;
  net.clients->query(client, "SELECT 2");
  net.run(100ms);
  net.region(0).origin->drain();
  net.run(1s);
  net.region(0).databases[0]->speak();
  net.run(100ms);
  ASSERT_EQ(client.answers.size(), 2u);
  EXPECT_EQ(net.region_of(client.answers[1]), "ams");  // what ran there was finished there
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 3")), "fra");
  EXPECT_EQ(net.edge->counters().statements_failed, 0u);
}

TEST(Failover, LossOfTheStoreChangesNothingForSessionsAndLogins) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.world.crash("store");
  net.world.crash("store.ams");
  net.run(120s);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  EXPECT_TRUE(net.login().established);
}

TEST(Failover, StatementsReturnToARecoveredRegion) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.world.partition("edge", "origin-1.ams");
  net.run(10s);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "fra");
  // The other region gets worse than the old one is: its origin dies.
  net.world.heal("edge", "origin-1.ams");
  net.run(90s);
  net.world.crash("origin-1.fra");
  net.run(1s);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "ams");
}

TEST(Failover, ALoginOfUnknownOutcomeIsNotJudgedTwiceInOneRegion) {
  SmallNetwork net;
  net.start({"ams"});
  std::vector<TestClient*> clients;  // one on each connection, or about so
  for (int i = 0; i < 4; ++i) clients.push_back(&net.clients->connect());
  net.world.advance_until([&] { return net.edge->census().exchanges == 4; }, 1s);
  net.world.partition("edge", "origin-1.ams");
  // The first connection is given up; what was sent arrives after all.
  net.world.advance_until([&] { return net.world.traced(TraceKind::backhaul_down) == 1; }, 8s);
  net.world.heal("edge", "origin-1.ams");
  net.run(10s);
  int lost = 0;
  for (const TestClient* client : clients) {
    lost += client->error == 1053 ? 1 : 0;
    EXPECT_NE(client->error, 1045);  // the password was right
  }
  EXPECT_GE(lost, 1);
}

TEST(Start, OfAnEdgeIsOverOnceItKnowsTheRoutes) {
  SmallNetwork net;
  net.world.partition("edge", "store");
  net.start();
  EXPECT_EQ(net.login().reason, runtime::CloseReason::refused);
  net.world.heal("edge", "store");
  net.run(20s);
  EXPECT_TRUE(net.login().established);
}

TEST(Start, OfAnOriginSendsLoginsElsewhereUntilItKnowsTheCredentials) {
  SmallNetwork net;
  net.world.partition("origin-1.ams", "store.ams");
  net.start();
  TestClient& client = net.login();
  ASSERT_TRUE(client.established);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "fra");
  net.world.heal("origin-1.ams", "store.ams");
  net.run(20s);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "ams");
}

TEST(Start, OfTheOnlyOriginDeniesNobody) {
  SmallNetwork net;
  net.world.partition("origin-1.ams", "store.ams");
  net.start({"ams"});
  EXPECT_EQ(net.login().error, 1053);
}

TEST(Start, OfAnOriginEndsNoSessions) {
  SmallNetwork net;
  net.start({"ams"});
  TestClient& client = net.login();
  net.world.crash("origin-1.ams");
  net.world.partition("origin-1.ams", "store.ams");
  const auto config = net.region(0).origin->config();
  net.region(0).origin =
      std::make_unique<origin::OriginNode>(net.world.host("origin-1.ams"), config);
  net.world.run("origin-1.ams", *net.region(0).origin);
  net.run(10s);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 1053);
  EXPECT_FALSE(client.closed);
  net.world.heal("origin-1.ams", "store.ams");
  net.run(20s);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
}

TEST(Drain, OfAnEdgeEndsIdleSessionsEvenlyAndFinishesWhatRuns) {
  SmallNetwork net;
  net.start();
  std::vector<TestClient*> idle;
  for (int i = 0; i < 60; ++i) idle.push_back(&net.login());
  TestClient& busy = net.login();
  net.region(0).databases[0]->mood = TinyDatabase::Mood::silent;
  net.clients->query(busy, "SELECT 1");
  net.run(100ms);
  net.edge->drain();
  TestClient& late = net.login();
  EXPECT_FALSE(late.established);
  net.run(10s);
  const auto closed =
      std::count_if(idle.begin(), idle.end(), [](const auto* one) { return one->closed; });
  EXPECT_GT(closed, 10);
  net.region(0).databases[0]->speak();
  net.run(21s);
  EXPECT_TRUE(net.edge->drained());
  for (const TestClient* client : idle) EXPECT_EQ(client->error, 1053);
  ASSERT_EQ(busy.answers.size(), 1u);
  EXPECT_EQ(busy.answers[0].error, 0);
  EXPECT_TRUE(net.quiet());
}

TEST(Drain, OfAnEdgeEndsEverythingAtItsDeadline) {
  SmallNetwork net;
  net.start();
  TestClient& busy = net.login();
  net.region(0).databases[0]->mood = TinyDatabase::Mood::silent;
  net.clients->query(busy, "SELECT 1");
  net.run(100ms);
  net.edge->drain();
  net.run(31s);
  EXPECT_TRUE(net.edge->drained());
  ASSERT_EQ(busy.answers.size(), 1u);
  EXPECT_EQ(busy.answers[0].error, 1053);
}

TEST(Drain, OfAnEdgeThatIsCalledOffEndsNobodyWhoseStatementRan) {
  SmallNetwork net;
  net.start();
  TestClient& busy = net.login();
  net.region(0).databases[0]->mood = TinyDatabase::Mood::silent;
  net.clients->query(busy, "SELECT 1");
  net.run(100ms);
  net.edge->drain();
  net.run(1s);
  net.edge->undrain();
  net.region(0).databases[0]->speak();
  net.run(1s);
  ASSERT_EQ(busy.answers.size(), 1u);
  EXPECT_EQ(busy.answers[0].error, 0);
  EXPECT_FALSE(busy.closed);
  EXPECT_EQ(net.ask(busy, "SELECT 1").error, 0);
}

}  // namespace
}  // namespace wanlab::testing
