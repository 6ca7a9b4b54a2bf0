// The client's side: how it answers, and each answer of a server that it refuses.
#include "real_components/mysql/client_handshake.hpp"
#include "tests/mysql/protocol.hpp"

#include <gtest/gtest.h>
#include <type_traits>

namespace wanlab::mysql {
namespace {

using test::from_hex;
using test::test_nonce;
using test::to_hex;
using Kind = ClientStep::Kind;

static_assert(std::is_trivially_copyable_v<ClientHandshake>);

const ClientSecrets secrets = derive_secrets(test::test_password);

Bytes greeting(Capabilities capabilities = server_capabilities,
               std::string_view plugin = caching_sha2_name) {
  Bytes out;
  write_greeting(out, {.server_version = "8.0.36",
                       .connection_id = 99,
                       .nonce = test_nonce(),
                       .capabilities = capabilities,
                       .plugin = plugin});
  out.erase(out.begin(), out.begin() + 4);
  return out;
}

Bytes auth_switch(std::string_view plugin) {
  Bytes out;
  write_auth_switch(out, 0, plugin, test_nonce());
  out.erase(out.begin(), out.begin() + 4);
  return out;
}

const Bytes ok_payload = from_hex("00000002000000");

struct Client {
  explicit Client(ClientHandshakeOptions with = {}) : options(with) {
    options.user = "pam";
    options.secrets = &secrets;
  }
  ClientStep feed(std::uint8_t sequence, ByteView payload) {
    out.clear();
    return handshake.on_packet(options, sequence, payload, out);
  }
  // Past the greeting, without TLS.
  Client& greeted() {
    EXPECT_EQ(feed(0, greeting()).kind, Kind::send);
    return *this;
  }
  HandshakeResponse response() const {
    const auto parsed = parse_handshake_response(ByteView(out).subspan(4), server_capabilities);
    EXPECT_TRUE(parsed);
    return parsed.value_or(HandshakeResponse{});
  }

