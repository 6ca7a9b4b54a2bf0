// One direction between two places, with what happens to segments on it.
#pragma once

#include "real_components/runtime/time.hpp"

#include <cstdint>

namespace wanlab::network {

struct Path {
  std::uint32_t source_site, source_zone, target_site, target_zone;
  std::uint32_t reverse;          // PathId of the other direction
  std::int64_t delay;             // one way, nanoseconds, without jitter and faults
  std::int64_t jitter_mean;       // of an exponential addition, nanoseconds; 0 = none
  std::uint32_t loss;             // probability per segment, in units of 2^-32
  std::uint64_t bits_per_second;  // 0 = unlimited
  std::int64_t free_at;           // when the link has sent all it was given
  std::int64_t extra_delay = 0;   // by faults
  std::uint32_t extra_loss = 0;   // by faults
  std::uint32_t blocked = 0;      // faults that let nothing through
  std::uint64_t bytes = 0, messages = 0, lost = 0;

  std::int64_t base() const { return delay + extra_delay; }
  bool unreachable = false;  // no cable leads there any more
  bool open() const { return blocked == 0 && !unreachable; }
};

// What a fault does to every path between two sites, present and future.
struct Impairment {
  std::uint32_t source_site = 0, target_site = 0;
  bool one_way = false;
  std::int64_t extra_delay = 0;
  std::uint32_t loss = 0;  // in units of 2^-32
  bool blocks = false;

  bool concerns(const Path& path) const {
    return (path.source_site == source_site && path.target_site == target_site) ||
           (!one_way && path.source_site == target_site && path.target_site == source_site);
  }
};

}  // namespace wanlab::network
