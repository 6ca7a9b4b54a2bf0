// When the order of a set of regions may change, and above all its head. Pure: costs and the time
// go in, an order comes out. It must not look at anything but its arguments, and uses no library
// mathematics.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "real_components/routing/region_cost.hpp"
#include "real_components/routing/region_table.hpp"
#include "real_components/runtime/time.hpp"

namespace wanlab::routing {

struct ResortOptions {
  // Costs closer than this are equal when sorting, so that noise does not reorder the tail.
  Duration quantum = std::chrono::milliseconds{1};
  // A new head must be better by both. Tailscale's DERP home asks for 10 ms and 1/3 (net/netcheck),
  // but it pays for a move with reconnections; here a move costs nothing, so less gain suffices.
  Duration minimum_gain = std::chrono::milliseconds{5};
  std::uint32_t minimum_gain_percent = 20;
  // ...at this many consecutive ticks. Evaluations in between (a tenth of tolerance) do not count.
  std::uint32_t sustained_ticks = 5;
  Duration tick = std::chrono::seconds{1};
  // No change for the sake of latency sooner than this after the previous change.
  Duration dwell = std::chrono::seconds{30};
  // Flap damping after RFC 2439, with the common cut-off and reuse figures of routers (2000, 750),
  // but the half-life of minutes (15) shortened to one: RIPE-378 shows that the usual times punish
  // honest paths.
  std::uint32_t penalty_per_change = 1000;
  std::uint32_t suppress_at = 2000;
  std::uint32_t reuse_below = 750;
  Duration half_life = std::chrono::seconds{60};
  Duration maximum_suppression = std::chrono::seconds{300};
  // Makes edges differ where it does not matter which region they take: after a failure an edge
  // moves to one of the regions that no gain above separates from the best, by a hash of this and
  // the region's name. All edges see the same, and otherwise all of them would move to the same
  // one. Stale news make the apparent best worse than a random choice (Mitzenmacher, "How Useful Is
  // Old Information?", 2000). 0: always the best.
  std::uint64_t spread = 0;
  // A new set follows the best region freely until all its regions were measured, at most this
  // long: otherwise the first measurement to arrive, not the best one, would hold the head for a
  // whole dwell.
  Duration learning = std::chrono::seconds{10};
};

enum class HeadChange : std::uint8_t {
  none,
  learning,  // first measurements of a new set
  latency,   // a better region, after hysteresis: no hurry, spread it
  failure,   // the old head is suspect, down, draining or over capacity: now
};

// How well a region's state serves, 0 best: up, probation, suspect or over capacity, never
// measured, down, draining. The never-measured come behind everything that has answered and before
// what is known not to answer: a region about which nothing is known must not look like a perfect
// one.
std::uint32_t rank(const RegionCost& cost);

// Sorts by the policy's total order: rank, quantised cost (if measured), prior, name. The same set
// and costs give the same order, whatever the order was before.
void sort_regions(std::span<RegionId> regions, const RegionCosts& costs, const RegionTable& names,
                  Duration quantum);

// The history that hysteresis needs for one set of regions.
class ResortPolicy {
 public:
  // To be called once a tick, and at once whenever the state of a region changes. Reorders `order`
  // (the set's current order) in place; the head moves only if the result is not `none`. While
  // costs.panic is set nothing moves.
  HeadChange evaluate(std::vector<RegionId>& order, const RegionCosts& costs,
                      const RegionTable& names, const ResortOptions& options, Instant now);

  // Of the last change.
  Duration cost_before() const { return cost_before_; }
  Duration cost_after() const { return cost_after_; }
  // Decayed to `now`.
  std::uint32_t penalty(const ResortOptions& options, Instant now) const;
  bool suppressed() const { return suppressed_; }

 private:
  static bool clearly_better(const RegionCost& one, const RegionCost& other,
                             const ResortOptions& options);
  static RegionId one_of_the_best(std::span<const RegionId> order, RegionId best,
                                  const RegionCosts& costs, const RegionTable& names,
                                  const ResortOptions& options);
  HeadChange decide(const RegionCost& head, const RegionCost& best, bool all_measured,
                    const ResortOptions& options, Instant now);
  bool beaten_long_enough(const RegionCost& head, const RegionCost& best,
                          const ResortOptions& options, Instant now);
  void count_change(const ResortOptions& options, Instant now);

  static constexpr Instant never = Instant::min();
  Instant changed_at_ = never;  // for a reason that counts: not while learning
  Instant begun_at_ = never;
  Instant last_tick_ = never;
  Instant suppressed_since_{};
  Instant penalty_at_{};
  Duration cost_before_{0};
  Duration cost_after_{0};
  std::uint32_t penalty_ = 0;
  std::uint32_t ticks_ = 0;
  bool learning_ = true;
  bool suppressed_ = false;
};

}  // namespace wanlab::routing
