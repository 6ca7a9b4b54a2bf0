// OAEP with a given seed: agrees with OpenSSL's own, and refuses what it must.
#include "real_components/crypto/rsa.hpp"
#include "tests/crypto/hex.hpp"
#include "tests/crypto/rsa_test_key.hpp"

#include <gtest/gtest.h>
#include <string>

namespace wanlab::crypto {
namespace {

using test::from_hex;

const Digest160 seed = sha1(as_bytes("seed"));

TEST(Rsa, DecryptsWhatAnotherProgramEncrypted) {
  const auto key = RsaPrivateKey::from_pem(test::rsa_private_pem);
  ASSERT_TRUE(key);
  Bytes clear;
  ASSERT_TRUE(key->decrypt_oaep(from_hex(test::rsa_cipher_hex), clear));
  EXPECT_EQ(as_text(clear), "correct horse");
}

TEST(Rsa, GivesItsPublicHalfAsPem) {
  const auto key = RsaPrivateKey::from_pem(test::rsa_private_pem);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->public_pem(), test::rsa_public_pem.substr(1));
}

TEST(Rsa, EncryptsForTheKeyTheSameWayForTheSameSeed) {
  const auto key = RsaPrivateKey::from_pem(test::rsa_private_pem);
  const auto peer = RsaPublicKey::from_pem(test::rsa_public_pem);
  ASSERT_TRUE(key && peer);
  for (const std::size_t size : {0U, 1U, 20U, 213U, 214U}) {
    const std::string message(size, 'm');
    Bytes first, second, other, clear;
    ASSERT_TRUE(peer->encrypt_oaep(as_bytes(message), seed, first));
    ASSERT_TRUE(peer->encrypt_oaep(as_bytes(message), seed, second));
    ASSERT_TRUE(peer->encrypt_oaep(as_bytes(message), sha1(as_bytes("another")), other));
    EXPECT_EQ(first, second);
    EXPECT_NE(first, other);
    ASSERT_TRUE(key->decrypt_oaep(first, clear));
    EXPECT_EQ(as_text(clear), message);
  }
}

TEST(Rsa, RefusesAMessageLongerThanThePaddingAllows) {
  const auto peer = RsaPublicKey::from_pem(test::rsa_public_pem);
  Bytes out;
  EXPECT_FALSE(peer->encrypt_oaep(Bytes(215), seed, out));
  EXPECT_TRUE(out.empty());
}

TEST(Rsa, RefusesACipherTextThatWasChangedOrCut) {
  const auto key = RsaPrivateKey::from_pem(test::rsa_private_pem);
  Bytes cipher = from_hex(test::rsa_cipher_hex);
  Bytes out;
  cipher[100] ^= std::byte{1};
  EXPECT_FALSE(key->decrypt_oaep(cipher, out));
  EXPECT_FALSE(key->decrypt_oaep(ByteView(cipher).first(255), out));
  EXPECT_FALSE(key->decrypt_oaep({}, out));
  EXPECT_TRUE(out.empty());
}

TEST(Rsa, RefusesWhatIsNotAKey) {
  EXPECT_FALSE(RsaPublicKey::from_pem(""));
  EXPECT_FALSE(
      RsaPublicKey::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
  EXPECT_FALSE(RsaPublicKey::from_pem(test::rsa_private_pem));
  EXPECT_FALSE(RsaPrivateKey::from_pem(test::rsa_public_pem));
}

}  // namespace
}  // namespace wanlab::crypto
