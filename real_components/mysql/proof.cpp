// Password proofs: a few short hashes each.
#include "real_components/mysql/proof.hpp"

#include <algorithm>
#include <array>

namespace wanlab::mysql {

using crypto::Digest160;
using crypto::Digest256;

namespace {

template <typename Digest>
Digest exclusive_or(const Digest& left, ByteView right) {
  Digest result;
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = left[i] ^ right[i];
  return result;
}

bool opens(ByteView proof, const Digest256& mask, const Digest256& stage2) {
  Digest256 stage1 = exclusive_or(mask, proof);
  const bool equal = crypto::constant_time_equal(crypto::sha256(stage1), stage2);
  crypto::secure_zero(stage1);
  return equal;
}

}  // namespace

ClientSecrets derive_secrets(std::string_view password) {
  ClientSecrets secrets;
  secrets.sha2_stage1 = crypto::sha256(as_bytes(password));
  secrets.sha2_stage2 = crypto::sha256(secrets.sha2_stage1);
  secrets.native_stage1 = crypto::sha1(as_bytes(password));
  secrets.native_stage2 = crypto::sha1(secrets.native_stage1);
  return secrets;
}

Verifier derive_verifier(std::string_view password, bool allow_native) {
  ClientSecrets secrets = derive_secrets(password);
  Verifier verifier;
  verifier.sha2_stage2 = secrets.sha2_stage2;
  if (allow_native) verifier.native_stage2 = secrets.native_stage2;
  crypto::secure_zero(std::as_writable_bytes(std::span(&secrets, 1)));
  return verifier;
}

Digest256 sha2_proof(const ClientSecrets& secrets, ByteView nonce) {
  return exclusive_or(secrets.sha2_stage1, crypto::sha256(secrets.sha2_stage2, nonce));
}

Digest160 native_proof(const ClientSecrets& secrets, ByteView nonce) {
  return exclusive_or(secrets.native_stage1, crypto::sha1(nonce, secrets.native_stage2));
}

bool verify_sha2_proof(ByteView proof, const Nonce& nonce, const Digest256& stage2) {
  if (proof.size() != std::tuple_size_v<Digest256>) return false;
  if (opens(proof, crypto::sha256(stage2, nonce), stage2)) return true;
  std::array<std::byte, nonce_size + 1> terminated{};
  std::copy(nonce.begin(), nonce.end(), terminated.begin());
  return opens(proof, crypto::sha256(stage2, terminated), stage2);
}

bool verify_native_proof(ByteView proof, const Nonce& nonce, const Digest160& stage2) {
  if (proof.size() != std::tuple_size_v<Digest160>) return false;
  Digest160 stage1 = exclusive_or(crypto::sha1(nonce, stage2), proof);
  const bool equal = crypto::constant_time_equal(crypto::sha1(stage1), stage2);
  crypto::secure_zero(stage1);
  return equal;
}

bool verify_proof(AuthMethod method, ByteView proof, const Nonce& nonce, const Verifier& verifier) {
  if (method == AuthMethod::caching_sha2) {
    return verify_sha2_proof(proof, nonce, verifier.sha2_stage2);
  }
  return verifier.native_stage2 && verify_native_proof(proof, nonce, *verifier.native_stage2);
}

bool verify_password(std::string_view password, const Verifier& verifier) {
  Digest256 stage1 = crypto::sha256(as_bytes(password));
  const bool equal = crypto::constant_time_equal(crypto::sha256(stage1), verifier.sha2_stage2);
  crypto::secure_zero(stage1);
  return equal;
}

}  // namespace wanlab::mysql
