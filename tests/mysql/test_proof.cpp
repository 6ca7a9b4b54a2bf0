// Proofs against vectors computed independently (Python's hashlib), and what verification refuses.
#include "real_components/mysql/proof.hpp"
#include "tests/mysql/protocol.hpp"

#include <gtest/gtest.h>

namespace wanlab::mysql {
namespace {

using test::from_hex;
using test::test_nonce;
using test::to_hex;

constexpr const char* sha2_vector =
    "746ebe205d56a0707acb3e796e834e0dd7b1d61743b26bd5202c7a623230c7c9";
constexpr const char* sha2_vector_over_nonce_and_nul =
    "6aff9f6629949d3045c7397822040ce199e09e989d9481ce27e23bcdfed20a83";
constexpr const char* native_vector = "b32bb3a583e1340c0a1108d58b1be49781ad8c2f";

TEST(Proof, MatchesVectors) {
  const ClientSecrets secrets = derive_secrets(test::test_password);
  EXPECT_EQ(to_hex(secrets.sha2_stage2),
            "3881219d087dd9c634373fd33dfa33a2cb6bfc6c520b64b8bb60ef2ceb534ae7");
  EXPECT_EQ(to_hex(secrets.native_stage2), "14e65567abdb5135d0cfd9a70b3032c179a49ee7");
  EXPECT_EQ(to_hex(sha2_proof(secrets, test_nonce())), sha2_vector);
  EXPECT_EQ(to_hex(native_proof(secrets, test_nonce())), native_vector);
}

TEST(Proof, IsAcceptedOverTheNonceAndOverNonceAndNul) {
  const Verifier verifier = derive_verifier(test::test_password);
  for (const char* proof : {sha2_vector, sha2_vector_over_nonce_and_nul}) {
    EXPECT_TRUE(verify_sha2_proof(from_hex(proof), test_nonce(), verifier.sha2_stage2));
    EXPECT_TRUE(verify_proof(AuthMethod::caching_sha2, from_hex(proof), test_nonce(), verifier));
  }
}

TEST(Proof, OfAnotherPasswordNonceOrLengthIsRefused) {
  const Verifier verifier = derive_verifier(test::test_password, true);
  Nonce other = test_nonce();
  other[19] ^= std::byte{1};
  const Bytes sha2 = from_hex(sha2_vector);
  const Bytes native = from_hex(native_vector);
  EXPECT_FALSE(verify_sha2_proof(sha2, other, verifier.sha2_stage2));
  EXPECT_FALSE(verify_native_proof(native, other, *verifier.native_stage2));
  const Verifier stranger = derive_verifier("other", true);
  EXPECT_FALSE(verify_sha2_proof(sha2, test_nonce(), stranger.sha2_stage2));
  EXPECT_FALSE(verify_native_proof(native, test_nonce(), *stranger.native_stage2));
  for (std::size_t size = 0; size < sha2.size(); ++size) {
    EXPECT_FALSE(verify_sha2_proof(ByteView(sha2).first(size), test_nonce(), verifier.sha2_stage2));
  }
  for (std::size_t i = 0; i < sha2.size(); ++i) {
    Bytes flipped = sha2;
    flipped[i] ^= std::byte{0x80};
    EXPECT_FALSE(verify_sha2_proof(flipped, test_nonce(), verifier.sha2_stage2)) << i;
  }
}

TEST(Proof, NativeNeedsAVerifierThatAllowsIt) {
  const Bytes native = from_hex(native_vector);
  EXPECT_TRUE(verify_proof(AuthMethod::native, native, test_nonce(),
                           derive_verifier(test::test_password, true)));
  EXPECT_FALSE(verify_proof(AuthMethod::native, native, test_nonce(),
                            derive_verifier(test::test_password, false)));
}

TEST(Proof, ThePasswordItselfIsCheckedForFullAuthentication) {
  const Verifier verifier = derive_verifier(test::test_password);
  EXPECT_TRUE(verify_password("secret", verifier));
  EXPECT_FALSE(verify_password("secre", verifier));
  EXPECT_FALSE(verify_password("", verifier));
}

}  // namespace
}  // namespace wanlab::mysql
