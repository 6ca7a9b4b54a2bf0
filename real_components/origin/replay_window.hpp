// Remembers which nonces of one edge were already used, for as long as a nonce may be used at all.
// Exact: never forgets one that is still fresh, never refuses one that was not used.
#pragma once

#include "real_components/wire/nonce.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace wanlab::origin {

// One bitmap per second of the window, as long as the highest sequence number seen in that second:
// an edge that makes a million nonces costs 128 KiB per second, for a minute.
class ReplayWindow {
 public:
  // Nonces count as fresh when their second lies at most this far from the origin's own, on both
  // sides: clock skew and the time a client takes to answer the greeting.
  static constexpr std::int32_t tolerance_seconds = 30;

  enum class Verdict : std::uint8_t { fresh, stale, replayed };

  // `now_seconds` is Unix time. Marks a fresh nonce as used.
  Verdict use(const wire::NonceClaims& nonce, std::int64_t now_seconds);

 private:
  struct Second {
    std::uint32_t seconds = 0xffffffff;
    std::uint32_t process = 0;
    std::vector<std::uint64_t> used;
  };
  // More than the window is wide, so that two seconds of one window never meet in a slot.
  static constexpr std::uint32_t slots = 64;
  static_assert(slots > 2 * tolerance_seconds + 1);

  // The slot of this second and process, emptied if it last held another second's.
  Second& slot_of(const wire::NonceClaims& nonce);

  std::array<Second, slots> seconds_;
  // A restarted edge counts again from zero: its first seconds may share the second of its
  // predecessor.
  std::array<Second, slots> after_restart_;
};

}  // namespace wanlab::origin
