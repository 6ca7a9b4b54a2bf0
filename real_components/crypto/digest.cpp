// Digests by libcrypto's low-level functions, which are deprecated in 3.0 but still the right ones
// here: EVP_Digest and EVP_Q_digest look the algorithm up in the providers and allocate a context
// on every call, which costs several times the hash of a short message, and one login is a few
// short hashes. The low-level functions work on the stack and use the same SHA instructions.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "real_components/crypto/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace wanlab::crypto {

namespace {

unsigned char* writable(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}

}  // namespace

Digest256 sha256(ByteView message) {
  return sha256(message, {});
}

Digest256 sha256(ByteView first, ByteView second) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, first.data(), first.size());
  SHA256_Update(&context, second.data(), second.size());
  Digest256 digest;
  SHA256_Final(writable(digest.data()), &context);
  return digest;
}

Digest160 sha1(ByteView message) {
  return sha1(message, {});
}

Digest160 sha1(ByteView first, ByteView second) {
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, first.data(), first.size());
  SHA1_Update(&context, second.data(), second.size());
  Digest160 digest;
  SHA1_Final(writable(digest.data()), &context);
  return digest;
}

bool constant_time_equal(ByteView left, ByteView right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

void secure_zero(std::span<std::byte> bytes) {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

}  // namespace wanlab::crypto
