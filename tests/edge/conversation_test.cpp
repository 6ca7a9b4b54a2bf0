// Sessions with something of their own on a database connection: transactions, settings, variables,
// prepared statements; how long they keep the connection, and what they hear when it is lost.
#include "tests/edge/small_network.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;
using mysql::CommandKind;

struct Conversation : ::testing::Test {
  SmallNetwork net;

  void start() { net.start(); }
  TinyDatabase& primary(std::size_t region = 0) { return *net.region(region).databases[0]; }
  origin::OriginNode& origin(std::size_t region = 0) { return *net.region(region).origin; }
  std::uint32_t conversations() { return net.edge->census().conversations; }
  static bool in_transaction(const TestClient& client) {
    return (client.reader.status() & mysql::status::in_transaction) != 0;
  }
  static bool autocommits(const TestClient& client) {
    return (client.reader.status() & mysql::status::autocommit) != 0;
  }
  std::size_t count(const std::string& statement, std::size_t region = 0) {
    const auto& all = primary(region).statements;
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), statement));
  }
  void expect_nothing_left() {
    EXPECT_EQ(conversations(), 0u);
    for (std::size_t i = 0; i < net.regions.size(); ++i) {
      EXPECT_EQ(origin(i).census().requests, 0u);
      EXPECT_EQ(origin(i).backends().held(), 0u);
      EXPECT_EQ(origin(i).backends().busy(), 0u);
    }
    EXPECT_TRUE(net.edge->upstream().pool().check_invariants().empty());
  }
};

TEST_F(Conversation, KeepsItsConnectionFromBeginToCommit) {
  start();
  TestClient& client = net.login();
  TestClient& other = net.login();
  EXPECT_EQ(net.ask(client, "BEGIN").error, 0);
  EXPECT_TRUE(in_transaction(client));
  EXPECT_EQ(conversations(), 1u);
  EXPECT_EQ(net.ask(other, "SELECT 2").error, 0);
  EXPECT_FALSE(in_transaction(other));
  EXPECT_EQ(net.ask(client, "INSERT INTO t VALUES (1)").error, 0);
  EXPECT_TRUE(in_transaction(client));
  EXPECT_EQ(net.command(client, CommandKind::ping).error, 0);
  EXPECT_TRUE(in_transaction(client));
  EXPECT_EQ(origin().backends().held(), 1u);
  EXPECT_EQ(net.ask(client, "COMMIT").error, 0);
  EXPECT_FALSE(in_transaction(client));
  net.run(1s);
  expect_nothing_left();
  EXPECT_EQ(net.edge->census().attachments, 0u);
  EXPECT_EQ(primary().resets, 0u);  // there is nothing to be reset
}

TEST_F(Conversation, AnswersTheEndOfNoTransactionAtTheEdge) {
  start();
  TestClient& client = net.login();
  EXPECT_EQ(net.ask(client, "COMMIT").error, 0);
  EXPECT_EQ(net.ask(client, "ROLLBACK").error, 0);
  EXPECT_EQ(primary().statements.size(), 0u);
}

TEST_F(Conversation, StaysWhereItIsUntilItsEndWhenTheRouteMoves) {
  start();
  TestClient& client = net.login();
  net.ask(client, "BEGIN");
  net.put_route("app", {.clusters = {"fra"}});
  net.run(10s);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "ams");
  EXPECT_EQ(net.ask(client, "COMMIT").error, 0);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "fra");
}

TEST_F(Conversation, LosesItsTransactionWithTheOriginAndTheSessionGoesOn) {
  start();
  TestClient& client = net.login();
  net.ask(client, "BEGIN");
  net.world.crash("origin-1.ams");
  net.run(5s);
  EXPECT_FALSE(client.closed);
  const Answer told = net.ask(client, "INSERT INTO t VALUES (1)");
  EXPECT_EQ(told.error, 1213);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), "fra");
  EXPECT_FALSE(in_transaction(client));
  EXPECT_EQ(primary(1).statements.size(), 1u);
}

