// ROW_COUNT() in the words of any connection.
#include "real_components/mysql/previous.hpp"

#include <gtest/gtest.h>

#include <string>

namespace wanlab::mysql {
namespace {

TEST(RowCount, IsPutInWithItsTypeAndName) {
  EXPECT_EQ(with_row_count("SELECT ROW_COUNT()", 2),
            "SELECT COALESCE(2,ROW_COUNT()) AS `ROW_COUNT()`");
  EXPECT_EQ(with_row_count("select row_count ( ) , 1;", -1),
            "select COALESCE(-1,ROW_COUNT()) AS `row_count ( )` , 1;");
  EXPECT_EQ(with_row_count("SELECT LAST_INSERT_ID(), ROW_COUNT()", 7),
            "SELECT LAST_INSERT_ID(), COALESCE(7,ROW_COUNT()) AS `ROW_COUNT()`");
}

TEST(RowCount, KeepsItsOwnNameWhereItHasOne) {
  EXPECT_EQ(with_row_count("SELECT ROW_COUNT() AS n", 2), "SELECT COALESCE(2,ROW_COUNT()) AS n");
  EXPECT_EQ(with_row_count("SELECT ROW_COUNT() + 1", 2), "SELECT COALESCE(2,ROW_COUNT()) + 1");
  EXPECT_EQ(with_row_count("SELECT f(1, ROW_COUNT())", 2), "SELECT f(1, COALESCE(2,ROW_COUNT()))");
  EXPECT_EQ(with_row_count("INSERT INTO t VALUES (ROW_COUNT())", 2),
            "INSERT INTO t VALUES (COALESCE(2,ROW_COUNT()))");
  EXPECT_EQ(with_row_count("SELECT a FROM t ORDER BY b, ROW_COUNT()", 2),
            "SELECT a FROM t ORDER BY b, COALESCE(2,ROW_COUNT())");
}

TEST(RowCount, IsNotFoundInStringsNamesAndComments) {
  for (const char* text :
       {"SELECT 'ROW_COUNT()'", "SELECT `ROW_COUNT()`", "SELECT 1 -- ROW_COUNT()",
        "SELECT /* ROW_COUNT() */ 1", "SELECT row_count", "SELECT a.ROW_COUNT()",
        "SELECT my_row_count()", "SELECT 'it''s ROW_COUNT()', \"\\\"ROW_COUNT()\""}) {
    EXPECT_EQ(with_row_count(text, 2), text);
  }
}

TEST(RowCount, IsFoundBehindCommentsOfEveryKind) {
  // What looks like a string's beginning within a comment begins none.
  for (const std::string comment : {"--\t'", "--\n", "--\r'", "#'", "--\x01'"}) {
    EXPECT_EQ(with_row_count("SELECT " + comment + "\nROW_COUNT() + 1", 2),
              "SELECT " + comment + "\nCOALESCE(2,ROW_COUNT()) + 1");
  }
  EXPECT_EQ(with_row_count("SELECT 5 --1, ROW_COUNT() + 1", 2),
            "SELECT 5 --1, COALESCE(2,ROW_COUNT()) + 1");
  EXPECT_EQ(with_row_count("SELECT /*M! ROW_COUNT() + */ 1", 2),
            "SELECT /*M! COALESCE(2,ROW_COUNT()) + */ 1");
}

}  // namespace
}  // namespace wanlab::mysql
