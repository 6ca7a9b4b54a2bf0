// The server's side: what it writes to the byte, and each error a client can provoke.
#include "real_components/mysql/server_handshake.hpp"
#include "tests/crypto/rsa_test_key.hpp"
#include "tests/mysql/protocol.hpp"

#include <gtest/gtest.h>
#include <type_traits>

namespace wanlab::mysql {
namespace {

using test::from_hex;
using test::packets_of;
using test::test_nonce;
using test::to_hex;
using Kind = ServerStep::Kind;

static_assert(std::is_trivially_copyable_v<ServerHandshake>);

const ClientSecrets secrets = derive_secrets(test::test_password);

// The payload of a driver's response.
Bytes response(HandshakeResponse message, ByteView proof, std::string_view plugin) {
  message.proof = proof;
  message.plugin = plugin;
  if (message.user.empty()) message.user = "pam";
  Bytes out;
  write_handshake_response(out, 0, message);
  out.erase(out.begin(), out.begin() + 4);
  return out;
}

constexpr Capabilities usual = client_capabilities | capability::ssl;

Bytes sha2_response(Capabilities capabilities = usual) {
  return response({.capabilities = capabilities}, sha2_proof(secrets, test_nonce()),
                  caching_sha2_name);
}
Bytes native_response(Capabilities capabilities = usual) {
  return response({.capabilities = capabilities}, native_proof(secrets, test_nonce()), native_name);
}

// A handshake with its buffers. `out` is what the last packet was answered with.
struct Server {
  explicit Server(const ServerHandshakeOptions& with = {}) : options(with) {
    handshake.begin(options, 7, test_nonce(), out);
  }

  ServerStep feed(std::uint8_t sequence, ByteView payload, bool secure) {
    out.clear();
    return handshake.on_packet(options, sequence, payload, secure, memory, out);
  }
  // Past the SSLRequest.
  Server& with_tls() {
    Bytes request;
    write_ssl_request(request, 1, {.capabilities = usual});
    EXPECT_EQ(feed(1, ByteView(request).subspan(4), false).kind, Kind::start_tls);
    EXPECT_TRUE(out.empty()) << "an SSLRequest has no answer";
    return *this;
  }
  ErrFields error() const {
    const auto fields = parse_err(ByteView(out).subspan(4));
    EXPECT_TRUE(fields) << to_hex(out);
    return fields.value_or(ErrFields{});
  }

  ServerHandshakeOptions options;
  ServerHandshake handshake;
  Bytes memory;
  Bytes out;
};

void expect_error(Server& server, const ServerStep& step, const ErrorCode& code,
                  std::uint8_t sequence) {
  EXPECT_EQ(step.kind, Kind::failed);
  EXPECT_EQ(step.error, code);
  const ErrFields fields = server.error();
  EXPECT_EQ(fields.code, code.number);
  EXPECT_EQ(fields.sqlstate, code.state());
  EXPECT_EQ(packets_of(server.out).back().sequence, sequence);
  EXPECT_TRUE(server.handshake.finished());
}

TEST(ServerHandshake, GreetsWithSha2TlsAndTheNonce) {
  const Server server;
  const auto packets = packets_of(server.out);
  ASSERT_EQ(packets.size(), 1U);
  const auto greeting = parse_greeting(packets[0].payload);
  ASSERT_TRUE(greeting);
  EXPECT_EQ(greeting->connection_id, 7U);
  EXPECT_EQ(greeting->nonce, test_nonce());
  EXPECT_EQ(greeting->plugin, "caching_sha2_password");
  EXPECT_NE(greeting->capabilities & capability::ssl, 0U);
  EXPECT_EQ(greeting->capabilities & (capability::local_files | capability::compress), 0U);
}

TEST(ServerHandshake, HandsOutTheLoginAndSaysFastSuccessBeforeOk) {
  Server server;
  server.with_tls();
  const Bytes payload =
      response({.capabilities = usual | capability::connect_with_db, .database = "shop"},
               sha2_proof(secrets, test_nonce()), caching_sha2_name);
  const ServerStep step = server.feed(2, payload, true);
  ASSERT_EQ(step.kind, Kind::verify_proof);
  EXPECT_EQ(step.login.user, "pam");
  EXPECT_EQ(step.login.database, "shop");
  EXPECT_EQ(step.login.method, AuthMethod::caching_sha2);
  EXPECT_TRUE(verify_proof(step.login.method, step.login.proof, server.handshake.nonce(),
                           derive_verifier(test::test_password)));
  EXPECT_TRUE(server.out.empty());
  EXPECT_TRUE(server.memory.empty()) << "nothing to remember for a single exchange";
  server.handshake.accept(server.out);
  EXPECT_EQ(to_hex(server.out),
            "020000030103"
            "0700000400000002000000");
  EXPECT_TRUE(server.handshake.finished());
}

TEST(ServerHandshake, ANativeLoginGetsOkAlone) {
  Server server({.require_tls = false, .allow_native = true});
  const Bytes payload = native_response(usual & ~capability::ssl);
  const ServerStep step = server.feed(1, payload, false);
  ASSERT_EQ(step.kind, Kind::verify_proof);
  EXPECT_EQ(step.login.method, AuthMethod::native);
  EXPECT_TRUE(verify_proof(AuthMethod::native, step.login.proof, test_nonce(),
                           derive_verifier(test::test_password, true)));
  server.handshake.accept(server.out);
  EXPECT_EQ(to_hex(server.out), "0700000200000002000000");
}

TEST(ServerHandshake, SwitchesANativeClientToSha2AndRemembersWhoItIs) {
  Server server;
  server.with_tls();
  const ServerStep asked = server.feed(2, native_response(), true);
  ASSERT_EQ(asked.kind, Kind::need_more);
  const auto request = parse_auth_switch(ByteView(server.out).subspan(4));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->plugin, caching_sha2_name);
  EXPECT_EQ(to_hex(request->data), to_hex(test_nonce()) + "00");
  EXPECT_EQ(packets_of(server.out)[0].sequence, 3);

