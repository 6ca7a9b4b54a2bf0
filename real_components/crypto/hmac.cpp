// HMAC-SHA256 on SHA-256's compression function. Low-level functions for the reason in digest.cpp,
// and because only they give access to the state after one block.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "real_components/crypto/hmac.hpp"

#include <openssl/sha.h>
#include <algorithm>
#include <bit>
#include <cstring>

namespace wanlab::crypto {

namespace {

constexpr std::size_t block_size = 64;
// A padded block needs the 0x80 and eight bytes of length behind the message.
constexpr std::size_t single_block_most = block_size - 9;

using State = std::array<std::uint32_t, 8>;
using Block = std::array<std::byte, block_size>;

void set_state(SHA256_CTX& context, const State& state) {
  std::memcpy(context.h, state.data(), sizeof context.h);
}

void compress(SHA256_CTX& context, const Block& block) {
  SHA256_Transform(&context, reinterpret_cast<const unsigned char*>(block.data()));
}

void store_big_endian(std::byte* to, std::uint32_t value) {
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap32(value);
  std::memcpy(to, &value, sizeof value);
}

Digest256 digest_of(const SHA256_CTX& context) {
  Digest256 digest;
  for (std::size_t i = 0; i < 8; ++i) store_big_endian(digest.data() + 4 * i, context.h[i]);
  return digest;
}

// The hash of a message whose first block has already led to `state` and whose rest fits into one
// more block together with its padding.
Digest256 finish_in_one_block(const State& state, ByteView rest) {
  Block block{};
  std::ranges::copy(rest, block.begin());
  block[rest.size()] = std::byte{0x80};
  store_big_endian(block.data() + block_size - 4,
                   static_cast<std::uint32_t>((block_size + rest.size()) * 8));
  SHA256_CTX context;
  set_state(context, state);
  compress(context, block);
  return digest_of(context);
}

State state_after(const Block& block) {
  SHA256_CTX context;
  SHA256_Init(&context);
  compress(context, block);
  State state;
  std::copy(std::begin(context.h), std::end(context.h), state.begin());
  secure_zero(std::as_writable_bytes(std::span(&context, 1)));
  return state;
}

}  // namespace

HmacSha256Key::HmacSha256Key(ByteView key) {
  Block block{};
  if (key.size() > block_size) {
    const Digest256 digest = sha256(key);
    std::copy(digest.begin(), digest.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  for (std::byte& byte : block) byte ^= std::byte{0x36};
  inner_ = state_after(block);
  for (std::byte& byte : block) byte ^= std::byte{0x36 ^ 0x5c};
  outer_ = state_after(block);
  secure_zero(block);
}

HmacSha256Key::~HmacSha256Key() {
  secure_zero(std::as_writable_bytes(std::span(inner_)));
  secure_zero(std::as_writable_bytes(std::span(outer_)));
}

Digest256 HmacSha256Key::mac(ByteView message) const {
  if (message.size() <= single_block_most) {
    return finish_in_one_block(outer_, finish_in_one_block(inner_, message));
  }
  SHA256_CTX context;
  SHA256_Init(&context);
  set_state(context, inner_);
  context.Nl = block_size * 8;
  SHA256_Update(&context, message.data(), message.size());
  Digest256 digest;
  SHA256_Final(reinterpret_cast<unsigned char*>(digest.data()), &context);
  return finish_in_one_block(outer_, digest);
}

Digest256 hkdf_sha256(ByteView secret, ByteView salt, ByteView info) {
  const Digest256 no_salt{};
  Digest256 pseudo_random_key = HmacSha256Key(salt.empty() ? ByteView(no_salt) : salt).mac(secret);
  Bytes expansion(info.begin(), info.end());
  expansion.push_back(std::byte{1});
  const Digest256 key = HmacSha256Key(pseudo_random_key).mac(expansion);
  secure_zero(pseudo_random_key);
  return key;
}

}  // namespace wanlab::crypto
