// The project's own hashes of names and words. Their values are part of every digest: never change
// them.
#pragma once

#include "real_components/runtime/bytes.hpp"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace wanlab {

// The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a bijection that mixes every bit.
constexpr std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

constexpr std::uint64_t mix(std::uint64_t left, std::uint64_t right) {
  return mix(left ^ mix(right));
}

// FNV-1a, finished with mix() because FNV leaves the high bits of short names alike.
constexpr std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return mix(hash);
}

// Folds a payload into a running hash, eight bytes at a step.
inline std::uint64_t fold_bytes(std::uint64_t hash, ByteView bytes) {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  hash ^= left * 0x9e3779b97f4a7c15u;
  while (left >= 8) {
    hash = (hash ^ load_little_endian<std::uint64_t>(at)) * 0xd6e8feb86659fd93u;
    hash ^= hash >> 32;
    at += 8;
    left -= 8;
  }
  std::uint64_t tail = 0;
  if (left >= 4) {
    // The two halves overlap; together they hold every byte, and the length is mixed in above.
    tail = load_little_endian<std::uint32_t>(at) |
           (std::uint64_t{load_little_endian<std::uint32_t>(at + left - 4)} << 32);
  } else if (left != 0) {
    tail = static_cast<std::uint64_t>(at[0]) | (static_cast<std::uint64_t>(at[left / 2]) << 8) |
           (static_cast<std::uint64_t>(at[left - 1]) << 16);
  }
  hash = (hash ^ tail) * 0xd6e8feb86659fd93u;
  return hash ^ (hash >> 32);
}

}  // namespace wanlab
