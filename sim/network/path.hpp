// One direction between two places, with what happens to segments on it.
#pragma once

#include "real_components/runtime/time.hpp"

#include <cstdint>
#include <vector>

namespace wanlab::network {

struct Path {
  // The zones are those of the machines (Machine::zone), lanes included.
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
  // By faults: how many segments come so much later that others overtake them, in units of 2^-32.
  std::uint32_t reordered = 0;
  bool unreachable = false;  // no cable leads there any more
  bool uncertain = false;    // something about it is drawn: jitter, loss or order
  std::int64_t reorder_delay = 0;
  // What meets a segment that is sent again a timeout later, when a bad spell may be over.
  std::uint32_t later_loss = 0;
  // As measured, without faults.
  std::int64_t own_jitter_mean = 0;
  std::uint64_t own_bits_per_second = 0;

  std::int64_t base() const { return delay + extra_delay; }
  bool open() const { return blocked == 0 && !unreachable; }
};

// A machine's zone, and above it a lane: machines that faults single out on the network have paths
// of their own, which share no link with those of the rest of their site.
inline constexpr std::uint32_t lane_shift = 8;
inline constexpr std::uint32_t zone_mask = (1u << lane_shift) - 1;
inline constexpr std::uint32_t maximum_lanes = 255;

// One end of what a fault hits.
struct Place {
  static constexpr std::uint32_t any = ~std::uint32_t{0};
  std::uint32_t site = any, zone = any, lane = any;

  bool everything() const { return site == any; }
  bool holds(std::uint32_t its_site, std::uint32_t its_zone) const {
    return (site == any || site == its_site) && (zone == any || zone == (its_zone & zone_mask)) &&
           (lane == any || lane == its_zone >> lane_shift);
  }
  bool operator==(const Place&) const = default;
};

// What a fault does to every path between two sets of places, present and future. What happens
// inside a place is its own affair: "a zone and everything else" leaves paths within the zone
// alone. Only a place that is named alone at both ends means itself.
struct Impairment {
  std::vector<Place> from, to;
  bool one_way = false;
  std::int64_t extra_delay = 0;
  std::int64_t jitter_mean = 0;
  std::uint32_t loss = 0;  // in units of 2^-32
  // The same a retransmission timeout later: less than `loss` if it comes in spells.
  std::uint32_t later_loss = 0;
  std::uint32_t reordered = 0;
  std::int64_t reorder_delay = 0;
  std::uint64_t bits_per_second = 0;  // 0 = no limit
  bool blocks = false;

  bool concerns(const Path& path) const {
    return meets(path.source_site, path.source_zone, path.target_site, path.target_zone) ||
           (!one_way &&
            meets(path.target_site, path.target_zone, path.source_site, path.source_zone));
  }

 private:
  bool meets(std::uint32_t site, std::uint32_t zone, std::uint32_t other_site,
             std::uint32_t other_zone) const {
    for (const Place& near : from) {
      if (!near.holds(site, zone)) continue;
      for (const Place& far : to) {
        if (!far.holds(other_site, other_zone)) continue;
        if (near.everything() && far.everything()) {
          if (site != other_site) return true;
          continue;
        }
        const bool inside = (far.everything() && near.holds(other_site, other_zone)) ||
                            (near.everything() && far.holds(site, zone)) ||
                            (near == far && from.size() + to.size() > 2);
        if (!inside) return true;
      }
    }
    return false;
  }
};

}  // namespace wanlab::network
