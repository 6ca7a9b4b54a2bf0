// Sessions after the login: commands, routing per statement, grants, and how they end.
#include "tests/edge/small_network.hpp"

#include <gtest/gtest.h>

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;
using mysql::CommandKind;
using runtime::TraceKind;

TEST(Session, IsSmall) {
  EXPECT_LE(sizeof(edge::Session), 112u);
  RecordProperty("session_bytes", static_cast<int>(sizeof(edge::Session)));
}

TEST(Session, AnswersPingAndResetByItself) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  const Instant before = net.world.now();
  EXPECT_EQ(net.command(client, CommandKind::ping).error, 0);
  EXPECT_EQ(net.world.now() - before, 20ms);  // no round trip behind the edge
  EXPECT_EQ(net.command(client, CommandKind::reset_connection).error, 0);
}

TEST(Session, RefusesCommandsItDoesNotKnowAndGoesOn) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  for (const auto kind : {CommandKind::create_database, CommandKind::drop_database,
                          CommandKind::refresh, CommandKind::shutdown, CommandKind::debug,
                          static_cast<CommandKind>(0x12), static_cast<CommandKind>(0xfa)}) {
    EXPECT_EQ(net.command(client, kind, "x").error, 1047);
  }
  EXPECT_EQ(net.command(client, CommandKind::statement_execute, "\1\0\0\0").error, 1243);
  EXPECT_EQ(net.ask(client, "SET autocommit=1").error, 0);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
}

TEST(Session, KeepsItsSchemaAndSendsItAlong) {
  SmallNetwork net;
  net.start();
  for (auto& database : net.region(0).databases) database->missing_schemas = {"nowhere"};
  TestClient& client = net.login({.database = "shop"});
  EXPECT_EQ(net.ask(client, "SELECT 1").text, "db-0.ams/shop/SELECT 1");
  EXPECT_EQ(net.command(client, CommandKind::init_db, "crm").error, 0);
  EXPECT_EQ(net.ask(client, "SELECT 1").text, "db-0.ams/crm/SELECT 1");
  EXPECT_EQ(net.ask(client, "USE stock").error, 0);
  EXPECT_EQ(net.ask(client, "SELECT 1").text, "db-0.ams/stock/SELECT 1");
  EXPECT_EQ(net.command(client, CommandKind::init_db, "nowhere").error, 1049);
  EXPECT_EQ(net.ask(client, "USE nowhere").error, 1049);
  EXPECT_EQ(net.ask(client, "SELECT 1").text, "db-0.ams/stock/SELECT 1");
  net.clients->close(client);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(Session, EndsWithQuitWithoutAnAnswer) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.clients->command(client, CommandKind::quit);
  net.run(1s);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.reason, runtime::CloseReason::finished);
  EXPECT_EQ(client.error, 0);
  EXPECT_TRUE(net.quiet());
}

TEST(Session, ServesPipelinedStatementsOneAfterTheOther) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  Bytes out;
  for (int i = 0; i < 200; ++i) mysql::write_query(out, "SELECT " + std::to_string(i));
  client.asked += 200;
  // In pieces that cut packets anywhere.
  for (std::size_t at = 0; at < out.size(); at += 7) {
    net.clients->send(client, ByteView(out).subspan(at, std::min<std::size_t>(7, out.size() - at)));
  }
  net.run(30s);
  ASSERT_EQ(client.answers.size(), 200u);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(client.answers[static_cast<std::size_t>(i)].text,
              "db-0.ams//SELECT " + std::to_string(i));
  }
  EXPECT_EQ(net.edge->census().exchanges, 0u);
}

TEST(Session, StopsReadingFromAClientThatSpeaksFarAhead) {
  SmallNetwork net;
  net.edge_config.pipelined_bytes = 1000;
  net.start();
  TestClient& client = net.login();
  Bytes out;
  const std::string long_statement = "SELECT '" + std::string(5000, 'a') + "'";
  for (int i = 0; i < 100; ++i) mysql::write_query(out, long_statement);
  client.asked += 100;
  for (std::size_t at = 0; at < out.size(); at += 4000) {
    net.clients->send(client,
                      ByteView(out).subspan(at, std::min<std::size_t>(4000, out.size() - at)));
  }
  net.run(30s);
  EXPECT_EQ(client.answers.size(), 100u);
}

