// Password proofs of caching_sha2_password and mysql_native_password: made by clients, checked by
// whoever holds the Credential.
//
//   sha2:   proof = S1 xor SHA256(S2 || nonce)   S1 = SHA256(password)   S2 = SHA256(S1)
//   native: proof = N1 xor SHA1(nonce || N2)     N1 = SHA1(password)     N2 = SHA1(N1)
//
// A holder of S2 (or N2) can check a proof but not make one. With S2 and one proof it could: S1
// falls out of the check and logs in for ever. So checking wipes S1, and neither is kept together.
#pragma once

#include "real_components/crypto/digest.hpp"
#include "real_components/mysql/capabilities.hpp"
#include "real_components/mysql/nonce.hpp"
#include "real_components/runtime/bytes.hpp"

#include <optional>

namespace wanlab::mysql {

// What a client derives from its password, once; one proof then costs one hash.
struct ClientSecrets {
  crypto::Digest256 sha2_stage1{};
  crypto::Digest256 sha2_stage2{};
  crypto::Digest160 native_stage1{};
  crypto::Digest160 native_stage2{};
};
ClientSecrets derive_secrets(std::string_view password);

// What a server stores: useless for logging in.
struct Verifier {
  crypto::Digest256 sha2_stage2{};
  std::optional<crypto::Digest160> native_stage2;  // set only where the native method is allowed
};
Verifier derive_verifier(std::string_view password, bool allow_native = false);

crypto::Digest256 sha2_proof(const ClientSecrets& secrets, ByteView nonce);
crypto::Digest160 native_proof(const ClientSecrets& secrets, ByteView nonce);

// Accepts a proof over the nonce, or over the nonce and a NUL: after an AuthSwitchRequest some
// drivers (PyMySQL 1.0, go-sql-driver 1.5) hash the terminator too.
bool verify_sha2_proof(ByteView proof, const Nonce& nonce, const crypto::Digest256& stage2);
bool verify_native_proof(ByteView proof, const Nonce& nonce, const crypto::Digest160& stage2);
bool verify_proof(AuthMethod method, ByteView proof, const Nonce& nonce, const Verifier& verifier);

// For full authentication: the password itself.
bool verify_password(std::string_view password, const Verifier& verifier);

}  // namespace wanlab::mysql
