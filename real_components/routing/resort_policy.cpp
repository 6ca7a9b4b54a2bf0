// Sorting and the rules for changing the head.
#include "real_components/routing/resort_policy.hpp"

#include "real_components/routing/name_index.hpp"

#include <algorithm>
#include <array>

namespace wanlab::routing {

namespace {

constexpr std::uint32_t rank_suspect = 2;
constexpr std::uint32_t rank_unmeasured = 3;
constexpr std::uint32_t rank_down = 4;

// 2^(-k/16) in 32-bit fixed point. Linear interpolation in between is at most 0.03 % too large.
constexpr std::array<std::uint64_t, 17> half_powers{
    4294967296, 4112874773, 3938502376, 3771522796, 3611622603, 3458501653,
    3311872529, 3171459999, 3037000500, 2908241642, 2784941738, 2666869345,
    2553802834, 2445529972, 2341847524, 2242560872, 2147483648};

std::uint32_t decayed(std::uint32_t penalty, Duration elapsed, Duration half_life) {
  if (elapsed <= Duration{0} || penalty == 0) return penalty;
  const std::int64_t halvings = elapsed / half_life;
  if (halvings >= 32) return 0;
  // Sixteenths of a half-life in 16-bit fixed point; half-lives up to a day stay far from overflow.
  const std::int64_t position = (elapsed % half_life).count() / 1000 * (std::int64_t{16} << 16) /
                                std::max<std::int64_t>(half_life.count() / 1000, 1);
  const auto step = static_cast<std::size_t>(std::min<std::int64_t>(position >> 16, 15));
  const auto within = static_cast<std::uint64_t>(position & 0xffff);
  const std::uint64_t factor =
      half_powers[step] - (((half_powers[step] - half_powers[step + 1]) * within) >> 16);
  return static_cast<std::uint32_t>(((penalty * factor) >> 32) >> halvings);
}

}  // namespace

std::uint32_t rank(const RegionCost& cost) {
  if (cost.state == RegionState::draining) return rank_down + 1;
  if (cost.state == RegionState::down) return rank_down;
  if (!cost.measured) return rank_unmeasured;
  if (cost.state == RegionState::suspect || cost.over_capacity) return rank_suspect;
  return cost.state == RegionState::probation ? 1 : 0;
}

void sort_regions(std::span<RegionId> regions, const RegionCosts& costs, const RegionTable& names,
                  Duration quantum) {
  std::ranges::sort(regions, [&](RegionId left, RegionId right) {
    const RegionCost& a = costs.of(left);
    const RegionCost& b = costs.of(right);
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    if (a.measured != b.measured) return a.measured;  // among the down and the draining
    if (a.measured && a.cost / quantum != b.cost / quantum)
      return a.cost / quantum < b.cost / quantum;
    if (a.prior != b.prior) return a.prior < b.prior;
    return names.name(left) < names.name(right);
  });
}

HeadChange ResortPolicy::evaluate(std::vector<RegionId>& order, const RegionCosts& costs,
                                  const RegionTable& names, const ResortOptions& options,
                                  Instant now) {
  if (costs.panic || order.empty()) return HeadChange::none;
  const RegionId head = order.front();
  sort_regions(order, costs, names, options.quantum);
  const bool all_measured =
      std::ranges::all_of(order, [&](RegionId region) { return costs.of(region).measured; });
  // Frozen costs win nothing: a stale region is chosen only if the head has to go anyway.
  auto best = order.begin();
  if (rank(costs.of(head)) == rank(costs.of(*best))) {
    best = std::ranges::find_if(
        order, [&](RegionId region) { return region == head || !costs.of(region).stale; });
  }
  HeadChange change = HeadChange::none;
  if (*best != head) {
    change = decide(costs.of(head), costs.of(*best), all_measured, options, now);
  } else {
    decide(costs.of(head), costs.of(head), all_measured, options, now);
  }
  if (change == HeadChange::none) best = std::ranges::find(order, head);
  if (change == HeadChange::failure && options.spread != 0) {
    best = std::ranges::find(order, one_of_the_best(order, *best, costs, names, options));
  }
  std::rotate(order.begin(), best, best + 1);
  if (change != HeadChange::none) {
    cost_before_ = costs.of(head).cost;
    cost_after_ = costs.of(order.front()).cost;
  }
  return change;
}

bool ResortPolicy::clearly_better(const RegionCost& one, const RegionCost& other,
                                  const ResortOptions& options) {
  const Duration gain = other.cost - one.cost;
  return gain >= options.minimum_gain &&
         gain.count() / 100 >= other.cost.count() / 10'000 * options.minimum_gain_percent;
}

RegionId ResortPolicy::one_of_the_best(std::span<const RegionId> order, RegionId best,
                                       const RegionCosts& costs, const RegionTable& names,
                                       const ResortOptions& options) {
  RegionId chosen = best;
  if (rank(costs.of(best)) >= rank_suspect) return chosen;
  std::uint64_t highest = hash_name(names.name(best), options.spread);
  for (const RegionId region : order) {
    const RegionCost& cost = costs.of(region);
    if (rank(cost) != rank(costs.of(best)) || cost.stale ||
        clearly_better(costs.of(best), cost, options)) {
      continue;
    }
    const std::uint64_t hash = hash_name(names.name(region), options.spread);
    if (hash > highest) {
      highest = hash;
      chosen = region;
    }
  }
  return chosen;
}

HeadChange ResortPolicy::decide(const RegionCost& head, const RegionCost& best, bool all_measured,
                                const ResortOptions& options, Instant now) {
  const bool other = &head != &best;
  const bool was_learning = learning_;
  if (begun_at_ == never) begun_at_ = now;
  if (all_measured || now - begun_at_ >= options.learning) learning_ = false;
  if (suppressed_ && (penalty(options, now) < options.reuse_below ||
                      now - suppressed_since_ >= options.maximum_suppression)) {
    suppressed_ = false;
  }
  const bool sustained = beaten_long_enough(head, best, options, now);
  if (!other) return HeadChange::none;

  if (rank(best) < rank(head) && rank(head) >= rank_suspect) {
    // A first measurement is no fault of anybody and must not hold up the next one by a dwell.
    if (rank(head) == rank_unmeasured) return HeadChange::learning;
    count_change(options, now);
    return HeadChange::failure;
  }
  if (was_learning && rank(best) < rank_unmeasured) return HeadChange::learning;
  const bool dwelt = changed_at_ == never || now - changed_at_ >= options.dwell;
  if (!sustained || !dwelt || suppressed_) return HeadChange::none;
  count_change(options, now);
  return HeadChange::latency;
}

bool ResortPolicy::beaten_long_enough(const RegionCost& head, const RegionCost& best,
                                      const ResortOptions& options, Instant now) {
  const bool comparable = rank(head) < rank_unmeasured && rank(best) < rank_unmeasured;
  const bool beaten =
      comparable && (rank(best) < rank(head) || clearly_better(best, head, options));
  if (!beaten) {
    ticks_ = 0;
    last_tick_ = never;
    return false;
  }
  if (last_tick_ == never || now - last_tick_ >= options.tick - options.tick / 10) {
    last_tick_ = now;
    ++ticks_;
  }
  return ticks_ >= options.sustained_ticks;
}

void ResortPolicy::count_change(const ResortOptions& options, Instant now) {
  // RFC 2439's ceiling: no history holds longer than the maximum.
  const std::int64_t halvings =
      std::min<std::int64_t>(options.maximum_suppression / options.half_life, 16);
  const std::uint32_t ceiling = std::max(options.reuse_below << halvings, options.suppress_at);
  penalty_ = std::min(penalty(options, now) + options.penalty_per_change, ceiling);
  penalty_at_ = now;
  changed_at_ = now;
  ticks_ = 0;
  last_tick_ = never;
  if (penalty_ >= options.suppress_at && !suppressed_) {
    suppressed_ = true;
    suppressed_since_ = now;
  }
}

std::uint32_t ResortPolicy::penalty(const ResortOptions& options, Instant now) const {
  return decayed(penalty_, now - penalty_at_, options.half_life);
}

}  // namespace wanlab::routing