TEST(Session, CarriesLongStatementsAndLongAnswers) {
  SmallNetwork net;
  net.start();
  net.region(0).databases[0]->filler = 3'000'000;
  TestClient& client = net.login();
  const std::string statement = "SELECT '" + std::string(2'000'000, 'b') + "'";
  const Answer answer = net.ask(client, statement);
  EXPECT_EQ(answer.error, 0);
  EXPECT_TRUE(answer.text == "db-0.ams//" + statement);
  EXPECT_GT(answer.bytes, 5'000'000u);
  EXPECT_EQ(net.ask(client, "SELECT 2").error, 0);
  net.clients->close(client);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(Session, ReadsFromTheReplicasInTurn) {
  SmallNetwork net;
  net.start();
  net.add_user("reader", {.tablet_type = wire::TabletType::replica, .id = 11});
  net.run(1s);
  TestClient& client = net.login({.user = "reader"});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  EXPECT_EQ(net.region(0).databases[0]->statements.size(), 0u);
  EXPECT_EQ(net.region(0).databases[1]->statements.size(), 50u);
  EXPECT_EQ(net.region(0).databases[2]->statements.size(), 50u);
}

TEST(Session, OfAReaderMayOnlyRead) {
  SmallNetwork net;
  net.start();
  net.add_user("viewer", {.role = "reader", .id = 12});
  net.run(1s);
  TestClient& client = net.login({.user = "viewer"});
  EXPECT_EQ(net.ask(client, "DELETE FROM t").error, 1142);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
}

TEST(Session, FollowsARouteThatMovesWithoutReconnecting) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "ams");
  net.put_route("app", {.clusters = {"fra"}});
  net.run(1s);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "fra");
  EXPECT_FALSE(client.closed);
}

TEST(Session, IsKilledWhenItsRouteGoesWhileIdle) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  TestClient& other = net.login();
  net.remove_route("app");
  net.run(1s);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.error, 1927);
  EXPECT_TRUE(other.closed);
  EXPECT_EQ(net.login().error, 1045);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(Session, IsKilledWhenItsRouteGoesDuringAStatement) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.region(0).databases[0]->mood = TinyDatabase::Mood::silent;
  net.clients->query(client, "SELECT 1");
  net.run(1s);
  net.remove_route("app");
  net.run(1s);
  EXPECT_FALSE(client.closed);
  net.region(0).databases[0]->speak();
  net.run(1s);
  ASSERT_EQ(client.answers.size(), 1u);
  EXPECT_EQ(client.answers[0].error, 0);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.error, 1927);
}

TEST(Session, IsKilledAtItsNextStatementWhenItsRouteHasExpired) {
  SmallNetwork net;
  net.start();
  net.put_route("app", {.route_expiration = net.wall_seconds() + 5});
  net.run(1s);
  TestClient& client = net.login();
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  net.run(10s);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 1927);
  net.run(1s);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(net.login().error, 1045);
}

TEST(Session, IsKilledAtItsNextStatementWhenItsCredentialIsRevoked) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  net.revoke("app");
  net.run(1s);
  const Answer answer = net.ask(client, "SELECT 1");
  EXPECT_EQ(answer.error, 1927);
  EXPECT_EQ(answer.message, "Connection was killed: credential revoked");
  net.run(1s);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(net.login().error, 1045);
  EXPECT_EQ(net.region(0).databases[0]->statements.size(), 1u);
}

TEST(Session, IsKilledWhenItsCredentialGetsAnotherSecret) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.add_user("app", {.password = "another"});
  net.run(1s);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 1927);
  EXPECT_EQ(net.login().error, 1045);
  EXPECT_TRUE(net.login({.password = "another"}).established);
}

TEST(Session, DoesNotOutliveItsCredential) {
  SmallNetwork net;
  net.start();
  net.add_user("short", {.credential_expiration = net.wall_seconds() + 60, .id = 77});
  net.run(1s);
  TestClient& client = net.login({.user = "short"});
  TestClient& idle = net.login({.user = "short"});
  net.run(50s);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  net.run(20s);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 1927);
  EXPECT_EQ(net.command(idle, CommandKind::ping).error, 1927);
}

TEST(Session, WithTrafficGetsItsGrantRenewedAlongWithAnswers) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  for (int i = 0; i < 60; ++i) {
    net.run(30s);
    ASSERT_EQ(net.ask(client, "SELECT 1").error, 0) << i;
  }
  EXPECT_EQ(net.edge->counters().renewals, 0u);
}

