// Answers followed in pieces of every size: where they end, what they say of the session, and what
// the client gets of them.
#include "real_components/mysql/answer_follower.hpp"
#include "real_components/mysql/responses.hpp"
#include "real_components/mysql/result_set.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace wanlab::mysql {
namespace {

struct Heard {
  ResponseProgress progress = ResponseProgress::more;
  Bytes passed;
  std::size_t left = 0;
};

Heard follow(AnswerFollower& follower, ByteView answer, std::size_t piece) {
  Heard heard;
  Bytes scratch;
  while (!answer.empty() && heard.progress == ResponseProgress::more) {
    ByteView input = answer.first(std::min(piece, answer.size()));
    const std::size_t given = input.size();
    ByteView pass;
    heard.progress = follower.consume(input, scratch, pass);
    append(heard.passed, pass);
    answer = answer.subspan(given - input.size());
  }
  heard.left = answer.size();
  return heard;
}

Bytes rows(Capabilities capabilities, StatusFlags status, std::size_t size = 3) {
  const std::string text(size, '\xfe');
  const std::array<Column, 2> columns{Column{.name = "a"}, Column{.name = "b"}};
  const std::array<Value, 4> values{Value(text), Value(), Value("x"), Value("")};
  Bytes out;
  write_result_set(out, 1, columns, values, capabilities, status);
  return out;
}

Bytes tracked_ok(bool schema, std::uint8_t header = 0) {
  Bytes state;
  if (schema) {
    for (const int byte : {1, 5, 4}) state.push_back(static_cast<std::byte>(byte));
    append(state, std::string_view("shop"));
  }
  for (const int byte : {2, 1, 0x31}) state.push_back(static_cast<std::byte>(byte));
  OkFields fields;
  fields.affected_rows = 7;
  fields.info = "done";
  fields.status = status::autocommit | status::session_state_changed;
  fields.session_state = state;
  Bytes out;
  if (header == 0) {
    write_ok(out, 1, fields);
  } else {
    write_ok_as_eof(out, 1, fields);
  }
  return out;
}

constexpr std::array<std::size_t, 7> pieces{1, 2, 3, 5, 8, 100, 1'000'000};

TEST(AnswerFollower, PassesResultSetsUntouchedInPiecesOfAnySize) {
  for (const Capabilities capabilities : {Capabilities{0}, capability::deprecate_eof}) {
    const Bytes answer = rows(capabilities, status::autocommit | status::in_transaction, 70'000);
    for (const std::size_t piece : pieces) {
      AnswerFollower follower;
      follower.start(AnswerForm::results, capabilities != 0, false);
      const Heard heard = follow(follower, answer, piece);
      EXPECT_EQ(heard.progress, ResponseProgress::complete);
      EXPECT_TRUE(heard.passed == answer) << piece;
      EXPECT_EQ(follower.kind(), AnswerFollower::Kind::result_set);
      EXPECT_EQ(follower.rows(), 2u);
      EXPECT_EQ(follower.status(), status::autocommit | status::in_transaction);
    }
  }
}

TEST(AnswerFollower, StopsBehindTheLastOfSeveralResults) {
  Bytes answer = rows(0, status::more_results);
  write_ok(answer, 1, {.affected_rows = 3, .last_insert_id = 9, .status = 0, .warnings = 2});
  const std::size_t size = answer.size();
  append(answer, std::string_view("behind"));
  for (const std::size_t piece : pieces) {
    AnswerFollower follower;
    follower.start(AnswerForm::results, false, false);
    const Heard heard = follow(follower, answer, piece);
    EXPECT_EQ(heard.progress, ResponseProgress::complete);
    EXPECT_EQ(heard.passed.size(), size);
    EXPECT_EQ(heard.left, 6u);
    EXPECT_TRUE(follower.inserted());
    EXPECT_EQ(follower.affected_rows(), 3u);
    EXPECT_EQ(follower.warnings(), 2);
  }
}

TEST(AnswerFollower, TakesOutWhatWasTrackedForTheOneInBetween) {
  for (const std::size_t piece : pieces) {
    for (const bool tracking : {false, true}) {
      for (const bool schema : {false, true}) {
        AnswerFollower follower;
        follower.start(AnswerForm::results, false, tracking);
        const Heard heard = follow(follower, tracked_ok(schema), piece);
        ASSERT_EQ(heard.progress, ResponseProgress::complete);
        EXPECT_TRUE(follower.session_changed());
        EXPECT_EQ(follower.schema_changed(), schema);
        EXPECT_EQ(follower.schema(), schema ? "shop" : "");
        const auto ok = parse_ok(ByteView(heard.passed).subspan(packet_header_size));
        ASSERT_TRUE(ok);
        EXPECT_EQ(ok->affected_rows, 7u);
        EXPECT_EQ(ok->info, "done");
        const bool left = tracking && schema;
        EXPECT_EQ((ok->status & status::session_state_changed) != 0, left);
        EXPECT_EQ(ok->session_state.size(), left ? 7u : 0u);
        EXPECT_EQ(heard.passed[3], std::byte{1});
      }
    }
  }
}

TEST(AnswerFollower, TakesItOutOfTheEndOfRowsToo) {
  const Bytes answer = rows(0, status::autocommit | status::session_state_changed);
  const Bytes wanted = rows(0, status::autocommit);
  for (const std::size_t piece : pieces) {
    AnswerFollower follower;
    follower.start(AnswerForm::results, false, true);
    EXPECT_TRUE(follow(follower, answer, piece).passed == wanted);
    EXPECT_TRUE(follower.session_changed());
  }
}

TEST(AnswerFollower, ReadsAnErrorWhereverItComes) {
  Bytes alone;
  write_err(alone, 1, error::deadlock, "no");
  Bytes behind_rows = rows(0, 0);
  behind_rows.resize(behind_rows.size() - 9);  // without the EOF
  append(behind_rows, ByteView(alone));
  for (const std::size_t piece : pieces) {
    for (const Bytes& answer : {alone, behind_rows}) {
      AnswerFollower follower;
      follower.start(AnswerForm::results, false, true);
      const Heard heard = follow(follower, answer, piece);
      EXPECT_EQ(heard.progress, ResponseProgress::complete);
      EXPECT_TRUE(heard.passed == answer);
      EXPECT_EQ(follower.error_code(), 1213);
    }
  }
}

// COM_STMT_PREPARE: OK with the statement's number, then parameters and columns.
Bytes prepared(std::uint16_t columns, std::uint16_t parameters, bool deprecate_eof) {
  Bytes out;
  std::uint8_t sequence = 1;
  {
    PacketWriter packet(out, sequence, 12);
    packet.u8(0);
    packet.u32(77);
    packet.u16(columns);
    packet.u16(parameters);
    packet.u8(0);
    packet.u16(0);
    sequence = packet.finish();
  }
  for (const std::uint16_t count : {parameters, columns}) {
    for (int i = 0; i < count; ++i) {
      PacketWriter packet(out, sequence, 30);
      packet.lenenc_text("def");
      packet.zeros(20);
      sequence = packet.finish();
    }
    if (count != 0 && !deprecate_eof) sequence = write_eof(out, sequence);
  }
  return out;
}

TEST(AnswerFollower, KnowsWhereThePreparationOfAStatementEnds) {
  for (const bool deprecate_eof : {false, true}) {
    for (const std::uint16_t columns : {std::uint16_t{0}, std::uint16_t{3}}) {
      for (const std::uint16_t parameters : {std::uint16_t{0}, std::uint16_t{2}}) {
        const Bytes answer = prepared(columns, parameters, deprecate_eof);
        for (const std::size_t piece : pieces) {
          AnswerFollower follower;
          follower.start(AnswerForm::prepared, deprecate_eof, false);
          const Heard heard = follow(follower, answer, piece);
          EXPECT_EQ(heard.progress, ResponseProgress::complete);
          EXPECT_TRUE(heard.passed == answer);
          EXPECT_EQ(follower.prepared_statement(), 77u);
        }
      }
    }
  }
}

TEST(AnswerFollower, EndsBehindTheColumnsOfACursor) {
  Bytes answer = rows(0, 0);
  // Count, two columns, then an EOF that says that a cursor waits.
  std::size_t at = 0;
  for (int i = 0; i < 3; ++i) {
    at += packet_header_size + (load_little_endian<std::uint32_t>(&answer[at]) & largest_payload);
  }
  answer.resize(at);
  write_eof(answer, 4, {.status = status::cursor_exists});
  AnswerFollower follower;
  follower.start(AnswerForm::results, false, false);
  EXPECT_EQ(follow(follower, answer, 7).progress, ResponseProgress::complete);
  Bytes fetched;
  write_eof(fetched, 1, {.status = status::last_row_sent});
  follower.start(AnswerForm::rows, false, false);
  EXPECT_EQ(follow(follower, fetched, 2).progress, ResponseProgress::complete);
}

TEST(AnswerFollower, FollowsRowsOfMoreThanOnePacketWithoutKeepingThem) {
  const Bytes answer = rows(0, 0, (1u << 24) + 5);
  AnswerFollower follower;
  follower.start(AnswerForm::results, false, false);
  Bytes scratch;
  std::size_t passed = 0;
  ResponseProgress progress = ResponseProgress::more;
  for (std::size_t at = 0; at < answer.size(); at += 60'000) {
    ByteView input =
        ByteView(answer).subspan(at, std::min<std::size_t>(60'000, answer.size() - at));
    ByteView pass;
    progress = follower.consume(input, scratch, pass);
    passed += pass.size();
    EXPECT_LE(scratch.capacity(), 128u * 1024);
  }
  EXPECT_EQ(progress, ResponseProgress::complete);
  EXPECT_EQ(passed, answer.size());
  EXPECT_EQ(follower.rows(), 2u);
}

TEST(AnswerFollower, GivesUpOnWhatIsNoAnswer) {
  for (const std::string& text : {std::string("\x01\0\0\1\xfb", 5), std::string("\0\0\0\1x", 5),
                                  std::string("\2\0\0\1\0\0", 6)}) {
    AnswerFollower follower;
    follower.start(AnswerForm::results, false, false);
    EXPECT_EQ(follow(follower, as_bytes(text), 100).progress, ResponseProgress::malformed);
  }
}

}  // namespace
}  // namespace wanlab::mysql
