// OAEP-SHA1 (RFC 8017, section 7.1) with the seed as an argument; the exponentiation and the check
// of the padding are libcrypto's. Decryption is blinded by libcrypto with randomness of its own,
// which hides timing and never reaches a result.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "real_components/crypto/rsa.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <algorithm>

namespace wanlab::crypto {

struct RsaKeyHandle {
  explicit RsaKeyHandle(RSA* key) : rsa(key) {}
  ~RsaKeyHandle() { RSA_free(rsa); }
  RsaKeyHandle(const RsaKeyHandle&) = delete;
  RsaKeyHandle& operator=(const RsaKeyHandle&) = delete;

  std::size_t size() const { return static_cast<std::size_t>(RSA_size(rsa)); }

  RSA* rsa;
};

namespace {

constexpr int smallest_bits = 2048;
constexpr int largest_bits = 8192;
constexpr std::size_t hash_size = std::tuple_size_v<Digest160>;

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

Bio bio_over(std::string_view text) {
  if (text.size() > 64 * 1024) return nullptr;  // no key is that long
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Keys with a pass phrase are refused instead of asking on the terminal.
int no_pass_phrase(char*, int, int, void*) {
  return -1;
}

std::unique_ptr<RsaKeyHandle> checked(RSA* rsa) {
  ERR_clear_error();
  if (rsa == nullptr) return nullptr;
  auto key = std::make_unique<RsaKeyHandle>(rsa);
  const int bits = RSA_bits(rsa);
  return bits >= smallest_bits && bits <= largest_bits ? std::move(key) : nullptr;
}

// Xors `target` with the mask that MGF1 with SHA-1 makes of `seed`.
void mask(ByteView seed, std::span<std::byte> target) {
  std::uint32_t counter = 0;
  for (std::size_t at = 0; at < target.size(); at += hash_size, ++counter) {
    const std::array<std::byte, 4> suffix{
        static_cast<std::byte>(counter >> 24), static_cast<std::byte>((counter >> 16) & 0xff),
        static_cast<std::byte>((counter >> 8) & 0xff), static_cast<std::byte>(counter & 0xff)};
    const Digest160 block = sha1(seed, suffix);
    const std::size_t count = std::min(hash_size, target.size() - at);
    for (std::size_t i = 0; i < count; ++i) target[at + i] ^= block[i];
  }
}

const unsigned char* readable(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}
unsigned char* writable(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}

}  // namespace

RsaPublicKey::RsaPublicKey(std::unique_ptr<RsaKeyHandle> key) : key_(std::move(key)) {}
RsaPublicKey::RsaPublicKey(RsaPublicKey&&) noexcept = default;
RsaPublicKey& RsaPublicKey::operator=(RsaPublicKey&&) noexcept = default;
RsaPublicKey::~RsaPublicKey() = default;

std::optional<RsaPublicKey> RsaPublicKey::from_pem(std::string_view pem) {
  const Bio bio = bio_over(pem);
  if (!bio) return std::nullopt;
  auto key = checked(PEM_read_bio_RSA_PUBKEY(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (!key) return std::nullopt;
  return RsaPublicKey(std::move(key));
}

bool RsaPublicKey::encrypt_oaep(ByteView message, const Digest160& seed, Bytes& out) const {
  const std::size_t size = key_->size();
  if (message.size() + 2 * hash_size + 2 > size) return false;
  // 0x00, masked seed, masked block; the block is hash of the empty label, zeros, 0x01, message.
  Bytes padded(size);
  const std::span<std::byte> seed_part = std::span(padded).subspan(1, hash_size);
  const std::span<std::byte> block = std::span(padded).subspan(1 + hash_size);
  const Digest160 label = sha1({});
  std::copy(label.begin(), label.end(), block.begin());
  block[block.size() - message.size() - 1] = std::byte{1};
  std::copy(message.begin(), message.end(),
            block.end() - static_cast<std::ptrdiff_t>(message.size()));
  mask(seed, block);
  std::copy(seed.begin(), seed.end(), seed_part.begin());
  mask(block, seed_part);

  const std::size_t start = out.size();
  out.resize(start + size);
  const int written = RSA_public_encrypt(static_cast<int>(size), readable(padded.data()),
                                         writable(out.data() + start), key_->rsa, RSA_NO_PADDING);
  secure_zero(padded);
  ERR_clear_error();
  if (written != static_cast<int>(size)) {
    out.resize(start);
    return false;
  }
  return true;
}

RsaPrivateKey::RsaPrivateKey(std::unique_ptr<RsaKeyHandle> key, std::string public_pem)
    : key_(std::move(key)), public_pem_(std::move(public_pem)) {}
RsaPrivateKey::RsaPrivateKey(RsaPrivateKey&&) noexcept = default;
RsaPrivateKey& RsaPrivateKey::operator=(RsaPrivateKey&&) noexcept = default;
RsaPrivateKey::~RsaPrivateKey() = default;

std::optional<RsaPrivateKey> RsaPrivateKey::from_pem(std::string_view pem) {
  const Bio bio = bio_over(pem);
  if (!bio) return std::nullopt;
  auto key = checked(PEM_read_bio_RSAPrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (!key) return std::nullopt;
  const Bio text(BIO_new(BIO_s_mem()));
  if (!text || PEM_write_bio_RSA_PUBKEY(text.get(), key->rsa) != 1) return std::nullopt;
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return RsaPrivateKey(std::move(key), std::string(data, static_cast<std::size_t>(size)));
}

bool RsaPrivateKey::decrypt_oaep(ByteView cipher, Bytes& out) const {
  if (cipher.size() != key_->size()) return false;
  const std::size_t start = out.size();
  out.resize(start + cipher.size());
  const int size =
      RSA_private_decrypt(static_cast<int>(cipher.size()), readable(cipher.data()),
                          writable(out.data() + start), key_->rsa, RSA_PKCS1_OAEP_PADDING);
  ERR_clear_error();
  out.resize(start + static_cast<std::size_t>(std::max(size, 0)));
  return size >= 0;
}

}  // namespace wanlab::crypto