  const crypto::Digest256 proof = sha2_proof(secrets, test_nonce());
  const ServerStep step = server.feed(4, proof, true);
  ASSERT_EQ(step.kind, Kind::verify_proof);
  EXPECT_EQ(step.login.user, "pam");
  EXPECT_EQ(step.login.method, AuthMethod::caching_sha2);
  EXPECT_EQ(to_hex(step.login.proof), to_hex(proof));
  server.handshake.accept(server.out);
  EXPECT_EQ(to_hex(server.out),
            "020000050103"
            "0700000600000002000000");
}

TEST(ServerHandshake, AnUnknownPluginIsSwitchedToo) {
  for (const std::string_view plugin : {"client_ed25519", "mysql_clear_password", ""}) {
    Server server;
    server.with_tls();
    EXPECT_EQ(
        server.feed(2, response({.capabilities = usual}, as_bytes("secret"), plugin), true).kind,
        Kind::need_more);
    EXPECT_TRUE(parse_auth_switch(ByteView(server.out).subspan(4)));
  }
}

TEST(ServerHandshake, WithoutTlsIsRefusedWhereItIsRequired) {
  Server server;
  const ServerStep step = server.feed(1, sha2_response(usual & ~capability::ssl), false);
  expect_error(server, step, error::secure_transport_required, 2);
}

TEST(ServerHandshake, NothingSentInTheClearCountsOnceTlsWasAskedFor) {
  {
    Server server;  // the whole response although TLS is claimed
    expect_error(server, server.feed(1, sha2_response(), false), error::bad_handshake, 2);
  }
  {
    Server server;  // the response right behind the SSLRequest
    server.with_tls();
    expect_error(server, server.feed(2, sha2_response(), false), error::bad_handshake, 3);
  }
  {
    Server server(
        {.require_tls = false});  // the same, no longer claiming TLS, where it is optional
    server.with_tls();
    expect_error(server, server.feed(2, sha2_response(usual & ~capability::ssl), false),
                 error::bad_handshake, 3);
  }
  {
    Server server;  // a second SSLRequest inside TLS
    server.with_tls();
    Bytes request;
    write_ssl_request(request, 2, {.capabilities = usual});
    expect_error(server, server.feed(2, ByteView(request).subspan(4), true), error::bad_handshake,
                 3);
  }
}

TEST(ServerHandshake, TlsThatIsNotOfferedIsNotStarted) {
  Server server({.capabilities = server_capabilities & ~capability::ssl, .require_tls = false});
  Bytes request;
  write_ssl_request(request, 1, {.capabilities = usual});
  expect_error(server, server.feed(1, ByteView(request).subspan(4), false), error::bad_handshake,
               2);
}

TEST(ServerHandshake, AClientWithoutPluginsNeedsTheNativeMethodToBeAllowed) {
  constexpr Capabilities old = usual & ~(capability::plugin_auth | capability::plugin_auth_lenenc);
  {
    Server server;
    server.with_tls();
    expect_error(server, server.feed(2, native_response(old), true),
                 error::unsupported_authentication, 3);
  }
  {
    Server server({.allow_native = true});
    server.with_tls();
    const ServerStep step = server.feed(2, native_response(old), true);
    ASSERT_EQ(step.kind, Kind::verify_proof);
    EXPECT_EQ(step.login.method, AuthMethod::native);
  }
  {
    Server server({.allow_native = true});  // no password
    server.with_tls();
    expect_error(server, server.feed(2, response({.capabilities = old}, {}, ""), true),
                 error::access_denied, 3);
  }
}

TEST(ServerHandshake, AClientFromBefore41IsRefused) {
  Server server;
  expect_error(server, server.feed(1, from_hex("05 a4 00 00 00 70 61 6d 00"), false),
               error::unsupported_authentication, 2);
}

TEST(ServerHandshake, AnEmptyPasswordIsNeverHandedOut) {
  for (const Bytes& empty : {Bytes{}, Bytes{std::byte{0}}}) {
    Server server({.require_tls = false, .allow_native = true});
    const auto first =
        response({.capabilities = usual & ~capability::ssl}, empty, caching_sha2_name);
    ASSERT_EQ(server.feed(1, first, false).kind, Kind::need_more);
    const ServerStep step = server.feed(3, empty, false);
    expect_error(server, step, error::access_denied, 4);
    EXPECT_EQ(server.error().message, "Access denied for user 'pam' (using password: NO)");
  }
}

TEST(ServerHandshake, AProofOfTheWrongLengthIsDenied) {
  for (const std::size_t size : {2U, 20U, 31U, 33U, 200U}) {
    Server server;
    server.with_tls();
    ASSERT_EQ(server.feed(2, native_response(), true).kind, Kind::need_more);
    expect_error(server, server.feed(4, Bytes(size, std::byte{'x'}), true), error::access_denied,
                 5);
  }
}

TEST(ServerHandshake, EveryResponseCutShortIsAnError) {
  const Bytes whole = sha2_response(usual & ~capability::ssl);
  const std::size_t plugin_at = whole.size() - caching_sha2_name.size() - 1;
  for (std::size_t size = 0; size < plugin_at; ++size) {
    Server server({.require_tls = false});
    const ServerStep step = server.feed(1, ByteView(whole).first(size), false);
    EXPECT_EQ(step.kind, Kind::failed) << size;
    EXPECT_EQ(step.error, error::bad_handshake) << size;
    EXPECT_EQ(server.error().code, 1043);
  }
}

TEST(ServerHandshake, TheSequenceMustGoOn) {
  for (const unsigned wrong : {0U, 2U, 255U}) {
    Server server;
    const auto sequence = static_cast<std::uint8_t>(wrong);
    expect_error(server, server.feed(sequence, sha2_response(), false), error::packets_out_of_order,
                 1);
  }
  Server server;
  server.with_tls();  // TLS does not restart it
  expect_error(server, server.feed(1, sha2_response(), true), error::packets_out_of_order, 2);
}

TEST(ServerHandshake, NothingMayBeSentWhileTheProofIsJudged) {
  Server server;
  server.with_tls();
  ASSERT_EQ(server.feed(2, sha2_response(), true).kind, Kind::verify_proof);
  EXPECT_EQ(server.feed(3, from_hex("0e"), true).kind, Kind::failed);
  EXPECT_EQ(server.error().code, 1156);
  // What has failed stays so, silently.
  EXPECT_EQ(server.feed(4, sha2_response(), true).kind, Kind::failed);
  EXPECT_TRUE(server.out.empty());
}

TEST(ServerHandshake, PacketsThatCannotBeTakenGetTheirError) {
  const auto code_of = [](PacketStatus status) {
    Server server;
    server.out.clear();
    EXPECT_EQ(server.handshake.on_packet_error(status, server.out).kind, Kind::failed);
    return server.error().code;
  };
  EXPECT_EQ(code_of(PacketStatus::too_large), 1153);
  EXPECT_EQ(code_of(PacketStatus::wrong_sequence), 1156);
  EXPECT_EQ(code_of(PacketStatus::bad_length), 1835);
}

TEST(ServerHandshake, RejectSaysWhatItWasTold) {
  Server server;
  server.with_tls();
  ASSERT_EQ(server.feed(2, sha2_response(), true).kind, Kind::verify_proof);
  server.handshake.reject(server.out, error::access_denied, "Access denied");
  EXPECT_EQ(server.error().code, 1045);
  EXPECT_EQ(packets_of(server.out)[0].sequence, 3);
}

TEST(ServerHandshake, FullAuthenticationIsNotAskedForUnlessAllowed) {
  Server edge;
  edge.with_tls();
  ASSERT_EQ(edge.feed(2, sha2_response(), true).kind, Kind::verify_proof);
  EXPECT_FALSE(edge.handshake.request_full_authentication(edge.options, true, edge.out));
  EXPECT_TRUE(edge.out.empty());

  Server without_key({.require_tls = false, .allow_full = true});
  ASSERT_EQ(without_key.feed(1, sha2_response(usual & ~capability::ssl), false).kind,
            Kind::verify_proof);
  EXPECT_FALSE(without_key.handshake.request_full_authentication(without_key.options, false,
                                                                 without_key.out));

  Server native({.require_tls = false, .allow_native = true, .allow_full = true});
  ASSERT_EQ(native.feed(1, native_response(usual & ~capability::ssl), false).kind,
            Kind::verify_proof);
  EXPECT_FALSE(native.handshake.request_full_authentication(native.options, true, native.out));
}

TEST(ServerHandshake, FullAuthenticationOverTlsYieldsThePassword) {
  Server database({.allow_full = true});
  database.with_tls();
  ASSERT_EQ(database.feed(2, sha2_response(), true).kind, Kind::verify_proof);
  ASSERT_TRUE(database.handshake.request_full_authentication(database.options, true, database.out));
  EXPECT_EQ(to_hex(database.out), "020000030104");
  const Bytes password = from_hex("73656372657400");
  const ServerStep step = database.feed(4, password, true);
  ASSERT_EQ(step.kind, Kind::verify_password);
  EXPECT_EQ(step.login.user, "pam");
  EXPECT_EQ(step.password, "secret");
  database.handshake.accept(database.out);
  EXPECT_EQ(to_hex(database.out), "0700000500000002000000");
}

TEST(ServerHandshake, APasswordWithoutItsEndOrWithoutAnythingIsRefused) {
  const auto code_for = [](const char* hex) {
    Server database({.allow_full = true});
    database.with_tls();
    EXPECT_EQ(database.feed(2, sha2_response(), true).kind, Kind::verify_proof);
    EXPECT_TRUE(
        database.handshake.request_full_authentication(database.options, true, database.out));
    EXPECT_EQ(database.feed(4, from_hex(hex), true).kind, Kind::failed);
    return database.error().code;
  };
  EXPECT_EQ(code_for("736563726574"), 1835);
  EXPECT_EQ(code_for(""), 1835);
  EXPECT_EQ(code_for("00"), 1045);
}

TEST(ServerHandshake, WithoutTlsRubbishInPlaceOfACipherTextIsDenied) {
  const auto key = crypto::RsaPrivateKey::from_pem(test::rsa_private_pem);
  for (const std::size_t size : {0U, 2U, 255U, 256U, 257U}) {
    Server database({.require_tls = false, .allow_full = true, .rsa_key = &*key});
    ASSERT_EQ(database.feed(1, sha2_response(usual & ~capability::ssl), false).kind,
              Kind::verify_proof);
    ASSERT_TRUE(
        database.handshake.request_full_authentication(database.options, false, database.out));
    const ServerStep step = database.feed(3, Bytes(size, std::byte{0x55}), false);
    expect_error(database, step, error::access_denied, 4);
    EXPECT_EQ(database.error().message, "Access denied for user 'pam' (using password: YES)");
  }
}

TEST(ServerHandshake, ForgetGivesTheMemoryBack) {
  Bytes memory = from_hex("736563726574");
  ServerHandshake::forget(memory);
  EXPECT_EQ(memory.capacity(), 0U);
}

}  // namespace
}  // namespace wanlab::mysql