TEST_F(Conversation, IsToldOfALostTransactionByCommitButNotByRollback) {
  start();
  TestClient& first = net.login();
  TestClient& second = net.login();
  net.ask(first, "BEGIN");
  net.ask(second, "BEGIN");
  net.world.crash("origin-1.ams");
  net.run(5s);
  EXPECT_EQ(net.ask(first, "COMMIT").error, 1213);
  EXPECT_EQ(net.ask(first, "SELECT 1").error, 0);
  EXPECT_EQ(net.ask(second, "ROLLBACK").error, 0);
  EXPECT_EQ(net.ask(second, "SELECT 1").error, 0);
}

TEST_F(Conversation, LostWithinAStatementOfATransactionWasRolledBack) {
  start();
  TestClient& client = net.login();
  net.ask(client, "BEGIN");
  primary().mood = TinyDatabase::Mood::silent;
  net.clients->query(client, "INSERT INTO t VALUES (1)");
  net.run(1s);
  net.world.crash("origin-1.ams");
  net.run(5s);
  ASSERT_EQ(client.answers.size(), 2u);
  EXPECT_EQ(client.answers[1].error, 1213);
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
}

TEST_F(Conversation, LostWithinACommitHasAnUnknownOutcomeAndEndsTheSession) {
  start();
  for (const char* sql : {"COMMIT", "CREATE TABLE t (a INT)"}) {
    TestClient& client = net.login();
    net.ask(client, "BEGIN");
    primary().mood = TinyDatabase::Mood::silent;
    net.clients->query(client, sql);
    net.run(1s);
    primary().mood = TinyDatabase::Mood::hangs_up;
    primary().speak_as(TinyDatabase::Mood::hangs_up);
    net.run(1s);
    ASSERT_EQ(client.answers.size(), 2u) << sql;
    EXPECT_EQ(client.answers[1].error, 1053) << sql;
    EXPECT_NE(client.answers[1].message.find("COMMIT_OUTCOME_UNKNOWN"), std::string::npos);
    EXPECT_TRUE(client.closed);
    primary().mood = TinyDatabase::Mood::answers;
  }
}

TEST_F(Conversation, WithStateOnItsConnectionEndsWithIt) {
  start();
  TestClient& idle = net.login();
  TestClient& busy = net.login();
  for (TestClient* client : {&idle, &busy}) {
    EXPECT_EQ(net.ask(*client, "SET @x = 1").error, 0);
    EXPECT_EQ(net.ask(*client, "SELECT @x").error, 0);
  }
  EXPECT_EQ(conversations(), 2u);
  primary().mood = TinyDatabase::Mood::silent;
  net.clients->query(busy, "SELECT 1");
  net.run(1s);
  net.world.crash("origin-1.ams");
  net.run(5s);
  EXPECT_TRUE(idle.closed);
  EXPECT_EQ(idle.error, 1927);
  EXPECT_TRUE(busy.closed);
  ASSERT_EQ(busy.answers.size(), 3u);
  EXPECT_EQ(busy.answers[2].error, 1927);
  EXPECT_EQ(conversations(), 0u);
}

TEST_F(Conversation, ThatBeginsIsTriedElsewhereWhileNothingIsLost) {
  start();
  TestClient& client = net.login();
  net.world.crash("db-0.ams");
  net.run(2s);
  EXPECT_EQ(net.ask(client, "BEGIN").error, 0);
  EXPECT_TRUE(in_transaction(client));
  EXPECT_EQ(count("BEGIN", 1), 1u);
}

TEST_F(Conversation, OfAClientThatWentAwayIsUndone) {
  start();
  TestClient& client = net.login();
  net.ask(client, "BEGIN");
  net.clients->abort(client);
  net.run(1s);
  EXPECT_EQ(primary().resets, 1u);
  expect_nothing_left();
  EXPECT_TRUE(net.quiet());
}

