// 136 bits as four groups of 34 bits, each as five digits to the base 126 (126^5 > 2^34).
#include "real_components/mysql/nonce.hpp"

#include <cstdint>

namespace wanlab::mysql {

namespace {

constexpr std::size_t groups = 4;
constexpr std::size_t digits = 5;
constexpr unsigned group_bits = 34;
constexpr std::uint64_t group_mask = (std::uint64_t{1} << group_bits) - 1;
constexpr std::uint64_t base = 126;
static_assert(groups * digits == nonce_size);
static_assert(groups * group_bits == 8 * std::tuple_size_v<NonceContent>);

// 0..125 to 1..127 without 36, the dollar sign.
constexpr std::uint64_t dollar = '$';
constexpr std::byte byte_of(std::uint64_t digit) {
  return static_cast<std::byte>(digit + 1 < dollar ? digit + 1 : digit + 2);
}

// The bit position of a group may fall inside a byte, hence at most six bytes are touched.
constexpr std::size_t window = 6;

}  // namespace

Nonce encode_nonce(const NonceContent& content) {
  Nonce nonce;
  for (std::size_t group = 0; group < groups; ++group) {
    const std::size_t bit = group * group_bits;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < window && bit / 8 + i < content.size(); ++i) {
      value |= static_cast<std::uint64_t>(content[bit / 8 + i]) << (8 * i);
    }
    value = (value >> (bit % 8)) & group_mask;
    for (std::size_t i = 0; i < digits; ++i) {
      nonce[group * digits + i] = byte_of(value % base);
      value /= base;
    }
  }
  return nonce;
}

std::optional<NonceContent> decode_nonce(const Nonce& nonce) {
  NonceContent content{};
  for (std::size_t group = 0; group < groups; ++group) {
    std::uint64_t value = 0;
    for (std::size_t i = digits; i-- > 0;) {
      const auto byte = static_cast<std::uint64_t>(nonce[group * digits + i]);
      if (byte == 0 || byte == dollar || byte > 127) return std::nullopt;
      value = value * base + (byte < dollar ? byte - 1 : byte - 2);
    }
    if (value > group_mask) return std::nullopt;
    const std::size_t bit = group * group_bits;
    value <<= bit % 8;
    for (std::size_t i = 0; i < window && bit / 8 + i < content.size(); ++i) {
      content[bit / 8 + i] |= static_cast<std::byte>((value >> (8 * i)) & 0xff);
    }
  }
  return content;
}

}  // namespace wanlab::mysql
