// As much of PostgreSQL's protocol as the load for figures speaks.
#include "sim/emulation/postgres_messages.hpp"

#include <gtest/gtest.h>

#include <string>

namespace wanlab::emulation {
namespace {

using namespace std::string_literals;

const std::string login = "R\0\0\0\x08\0\0\0\0"s +
                          "S\0\0\0\x0d"
                          "a\0b\0c\0d\0\0"s +
                          "Z\0\0\0\x05I"s;
const std::string refusal = "E\0\0\0\x1cSFATAL\0C28000\0Mnobody\0\0\0"s;

TEST(PostgresMessages, AnAnswerIsOverWhenTheServerIsReadyHoweverItIsCut) {
  for (std::size_t chunk = 1; chunk <= login.size(); ++chunk) {
    PostgresAnswer answer;
    for (std::size_t at = 0; at < login.size(); at += chunk) {
      EXPECT_FALSE(answer.ready());
      answer.take(as_bytes(std::string_view(login).substr(at, chunk)));
    }
    EXPECT_TRUE(answer.ready()) << "in pieces of " << chunk;
    EXPECT_EQ(answer.error(), "");
  }
}

TEST(PostgresMessages, AComplaintIsKept) {
  PostgresAnswer answer;
  answer.take(as_bytes(refusal));
  EXPECT_EQ(answer.error(), "nobody");
  EXPECT_FALSE(answer.ready());  // an error within a statement: "ready" still follows
  answer.take(as_bytes("Z\0\0\0\x05I"s));
  EXPECT_TRUE(answer.ready());
}

TEST(PostgresMessages, ADemandForAPasswordIsAComplaint) {
  PostgresAnswer answer;
  answer.take(as_bytes("R\0\0\0\x0c\0\0\0\x05salt"s));
  EXPECT_TRUE(answer.ready());
  EXPECT_NE(answer.error(), "");
}

TEST(PostgresMessages, WhatIsSaidHasTheLengthsThatTheProtocolWants) {
  Bytes out;
  write_postgres_startup(out, "me", "db");
  EXPECT_EQ(as_text(out), "\0\0\0\x1d\0\x03\0\0user\0me\0database\0db\0\0"s);
  out.clear();
  write_postgres_query(out, "SELECT 1");
  EXPECT_EQ(as_text(out), "Q\0\0\0\x0dSELECT 1\0"s);
}

}  // namespace
}  // namespace wanlab::emulation
