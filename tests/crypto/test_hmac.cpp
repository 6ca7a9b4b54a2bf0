// HMAC against RFC 4231, HKDF against RFC 5869.
#include "real_components/crypto/hmac.hpp"
#include "tests/crypto/hex.hpp"

#include <gtest/gtest.h>
#include <string>

namespace wanlab::crypto {
namespace {

using test::from_hex;
using test::to_hex;

std::string mac_hex(ByteView key, std::string_view message) {
  return to_hex(HmacSha256Key(key).mac(as_bytes(message)));
}

TEST(HmacSha256, MatchesRfc4231) {
  EXPECT_EQ(mac_hex(Bytes(20, std::byte{0x0b}), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(mac_hex(as_bytes("Jefe"), "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // A key longer than a block is hashed first; the second message takes more than one block.
  EXPECT_EQ(mac_hex(Bytes(131, std::byte{0xaa}),
                    "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(
      mac_hex(Bytes(131, std::byte{0xaa}),
              "This is a test using a larger than block-size key and a larger than block-size "
              "data. The key needs to be hashed before being used by the HMAC algorithm."),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

// RFC 2104 written out, without any precomputed state.
Digest256 plain_hmac(const Bytes& key, ByteView message) {
  Bytes inner(64), outer(64);
  for (std::size_t i = 0; i < 64; ++i) {
    const std::byte byte = i < key.size() ? key[i] : std::byte{0};
    inner[i] = byte ^ std::byte{0x36};
    outer[i] = byte ^ std::byte{0x5c};
  }
  return sha256(outer, sha256(inner, message));
}

TEST(HmacSha256, AgreesWithTheDefinitionAroundEveryBlockBoundary) {
  const Bytes key(32, std::byte{0x42});
  const HmacSha256Key prepared(key);
  for (std::size_t size = 0; size <= 200; ++size) {
    const Bytes message(size, static_cast<std::byte>(size));
    EXPECT_EQ(prepared.mac(message), plain_hmac(key, message)) << size;
  }
}

TEST(Hkdf, MatchesRfc5869) {
  const Bytes secret(22, std::byte{0x0b});
  EXPECT_EQ(to_hex(hkdf_sha256(secret, from_hex("000102030405060708090a0b0c"),
                               from_hex("f0f1f2f3f4f5f6f7f8f9"))),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  EXPECT_EQ(to_hex(hkdf_sha256(secret, {}, {})),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

}  // namespace
}  // namespace wanlab::crypto
