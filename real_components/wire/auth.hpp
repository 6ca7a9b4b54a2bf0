// One login between edge and origin. The codec owns reusable memory: after the first few messages,
// encoding and decoding allocate nothing.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "real_components/runtime/bytes.hpp"

namespace wanlab::wire {

enum class AuthMethod : std::uint8_t { caching_sha2 = 1, native = 2 };

// Views belong to the caller when encoding and to the codec (until its next decode or forget) when
// decoding.
struct AuthRequest {
  std::string_view user{};
  AuthMethod method = AuthMethod::caching_sha2;
  ByteView nonce{};
  ByteView proof{};
  std::array<std::uint8_t, 16> client_ip{};  // IPv4 in its mapped form
  std::uint16_t client_port = 0;
  std::string_view edge{};
  std::uint32_t edge_id = 0;
  std::uint64_t session = 0;
  std::string_view database{};
};

// Granted when error_code is 0; otherwise the MySQL error the client is to see.
struct AuthReply {
  std::uint16_t error_code = 0;
  std::string_view sqlstate{};
  std::string_view message{};
  ByteView grant{};  // opaque to the edge
  std::uint64_t credential_id = 0;
  std::uint64_t grant_expiration = 0;  // Unix seconds
  bool granted() const { return error_code == 0; }
};

// Longer messages are malformed: no honest one comes near, and reused memory must stay small.
inline constexpr std::size_t max_auth_message = 4096;

class AuthCodec {
 public:
  AuthCodec();
  ~AuthCodec();
  AuthCodec(AuthCodec&&) noexcept;
  AuthCodec& operator=(AuthCodec&&) noexcept;

  // Appends to `out`.
  void encode(const AuthRequest& request, Bytes& out);
  void encode(const AuthReply& reply, Bytes& out);
  // False on malformed or oversized bytes. What `request` or `reply` views lives until the next
  // decode of the same kind, or forget().
  bool decode(ByteView bytes, AuthRequest& request);
  bool decode(ByteView bytes, AuthReply& reply);
  // Overwrites the proof, nonce and grant that the last messages left in memory.
  void forget();

 private:
  struct Messages;
  std::unique_ptr<Messages> messages_;
};

}  // namespace wanlab::wire