TEST_F(Conversation, ThatIsIdleForTooLongIsEnded) {
  net.origin_config.pool.idle_transaction = 20s;
  start();
  TestClient& client = net.login();
  net.ask(client, "BEGIN");
  net.run(19s);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  net.run(22s);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.error, 1927);
  EXPECT_EQ(primary().resets, 1u);
  expect_nothing_left();
}

TEST_F(Conversation, IsCheckedAgainstTheCredentialAtEachStatement) {
  start();
  TestClient& client = net.login();
  net.ask(client, "BEGIN");
  net.revoke("app");
  net.run(1s);
  EXPECT_EQ(net.ask(client, "COMMIT").error, 1927);
  net.run(1s);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(count("COMMIT"), 0u);
  expect_nothing_left();
}

TEST_F(Conversation, OfAReaderSurvivesAStatementThatIsNotPermitted) {
  start();
  net.add_user("viewer", {.role = "reader", .id = 12});
  net.run(1s);
  TestClient& client = net.login({.user = "viewer"});
  EXPECT_EQ(net.ask(client, "BEGIN").error, 0);
  EXPECT_EQ(net.ask(client, "DELETE FROM t").error, 1142);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  EXPECT_TRUE(in_transaction(client));
  EXPECT_EQ(net.ask(client, "COMMIT").error, 0);
}

TEST_F(Conversation, WithPreparedStatementsLastsUntilTheLastIsClosed) {
  start();
  TestClient& client = net.login();
  Bytes closing;
  net.clients->command(client, CommandKind::statement_prepare, "SELECT 1");
  net.run(1s);
  EXPECT_EQ(conversations(), 1u);
  client.answers.clear();
  EXPECT_EQ(net.ask(client, "SELECT 2").error, 0);
  EXPECT_EQ(conversations(), 1u);
  mysql::write_command(closing, CommandKind::statement_close, std::string_view("\1\0\0\0", 4));
  net.clients->send(client, closing);
  net.run(1s);
  expect_nothing_left();
  EXPECT_EQ(net.ask(client, "SELECT 3").error, 0);
}

TEST_F(Conversation, ThatIsLetGoWhileTheNextStatementIsOnItsWayLosesNothing) {
  start();
  TestClient& client = net.login();
  net.clients->command(client, CommandKind::statement_prepare, "SELECT 1");
  net.run(1s);
  client.answers.clear();
  Bytes both;
  mysql::write_command(both, CommandKind::statement_close, std::string_view("\1\0\0\0", 4));
  mysql::write_query(both, "INSERT INTO t VALUES (1)");
  net.clients->send(client, both);
  ++client.asked;
  net.run(1s);
  ASSERT_EQ(client.answers.size(), 1u);
  EXPECT_EQ(client.answers[0].error, 0);
  EXPECT_EQ(count("INSERT INTO t VALUES (1)"), 1u);
  expect_nothing_left();
}

// --- settings -----------------------------------------------------------------------------------

struct Settings : Conversation {};

TEST_F(Settings, AreInForceWhereverTheSessionRunsAndNowhereElse) {
  net.origin_config.pool.connections = 1;
  net.origin_config.pool.warm = 1;
  start();
  TestClient& strict = net.login();
  TestClient& plain = net.login();
  EXPECT_EQ(net.ask(strict, "SET sql_mode='ANSI'").error, 0);
  EXPECT_EQ(net.edge->census().settings, 1u);
  EXPECT_EQ(net.ask(plain, "SELECT 1").error, 0);
  EXPECT_EQ(primary().settings_of_last, "");
  EXPECT_EQ(primary().resets, 1u);
  EXPECT_EQ(net.ask(strict, "SELECT 1").error, 0);
  EXPECT_EQ(primary().settings_of_last, "sql_mode='ANSI'");
  EXPECT_EQ(conversations(), 0u);
  net.put_route("app", {.clusters = {"fra"}});
  net.run(1s);
  EXPECT_EQ(net.region_of(net.ask(strict, "SELECT 1")), "fra");
  EXPECT_EQ(primary(1).settings_of_last, "sql_mode='ANSI'");
  net.clients->close(strict);
  net.run(1s);
  EXPECT_EQ(net.edge->census().settings, 0u);
}

