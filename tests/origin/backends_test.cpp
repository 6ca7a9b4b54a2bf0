// Pools of database connections: bounded, patient for a while, and never trusting a broken
// connection.
#include "tests/origin/origin_fixture.hpp"

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;

struct Backends : OriginFixture {
  wire::Grant grant;

  void start_small(std::uint32_t connections, std::uint32_t warm) {
    net.origin_config.pool.connections = connections;
    net.origin_config.pool.warm = warm;
    start();
    EXPECT_EQ(edge->login({}, &grant), 0);
  }
  Outcome ask(std::string_view schema) {
    return edge->request(edge->query_bytes(grant, 1, "SELECT 1", schema));
  }
  static bool answered(const Outcome& outcome, std::string_view text) {
    return as_text(outcome.bytes).find(text) != std::string_view::npos;
  }
  std::size_t begin(std::string_view sql = "SELECT 1") {
    return edge->begin(edge->query_bytes(grant, 1, sql));
  }
};

TEST_F(Backends, OpensNoMoreConnectionsThanItMay) {
  start_small(3, 1);
  EXPECT_EQ(primary().connections(), 1u);
  primary().mood = TinyDatabase::Mood::silent;
  for (int i = 0; i < 20; ++i) begin("SELECT " + std::to_string(i));
  net.run(1s);
  EXPECT_EQ(primary().connections(), 3u);
  EXPECT_EQ(primary().statements.size(), 3u);
  EXPECT_EQ(origin().census().waiting, 17u);
  primary().speak();
  net.run(1s);
  EXPECT_EQ(primary().statements.size(), 20u);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(primary().statements[static_cast<std::size_t>(i)], "SELECT " + std::to_string(i));
  EXPECT_EQ(origin().census().requests, 0u);
}

TEST_F(Backends, RefuseWhoWaitedTooLong) {
  net.origin_config.pool.wait = 2s;
  start_small(1, 1);
  primary().mood = TinyDatabase::Mood::silent;
  begin();
  const std::size_t waiting = begin();
  net.run(1900ms);
  EXPECT_FALSE(edge->outcomes[waiting].ended);
  net.run(200ms);
  ASSERT_TRUE(edge->outcomes[waiting].ended);
  EXPECT_EQ(edge->outcomes[waiting].refusal()->code, 1040);
  EXPECT_FALSE(edge->outcomes[waiting].refusal()->try_elsewhere);
}

TEST_F(Backends, RefuseAtOnceWhenTooManyWait) {
  net.origin_config.pool.waiters = 2;
  start_small(1, 1);
  primary().mood = TinyDatabase::Mood::silent;
  for (int i = 0; i < 3; ++i) begin();
  const Outcome refused = edge->query(grant);
  EXPECT_EQ(refused.refusal()->code, 1040);
  EXPECT_TRUE(refused.refusal()->try_elsewhere);
}

TEST_F(Backends, ForgetAWaitingStatementWhoseClientWentAway) {
  start_small(1, 1);
  primary().mood = TinyDatabase::Mood::silent;
  begin();
  const std::size_t waiting = begin("INSERT INTO t VALUES (2)");
  net.run(100ms);
  edge->cancel(waiting);
  net.run(100ms);
  EXPECT_EQ(origin().census().requests, 1u);
  primary().speak();
  net.run(1s);
  EXPECT_EQ(primary().statements.size(), 1u);
  EXPECT_EQ(origin().census().requests, 0u);
}

TEST_F(Backends, ReportALostConnectionAsUnknownAndOpenAnother) {
  start_small(1, 1);
  primary().mood = TinyDatabase::Mood::hangs_up;
  const Outcome lost = edge->query(grant);
  EXPECT_TRUE(lost.failed);
  EXPECT_EQ(lost.processed, backhaul::Processed::unknown);
  primary().mood = TinyDatabase::Mood::answers;
  EXPECT_EQ(edge->query(grant).kind(), wire::AnswerKind::packets);
}

