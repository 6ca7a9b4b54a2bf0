// Where an answer ends, in both forms, cut anywhere, and what is no answer.
#include "real_components/mysql/response_reader.hpp"
#include "real_components/mysql/result_set.hpp"
#include "tests/mysql/protocol.hpp"

#include <gtest/gtest.h>
#include <array>

namespace wanlab::mysql {
namespace {

using test::from_hex;
using Kind = ResponseReader::Kind;

constexpr std::array<Capabilities, 2> both_forms{0, capability::deprecate_eof};

Bytes answer_of_rows(std::size_t rows, Capabilities capabilities,
                     StatusFlags status = status::autocommit, std::uint8_t sequence = 1) {
  const std::array<Column, 2> columns{Column{.name = "id"}, Column{.name = "name"}};
  std::vector<Value> values;
  for (std::size_t i = 0; i < rows; ++i) {
    values.emplace_back("42");
    values.emplace_back(std::nullopt);
  }
  Bytes out;
  write_result_set(out, sequence, columns, values, capabilities, status);
  return out;
}

ResponseProgress read_all(ResponseReader& reader, ByteView stream) {
  PacketAssembler assembler;
  return reader.consume(assembler, stream);
}

TEST(ResponseReader, FindsTheEndWhereverTheStreamIsCut) {
  for (const Capabilities form : both_forms) {
    const Bytes answer = answer_of_rows(3, form);
    for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
      ResponseReader reader(form);
      PacketAssembler assembler;
      ByteView first = ByteView(answer).first(cut);
      ByteView second = ByteView(answer).subspan(cut);
      const ResponseProgress early = reader.consume(assembler, first);
      EXPECT_EQ(early, cut == answer.size() ? ResponseProgress::complete : ResponseProgress::more);
      if (cut < answer.size()) {
        EXPECT_EQ(reader.consume(assembler, second), ResponseProgress::complete) << cut;
      }
      EXPECT_EQ(reader.kind(), Kind::result_set);
      EXPECT_EQ(reader.rows(), 3U);
      EXPECT_EQ(reader.columns(), 2);
      EXPECT_EQ(reader.status(), status::autocommit);
    }
  }
}

TEST(ResponseReader, CountsNoRowsWhereThereAreNone) {
  for (const Capabilities form : both_forms) {
    ResponseReader reader(form);
    EXPECT_EQ(read_all(reader, answer_of_rows(0, form)), ResponseProgress::complete);
    EXPECT_EQ(reader.rows(), 0U);
    EXPECT_EQ(reader.kind(), Kind::result_set);
  }
}

TEST(ResponseReader, LeavesTheNextAnswerAlone) {
  Bytes stream;
  write_ok(stream, 1);
  const std::size_t first = stream.size();
  write_err(stream, 1, error::unknown_database, "no");
  ResponseReader reader(0);
  PacketAssembler assembler;
  ByteView input = stream;
  EXPECT_EQ(reader.consume(assembler, input), ResponseProgress::complete);
  EXPECT_EQ(reader.kind(), Kind::ok);
  EXPECT_EQ(input.size(), stream.size() - first);
  EXPECT_FALSE(ResponseReader(0).begun());
  EXPECT_TRUE(reader.begun());
  reader.start();
  EXPECT_FALSE(reader.begun());
  EXPECT_EQ(reader.consume(assembler, input), ResponseProgress::complete);
  EXPECT_EQ(reader.kind(), Kind::error);
  EXPECT_EQ(reader.error_code(), 1049);
}

TEST(ResponseReader, AnErrorMayComeAtEveryPlaceOfAResultSet) {
  for (const Capabilities form : both_forms) {
    const auto packets = test::packets_of(answer_of_rows(2, form));
    for (std::size_t before = 0; before < packets.size(); ++before) {
      ResponseReader reader(form);
      for (std::size_t i = 0; i < before; ++i) {
        ASSERT_EQ(reader.on_packet(packets[i].sequence, packets[i].payload),
                  ResponseProgress::more);
      }
      Bytes err;
      write_err(err, static_cast<std::uint8_t>(before + 1), error::server_shutdown, "bye");
      EXPECT_EQ(read_all(reader, err), ResponseProgress::complete) << before;
      EXPECT_EQ(reader.kind(), Kind::error);
      EXPECT_EQ(reader.error_code(), 1053);
    }
  }
}

TEST(ResponseReader, GoesOnWhileMoreResultsAreAnnounced) {
  for (const Capabilities form : both_forms) {
    const auto more = static_cast<StatusFlags>(status::autocommit | status::more_results);
    Bytes stream = answer_of_rows(1, form, more);
    const auto sequence = static_cast<std::uint8_t>(test::packets_of(stream).size() + 1);
    append(stream, answer_of_rows(2, form, more, sequence));
    ResponseReader reader(form);
    PacketAssembler assembler;
    ByteView input = stream;
    EXPECT_EQ(reader.consume(assembler, input), ResponseProgress::more);
    Bytes ok;
    write_ok(ok, static_cast<std::uint8_t>(test::packets_of(stream).size() + 1));
    input = ok;
    EXPECT_EQ(reader.consume(assembler, input), ResponseProgress::complete);
    EXPECT_EQ(reader.kind(), Kind::ok);
    EXPECT_EQ(reader.rows(), 3U);
  }
}

TEST(ResponseReader, ARowLongerThanAPacketIsOneRow) {
  // The second half begins with what would be an ERR if it stood alone.
  const std::string value = std::string(largest_payload - 4, 'x') + "\xff\xff\xff";
  const std::array<Column, 1> columns{Column{.name = "a"}};
  const std::array<Value, 1> values{value};
  for (const Capabilities form : both_forms) {
    Bytes stream;
    write_result_set(stream, 1, columns, values, form);
    ResponseReader reader(form);
    EXPECT_EQ(read_all(reader, stream), ResponseProgress::complete);
    EXPECT_EQ(reader.kind(), Kind::result_set);
    EXPECT_EQ(reader.rows(), 1U);
  }
}

TEST(ResponseReader, RefusesWhatIsNoAnswer) {
  const auto read = [](const char* hex, Capabilities capabilities = 0) {
    ResponseReader reader(capabilities);
    return read_all(reader, from_hex(hex));
  };
  EXPECT_EQ(read("00 00 00 01"), ResponseProgress::malformed);                 // nothing in it
  EXPECT_EQ(read("07 00 00 02 00000002000000"), ResponseProgress::malformed);  // sequence
  EXPECT_EQ(read("01 00 00 01 fb"), ResponseProgress::malformed);     // wants a file of the client
  EXPECT_EQ(read("02 00 00 01 01 01"), ResponseProgress::malformed);  // two bytes for one number
  EXPECT_EQ(read("04 00 00 01 fd 00 00 01"), ResponseProgress::malformed);  // 65536 columns
  EXPECT_EQ(read("03 00 00 01 00 00 00"), ResponseProgress::malformed);     // an OK cut short
  EXPECT_EQ(read("02 00 00 01 ff 10"), ResponseProgress::malformed);        // an ERR cut short
  // The columns must be followed by an EOF in the classic form.
  EXPECT_EQ(read("01000001 01 01000002 61 01000003 61"), ResponseProgress::malformed);
  EXPECT_EQ(read("01000001 01 01000002 61 01000003 61", capability::deprecate_eof),
            ResponseProgress::more);
}

TEST(ResponseReader, StaysBrokenOrComplete) {
  ResponseReader reader(0);
  Bytes ok;
  write_ok(ok, 1);
  EXPECT_EQ(read_all(reader, ok), ResponseProgress::complete);
  Bytes more;
  write_ok(more, 2);
  EXPECT_EQ(read_all(reader, more), ResponseProgress::malformed);
  EXPECT_EQ(read_all(reader, ok), ResponseProgress::malformed);
  reader.start();
  EXPECT_EQ(read_all(reader, ok), ResponseProgress::complete);
}

}  // namespace
}  // namespace wanlab::mysql