TEST(Session, WithoutTrafficHasItsGrantRenewed) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.run(1800s);
  EXPECT_GE(net.edge->counters().renewals, 6u);
  EXPECT_LE(net.edge->counters().renewals, 8u);
  EXPECT_EQ(net.command(client, CommandKind::ping).error, 0);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  net.revoke("app");
  net.run(300s);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.error, 1927);
  EXPECT_TRUE(net.quiet());
}

TEST(Session, KeepsTryingToRenewWhileNoRegionAnswers) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.run(250s);
  net.world.partition("edge", "origin-1.ams");
  net.world.partition("edge", "origin-1.fra");
  net.run(20s);
  net.world.heal("edge", "origin-1.ams");
  net.run(20s);
  EXPECT_GE(net.region(0).origin->counters().renewals, 1u);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
}

TEST(Session, ThatEndsDuringARenewalDoesNotDisturbTheOthers) {
  SmallNetwork net;
  net.start();
  TestClient& first = net.login();
  TestClient& second = net.login();
  net.run(10s);
  TestClient& third = net.login();
  net.world.advance_until([&] { return net.edge->counters().renewals == 2; }, 300s);
  net.clients->abort(first);
  net.run(600s);
  EXPECT_EQ(net.command(second, CommandKind::ping).error, 0);
  EXPECT_EQ(net.command(third, CommandKind::ping).error, 0);
  EXPECT_EQ(net.edge->census().sessions, 2u);
}

TEST(Session, HoldsBackTheOriginWhileItsClientDoesNotRead) {
  SmallNetwork net;
  net.start();
  net.region(0).databases[0]->filler = 5'000'000;
  TestClient& client = net.login();
  net.clients->stop_reading(client);
  net.clients->query(client, "SELECT 1");
  net.run(30s);
  EXPECT_TRUE(client.answers.empty());
  // What is on its way is bounded by windows and marks on each leg, not by the answer.
  EXPECT_GT(net.region(0).origin->census().requests, 0u);
  net.clients->read_on(client);
  net.run(30s);
  ASSERT_EQ(client.answers.size(), 1u);
  EXPECT_EQ(client.answers[0].error, 0);
  EXPECT_GT(client.answers[0].bytes, 5'000'000u);
}

TEST(Session, OfASlowReaderGivesBackAllCreditOnceAnswered) {
  SmallNetwork net;
  net.start();
  net.region(0).databases[0]->filler = 400'000;  // the last of it arrives while the rest waits
  TestClient& client = net.login();
  net.clients->stop_reading(client);
  net.clients->query(client, "SELECT 1");
  net.run(10s);
  net.clients->read_on(client);
  net.run(10s);
  ASSERT_EQ(client.answers.size(), 1u);
  EXPECT_EQ(net.edge->upstream().pool().requests_in_flight(0), 0u);
  net.clients->close(client);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(Session, HearsOnAfterALoginThatTheClientDidNotWaitFor) {
  SmallNetwork net;
  net.edge_config.pipelined_bytes = 1000;
  net.start();
  TestClient& client = net.clients->connect();
  net.world.advance_until([&] { return net.edge->census().exchanges == 1; }, 1s);
  ASSERT_FALSE(client.established);
  // The first part fills the edge's patience before the OK; the rest can only come after it.
  Bytes out;
  mysql::write_query(out, "SELECT '" + std::string(5000, 'a') + "'");
  ++client.asked;
  net.clients->send(client, ByteView(out).first(2000));
  net.run(1s);
  net.clients->send(client, ByteView(out).subspan(2000));
  net.run(10s);
  ASSERT_EQ(client.answers.size(), 1u);
  EXPECT_EQ(client.answers[0].error, 0);
}

TEST(Session, IsReadNoFasterThanItsStatementsAreServed) {
  SmallNetwork net;
  net.edge_config.pipelined_bytes = 1000;
  net.start();
  TestClient& client = net.login();
  Bytes out;
  while (out.size() < 200'000) mysql::write_query(out, "SELECT 1");
  for (std::size_t at = 0; at < out.size(); at += 500) {
    net.clients->send(client,
                      ByteView(out).subspan(at, std::min<std::size_t>(500, out.size() - at)));
  }
  client.asked += 100'000;
  net.run(5s);
  EXPECT_GT(client.answers.size(), 100u);
  EXPECT_LT(client.answers.size(), 200u);
  // 200 statements of 13 bytes, and what may be sent ahead of them.
  const std::size_t unread = net.world.host("client").unsent_bytes_total() + net.world.window;
  EXPECT_GE(unread, out.size() - 200 * 13 - 2 * 1000);
}

TEST(Session, GoesOnReadingAfterStatementsThatFailAtOnce) {
  SmallNetwork net;
  net.edge_config.pipelined_bytes = 1000;
  net.start();
  TestClient& client = net.login();
  net.region(0).databases[0]->mood = TinyDatabase::Mood::silent;
  Bytes out;
  for (int i = 0; i < 300; ++i) mysql::write_query(out, "SELECT " + std::to_string(i));
  client.asked += 300;
  for (std::size_t at = 0; at < out.size(); at += 300) {
    net.clients->send(client,
                      ByteView(out).subspan(at, std::min<std::size_t>(300, out.size() - at)));
  }
  net.run(1s);
  net.world.crash("origin-1.ams");
  net.world.crash("origin-1.fra");
  net.run(10s);
  ASSERT_EQ(client.answers.size(), 300u);
  EXPECT_EQ(client.answers[0].error, 1105);
  EXPECT_EQ(client.answers[299].error, 1053);
}

TEST(Session, SurvivesARegionThatHasItsCredentialNoMore) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "ams");
  net.remove(*net.region(0).store, control::credential_key("app"));
  net.run(1s);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "fra");
  EXPECT_FALSE(client.closed);
}

