// Messages of the connection phase: the documentation's example packets, and every way to cut them.
#include "real_components/mysql/handshake_messages.hpp"
#include "tests/mysql/protocol.hpp"

#include <gtest/gtest.h>

namespace wanlab::mysql {
namespace {

using test::from_hex;
using test::packets_of;
using test::to_hex;

// "Protocol::HandshakeV10" of the MySQL documentation: 5.6.4, with a plugin.
const Bytes greeting_564 = from_hex(
    "0a 352e362e342d6d372d6c6f6700 560a0000 5242337a7a264772 00 ffff 08 0200 0fc0 15 "
    "00000000000000000000 2b7944262f5a5a3330355a47 00 "
    "6d7973716c5f6e61746976655f70617373776f726400");

// "Protocol::HandshakeResponse41": user pam, native proof, database test.
const Bytes response_pam = from_hex(
    "8da60f00 00000001 08 0000000000000000000000000000000000000000000000 70616d00 "
    "14 ab09eef6bcb1323e61143865c0991d957d75d447 7465737400 "
    "6d7973716c5f6e61746976655f70617373776f726400");

TEST(Greeting, OfAServerIsRead) {
  const auto greeting = parse_greeting(greeting_564);
  ASSERT_TRUE(greeting);
  EXPECT_EQ(greeting->server_version, "5.6.4-m7-log");
  EXPECT_EQ(greeting->connection_id, 0x0a56U);
  EXPECT_EQ(as_text(greeting->nonce), "RB3zz&Gr+yD&/ZZ305ZG");
  EXPECT_EQ(greeting->capabilities, 0xc00fffffU);
  EXPECT_EQ(greeting->collation, 8);
  EXPECT_EQ(greeting->status, 2);
  EXPECT_EQ(greeting->plugin, "mysql_native_password");
}

TEST(Greeting, IsWrittenAsItWasRead) {
  const auto greeting = parse_greeting(greeting_564);
  Bytes out;
  EXPECT_EQ(write_greeting(out, *greeting), 1);
  const auto packets = packets_of(out);
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].sequence, 0);
  EXPECT_EQ(to_hex(packets[0].payload), to_hex(greeting_564));
}

TEST(Greeting, WithoutPluginAuthenticationHasNoPlugin) {
  // "5.5.2-m2" of the same page.
  const Bytes old = from_hex(
      "0a 352e352e322d6d3200 0b000000 64764840492d434a 00 fff7 08 0200 0000 00 "
      "00000000000000000000 2a34647c635a776b345e5d3a 00");
  const auto greeting = parse_greeting(old);
  ASSERT_TRUE(greeting);
  EXPECT_EQ(as_text(greeting->nonce), "dvH@I-CJ*4d|cZwk4^]:");
  EXPECT_EQ(greeting->plugin, "");
  Bytes out;
  write_greeting(out, *greeting);
  EXPECT_EQ(to_hex(ByteView(out).subspan(4)), to_hex(old));
}

TEST(Greeting, OfAnotherVersionOrCutShortIsRefused) {
  Bytes nine = greeting_564;
  nine[0] = std::byte{9};
  EXPECT_FALSE(parse_greeting(nine));
  const std::size_t mandatory = greeting_564.size() - native_name.size() - 2;
  for (std::size_t size = 0; size < mandatory; ++size) {
    EXPECT_FALSE(parse_greeting(ByteView(greeting_564).first(size))) << size;
  }
}

TEST(HandshakeResponse, OfADriverIsRead) {
  const auto response = parse_handshake_response(response_pam, ~Capabilities{0});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->capabilities, 0x000fa68dU);
  EXPECT_EQ(response->max_packet, 0x01000000U);
  EXPECT_EQ(response->collation, 8);
  EXPECT_EQ(response->user, "pam");
  EXPECT_EQ(to_hex(response->proof), "ab09eef6bcb1323e61143865c0991d957d75d447");
  EXPECT_EQ(response->database, "test");
  EXPECT_EQ(response->plugin, "mysql_native_password");
}

TEST(HandshakeResponse, IsWrittenAsItWasRead) {
  const auto response = parse_handshake_response(response_pam, ~Capabilities{0});
  Bytes out;
  EXPECT_EQ(write_handshake_response(out, 1, *response), 2);
  EXPECT_EQ(to_hex(ByteView(out).subspan(4)), to_hex(response_pam));
}

