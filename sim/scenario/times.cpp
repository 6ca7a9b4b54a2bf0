#include "sim/scenario/times.hpp"

#include <algorithm>

namespace wanlab::scenario {

Duration done_by(const ClientGroup& group) {
  if (group.kind == ClientKind::arrivals) {
    const Duration last = group.arrivals.empty() ? Duration::zero() : group.arrivals.back().at;
    return group.start + last + group.arrivals_spread + group.hold;
  }
  // A connection that could only be opened late is closed when it was to close anyway.
  Duration ready = group.start;
  if (group.kind == ClientKind::lambda) {
    ready += group.cold_start_maximum;
    if (group.hosts > group.burst && group.refill != 0) {
      ready += group.refill_period * (group.hosts - group.burst) / group.refill;
    }
  }
  return std::max(ready, group.start + group.ramp + group.hold + group.drain);
}

Duration likely_end(const Plan& plan) {
  // What a world waits for stragglers once the last client is done.
  constexpr Duration settling = std::chrono::seconds(2);
  Duration end = Duration::zero();
  for (const ClientGroup& group : plan.clients) end = std::max(end, done_by(group));
  return std::min(plan.warm_up + end + settling, plan.warm_up + plan.duration);
}

}  // namespace wanlab::scenario
