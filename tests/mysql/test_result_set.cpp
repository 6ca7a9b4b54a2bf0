// Text result sets: the documented one byte for byte, both endings, NULL, an error among the rows.
#include "real_components/mysql/result_set.hpp"
#include "tests/mysql/protocol.hpp"

#include <gtest/gtest.h>
#include <array>

namespace wanlab::mysql {
namespace {

using test::packets_of;
using test::to_hex;

TEST(ResultSet, MatchesTheDocumentedOne) {
  // SELECT @@version_comment LIMIT 1
  const std::array<Column, 1> columns{
      Column{.name = "@@version_comment", .collation = 8, .length = 28, .decimals = 0x1f}};
  const std::array<Value, 1> values{"MySQL Community Server (GPL)"};
  Bytes out;
  EXPECT_EQ(write_result_set(out, 1, columns, values, 0), 6);
  EXPECT_EQ(to_hex(out),
            "0100000101"
            "27000002"
            "03646566"
            "000000"
            "1140407665"
            "7273696f6e5f636f6d6d656e74"
            "00"
            "0c08001c000000fd00001f0000"
            "05000003fe00000200"
            "1d000004"
            "1c4d7953514c20436f6d6d756e69747920536572766572202847504c29"
            "05000005fe00000200");
}

TEST(ResultSet, EndsInOneOkUnderDeprecateEof) {
  const std::array<Column, 1> columns{Column{.name = "1", .type = ColumnType::long_integer}};
  const std::array<Value, 2> values{"1", "2"};
  Bytes out;
  EXPECT_EQ(write_result_set(out, 1, columns, values, capability::deprecate_eof), 6);
  const auto packets = packets_of(out);
  ASSERT_EQ(packets.size(), 5U);
  EXPECT_EQ(to_hex(packets[2].payload), "0131");
  EXPECT_EQ(to_hex(packets[3].payload), "0132");
  EXPECT_EQ(to_hex(packets[4].payload), "fe000002000000");
}

TEST(ResultSet, TellsNullFromEmpty) {
  const std::array<Column, 3> columns{Column{.name = "a"}, Column{.name = "b"},
                                      Column{.name = "c"}};
  const std::array<Value, 3> values{std::nullopt, "", "x"};
  Bytes out;
  write_result_set(out, 1, columns, values, capability::deprecate_eof);
  EXPECT_EQ(to_hex(packets_of(out)[4].payload), "fb000178");
}

TEST(ResultSet, MayEndInAnErrorInsteadOfARow) {
  const std::array<Column, 1> columns{Column{.name = "a"}};
  const std::array<Value, 1> row{"x"};
  Bytes out;
  ResultSetWriter writer(out, 1, 0);
  writer.begin(columns);
  writer.row(row);
  writer.fail(error::server_shutdown, "gone");
  const auto packets = packets_of(out);
  ASSERT_EQ(packets.size(), 5U);
  EXPECT_EQ(packets[4].payload[0], std::byte{0xff});
  EXPECT_EQ(packets[4].sequence, 5);
  EXPECT_EQ(writer.next_sequence(), 6);
}

TEST(ResultSet, SequenceNumbersWrapAround) {
  const std::array<Column, 1> columns{Column{.name = "a"}};
  const std::vector<Value> values(300, "x");
  Bytes out;
  write_result_set(out, 1, columns, values, 0);
  const auto packets = packets_of(out);
  ASSERT_EQ(packets.size(), 304U);
  for (std::size_t i = 0; i < packets.size(); ++i) EXPECT_EQ(packets[i].sequence, (i + 1) & 0xff);
}

}  // namespace
}  // namespace wanlab::mysql
