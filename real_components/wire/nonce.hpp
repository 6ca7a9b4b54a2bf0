// What the nonce of a greeting says, so that an origin recognises that this edge made it, and when:
// a captured password proof then dies within a minute. Each origin process besides accepts it only
// once, but they do not tell one another. Holds no state and no policy.
//
// 17 bytes: edge 12 bits, Unix seconds 28, process 12, sequence within the second 20, then the
// first 64 bits of an HMAC over the former under the edge's own key. That key follows from a fleet
// key which only origins hold. How the 17 bytes become a greeting's 20 is the MySQL protocol's
// business.
#pragma once

#include "real_components/crypto/hmac.hpp"
#include "real_components/runtime/bytes.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wanlab::wire {

using NonceContent = std::array<std::byte, 17>;

struct NonceClaims {
  std::uint32_t edge = 0;      // the low 12 bits of edge_fingerprint
  std::uint32_t seconds = 0;   // Unix time modulo 2^28
  std::uint32_t process = 0;   // 12 random bits drawn when the edge started
  std::uint32_t sequence = 0;  // 20 bits, unique within its second and process
};
inline constexpr std::uint32_t nonce_edge_mask = (1u << 12) - 1;
inline constexpr std::uint32_t nonce_seconds_mask = (1u << 28) - 1;
inline constexpr std::uint32_t nonce_sequence_limit = 1u << 20;

// Names an edge in nonces and grants; the same name gives the same number everywhere.
std::uint32_t edge_fingerprint(std::string_view edge_name);

// The key that an edge is provisioned with; origins derive it from the name in the edge's
// certificate.
crypto::Digest256 edge_nonce_key(ByteView fleet_nonce_key, std::string_view edge_name);

// Claims wider than stated above are cut off.
NonceContent seal_nonce(const NonceClaims& claims, const crypto::HmacSha256Key& edge_key);

// Nothing unless sealed under this key.
std::optional<NonceClaims> open_nonce(const NonceContent& nonce,
                                      const crypto::HmacSha256Key& edge_key);

}  // namespace wanlab::wire
