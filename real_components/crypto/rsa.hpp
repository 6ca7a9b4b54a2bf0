// RSA with OAEP-SHA1, for sending a password to a MySQL server without TLS. Nothing else may use
// it.
#pragma once

#include "real_components/crypto/digest.hpp"
#include "real_components/runtime/bytes.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace wanlab::crypto {

struct RsaKeyHandle;  // libcrypto's key, known to the source file only

class RsaPublicKey {
 public:
  // A PEM "PUBLIC KEY" of 2048 to 8192 bits; nothing when it is anything else.
  static std::optional<RsaPublicKey> from_pem(std::string_view pem);

  RsaPublicKey(RsaPublicKey&&) noexcept;
  RsaPublicKey& operator=(RsaPublicKey&&) noexcept;
  ~RsaPublicKey();

  // Appends the cipher text (as long as the modulus) to `out`. The seed takes the place of the
  // entropy that OAEP asks for: in production it must be fresh random bytes. False when the message
  // is too long (more than 214 bytes for 2048 bits).
  bool encrypt_oaep(ByteView message, const Digest160& seed, Bytes& out) const;

 private:
  explicit RsaPublicKey(std::unique_ptr<RsaKeyHandle> key);
  std::unique_ptr<RsaKeyHandle> key_;
};

class RsaPrivateKey {
 public:
  // A PEM "PRIVATE KEY" (PKCS #8) or "RSA PRIVATE KEY" without pass phrase, of 2048 to 8192 bits.
  static std::optional<RsaPrivateKey> from_pem(std::string_view pem);

  RsaPrivateKey(RsaPrivateKey&&) noexcept;
  RsaPrivateKey& operator=(RsaPrivateKey&&) noexcept;
  ~RsaPrivateKey();

  // The public half in PEM, prepared once.
  std::string_view public_pem() const { return public_pem_; }

  // Appends the clear text to `out`. False when the cipher text was not made for this key.
  bool decrypt_oaep(ByteView cipher, Bytes& out) const;

 private:
  RsaPrivateKey(std::unique_ptr<RsaKeyHandle> key, std::string public_pem);
  std::unique_ptr<RsaKeyHandle> key_;
  std::string public_pem_;
};

}  // namespace wanlab::crypto