TEST_F(Settings, ThatTheServerRefusesAreNotKept) {
  start();
  TestClient& client = net.login();
  EXPECT_EQ(net.ask(client, "SET nonsense=1").error, 1193);
  net.run(1s);
  EXPECT_EQ(net.edge->census().settings, 0u);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  EXPECT_EQ(primary().settings_of_last, "");
}

TEST_F(Settings, ThatEverySessionHasAnywayAreAnsweredAtTheEdge) {
  start();
  TestClient& client = net.login();
  const Instant before = net.world.now();
  EXPECT_EQ(net.ask(client, "SET NAMES utf8mb4").error, 0);
  EXPECT_EQ(net.ask(client, "SET autocommit=1").error, 0);
  EXPECT_EQ(net.world.now() - before, 40ms);
  EXPECT_EQ(net.edge->census().attachments, 0u);
}

TEST_F(Settings, WithoutAutocommitATransactionBeginsWithTheFirstStatement) {
  start();
  TestClient& client = net.login();
  EXPECT_EQ(net.ask(client, "SET autocommit=0").error, 0);
  EXPECT_FALSE(autocommits(client));
  EXPECT_EQ(net.command(client, CommandKind::ping).error, 0);
  EXPECT_FALSE(autocommits(client));
  EXPECT_EQ(conversations(), 0u);
  EXPECT_EQ(net.ask(client, "SELECT a FROM t").error, 0);
  EXPECT_TRUE(in_transaction(client));
  EXPECT_EQ(conversations(), 1u);
  EXPECT_EQ(net.ask(client, "COMMIT").error, 0);
  EXPECT_EQ(conversations(), 0u);
  EXPECT_EQ(net.ask(client, "ROLLBACK").error, 0);
  EXPECT_FALSE(autocommits(client));
}

TEST_F(Settings, AreGoneAfterResetConnectionWithEverythingElse) {
  start();
  TestClient& client = net.login();
  net.ask(client, "SET sql_mode='ANSI'");
  net.ask(client, "BEGIN");
  EXPECT_EQ(net.command(client, CommandKind::reset_connection).error, 0);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  EXPECT_FALSE(in_transaction(client));
  EXPECT_EQ(primary().settings_of_last, "");
  expect_nothing_left();
  EXPECT_EQ(net.edge->census().attachments, 0u);
}

// --- what is asked of earlier statements --------------------------------------------------------

TEST_F(Conversation, FindsItsInsertIdOnWhateverConnection) {
  net.origin_config.pool.connections = 1;
  net.origin_config.pool.warm = 1;
  start();
  TestClient& first = net.login();
  TestClient& second = net.login();
  EXPECT_EQ(net.ask(first, "INSERT AUTO").error, 0);
  EXPECT_EQ(net.ask(second, "INSERT AUTO").error, 0);
  EXPECT_EQ(net.ask(first, "SELECT LAST_INSERT_ID()").text, "1");
  EXPECT_EQ(net.ask(second, "SELECT LAST_INSERT_ID()").text, "2");
  EXPECT_EQ(net.ask(net.login(), "SELECT LAST_INSERT_ID()").text, "0");
  EXPECT_EQ(conversations(), 0u);
}

