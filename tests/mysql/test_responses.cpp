// OK, ERR, EOF: vectors of the protocol documentation, and what is not such a packet.
#include "real_components/mysql/responses.hpp"
#include "tests/mysql/protocol.hpp"

#include <gtest/gtest.h>

namespace wanlab::mysql {
namespace {

using test::from_hex;
using test::to_hex;

ByteView payload_of(const Bytes& packet) {
  return ByteView(packet).subspan(packet_header_size);
}

TEST(Responses, MatchTheDocumentedPackets) {
  Bytes ok, eof, err;
  EXPECT_EQ(write_ok(ok, 2), 3);
  EXPECT_EQ(to_hex(ok), "0700000200000002000000");
  EXPECT_EQ(write_eof(eof, 5), 6);
  EXPECT_EQ(to_hex(eof), "05000005fe00000200");
  EXPECT_EQ(write_err(err, 1, make_error(1096, "HY000"), "No tables used"), 2);
  EXPECT_EQ(to_hex(err),
            "17000001ff4804234859303030"
            "4e6f207461626c65732075736564");
}

TEST(Responses, BeforeTheGreetingAnErrorHasNoSqlState) {
  Bytes err;
  write_early_err(err, error::too_many_connections, "Too many connections");
  EXPECT_EQ(to_hex(ByteView(err).first(8)),
            "17000000ff1004"
            "54");
  const auto fields = parse_err(payload_of(err));
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->code, 1040);
  EXPECT_EQ(fields->sqlstate, "");
  EXPECT_EQ(fields->message, "Too many connections");
}

TEST(Responses, ReadBackWhatWasWritten) {
  Bytes ok;
  write_ok(ok, 1,
           {.affected_rows = 300,
            .last_insert_id = 70000,
            .status = status::in_transaction,
            .warnings = 3,
            .info = "Rows matched: 1"});
  auto fields = parse_ok(payload_of(ok));
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->affected_rows, 300U);
  EXPECT_EQ(fields->last_insert_id, 70000U);
  EXPECT_EQ(fields->status, status::in_transaction);
  EXPECT_EQ(fields->warnings, 3);
  EXPECT_EQ(fields->info, "Rows matched: 1");

  ok.clear();
  const Bytes change = from_hex("00 0f 0a 6175746f636f6d6d6974 03 4f4646");
  write_ok(ok, 1, {.status = status::session_state_changed, .session_state = change});
  fields = parse_ok(payload_of(ok));
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->info, "");
  EXPECT_EQ(to_hex(fields->session_state), to_hex(change));

  Bytes err;
  write_err(err, 1, error::access_denied, "no");
  const auto error = parse_err(payload_of(err));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, 1045);
  EXPECT_EQ(error->sqlstate, "28000");
  EXPECT_EQ(error->message, "no");
}

TEST(Responses, CutShortAreRefused) {
  Bytes ok;
  write_ok(ok, 1, {.affected_rows = 300, .info = "info"});
  const ByteView payload = payload_of(ok);
  for (std::size_t size = 0; size < payload.size(); ++size) {
    // Without any info the packet is a shorter but whole one.
    EXPECT_EQ(parse_ok(payload.first(size)).has_value(), size == payload.size() - 5) << size;
  }
  for (const char* bad : {"", "ff", "ff15", "00ff04"})
    EXPECT_FALSE(parse_err(from_hex(bad))) << bad;
  for (const char* bad : {"", "fe", "fe000002", "000000020000"}) {
    EXPECT_FALSE(parse_eof(from_hex(bad))) << bad;
  }
}

TEST(Responses, ALongPacketWithEofInFrontIsARow) {
  EXPECT_TRUE(is_eof(from_hex("fe00000200")));
  EXPECT_FALSE(is_eof(from_hex("fe0000000000000000")));
}

TEST(ErrorCodes, HaveTheirDocumentedStates) {
  EXPECT_EQ(error::access_denied.state(), "28000");
  EXPECT_EQ(error::secure_transport_required.number, 3159);
  EXPECT_EQ(error::secure_transport_required.state(), "HY000");
  EXPECT_EQ(error::unsupported_authentication.number, 1251);
  EXPECT_EQ(error::unsupported_authentication.state(), "08004");
  EXPECT_EQ(error::server_shutdown.state(), "08S01");
  EXPECT_EQ(error::connection_killed.state(), "70100");
}

}  // namespace
}  // namespace wanlab::mysql
