// Commands, byte for byte, and back.
#include "real_components/mysql/commands.hpp"
#include "tests/mysql/protocol.hpp"

#include <gtest/gtest.h>

namespace wanlab::mysql {
namespace {

using test::to_hex;

TEST(Commands, MatchTheDocumentedPackets) {
  Bytes out;
  write_query(out, "select 1");
  write_ping(out);
  write_quit(out);
  write_init_db(out, "test");
  EXPECT_EQ(to_hex(out),
            "09000000"
            "0373656c6563742031"
            "010000000e"
            "0100000001"
            "05000000"
            "0274657374");
}

TEST(Commands, ReadBack) {
  Bytes payload;
  append_command_payload(payload, CommandKind::query, "select 1");
  const auto command = parse_command(payload);
  ASSERT_TRUE(command);
  EXPECT_EQ(command->kind, CommandKind::query);
  EXPECT_EQ(command->argument, "select 1");
  EXPECT_FALSE(parse_command({}));
  EXPECT_EQ(static_cast<int>(parse_command(test::from_hex("c8"))->kind), 0xc8);
}

}  // namespace
}  // namespace wanlab::mysql
