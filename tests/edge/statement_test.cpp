// What is concluded from the first words of a statement, with what may not be concluded.
#include "real_components/mysql/statement.hpp"

#include <gtest/gtest.h>

namespace wanlab::mysql {
namespace {

TEST(Statement, KnowsReadsBehindCommentsAndBrackets) {
  EXPECT_EQ(kind_of("SELECT 1"), StatementKind::read);
  EXPECT_EQ(kind_of("  select\n1"), StatementKind::read);
  EXPECT_EQ(kind_of("/* trace=1 */ -- why\n# and\n(SELECT 1)"), StatementKind::read);
  EXPECT_EQ(kind_of("SHOW TABLES"), StatementKind::read);
  EXPECT_EQ(kind_of("EXPLAIN SELECT 1"), StatementKind::read);
}

TEST(Statement, TakesNothingForAReadThatMightWrite) {
  EXPECT_EQ(kind_of("INSERT INTO t VALUES (1)"), StatementKind::other);
  EXPECT_EQ(kind_of("/*! INSERT INTO t VALUES (1) */"), StatementKind::open_ended);
  EXPECT_EQ(kind_of("WITH a AS (SELECT 1) DELETE FROM t"), StatementKind::other);
  EXPECT_EQ(kind_of("EXPLAIN ANALYZE DELETE FROM t"), StatementKind::other);
  for (const char* text : {"CALL f()", "SELECTED", "", "/* never closed", "-- only this",
                           "EXECUTE IMMEDIATE 'SELECT 1'", "BEGIN NOT ATOMIC SELECT 1; END"}) {
    EXPECT_EQ(kind_of(text), StatementKind::open_ended) << text;
  }
}

TEST(Statement, KnowsWhatNeedsAConnectionOfItsOwn) {
  for (const char* text :
       {"PREPARE s FROM 'SELECT 1'", "CREATE TEMPORARY TABLE t (a INT)",
        "CREATE OR REPLACE TEMPORARY TABLE t (a INT)", "XA START 'a'", "SET ROLE r"}) {
    EXPECT_EQ(kind_of(text), StatementKind::session_state) << text;
  }
  EXPECT_EQ(kind_of("CREATE TABLE t (a INT)"), StatementKind::other);
  EXPECT_EQ(kind_of("CREATE OR REPLACE TABLE t (a INT)"), StatementKind::other);
  EXPECT_EQ(kind_of("LOCK TABLES t READ"), StatementKind::lock_tables);
  EXPECT_EQ(kind_of("unlock tables"), StatementKind::unlock_tables);
  EXPECT_EQ(kind_of("SET TRANSACTION READ ONLY"), StatementKind::next_transaction);
}

TEST(Statement, KnowsTransactionsFromBeginToEnd) {
  for (const char* text : {"BEGIN", "begin work;", "START TRANSACTION READ ONLY"}) {
    EXPECT_EQ(kind_of(text), StatementKind::begin) << text;
  }
  for (const char* text : {"COMMIT", "ROLLBACK", "rollback work ;", "/* a */ Commit -- b"}) {
    EXPECT_EQ(kind_of(text), StatementKind::end) << text;
  }
  for (const char* text :
       {"COMMIT AND CHAIN", "ROLLBACK TO a", "ROLLBACK RELEASE", "SAVEPOINT a"}) {
    EXPECT_EQ(kind_of(text), StatementKind::open_ended) << text;
  }
}

TEST(Statement, TellsWhatSurelyLeavesATransactionOpen) {
  for (const char* text : {"SELECT 1", "INSERT INTO t VALUES (1)", "UPDATE t SET a = 1",
                           "DELETE FROM t", "SAVEPOINT a", "REPLACE t VALUES (1)"}) {
    EXPECT_TRUE(classify(text).ends_no_transaction) << text;
  }
  for (const char* text : {"COMMIT", "CALL p()", "CREATE TABLE t (a INT)",
                           "ALTER TABLE t ADD b INT", "BEGIN", "TRUNCATE t", "SET autocommit=1"}) {
    EXPECT_FALSE(classify(text).ends_no_transaction) << text;
  }
}

TEST(Statement, LooksForSeveralOnlyWhereSeveralMayBe) {
  EXPECT_EQ(classify("SELECT 1; SELECT 2", true).kind, StatementKind::open_ended);
  EXPECT_EQ(classify("SELECT 1; SELECT 2", false).kind, StatementKind::read);
  EXPECT_EQ(classify("SELECT 1; ", true).kind, StatementKind::read);
  EXPECT_EQ(classify("SELECT ';'; -- x", true).kind, StatementKind::read);
  EXPECT_EQ(classify("SELECT 1; LOCK TABLES t READ", true).kind, StatementKind::session_state);
}

TEST(Statement, TellsWhatIsAskedOfTheStatementBefore) {
  EXPECT_TRUE(classify("SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 1").calculates_found_rows);
  EXPECT_TRUE(classify("INSERT INTO c VALUES (LAST_INSERT_ID())").reads_last_insert_id);
  EXPECT_TRUE(classify("SELECT @@last_insert_id").reads_last_insert_id);
  EXPECT_FALSE(classify("UPDATE t SET a = LAST_INSERT_ID(a + 1)").reads_last_insert_id);
  EXPECT_TRUE(classify("SELECT FOUND_ROWS()").reads_found_rows);
  EXPECT_TRUE(classify("select row_count()").reads_row_count);
  EXPECT_TRUE(classify("SELECT @@warning_count").reads_warnings);
  EXPECT_EQ(kind_of("SHOW WARNINGS"), StatementKind::diagnostics);
  EXPECT_EQ(kind_of("SHOW COUNT(*) ERRORS"), StatementKind::diagnostics);
  EXPECT_EQ(kind_of("SHOW ERRORS LIMIT 1"), StatementKind::diagnostics);
  EXPECT_EQ(kind_of("GET DIAGNOSTICS @a = NUMBER"), StatementKind::diagnostics);
}

TEST(Statement, KnowsWhatConcernsOthers) {
  EXPECT_EQ(kind_of("KILL QUERY 5"), StatementKind::kill);
  EXPECT_EQ(kind_of("SET PASSWORD = PASSWORD('x')"), StatementKind::refused);
}

TEST(Statement, FindsTheDatabaseOfUse) {
  EXPECT_EQ(kind_of("use shop"), StatementKind::use_database);
  EXPECT_EQ(database_of_use("use shop"), "shop");
  EXPECT_EQ(database_of_use("USE `my shop` ;"), "my shop");
  EXPECT_EQ(database_of_use("SELECT 1"), "");
}

}  // namespace
}  // namespace wanlab::mysql
