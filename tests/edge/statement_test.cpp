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
  EXPECT_EQ(kind_of("/*! INSERT INTO t VALUES (1) */"), StatementKind::session_state);
  EXPECT_EQ(kind_of("WITH a AS (SELECT 1) DELETE FROM t"), StatementKind::other);
  EXPECT_EQ(kind_of("EXPLAIN ANALYZE DELETE FROM t"), StatementKind::other);
  EXPECT_EQ(kind_of("CALL f()"), StatementKind::other);
  EXPECT_EQ(kind_of("SELECTED"), StatementKind::other);
  EXPECT_EQ(kind_of(""), StatementKind::other);
  EXPECT_EQ(kind_of("/* never closed"), StatementKind::other);
  EXPECT_EQ(kind_of("-- only this"), StatementKind::other);
}

TEST(Statement, KnowsWhatNeedsAConnectionOfItsOwn) {
  for (const char* text :
       {"BEGIN", "START TRANSACTION", "set autocommit = 0", "SET @x = 1", "LOCK TABLES t READ",
        "PREPARE s FROM 'SELECT 1'", "CREATE TEMPORARY TABLE t (a INT)", "XA START 'a'",
        "SAVEPOINT a", "SET autocommit=1, sql_mode=''", "SET NAMES utf8, sql_mode=''"}) {
    EXPECT_EQ(kind_of(text), StatementKind::session_state) << text;
  }
  EXPECT_EQ(kind_of("CREATE TABLE t (a INT)"), StatementKind::other);
}

TEST(Statement, KnowsWhatIsTrueAnyway) {
  for (const char* text :
       {"SET NAMES utf8mb4", "set autocommit=1", "SET @@autocommit = ON;", "COMMIT", "ROLLBACK"}) {
    EXPECT_EQ(kind_of(text), StatementKind::no_effect) << text;
  }
}

TEST(Statement, FindsTheDatabaseOfUse) {
  EXPECT_EQ(kind_of("use shop"), StatementKind::use_database);
  EXPECT_EQ(database_of_use("use shop"), "shop");
  EXPECT_EQ(database_of_use("USE `my shop` ;"), "my shop");
  EXPECT_EQ(database_of_use("SELECT 1"), "");
}

}  // namespace
}  // namespace wanlab::mysql
