// Random damage to real handshakes and answers: nothing crashes, nothing grows without bound, and a
// handshake that was damaged on its way never ends with another user logged in.
#include "real_components/mysql/commands.hpp"
#include "real_components/mysql/response_reader.hpp"
#include "real_components/mysql/result_set.hpp"
#include "tests/mysql/conversation.hpp"

#include <gtest/gtest.h>
#include <array>
#include <random>

namespace wanlab::mysql {
namespace {

using test::test_nonce;

const ClientSecrets secrets = derive_secrets(test::test_password);

Bytes damaged(Bytes bytes, std::mt19937_64& random) {
  for (std::uint64_t i = 0, count = 1 + random() % 4; i < count && !bytes.empty(); ++i) {
    const auto at = static_cast<std::ptrdiff_t>(random() % bytes.size());
    const auto value = static_cast<std::byte>(random() & 0xff);
    switch (random() % 5) {
      case 0:
        bytes[static_cast<std::size_t>(at)] = value;
        break;
      case 1:
        bytes[static_cast<std::size_t>(at)] ^= static_cast<std::byte>(1U << (random() % 8));
        break;
      case 2:
        bytes.insert(bytes.begin() + at, value);
        break;
      case 3:
        bytes.erase(bytes.begin() + at);
        break;
      default:
        bytes.resize(static_cast<std::size_t>(at));
    }
  }
  return bytes;
}

// A stream cut into random pieces.
template <typename Handle>
void in_random_pieces(ByteView stream, std::mt19937_64& random, Handle handle) {
  while (!stream.empty()) {
    const std::size_t size = std::min<std::size_t>(1 + random() % 40, stream.size());
    handle(stream.first(size));
    stream = stream.subspan(size);
  }
}

TEST(Mutation, OfWhatAClientSendsIsSurvivedByTheServer) {
  constexpr std::uint64_t seed = 20240601;
  std::mt19937_64 random(seed);
  const Verifier verifier = derive_verifier(test::test_password, true);
  std::size_t accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    const bool native = random() % 2 == 0;
    HandshakeResponse response{.capabilities = client_capabilities | capability::connect_with_db,
                               .user = "pam",
                               .database = "shop"};
    const crypto::Digest256 sha2 = sha2_proof(secrets, test_nonce());
    response.plugin = native ? native_name : caching_sha2_name;
    const crypto::Digest160 sha1 = native_proof(secrets, test_nonce());
    response.proof = native ? ByteView(sha1) : ByteView(sha2);
    Bytes stream;
    write_handshake_response(stream, 1, response);
    if (native) write_auth_response(stream, 3, sha2);
    stream = damaged(std::move(stream), random);

    const ServerHandshakeOptions options{.require_tls = false, .allow_native = random() % 2 == 0};
    ServerHandshake server;
    PacketAssembler assembler;
    Bytes memory, out;
    server.begin(options, 1, test_nonce(), out);
    in_random_pieces(stream, random, [&](ByteView piece) {
      Packet packet;
      while (!server.finished()) {
        const PacketLimits limits{.max_payload = handshake_payload_limit,
                                  .sequence = server.next_sequence()};
        const PacketStatus status = assembler.next(piece, limits, packet);
        if (status == PacketStatus::incomplete) break;
        if (status != PacketStatus::complete) {
          server.on_packet_error(status, out);
          break;
        }
        const ServerStep step =
            server.on_packet(options, packet.sequence, packet.payload, false, memory, out);
        if (step.kind == ServerStep::Kind::verify_proof) {
          if (verify_proof(step.login.method, step.login.proof, server.nonce(), verifier)) {
            ++accepted;
            server.accept(out);
          } else {
            server.reject(out, error::access_denied, "");
          }
        }
      }
    });
    ASSERT_LT(out.size(), 1024U) << "seed " << seed << " round " << round;
    ASSERT_LT(memory.size(), 1024U);
    test::packets_of(out);  // whatever happened, the server wrote whole packets
  }
  // Damage in bytes that do not matter (filler, capabilities, names) goes through; most does not.
  EXPECT_GT(accepted, 100U);
  EXPECT_LT(accepted, 15000U);
}

TEST(Mutation, OfWhatAServerSendsIsSurvivedByTheClient) {
  constexpr std::uint64_t seed = 20240602;
  std::mt19937_64 random(seed);
  std::size_t done = 0;
  for (int round = 0; round < 20000; ++round) {
    Bytes stream;
    write_greeting(stream, {.server_version = "8.0.36",
                            .connection_id = 1,
                            .nonce = test_nonce(),
                            .capabilities = server_capabilities,
                            .plugin = native_name});
    write_auth_switch(stream, 2, caching_sha2_name, test_nonce());
    write_auth_more_data(stream, 4, random() % 2 == 0 ? fast_auth_success : full_auth_required);
    write_ok(stream, 5);
    stream = damaged(std::move(stream), random);

    ClientHandshakeOptions options;
    options.user = "pam";
    options.secrets = &secrets;
    options.password = test::test_password;
    options.use_tls = false;
    options.request_server_key = true;
    ClientHandshake client;
    PacketAssembler assembler;
    Bytes out;
    bool failed = false;
    in_random_pieces(stream, random, [&](ByteView piece) {
      Packet packet;
      while (!failed && assembler.next(piece, {.max_payload = handshake_payload_limit}, packet) ==
                            PacketStatus::complete) {
        failed = client.on_packet(options, packet.sequence, packet.payload, out).kind ==
                 ClientStep::Kind::failed;
      }
    });
    if (client.done()) ++done;
    ASSERT_LT(out.size(), 2048U) << "seed " << seed << " round " << round;
    ASSERT_EQ(as_text(out).find(test::test_password), std::string_view::npos)
        << "the password went out in the clear, seed " << seed << " round " << round;
  }
  EXPECT_GT(done, 100U);
}

TEST(Mutation, OfAnswersIsSurvivedByTheReader) {
  constexpr std::uint64_t seed = 20240603;
  std::mt19937_64 random(seed);
  const std::array<Column, 2> columns{Column{.name = "id"}, Column{.name = "name"}};
  const std::array<Value, 6> values{"1", "one", "2", std::nullopt, "3", ""};
  std::array<std::size_t, 3> outcomes{};
  for (int round = 0; round < 20000; ++round) {
    const Capabilities form = random() % 2 == 0 ? 0 : capability::deprecate_eof;
    Bytes stream;
    write_result_set(stream, 1, columns, values, form);
    stream = damaged(std::move(stream), random);
    ResponseReader reader(form);
    PacketAssembler assembler;
    ResponseProgress progress = ResponseProgress::more;
    in_random_pieces(stream, random, [&](ByteView piece) {
      if (progress == ResponseProgress::more) progress = reader.consume(assembler, piece, 1 << 16);
    });
    ++outcomes[static_cast<std::size_t>(progress)];
    ASSERT_LE(reader.rows(), 200U) << "seed " << seed << " round " << round;
    ASSERT_LE(assembler.pending(), stream.size());
  }
  for (const std::size_t count : outcomes) EXPECT_GT(count, 500U);
}

TEST(Mutation, OfRandomBytesIsSurvivedByEveryParser) {
  constexpr std::uint64_t seed = 20240604;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 50000; ++round) {
    Bytes payload(random() % 120);
    for (std::byte& byte : payload) byte = static_cast<std::byte>(random() & 0xff);
    if (!payload.empty() && random() % 2 == 0) {
      constexpr std::array<std::uint8_t, 5> headers{0x00, 0x01, 0x0a, 0xfe, 0xff};
      payload[0] = static_cast<std::byte>(headers[random() % headers.size()]);
    }
    const auto within = [&](std::string_view view) {
      return view.empty() ||
             (as_bytes(view).data() >= payload.data() &&
              as_bytes(view).data() + view.size() <= payload.data() + payload.size());
    };
    if (const auto greeting = parse_greeting(payload)) {
      ASSERT_TRUE(within(greeting->server_version) && within(greeting->plugin));
    }
    const auto offered = static_cast<Capabilities>(random());
    if (const auto response = parse_handshake_response(payload, offered)) {
      ASSERT_TRUE(within(response->user) && within(response->database) &&
                  within(response->plugin) && within(as_text(response->proof)) &&
                  within(as_text(response->attributes)));
    }
    if (const auto request = parse_auth_switch(payload)) {
      ASSERT_TRUE(within(request->plugin) && within(as_text(request->data)));
    }
    if (const auto ok = parse_ok(payload)) {
      ASSERT_TRUE(within(ok->info) && within(as_text(ok->session_state)));
    }
    if (const auto err = parse_err(payload)) {
      ASSERT_TRUE(within(err->sqlstate) && within(err->message));
    }
    parse_eof(payload);
    parse_command(payload);
  }
}

}  // namespace
}  // namespace wanlab::mysql
