// Whole handshakes: round trips of every kind of login, and the same outcome however streams are
// cut.
#include "tests/crypto/rsa_test_key.hpp"
#include "tests/mysql/conversation.hpp"

#include <gtest/gtest.h>
#include <ostream>

namespace wanlab::mysql {
namespace {

using test::Conversation;
using test::ConversationOptions;
using test::ConversationResult;
using test::to_hex;

const ClientSecrets secrets = derive_secrets(test::test_password);
const crypto::RsaPrivateKey& server_key() {
  static const auto key = crypto::RsaPrivateKey::from_pem(test::rsa_private_pem);
  return *key;
}
const crypto::RsaPublicKey& known_key() {
  static const auto key = crypto::RsaPublicKey::from_pem(test::rsa_public_pem);
  return *key;
}

enum class Tls { none, tls12, tls12_resumed, tls13 };
enum class Kind { sha2_fast, native, full, full_key_known };

// Round trips of the TLS handshake itself; the SSLRequest is pipelined with the ClientHello.
std::size_t tls_round_trips(Tls tls) {
  switch (tls) {
    case Tls::none:
      return 0;
    case Tls::tls12:
      return 2;
    case Tls::tls12_resumed:
    case Tls::tls13:
      return 1;
  }
  return 0;
}

struct Row {
  const char* name;
  Tls tls;
  Kind kind;
  bool auth_switch;
  std::size_t round_trips;  // until the first statement may be sent
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

ConversationOptions options_for(const Row& row) {
  const bool native = row.kind == Kind::native;
  const bool full = row.kind == Kind::full || row.kind == Kind::full_key_known;
  ConversationOptions options;
  options.server.require_tls = row.tls != Tls::none;
  options.server.allow_sha2 = !native;
  options.server.allow_native = native;
  options.server.allow_full = full;
  options.server.rsa_key = &server_key();
  // With a switch, the greeting names the method that the account does not use.
  options.server.greeting_method =
      native != row.auth_switch ? AuthMethod::native : AuthMethod::caching_sha2;
  options.client.user = "pam";
  options.client.database = "shop";
  options.client.secrets = &secrets;
  options.client.password = test::test_password;
  options.client.use_tls = row.tls != Tls::none;
  options.client.request_server_key = row.kind == Kind::full;
  if (row.kind == Kind::full_key_known) options.client.server_key = &known_key();
  options.client.oaep_seed = crypto::sha1(as_bytes("seed"));
  options.verifier = derive_verifier(test::test_password, native);
  options.password_known_to_cache = !full;
  return options;
}

// The arithmetic: TCP 1, greeting 1, TLS 0 to 2, then one per exchange.
constexpr std::array<Row, 22> rows{{
    {"plain_sha2", Tls::none, Kind::sha2_fast, false, 3},
    {"plain_sha2_switch", Tls::none, Kind::sha2_fast, true, 4},
    {"plain_native", Tls::none, Kind::native, false, 3},
    {"plain_native_switch", Tls::none, Kind::native, true, 4},
    {"plain_full", Tls::none, Kind::full, false, 5},
    {"plain_full_switch", Tls::none, Kind::full, true, 6},
    {"plain_full_key_known", Tls::none, Kind::full_key_known, false, 4},
    {"tls12_sha2", Tls::tls12, Kind::sha2_fast, false, 5},
    {"tls12_sha2_switch", Tls::tls12, Kind::sha2_fast, true, 6},
    {"tls12_native", Tls::tls12, Kind::native, false, 5},
    {"tls12_native_switch", Tls::tls12, Kind::native, true, 6},
    {"tls12_full", Tls::tls12, Kind::full, false, 6},
    {"tls12_full_switch", Tls::tls12, Kind::full, true, 7},
    {"tls12_resumed_sha2", Tls::tls12_resumed, Kind::sha2_fast, false, 4},
    {"tls12_resumed_sha2_switch", Tls::tls12_resumed, Kind::sha2_fast, true, 5},
    {"tls12_resumed_full", Tls::tls12_resumed, Kind::full, false, 5},
    {"tls13_sha2", Tls::tls13, Kind::sha2_fast, false, 4},
    {"tls13_sha2_switch", Tls::tls13, Kind::sha2_fast, true, 5},
    {"tls13_native", Tls::tls13, Kind::native, false, 4},
    {"tls13_native_switch", Tls::tls13, Kind::native, true, 5},
    {"tls13_full", Tls::tls13, Kind::full, false, 5},
    {"tls13_full_switch", Tls::tls13, Kind::full, true, 6},
}};

class HandshakeTable : public testing::TestWithParam<Row> {};

TEST_P(HandshakeTable, TakesTheRoundTripsOfTheProtocol) {
  const ConversationResult result = Conversation(options_for(GetParam())).run();
  EXPECT_TRUE(result.client_done) << result.client_error << " " << result.client_message;
  EXPECT_EQ(result.user, "pam");
  EXPECT_EQ(result.database, "shop");
  EXPECT_EQ(result.secured, GetParam().tls != Tls::none);
  const std::size_t tcp = 1;
  const std::size_t greeting = 1;
  EXPECT_EQ(tcp + greeting + tls_round_trips(GetParam().tls) + result.exchanges,
            GetParam().round_trips);
}

TEST_P(HandshakeTable, GoesTheSameWayByteByByte) {
  ConversationOptions options = options_for(GetParam());
  const ConversationResult whole = Conversation(options).run();
  options.chunk = options.first_chunk = 1;
  const ConversationResult bytewise = Conversation(options).run();
  EXPECT_TRUE(bytewise.client_done);
  EXPECT_EQ(bytewise.exchanges, whole.exchanges);
  EXPECT_EQ(to_hex(bytewise.from_server), to_hex(whole.from_server));
  EXPECT_EQ(to_hex(bytewise.from_client), to_hex(whole.from_client));
}

TEST_P(HandshakeTable, GoesTheSameWayWhereverEachFlightIsCut) {
  ConversationOptions options = options_for(GetParam());
  const ConversationResult whole = Conversation(options).run();
  for (std::size_t cut = 1; cut < 160; ++cut) {
    options.first_chunk = cut;
    const ConversationResult cut_once = Conversation(options).run();
    EXPECT_TRUE(cut_once.client_done) << cut;
    EXPECT_EQ(cut_once.from_server, whole.from_server) << cut;
    EXPECT_EQ(cut_once.from_client, whole.from_client) << cut;
  }
}

TEST_P(HandshakeTable, DeniesTheWrongPassword) {
  ConversationOptions options = options_for(GetParam());
  options.verifier = derive_verifier("another", true);
  const ConversationResult result = Conversation(options).run();
  EXPECT_FALSE(result.client_done);
  EXPECT_EQ(result.client_error, 1045);
  EXPECT_EQ(result.client_message, "Access denied");
}

INSTANTIATE_TEST_SUITE_P(All, HandshakeTable, testing::ValuesIn(rows),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Conversation, OfAnEdgeNeverAsksForThePassword) {
  ConversationOptions options = options_for({"", Tls::tls13, Kind::sha2_fast, false, 4});
  const ConversationResult result = Conversation(options).run();
  bool fast = false;
  for (const auto& packet : test::packets_of(result.from_server)) {
    EXPECT_NE(to_hex(packet.payload), "0104");
    fast = fast || to_hex(packet.payload) == "0103";
  }
  EXPECT_TRUE(fast);
}

TEST(Conversation, AcceptsDriversThatHashTheTerminatorOfTheSwitch) {
  ConversationOptions options = options_for({"", Tls::tls13, Kind::sha2_fast, true, 5});
  options.client.hash_switch_terminator = true;
  EXPECT_TRUE(Conversation(options).run().client_done);
}

TEST(Conversation, AClientThatBeginsWithNativeIsSwitched) {
  ConversationOptions options = options_for({"", Tls::tls13, Kind::sha2_fast, false, 4});
  options.client.first_method = AuthMethod::native;
  const ConversationResult result = Conversation(options).run();
  EXPECT_TRUE(result.client_done);
  EXPECT_EQ(result.exchanges, 2U);
}

TEST(Conversation, WithoutPluginsGoesByTheNativeMethod) {
  ConversationOptions options = options_for({"", Tls::none, Kind::native, false, 3});
  options.client.capabilities &= ~(capability::plugin_auth | capability::plugin_auth_lenenc);
  EXPECT_TRUE(Conversation(options).run().client_done);
  options.server.allow_native = false;
  options.server.allow_sha2 = true;
  EXPECT_EQ(Conversation(options).run().client_error, 1251);
}

TEST(Conversation, WithoutTlsIsToldThatItIsRequired) {
  ConversationOptions options = options_for({"", Tls::tls13, Kind::sha2_fast, false, 4});
  options.client.use_tls = false;
  EXPECT_EQ(Conversation(options).run().client_error, 3159);
}

TEST(Conversation, APasswordLongerThanTheNonceSurvivesTheKey) {
  const std::string password(150, 'p');
  const ClientSecrets long_secrets = derive_secrets(password);
  ConversationOptions options = options_for({"", Tls::none, Kind::full, false, 5});
  options.client.secrets = &long_secrets;
  options.client.password = password;
  options.verifier = derive_verifier(password);
  EXPECT_TRUE(Conversation(options).run().client_done);
}

}  // namespace
}  // namespace wanlab::mysql