TEST_F(Conversation, FindsItsRowCountOnWhateverConnection) {
  start();
  TestClient& client = net.login();
  EXPECT_EQ(net.ask(client, "INSERT AUTO").error, 0);
  net.ask(client, "SELECT ROW_COUNT()");
  EXPECT_EQ(primary().statements.back(), "SELECT COALESCE(1,ROW_COUNT()) AS `ROW_COUNT()`");
  net.ask(client, "SELECT ROW_COUNT()");
  EXPECT_EQ(primary().statements.back(), "SELECT COALESCE(-1,ROW_COUNT()) AS `ROW_COUNT()`");
  EXPECT_EQ(net.ask(client, "SELECT FOUND_ROWS()").error, 1235);
}

TEST_F(Conversation, KeepsTheWarningsOfItsLastStatement) {
  net.origin_config.pool.connections = 1;
  net.origin_config.pool.warm = 1;
  start();
  TestClient& client = net.login();
  TestClient& other = net.login();
  EXPECT_EQ(net.ask(client, "FAIL").error, 1064);
  EXPECT_EQ(net.ask(other, "SELECT 1").error, 0);
  const std::size_t asked = count("SHOW WARNINGS");
  EXPECT_EQ(net.ask(client, "SHOW WARNINGS").error, 0);
  EXPECT_EQ(count("SHOW WARNINGS"), asked);  // it had been asked for before anybody else came
}

// --- KILL ---------------------------------------------------------------------------------------

struct Kill : Conversation {
  static std::string id_of(const TestClient& client) {
    return std::to_string(client.handshake.connection_id());
  }
};

TEST_F(Kill, EndsAnIdleSessionOfTheSameUser) {
  start();
  net.add_user("other", {.id = 21});
  net.run(1s);
  TestClient& killer = net.login();
  TestClient& victim = net.login();
  TestClient& stranger = net.login({.user = "other"});
  EXPECT_EQ(net.ask(stranger, "KILL " + id_of(victim)).error, 1095);
  EXPECT_EQ(net.ask(killer, "KILL QUERY " + id_of(victim)).error, 0);
  EXPECT_EQ(net.ask(victim, "SELECT 1").error, 0);
  EXPECT_EQ(net.ask(killer, "KILL CONNECTION " + id_of(victim)).error, 0);
  net.run(1s);
  EXPECT_TRUE(victim.closed);
  EXPECT_EQ(victim.error, 1927);
  EXPECT_EQ(net.ask(killer, "KILL " + id_of(victim)).error, 1094);
  EXPECT_EQ(net.ask(killer, "KILL 5").error, 1094);
}

TEST_F(Kill, ReachesTheDatabaseThatRunsTheStatement) {
  start();
  TestClient& killer = net.login();
  TestClient& victim = net.login();
  primary().mood = TinyDatabase::Mood::silent;
  net.clients->query(victim, "SELECT SLEEP(100)");
  net.run(1s);
  primary().mood = TinyDatabase::Mood::answers;
  EXPECT_EQ(net.ask(killer, "KILL QUERY " + id_of(victim)).error, 0);
  net.run(1s);
  const auto& all = primary().statements;
  EXPECT_TRUE(std::any_of(all.begin(), all.end(),
                          [](const std::string& each) { return each.starts_with("KILL QUERY "); }));
  EXPECT_TRUE(victim.answers.empty());
  EXPECT_EQ(net.ask(killer, "KILL " + id_of(victim)).error, 0);
  net.run(1s);
  ASSERT_EQ(victim.answers.size(), 1u);
  EXPECT_EQ(victim.answers[0].error, 1927);
  EXPECT_TRUE(victim.closed);
}

TEST_F(Kill, OfATransactionUndoesIt) {
  start();
  TestClient& killer = net.login();
  TestClient& victim = net.login();
  net.ask(victim, "BEGIN");
  EXPECT_EQ(net.ask(killer, "KILL " + id_of(victim)).error, 0);
  net.run(1s);
  EXPECT_TRUE(victim.closed);
  EXPECT_EQ(primary().resets, 1u);
  expect_nothing_left();
}

}  // namespace
}  // namespace wanlab::testing