TEST_F(Backends, ResetAConnectionWithATransactionThatNobodySaidWouldBeThere) {
  start_small(1, 1);
  primary().mood = TinyDatabase::Mood::leaves_transaction;
  EXPECT_EQ(edge->query(grant).kind(), wire::AnswerKind::packets);
  primary().mood = TinyDatabase::Mood::answers;
  EXPECT_EQ(edge->query(grant).kind(), wire::AnswerKind::packets);
  EXPECT_EQ(primary().resets, 1u);
  EXPECT_EQ(edge->query(grant).kind(), wire::AnswerKind::packets);
  EXPECT_EQ(primary().resets, 1u);
  EXPECT_EQ(primary().accepted(), 1u);
}

TEST_F(Backends, KeepStatementsWithoutASchemaApartFromThoseWithOne) {
  start_small(1, 1);
  EXPECT_TRUE(answered(ask("shop"), "db-0.ams/shop/SELECT 1"));
  EXPECT_TRUE(answered(ask(""), "db-0.ams//SELECT 1"));
  EXPECT_EQ(primary().accepted(), 2u);
  EXPECT_TRUE(answered(ask("crm"), "db-0.ams/crm/SELECT 1"));
  EXPECT_EQ(primary().accepted(), 2u);
}

TEST_F(Backends, FindTheConnectionThatSuitsAmongTheIdleOnes) {
  start_small(3, 3);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(answered(ask("shop"), "db-0.ams/shop/SELECT 1"));
    EXPECT_TRUE(answered(ask(""), "db-0.ams//SELECT 1"));
    EXPECT_TRUE(answered(ask("crm"), "db-0.ams/crm/SELECT 1"));
  }
  EXPECT_EQ(primary().accepted(), 3u);
}

TEST_F(Backends, ServeWhoWaitsWhateverTheSchemas) {
  start_small(2, 1);
  primary().mood = TinyDatabase::Mood::silent;
  std::vector<std::size_t> numbers;
  const std::vector<std::string> schemas{"", "shop", "", "", "crm", "shop", ""};
  for (int i = 0; i < 70; ++i) {
    numbers.push_back(edge->begin(
        edge->query_bytes(grant, 1, "SELECT 1", schemas[static_cast<std::size_t>(i) % 7])));
  }
  net.run(1s);
  primary().speak();
  net.run(8s);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_TRUE(answered(edge->outcomes[numbers[i]], "db-0.ams/" + schemas[i % 7] + "/SELECT 1"))
        << i;
  }
  EXPECT_EQ(origin().census().requests, 0u);
  EXPECT_LE(primary().connections(), 2u);
}

TEST_F(Backends, DoNotTrustAConnectionWhoseSchemaWasDropped) {
  start_small(1, 1);
  EXPECT_TRUE(answered(ask("shop"), "db-0.ams/shop/SELECT 1"));
  primary().mood = TinyDatabase::Mood::has_no_database;
  ask("shop");
  primary().mood = TinyDatabase::Mood::answers;
  EXPECT_TRUE(answered(ask("shop"), "db-0.ams/shop/SELECT 1"));
  EXPECT_EQ(primary().accepted(), 2u);
}

TEST_F(Backends, TakeOnlyCommandsWhoseAnswersTheyCanFollow) {
  start_small(1, 1);
  for (const int command : {0, 1, 5, 8, 0x0c, 0x0e, 0x11, 0x12, 0x16, 0x17, 0x1b, 0x1f, 0xfa}) {
    const Outcome outcome =
        edge->request(edge->query_bytes(grant, 1, "SELECT 1", {}, static_cast<std::byte>(command)));
    ASSERT_TRUE(outcome.refusal()) << command;
    EXPECT_EQ(outcome.refusal()->code, 1047) << command;
  }
  EXPECT_EQ(primary().statements.size(), 0u);
  EXPECT_EQ(edge->query(grant).kind(), wire::AnswerKind::packets);
}

