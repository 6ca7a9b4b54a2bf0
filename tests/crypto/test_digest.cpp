// Hashes against published vectors (FIPS 180-2), comparison, wiping.
#include "real_components/crypto/digest.hpp"
#include "tests/crypto/hex.hpp"

#include <gtest/gtest.h>
#include <string>

namespace wanlab::crypto {
namespace {

using test::to_hex;

TEST(Sha256, MatchesPublishedVectors) {
  EXPECT_EQ(to_hex(sha256(as_bytes(""))),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, OfTwoPartsIsThatOfTheirConcatenation) {
  const std::string text(150, 'x');
  const ByteView all = as_bytes(text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(sha256(all.first(cut), all.subspan(cut)), sha256(all)) << cut;
  }
}

TEST(Sha1, MatchesPublishedVectors) {
  EXPECT_EQ(to_hex(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(sha1(as_bytes("a"), as_bytes("bc"))),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(ConstantTimeEqual, ComparesEveryByteAndTheLength) {
  const Digest256 digest = sha256(as_bytes("abc"));
  EXPECT_TRUE(constant_time_equal(digest, digest));
  for (std::size_t i = 0; i < digest.size(); ++i) {
    Digest256 other = digest;
    other[i] ^= std::byte{1};
    EXPECT_FALSE(constant_time_equal(digest, other)) << i;
  }
  EXPECT_FALSE(constant_time_equal(digest, ByteView(digest).first(31)));
  EXPECT_TRUE(constant_time_equal({}, {}));
}

TEST(SecureZero, Overwrites) {
  Digest256 digest = sha256(as_bytes("abc"));
  secure_zero(digest);
  EXPECT_EQ(digest, Digest256{});
}

}  // namespace
}  // namespace wanlab::crypto
