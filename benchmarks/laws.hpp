// The increments of the hold model, and the generator that draws them. The peers' programs use this
// file too, so that every queue meets the same sequence. Needs nothing but the standard library.
#pragma once

#include <cmath>
#include <cstdint>

namespace wanlab::bench {

// xoshiro256++ by Blackman and Vigna (prng.di.unimi.it), seeded by splitmix64.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      std::uint64_t mixed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
      word = mixed ^ (mixed >> 31);
    }
  }
  std::uint64_t bits() {
    const std::uint64_t result = rotate(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }
  // In (0, 1].
  double fraction() { return (static_cast<double>(bits() >> 11) + 1) * 0x1p-53; }
  double exponential() { return -std::log(fraction()); }

 private:
  static std::uint64_t rotate(std::uint64_t word, int by) { return word << by | word >> (64 - by); }
  std::uint64_t state_[4];
};

enum class Law {
  exponential,  // mean 1 s
  wan,          // 45 % 0.05-0.2 ms (work), 45 % 20-150 ms (paths), 10 % 30-60 s (idle clients)
};

// Both in nanoseconds, at least 1.
inline std::uint64_t draw_increment(Law law, Chance& chance) {
  if (law == Law::exponential) return 1 + static_cast<std::uint64_t>(chance.exponential() * 1e9);
  const double which = chance.fraction();
  const double within = chance.fraction();
  if (which < 0.45) return static_cast<std::uint64_t>(50e3 + within * 150e3);
  if (which < 0.90) return static_cast<std::uint64_t>(20e6 + within * 130e6);
  return static_cast<std::uint64_t>(30e9 + within * 30e9);
}

// What is left of an increment that is under way at a random moment, so that a hold model starts in
// its equilibrium: an increment taken by its length, and a uniform part of it.
inline std::uint64_t draw_residual(Law law, Chance& chance) {
  if (law == Law::exponential) return draw_increment(law, chance);
  for (;;) {
    const auto increment = static_cast<double>(draw_increment(law, chance));
    if (chance.fraction() * 60e9 < increment) {
      return 1 + static_cast<std::uint64_t>(chance.fraction() * increment);
    }
  }
}

}  // namespace wanlab::bench
