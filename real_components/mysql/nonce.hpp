// The 20 bytes of a greeting that a password proof is bound to, and how 136 bits travel in them.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

namespace wanlab::mysql {

inline constexpr std::size_t nonce_size = 20;
using Nonce = std::array<std::byte, nonce_size>;

// What an edge can put into a nonce: 136 bits.
using NonceContent = std::array<std::byte, 17>;

// Clients expect 7-bit bytes without NUL; MySQL itself also avoids '$'. That leaves 126 values:
// four groups of 34 bits, each as five base-126 digits.
Nonce encode_nonce(const NonceContent& content);

// Nothing when the nonce was not made by encode_nonce().
std::optional<NonceContent> decode_nonce(const Nonce& nonce);

}  // namespace wanlab::mysql
