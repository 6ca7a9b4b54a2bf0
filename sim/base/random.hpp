// Counter-based random numbers: a draw is a pure function of (seed, stream name, counter).
//
// There is no hidden state, so adding a consumer shifts nobody else's numbers and the parts of a
// simulation can draw in any order. Philox4x32-10: Salmon, Moraes, Dror, Shaw, SC'11.
#pragma once

#include "real_components/runtime/runtime.hpp"
#include "sim/base/hash.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace wanlab {

// 128 random bits.
struct RandomBlock {
  std::array<std::uint32_t, 4> word{};
  constexpr std::uint64_t low() const { return word[0] | (std::uint64_t{word[1]} << 32); }
  constexpr std::uint64_t high() const { return word[2] | (std::uint64_t{word[3]} << 32); }
};

// The key of one named stream.
class RandomKey {
 public:
  constexpr RandomKey() = default;
  constexpr RandomKey(std::uint64_t seed, std::string_view name)
      : key_(mix(mix(seed), hash_name(name))) {}

  // The block numbered (major, minor). Distinct numbers give independent blocks.
  constexpr RandomBlock block(std::uint64_t major, std::uint64_t minor = 0) const {
    std::uint32_t c0 = static_cast<std::uint32_t>(minor),
                  c1 = static_cast<std::uint32_t>(minor >> 32);
    std::uint32_t c2 = static_cast<std::uint32_t>(major),
                  c3 = static_cast<std::uint32_t>(major >> 32);
    std::uint32_t k0 = static_cast<std::uint32_t>(key_),
                  k1 = static_cast<std::uint32_t>(key_ >> 32);
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c0;
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c2;
      c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
      c1 = static_cast<std::uint32_t>(p1);
      c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
      c3 = static_cast<std::uint32_t>(p0);
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    return {{c0, c1, c2, c3}};
  }

 private:
  std::uint64_t key_ = 0;
};

// Maps 64 random bits to [0, bound) by multiplication; the bias is below bound / 2^64.
constexpr std::uint64_t scale_to(std::uint64_t bits, std::uint64_t bound) {
  return static_cast<std::uint64_t>((static_cast<runtime::Uint128>(bits) * bound) >> 64);
}

// -ln(u) for u uniform in (0, 1], from 64 random bits: an exponential variate of mean 1. Plain IEEE
// arithmetic only, so it is the same on every machine (relative error below 1e-12).
double standard_exponential(std::uint64_t bits);
Duration exponential(Duration mean, std::uint64_t bits);
// Uniform over the closed range.
Duration uniform_between(Duration least, Duration most, std::uint64_t bits);

// A stream that is read in sequence, for components.
class NamedStream final : public runtime::RandomStream {
 public:
  NamedStream(std::uint64_t seed, std::string_view name) : key_(seed, name) {}
  std::uint64_t next() override {
    const RandomBlock block = key_.block(0, counter_ >> 1);
    return (counter_++ & 1) != 0 ? block.high() : block.low();
  }

 private:
  RandomKey key_;
  std::uint64_t counter_ = 0;
};

}  // namespace wanlab