TEST(HandshakeResponse, CutShortIsRefused) {
  const std::size_t before_database = response_pam.size() - native_name.size() - 1 - 5;
  for (std::size_t size = 0; size < response_pam.size(); ++size) {
    const auto response = parse_handshake_response(ByteView(response_pam).first(size), ~0U);
    const std::size_t whole_database = before_database + 5;
    const bool acceptable = size == before_database || size >= whole_database;
    EXPECT_EQ(response.has_value(), acceptable) << size;
    // A plugin name without its end is no plugin name.
    if (response && size < response_pam.size()) {
      EXPECT_EQ(response->plugin, "");
    }
  }
}

TEST(HandshakeResponse, LengthsThatLieAreRefused) {
  const std::size_t proof_length = 32 + 4;
  for (const unsigned length : {0xffU, 0x80U}) {
    Bytes bad = response_pam;
    bad[proof_length] = static_cast<std::byte>(length);
    EXPECT_FALSE(parse_handshake_response(bad, ~Capabilities{0}));
    // The same with a length-encoded proof, where 0xff and 0xfb are not lengths at all.
    bad[2] |= std::byte{0x20};
    EXPECT_FALSE(parse_handshake_response(bad, ~Capabilities{0}));
    bad[proof_length] = std::byte{0xfb};
    EXPECT_FALSE(parse_handshake_response(bad, ~Capabilities{0}));
  }
}

TEST(HandshakeResponse, AUserWithoutItsTerminatorIsRefused) {
  const Bytes bad =
      from_hex("8da60f00 00000001 08 0000000000000000000000000000000000000000000000 70616d");
  EXPECT_FALSE(parse_handshake_response(bad, ~Capabilities{0}));
}

TEST(HandshakeResponse, BitsThatWereNotOfferedChangeNothing) {
  Bytes odd = response_pam;
  odd[3] |= std::byte{0x08};  // query_attributes, as mysql2 sets it unasked
  odd[2] |= std::byte{0x10};  // connect_attributes, but there are none
  const auto response = parse_handshake_response(odd, server_capabilities);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->capabilities & capability::query_attributes, 0U);
  EXPECT_EQ(response->user, "pam");
  EXPECT_EQ(response->plugin, "mysql_native_password");
  // A length-encoded proof that nobody offered is not expected either.
  odd[2] |= std::byte{0x20};
  const auto narrow =
      parse_handshake_response(odd, server_capabilities & ~capability::plugin_auth_lenenc);
  ASSERT_TRUE(narrow);
  EXPECT_EQ(narrow->proof.size(), 20U);
}

TEST(HandshakeResponse, AttributesAreToleratedInAnyState) {
  Bytes with = response_pam;
  with[2] |= std::byte{0x10};
  for (const char* attributes : {"0a 03 6f7330 05 4c696e7578", "ff", "fe", "7f 61", "00"}) {
    const Bytes payload = test::concatenated(with, from_hex(attributes));
    const auto response = parse_handshake_response(payload, server_capabilities);
    ASSERT_TRUE(response) << attributes;
    EXPECT_EQ(response->plugin, "mysql_native_password");
  }
}

TEST(SslRequest, IsTheFirstPartOfAResponse) {
  Bytes out;
  EXPECT_EQ(write_ssl_request(out, 1, {.capabilities = 0x000fae8d, .collation = 33}), 2);
  EXPECT_EQ(to_hex(out),
            "20000001"
            "8dae0f00"
            "00000001"
            "21"
            "0000000000000000000000000000000000000000000000");
}

TEST(AuthSwitch, CarriesTheNonceAndANul) {
  Bytes out;
  EXPECT_EQ(write_auth_switch(out, 2, caching_sha2_name, test::test_nonce()), 3);
  EXPECT_EQ(to_hex(out),
            "2c000002"
            "fe"
            "63616368696e675f736861325f70617373776f7264"
            "00"
            "0102030405060708090a0b0c0d0e0f1011121314"
            "00");
  const auto request = parse_auth_switch(ByteView(out).subspan(4));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->plugin, caching_sha2_name);
  EXPECT_EQ(request->data.size(), 21U);
  EXPECT_FALSE(parse_auth_switch(from_hex("fe")));
  EXPECT_FALSE(parse_auth_switch(from_hex("fe6161")));
}

TEST(AuthMoreData, IsTwoBytesForACode) {
  Bytes out;
  EXPECT_EQ(write_auth_more_data(out, 2, fast_auth_success), 3);
  EXPECT_EQ(to_hex(out), "020000020103");
}

}  // namespace
}  // namespace wanlab::mysql
