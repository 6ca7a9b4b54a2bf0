// The messages of the connection phase, as values: parsing and writing, no order and no decisions.
#pragma once

#include "real_components/mysql/capabilities.hpp"
#include "real_components/mysql/nonce.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/runtime/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace wanlab::mysql {

// Views point into the payload (when parsed) or wherever the caller has the text (when written).
struct Greeting {
  std::string_view server_version{};
  std::uint32_t connection_id = 0;
  Nonce nonce{};
  Capabilities capabilities = 0;
  std::uint8_t collation = utf8mb4_0900_ai_ci;
  StatusFlags status = status::autocommit;
  std::string_view plugin{};
};

struct HandshakeResponse {
  Capabilities capabilities = 0;
  std::uint32_t max_packet = largest_payload + 1;
  std::uint8_t collation = utf8mb4_general_ci;
  std::string_view user{};
  ByteView proof{};
  std::string_view database{};
  std::string_view plugin{};
  ByteView attributes{};  // encoded key/value pairs, without their total length
};

// The payload of COM_CHANGE_USER. What it proves is worthless: its nonce was used up at the login.
struct ChangeUser {
  std::string_view user{};
  std::string_view database{};
  std::uint8_t collation = 0;  // 0: not said
  AuthMethod method = AuthMethod::caching_sha2;
};

struct AuthSwitch {
  std::string_view plugin{};
  ByteView data{};
};

// The first byte of AuthMoreData for caching_sha2_password, and what a client may answer.
inline constexpr std::uint8_t fast_auth_success = 0x03;
inline constexpr std::uint8_t full_auth_required = 0x04;
inline constexpr std::uint8_t public_key_request = 0x02;

inline constexpr std::size_t ssl_request_size = 32;

std::uint8_t write_greeting(Bytes& out, const Greeting& greeting);
std::uint8_t write_ssl_request(Bytes& out, std::uint8_t sequence,
                               const HandshakeResponse& response);
std::uint8_t write_handshake_response(Bytes& out, std::uint8_t sequence,
                                      const HandshakeResponse& response);
// The nonce goes out with a NUL behind it: Connector/C and others refuse 20 bytes.
std::uint8_t write_auth_switch(Bytes& out, std::uint8_t sequence, std::string_view plugin,
                               const Nonce& nonce);
std::uint8_t write_auth_more_data(Bytes& out, std::uint8_t sequence, ByteView data);
std::uint8_t write_auth_more_data(Bytes& out, std::uint8_t sequence, std::uint8_t data);
// A bare payload: the answer to an AuthSwitchRequest or to AuthMoreData.
std::uint8_t write_auth_response(Bytes& out, std::uint8_t sequence, ByteView data);

// Nothing when malformed. A greeting of another protocol version is malformed too.
std::optional<Greeting> parse_greeting(ByteView payload);
// The capabilities in front of every first client packet; nothing below four bytes.
std::optional<Capabilities> peek_capabilities(ByteView payload);
// Bits outside `offered` are ignored, in the layout as well: some drivers set bits nobody offered.
// Connection attributes are tolerated in any state, as nothing depends on them.
std::optional<HandshakeResponse> parse_handshake_response(ByteView payload, Capabilities offered);
std::optional<ChangeUser> parse_change_user(ByteView payload);
std::optional<AuthSwitch> parse_auth_switch(ByteView payload);

}  // namespace wanlab::mysql
