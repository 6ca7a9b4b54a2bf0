// Blocks guessing: counts failed logins per user and client address. Never per user alone, which
// would let anyone lock a user out.
#pragma once

#include "real_components/runtime/time.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace wanlab::origin {

struct GuessingLimit {
  // Ten failures within 150 s block for 120 s: the figures of Supavisor's authentication circuit
  // breaker (github.com/supabase/supavisor).
  std::uint32_t failures = 10;
  Duration window = std::chrono::seconds(150);
  Duration block = std::chrono::seconds(120);
  std::uint32_t sets = 1024;  // of four entries; a full set forgets its oldest entry
};

class FailureCounters {
 public:
  // `secret` keeps clients from choosing names that collide.
  FailureCounters(GuessingLimit limit, std::uint64_t secret);

  bool blocked(std::string_view user, const std::array<std::uint8_t, 16>& ip, Instant now) const;
  void failed(std::string_view user, const std::array<std::uint8_t, 16>& ip, Instant now);

 private:
  struct Entry {
    std::uint64_t fingerprint = 0;
    Instant window_start{};
    Instant blocked_until{};
    std::uint32_t failures = 0;
  };
  static constexpr std::uint32_t ways = 4;

  std::uint64_t fingerprint(std::string_view user, const std::array<std::uint8_t, 16>& ip) const;
  std::size_t set_of(std::uint64_t fingerprint) const {
    return (fingerprint >> 32) % limit_.sets * ways;
  }

  GuessingLimit limit_;
  std::uint64_t secret_;
  std::vector<Entry> entries_;  // empty until the first failure
};

}  // namespace wanlab::origin
