// What a statement is taken for, where the first words alone would be wrong. A statement that
// counts as a read may be repeated, and a reader may run it; one that leaves something on the
// connection must not reach a connection that the next session uses too.
#include "real_components/mysql/statement.hpp"

#include <gtest/gtest.h>

#include <string>

namespace wanlab::mysql {
namespace {

TEST(Statement, ExplainUnderEveryNameExecutesWithAnalyze) {
  for (const char* name : {"EXPLAIN", "DESCRIBE", "desc"}) {
    const std::string sql(name);
    EXPECT_EQ(kind_of(sql + " SELECT 1"), StatementKind::read) << sql;
    EXPECT_EQ(kind_of(sql + " t"), StatementKind::read) << sql;
    EXPECT_EQ(kind_of(sql + " ANALYZE DELETE a FROM a JOIN b"), StatementKind::other) << sql;
    EXPECT_EQ(kind_of(sql + " /* x */ analyze SELECT 1"), StatementKind::other) << sql;
    EXPECT_NE(kind_of(sql + " /*!80018 ANALYZE */ DELETE a FROM a JOIN b"), StatementKind::read)
        << sql;
  }
}

TEST(Statement, BeginsBehindLineCommentsHoweverTheirLinesEnd) {
  for (const std::string comment : {"--\r\n", "-- x\r\n", "--\n", "--\tx\n", "#\r\n", "--\v\n"}) {
    EXPECT_EQ(kind_of(comment + "SET autocommit = 0"), StatementKind::settings) << comment;
  }
}

TEST(Statement, WithAnExecutableCommentMayBeAnything) {
  for (const char* sql : {"/*!40101 SET NAMES latin1 */", "/*!99999 SELECT */ DELETE FROM t",
                          "SELECT 1 /*! INTO OUTFILE '/tmp/x' */",
                          "CREATE /*!TEMPORARY*/ TABLE t (a INT)", "SELECT 1 /*M! INTO @x */"}) {
    EXPECT_EQ(kind_of(sql), StatementKind::open_ended) << sql;
  }
}

TEST(Statement, ThatLeavesConnectionStateIsTold) {
  for (const char* sql : {"SELECT a INTO @x FROM t", "SELECT a FROM t INTO OUTFILE '/tmp/x'",
                          "SELECT @a := 1", "SELECT GET_LOCK('a', 1)", "DO release_lock ('a')",
                          "SELECT Release_All_Locks()", "HANDLER t OPEN"}) {
    EXPECT_EQ(kind_of(sql), StatementKind::session_state) << sql;
  }
  for (const char* sql : {"FLUSH TABLES WITH READ LOCK", "FLUSH LOCAL TABLES t FOR EXPORT"}) {
    EXPECT_EQ(kind_of(sql), StatementKind::lock_tables) << sql;
  }
}

TEST(Statement, IsNotTakenForWhatItsStringsNamesAndCommentsSay) {
  for (const char* sql :
       {"SELECT 'moved into :=' FROM t", "SELECT 'it''s into' FROM t", "SELECT 'a\\' into' FROM t",
        "SELECT \"into\", `into`, t.into FROM t", "SELECT 1 /* into := GET_LOCK() */",
        "SELECT 1 -- into\n", "SELECT 1 # into", "SELECT get_lock, into_x FROM t", "SELECT 1 --",
        "SELECT 'open", "SELECT 1 /* open", "SELECT a--1 FROM t", "SELECT '/*! x */'"}) {
    EXPECT_EQ(kind_of(sql), StatementKind::read) << sql;
  }
  EXPECT_EQ(kind_of("UPDATE t SET id = LAST_INSERT_ID(id + 1)"), StatementKind::other);
  EXPECT_EQ(kind_of("INSERT INTO t VALUES (1)"), StatementKind::other);
}

TEST(Statement, CodeBehindAStringOrCommentStillCounts) {
  for (const char* sql :
       {"SELECT '' INTO @x", "SELECT 'a\\\\' INTO @x", "SELECT 1 /* x */ INTO @x",
        "SELECT 1 -- x\nINTO @x", "SELECT 1 # x\nINTO @x", "SELECT a--1 INTO @x FROM t"}) {
    EXPECT_EQ(kind_of(sql), StatementKind::session_state) << sql;
  }
}

}  // namespace
}  // namespace wanlab::mysql