TEST(Session, HasItsGrantRenewedByAnotherRegionWhenTheFirstCannot) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  origin::GrantKeyRecord key;
  key.secret[0] = std::byte{42};
  key.used_from = net.wall_seconds() + 100'000;
  std::string value;
  origin::encode(key, value);
  net.put(*net.region(0).store, origin::grant_key_key("main", 1), value);
  net.run(280s);
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(net.region(0).origin->counters().renewals, 0u);
  EXPECT_EQ(net.region(1).origin->counters().renewals, 1u);
}

TEST(Session, StaysWhileNoRegionCanRenewItsGrantAndTriesAgain) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  origin::GrantKeyRecord key;
  key.secret[0] = std::byte{42};
  key.used_from = net.wall_seconds() + 280;
  std::string value;
  origin::encode(key, value);
  for (auto& region : net.regions) {
    net.put(*region->store, origin::grant_key_key("main", 1), value);
  }
  net.run(270s);
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(net.region(0).origin->counters().renewals, 0u);
  net.run(25s);
  EXPECT_EQ(net.region(0).origin->counters().renewals, 1u);
  EXPECT_EQ(net.command(client, CommandKind::ping).error, 0);
}

TEST(Session, RefusesPacketsThatCannotBeRightAndCloses) {
  SmallNetwork net;
  net.edge_config.maximum_statement = 1000;
  net.start();
  const auto error_for = [&](Bytes raw) {
    TestClient& client = net.login();
    ++client.asked;
    net.clients->send(client, raw);
    net.run(1s);
    EXPECT_TRUE(client.closed);
    return client.answers.empty() ? 0 : client.answers.back().error;
  };
  Bytes large;
  mysql::write_query(large, std::string(2000, 'a'));
  EXPECT_EQ(error_for(large), 1153);
  Bytes sequence;
  mysql::write_query(sequence, "SELECT 1");
  sequence[3] = std::byte{3};
  EXPECT_EQ(error_for(sequence), 1156);
  EXPECT_EQ(error_for(Bytes(4, std::byte{0})), 1835);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(Session, ThatDisappearsDuringAStatementLeavesNothing) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  net.region(0).databases[0]->mood = TinyDatabase::Mood::silent;
  net.clients->query(client, "SELECT 1");
  net.run(1s);
  EXPECT_EQ(net.region(0).origin->census().requests, 1u);
  net.clients->abort(client);
  net.run(1s);
  // The database still works on it; its connection is of no use before it answers.
  EXPECT_EQ(net.edge->census().sessions, 0u);
  EXPECT_EQ(net.region(0).origin->census().requests, 1u);
  net.region(0).databases[0]->speak();
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

}  // namespace
}  // namespace wanlab::testing