  ClientHandshakeOptions options;
  ClientHandshake handshake;
  Bytes out;
};

void expect_failed(const ClientStep& step, const ErrorCode& code) {
  EXPECT_EQ(step.kind, Kind::failed);
  EXPECT_EQ(step.error, code.number);
  EXPECT_EQ(step.sqlstate, code.state());
}

TEST(ClientHandshake, AsksForTlsFirstAndContinuesTheSequenceInside) {
  Client client({.database = "shop"});
  EXPECT_EQ(client.feed(0, greeting()).kind, Kind::start_tls);
  const auto request = test::packets_of(client.out);
  ASSERT_EQ(request.size(), 1U);
  EXPECT_EQ(request[0].payload.size(), ssl_request_size);
  EXPECT_EQ(request[0].sequence, 1);
  client.out.clear();
  EXPECT_EQ(client.handshake.secured(client.options, client.out).kind, Kind::send);
  EXPECT_EQ(test::packets_of(client.out)[0].sequence, 2);
  const HandshakeResponse response = client.response();
  EXPECT_EQ(response.user, "pam");
  EXPECT_EQ(response.database, "shop");
  EXPECT_EQ(response.plugin, caching_sha2_name);
  EXPECT_EQ(to_hex(response.proof), to_hex(sha2_proof(secrets, test_nonce())));
  EXPECT_NE(response.capabilities & capability::ssl, 0U);
  EXPECT_EQ(client.handshake.connection_id(), 99U);
}

TEST(ClientHandshake, NeverFallsBackFromTls) {
  Client client;
  expect_failed(client.feed(0, greeting(server_capabilities & ~capability::ssl)),
                error::client_tls_error);
  EXPECT_TRUE(client.out.empty());
}

TEST(ClientHandshake, WaitsForOkAfterFastSuccess) {
  Client client({.use_tls = false});
  client.greeted();
  EXPECT_EQ(client.feed(2, from_hex("0103")).kind, Kind::need_more);
  EXPECT_TRUE(client.out.empty());
  EXPECT_EQ(client.feed(3, ok_payload).kind, Kind::done);
  EXPECT_TRUE(client.handshake.done());
}

TEST(ClientHandshake, NegotiatesOnlyWhatBothSidesKnow) {
  Client client({.use_tls = false});
  client.feed(0, greeting(server_capabilities & ~capability::deprecate_eof));
  EXPECT_EQ(client.handshake.capabilities() & capability::deprecate_eof, 0U);
  Client newer({.use_tls = false});
  newer.greeted();
  EXPECT_NE(newer.handshake.capabilities() & capability::deprecate_eof, 0U);
  EXPECT_EQ(newer.handshake.capabilities() & capability::connect_with_db, 0U);
}

TEST(ClientHandshake, BeginsWithTheMethodItPrefers) {
  Client client({.use_tls = false, .first_method = AuthMethod::native});
  client.greeted();
  const HandshakeResponse response = client.response();
  EXPECT_EQ(response.plugin, native_name);
  EXPECT_EQ(to_hex(response.proof), to_hex(native_proof(secrets, test_nonce())));
}

TEST(ClientHandshake, FollowsASwitchOnce) {
  Client client({.use_tls = false});
  client.feed(0, greeting(server_capabilities, native_name));
  EXPECT_EQ(client.feed(2, auth_switch(caching_sha2_name)).kind, Kind::send);
  EXPECT_EQ(to_hex(client.out), "20000003" + to_hex(sha2_proof(secrets, test_nonce())));
  expect_failed(client.feed(4, auth_switch(caching_sha2_name)), error::client_malformed_packet);
}

TEST(ClientHandshake, MayHashTheTerminatorOfASwitch) {
  Client client({.use_tls = false, .hash_switch_terminator = true});
  client.feed(0, greeting(server_capabilities, native_name));
  client.feed(2, auth_switch(caching_sha2_name));
  const Bytes terminated = test::concatenated(test_nonce(), from_hex("00"));
  EXPECT_EQ(to_hex(client.out), "20000003" + to_hex(sha2_proof(secrets, terminated)));
}

TEST(ClientHandshake, ReportsWhatTheServerSays) {
  Bytes err;
  write_err(err, 2, error::access_denied, "Access denied for user 'pam'");
  Client client({.use_tls = false});
  client.greeted();
  const ClientStep step = client.feed(2, ByteView(err).subspan(4));
  expect_failed(step, error::access_denied);
  EXPECT_EQ(step.message, "Access denied for user 'pam'");

  Bytes early;
  write_early_err(early, error::too_many_connections, "Too many connections");
  Client refused;
  const ClientStep first = refused.feed(0, ByteView(early).subspan(4));
  EXPECT_EQ(first.kind, Kind::failed);
  EXPECT_EQ(first.error, 1040);
  EXPECT_EQ(first.message, "Too many connections");
}

TEST(ClientHandshake, GivesItsPasswordToNobodyWithoutTlsOrKey) {
  Client silent({.use_tls = false});
  silent.greeted();
  expect_failed(silent.feed(2, from_hex("0104")), error::client_plugin_error);
  EXPECT_TRUE(silent.out.empty());

  Client careful({.password = test::test_password, .use_tls = false});
  careful.greeted();
  expect_failed(careful.feed(2, from_hex("0104")), error::client_plugin_error);
  EXPECT_TRUE(careful.out.empty());

  Client strict({.password = test::test_password, .use_tls = false, .request_server_key = true});
  strict.greeted();
  EXPECT_EQ(strict.feed(2, from_hex("0104")).kind, Kind::send);
  EXPECT_EQ(to_hex(strict.out), "0100000302");
  expect_failed(strict.feed(4, from_hex("01616263")), error::client_plugin_error);
}

TEST(ClientHandshake, RefusesTheNativeMethodWhereItIsNotAllowed) {
  Client client({.use_tls = false, .allow_native = false});
  client.greeted();
  expect_failed(client.feed(2, auth_switch(native_name)), error::client_plugin_error);
  Client old({.use_tls = false, .allow_native = false});
  expect_failed(old.feed(0, greeting(server_capabilities & ~capability::plugin_auth)),
                error::client_plugin_error);
}

TEST(ClientHandshake, RefusesAnswersThatCannotBeRight) {
  const auto answer = [](const char* hex) {
    Client client({.use_tls = false});
    client.greeted();
    const ClientStep step = client.feed(2, from_hex(hex));
    EXPECT_EQ(step.kind, Kind::failed) << hex;
    return step.error;
  };
  EXPECT_EQ(answer(""), 2027);
  EXPECT_EQ(answer("00"), 2027);
  EXPECT_EQ(answer("01"), 2027);
  EXPECT_EQ(answer("0105"), 2027);
  EXPECT_EQ(answer("010300"), 2027);
  EXPECT_EQ(answer("fe"), 2027);
  EXPECT_EQ(answer("ff"), 2027);
  EXPECT_EQ(answer("42"), 2027);
  EXPECT_EQ(answer("fe 61 00 0102030405060708090a0b0c0d0e0f101112131400"), 2059);
  // A nonce of 19, of 22 bytes, or with something else than a NUL at its end.
  const std::string plugin = "fe 63616368696e675f736861325f70617373776f726400 ";
  EXPECT_EQ(answer((plugin + "0102030405060708090a0b0c0d0e0f10111213").c_str()), 2027);
  EXPECT_EQ(answer((plugin + "0102030405060708090a0b0c0d0e0f10111213140000").c_str()), 2027);
  EXPECT_EQ(answer((plugin + "0102030405060708090a0b0c0d0e0f101112131415").c_str()), 2027);
}

TEST(ClientHandshake, TheSequenceMustGoOn) {
  Client client({.use_tls = false});
  expect_failed(client.feed(1, greeting()), error::client_out_of_sync);
  Client later({.use_tls = false});
  later.greeted();
  expect_failed(later.feed(1, ok_payload), error::client_out_of_sync);
}

TEST(ClientHandshake, NothingIsBelievedBetweenSslRequestAndTls) {
  Client client;
  EXPECT_EQ(client.feed(0, greeting()).kind, Kind::start_tls);
  Bytes err;
  write_err(err, 2, error::access_denied, "go away");
  expect_failed(client.feed(2, ByteView(err).subspan(4)), error::client_out_of_sync);
}

TEST(ClientHandshake, RefusesAGreetingFromBefore41OrMalformed) {
  Client old;
  expect_failed(old.feed(0, greeting(server_capabilities & ~capability::protocol_41)),
                error::client_version_error);
  const Bytes whole = greeting();
  for (std::size_t size = 0; size < 40; ++size) {
    Client client;
    expect_failed(client.feed(0, ByteView(whole).first(size)), error::client_version_error);
  }
}

}  // namespace
}  // namespace wanlab::mysql