TEST_F(Backends, LetAReaderOnlyReadWhateverItsEdgeSays) {
  start_small(1, 1);
  net.add_user("viewer", {.role = "reader", .id = 12});
  net.run(1s);
  EXPECT_EQ(edge->login({.user = "viewer"}, &grant), 0);
  for (const char* sql :
       {"DELETE FROM t", "CALL p()", "SET GLOBAL a = 1", "CREATE TEMPORARY TABLE t (a INT)",
        "SELECT 1; DELETE FROM t", "/*! DELETE FROM t */"}) {
    const Outcome outcome = edge->query(grant, 1, sql);
    ASSERT_TRUE(outcome.refusal()) << sql;
    EXPECT_EQ(outcome.refusal()->code, 1142) << sql;
  }
  for (const char* sql : {"SELECT 1", "SET autocommit=0", "COMMIT"}) {
    EXPECT_FALSE(edge->query(grant, 1, sql).refusal()) << sql;
  }
}

TEST_F(Backends, RefuseSoonWhileTheDatabaseIsDownAndRecover) {
  start_small(2, 1);
  net.world.crash("db-0.ams");
  net.run(2s);
  const Instant before = net.world.now();
  const Outcome refused = edge->query(grant);
  EXPECT_EQ(refused.refusal()->code, 1053);
  EXPECT_TRUE(refused.refusal()->try_elsewhere);
  EXPECT_LE(net.world.now() - before, 100ms);
  primary().start();  // listens again
  net.run(6s);
  EXPECT_EQ(edge->query(grant).kind(), wire::AnswerKind::packets);
}

TEST_F(Backends, RefuseWhoWaitsWhenTheDatabaseGoesDown) {
  start_small(1, 1);
  primary().mood = TinyDatabase::Mood::silent;
  const std::size_t running = begin();
  const std::size_t waiting = begin();
  net.run(100ms);
  net.world.crash("db-0.ams");
  net.run(1s);
  EXPECT_TRUE(edge->outcomes[running].failed);
  ASSERT_TRUE(edge->outcomes[waiting].ended);
  EXPECT_EQ(edge->outcomes[waiting].refusal()->code, 1053);
}

TEST_F(Backends, RefuseWhatTheyHaveNotGot) {
  net.origin_config.databases.push_back({.branch = "other", .primary = {}, .replicas = {}});
  start();
  EXPECT_EQ(edge->login({}, &grant), 0);
  const Outcome refused = edge->query(grant);
  EXPECT_EQ(refused.refusal()->code, 1053);
  EXPECT_TRUE(refused.refusal()->try_elsewhere);
}

TEST_F(Backends, PassOverAReplicaThatIsDown) {
  start_small(2, 1);
  net.add_user("reader", {.tablet_type = wire::TabletType::replica, .id = 4});
  net.world.crash("db-1.ams");
  net.run(2s);
  EXPECT_EQ(edge->login({.user = "reader"}, &grant), 0);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(edge->query(grant).kind(), wire::AnswerKind::packets);
  EXPECT_EQ(net.region(0).databases[2]->statements.size(), 10u);
}

TEST_F(Backends, HoldBackADatabaseThatAnswersFasterThanTheEdgeReads) {
  net.origin_config.pool.slow_edge_bytes = 64 * 1024;
  start_small(1, 1);
  primary().filler = 8'000'000;
  const Outcome outcome = edge->query(grant);
  EXPECT_FALSE(outcome.failed);
  EXPECT_GT(outcome.bytes.size(), 8'000'000u);
  primary().filler = 0;
  EXPECT_EQ(edge->query(grant).kind(), wire::AnswerKind::packets);
}

TEST_F(Backends, TakeARequestInPieces) {
  start_small(1, 1);
  const std::string sql = "SELECT '" + std::string(100'000, 'c') + "'";
  EXPECT_FALSE(edge->query(grant, 1, sql).failed);
  EXPECT_EQ(primary().statements.back(), sql);
  EXPECT_EQ(origin().census().requests, 0u);
}

TEST_F(Backends, KeepLoggingInAfterTheDatabaseRefusedIt) {
  start_small(1, 1);
  primary().mood = TinyDatabase::Mood::hangs_up;
  edge->query(grant);
  primary().mood = TinyDatabase::Mood::refuses_login;
  net.run(3s);
  EXPECT_EQ(edge->query(grant).refusal()->code, 1053);
  primary().mood = TinyDatabase::Mood::answers;
  net.run(6s);
  EXPECT_EQ(edge->query(grant).kind(), wire::AnswerKind::packets);
}

}  // namespace
}  // namespace wanlab::testing
