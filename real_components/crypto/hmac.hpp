// HMAC-SHA256 under a key that is prepared once, and keys derived from keys.
#pragma once

#include "real_components/crypto/digest.hpp"
#include "real_components/runtime/bytes.hpp"

#include <array>
#include <cstdint>

namespace wanlab::crypto {

// Holds the hash states after the inner and the outer key block, so that a MAC over at most 55
// bytes costs two compressions instead of four (RFC 2104, section 4). The states are wiped at the
// end.
class HmacSha256Key {
 public:
  explicit HmacSha256Key(ByteView key);
  ~HmacSha256Key();
  HmacSha256Key(const HmacSha256Key&) = default;
  HmacSha256Key& operator=(const HmacSha256Key&) = default;

  Digest256 mac(ByteView message) const;

 private:
  std::array<std::uint32_t, 8> inner_{};
  std::array<std::uint32_t, 8> outer_{};
};

// HKDF-SHA256 (RFC 5869), one output block: enough for every 256-bit key. An empty salt means 32
// zeros.
Digest256 hkdf_sha256(ByteView secret, ByteView salt, ByteView info);

}  // namespace wanlab::crypto
