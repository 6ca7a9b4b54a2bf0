// Looks for the secrets of Credentials in bytes that reach a machine: a wire tap for the rule that
// an edge never holds what logs in. Changes nothing and keeps nothing of what it sees.
#pragma once

#include "real_components/runtime/bytes.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace wanlab::world {

class SecretTap {
 public:
  struct Secret {
    Bytes bytes;
    std::uint64_t credential = 0;
    std::string what;  // "sha2 verifier of app"
  };

  // Of at least 15 bytes; shorter ones cannot be told from chance and are left out.
  void add(Secret secret);
  // A secret that begins or goes on in `bytes`, with at least 15 bytes of it there; null if none.
  // Costs a table look-up per eight bytes.
  const Secret* find(ByteView bytes) const {
    for (std::size_t at = 0; at + sizeof(std::uint64_t) <= bytes.size(); at += stride) {
      const auto word = load_little_endian<std::uint64_t>(bytes.data() + at);
      const std::uint32_t place = place_of(word);
      if ((marks_[place >> 6] >> (place & 63)) & 1) [[unlikely]] {
        if (const Secret* secret = confirm(bytes, at, word)) return secret;
      }
    }
    return nullptr;
  }

 private:
  // A run of 15 bytes holds a whole window of eight that begins at a multiple of eight.
  static constexpr std::size_t stride = 8;
  static constexpr std::size_t shortest = 15;
  struct Window {
    std::uint64_t word;
    std::uint32_t secret, at;
  };

  static std::uint32_t place_of(std::uint64_t word) {
    return static_cast<std::uint32_t>((word * 0x9e3779b97f4a7c15u) >> 50);
  }
  const Secret* confirm(ByteView bytes, std::size_t at, std::uint64_t word) const;

  std::vector<Secret> secrets_;
  std::vector<Window> windows_;  // by word
  std::array<std::uint64_t, (1u << 14) / 64> marks_{};
};

}  // namespace wanlab::world
