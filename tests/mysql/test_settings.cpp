// Which SET statements can be repeated on another connection, and what they come to together.
#include "real_components/mysql/settings.hpp"

#include <gtest/gtest.h>

#include <string>

namespace wanlab::mysql {
namespace {

std::string merged(std::string_view before, std::string_view statement) {
  return merge_settings(before, statement).value_or("none");
}

TEST(Settings, AreConstantsForVariablesOfTheSession) {
  EXPECT_EQ(merged("", "SET AUTOCOMMIT = 0"), "autocommit=0");
  EXPECT_EQ(merged("", "set @@session.sql_mode := 'ANSI,STRICT_ALL_TABLES';"),
            "sql_mode='ANSI,STRICT_ALL_TABLES'");
  EXPECT_EQ(merged("", "SET SESSION wait_timeout=100, LOCAL net_read_timeout = 5"),
            "net_read_timeout=5,wait_timeout=100");
  EXPECT_EQ(merged("", "SET time_zone=\"+00:00\""), "time_zone='+00:00'");
  EXPECT_EQ(merged("", "SET max_statement_time=1.5"), "max_statement_time=1.5");
  EXPECT_EQ(merged("", "SET NAMES 'utf8mb4' COLLATE utf8mb4_bin"),
            "NAMES utf8mb4 COLLATE utf8mb4_bin");
  EXPECT_EQ(merged("", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"),
            "tx_isolation='read-committed'");
  EXPECT_EQ(merged("", "SET SESSION TRANSACTION READ ONLY"), "tx_read_only=1");
}

TEST(Settings, ReplaceEarlierValues) {
  EXPECT_EQ(merged("autocommit=0,sql_mode=''", "SET sql_mode='ANSI'"),
            "autocommit=0,sql_mode='ANSI'");
  EXPECT_EQ(merged("NAMES latin1", "SET NAMES utf8"), "NAMES utf8");
  EXPECT_EQ(merged("NAMES latin1", "SET character_set_results=NULL"),
            "NAMES latin1,character_set_results=NULL");
  EXPECT_EQ(merged("NAMES latin1,character_set_results=NULL", "SET NAMES utf8"), "NAMES utf8");
  EXPECT_EQ(
      merged("tx_isolation='serializable'", "SET SESSION transaction_isolation='READ-COMMITTED'"),
      "tx_isolation='READ-COMMITTED'");
}

TEST(Settings, AreTheSameTextInWhateverOrderTheyWereGiven) {
  const std::string one = merged(merged("", "SET sql_mode=''"), "SET autocommit=0, NAMES utf8");
  const std::string other = merged(merged("", "SET NAMES utf8"), "SET autocommit=0, sql_mode=''");
  EXPECT_EQ(one, other);
}

TEST(Settings, AreNotWhatCannotBeRepeated) {
  for (const char* statement : {"SET @x = 1",
                                "SET autocommit=0, @x=1",
                                "SET sql_mode=@@global.sql_mode",
                                "SET GLOBAL a=1",
                                "SET @@global.a=1",
                                "SET a=1+1",
                                "SET a=CONCAT('a','b')",
                                "SET timestamp=1",
                                "SET insert_id=5",
                                "SET last_insert_id=5",
                                "SET session_track_schema=0",
                                "SET sql_log_bin=0",
                                "SET TRANSACTION READ ONLY",
                                "SET a='it''s'",
                                "SET a='x\\\\'",
                                "SET a='x' 'y'",
                                "SET a",
                                "SET",
                                "SET PASSWORD='x'",
                                "SET a=1; DROP TABLE t",
                                "SET NAMES 'utf8' , 5",
                                "SET @@transaction_isolation='SERIALIZABLE'",
                                "SET a=-- 1\n1"}) {
    EXPECT_EQ(merged("", statement), "none") << statement;
  }
  EXPECT_EQ(merged("", "SET sql_mode='" + std::string(longest_settings, 'a') + "'"), "none");
}

TEST(Settings, TellWhetherAutocommitIsOff) {
  for (const char* off : {"autocommit=0", "autocommit=OFF", "NAMES utf8,autocommit='off'",
                          "autocommit=False,sql_mode=''"}) {
    EXPECT_TRUE(autocommit_off(off)) << off;
  }
  for (const char* on : {"", "autocommit=1", "autocommit=ON", "autocommit=DEFAULT"}) {
    EXPECT_FALSE(autocommit_off(on)) << on;
  }
}

}  // namespace
}  // namespace wanlab::mysql
