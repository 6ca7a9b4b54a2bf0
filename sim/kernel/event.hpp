// One pending event, 24 bytes, and the order in which events happen.
#pragma once

#include "real_components/runtime/time.hpp"

#include <cstdint>

namespace wanlab::kernel {

// Who caused an event: the rank of a host among all hosts sorted by name. Ranks only order events;
// a host added elsewhere moves ranks but never the order of the others.
using Origin = std::uint32_t;
inline constexpr unsigned origin_bits = 20;
inline constexpr Origin maximum_origins = Origin{1} << origin_bits;

// What an event is for: an index into the simulation's table of handlers.
using Kind = std::uint32_t;
inline constexpr Kind kinds = 16;
inline constexpr std::uint32_t argument_bits = 28;
inline constexpr std::uint32_t argument_mask = (1u << argument_bits) - 1;

// Events happen by (time, origin, that origin's own sequence number). The last two share one word,
// so the order needs two comparisons, and it depends on who scheduled, never on the interleaving of
// hosts.
struct Event {
  std::uint64_t time;   // nanoseconds
  std::uint64_t order;  // origin in the high 20 bits, sequence in the low 44
  std::uint32_t target;
  std::uint32_t what;  // kind in the high 4 bits, argument in the low 28

  Origin origin() const { return static_cast<Origin>(order >> (64 - origin_bits)); }
  Kind kind() const { return what >> argument_bits; }
  std::uint32_t argument() const { return what & argument_mask; }
};
static_assert(sizeof(Event) == 24);

inline bool happens_before(const Event& left, const Event& right) {
  return left.time != right.time ? left.time < right.time : left.order < right.order;
}

}  // namespace wanlab::kernel
