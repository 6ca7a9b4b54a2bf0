#include "real_components/wire/nonce.hpp"

#include <algorithm>

namespace wanlab::wire {
namespace {

constexpr std::string_view nonce_domain = "wanlab nonce 1";
constexpr std::string_view key_domain = "wanlab edge nonce key 1";
constexpr std::string_view name_domain = "wanlab edge ";

constexpr std::size_t claims_size = 9;
constexpr std::size_t tag_size = 8;

// Most significant first: edge 12 | seconds 28 | process 12 | sequence 20.
void write_claims(std::byte* at, const NonceClaims& claims) {
  const std::uint64_t head = (std::uint64_t{claims.edge & nonce_edge_mask} << 52) |
                             (std::uint64_t{claims.seconds & nonce_seconds_mask} << 24) |
                             (std::uint64_t{claims.process & 0xfff} << 12) |
                             ((claims.sequence & (nonce_sequence_limit - 1)) >> 8);
  for (unsigned i = 0; i < 8; ++i) at[i] = static_cast<std::byte>((head >> (56 - 8 * i)) & 0xff);
  at[8] = static_cast<std::byte>(claims.sequence & 0xff);
}

std::array<std::byte, tag_size> tag_of(const std::byte* claims, const crypto::HmacSha256Key& key) {
  std::array<std::byte, nonce_domain.size() + claims_size> message;
  std::copy_n(as_bytes(nonce_domain).begin(), nonce_domain.size(), message.begin());
  std::copy_n(claims, claims_size, message.begin() + nonce_domain.size());
  const crypto::Digest256 digest = key.mac(message);
  std::array<std::byte, tag_size> tag;
  std::copy_n(digest.begin(), tag_size, tag.begin());
  return tag;
}

}  // namespace

std::uint32_t edge_fingerprint(std::string_view edge_name) {
  return load_little_endian<std::uint32_t>(
      crypto::sha256(as_bytes(name_domain), as_bytes(edge_name)).data());
}

crypto::Digest256 edge_nonce_key(ByteView fleet_nonce_key, std::string_view edge_name) {
  Bytes message;
  append(message, key_domain);
  append(message, edge_name);
  return crypto::HmacSha256Key(fleet_nonce_key).mac(message);
}

NonceContent seal_nonce(const NonceClaims& claims, const crypto::HmacSha256Key& edge_key) {
  NonceContent nonce;
  write_claims(nonce.data(), claims);
  const auto tag = tag_of(nonce.data(), edge_key);
  std::copy(tag.begin(), tag.end(), nonce.begin() + claims_size);
  return nonce;
}

std::optional<NonceClaims> open_nonce(const NonceContent& nonce,
                                      const crypto::HmacSha256Key& edge_key) {
  const auto tag = tag_of(nonce.data(), edge_key);
  if (!crypto::constant_time_equal(tag, ByteView(nonce).subspan(claims_size))) return std::nullopt;
  std::uint64_t head = 0;
  for (unsigned i = 0; i < 8; ++i) head = (head << 8) | static_cast<std::uint64_t>(nonce[i]);
  NonceClaims claims;
  claims.edge = static_cast<std::uint32_t>(head >> 52);
  claims.seconds = static_cast<std::uint32_t>(head >> 24) & nonce_seconds_mask;
  claims.process = static_cast<std::uint32_t>(head >> 12) & 0xfff;
  claims.sequence =
      (static_cast<std::uint32_t>(head & 0xfff) << 8) | static_cast<std::uint32_t>(nonce[8]);
  return claims;
}

}  // namespace wanlab::wire
