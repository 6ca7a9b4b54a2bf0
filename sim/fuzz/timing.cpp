#include "sim/fuzz/timing.hpp"

#include "sim/scenario/fault_rules.hpp"

#include <algorithm>

namespace wanlab::fuzz {

using namespace scenario;

namespace {

// For how long the proof goes on.
constexpr Duration proof = std::chrono::seconds(12);
// What a run may take beyond that until the last client has gone: handshakes and statements that
// were begun at the end.
constexpr Duration closing_time = std::chrono::seconds(75);

// How often a region, as an edge sees it, may go down because of this fault.
std::uint32_t times_down(const Fault& fault) {
  if (fault.shape != FaultShape::flapping || fault.period <= Duration::zero()) return 1;
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(fault.duration / fault.period + 1, 1, 7));
}

}  // namespace

Duration healed_by(const Plan& plan) {
  Duration healed = Duration::zero();
  for (const Fault& fault : plan.faults) healed = std::max(healed, fault.at + fault.duration);
  for (const Credential& credential : plan.credentials) {
    for (const auto& end : {credential.revoked_after, credential.credential_expires_after,
                            credential.route_expires_after}) {
      if (end) healed = std::max(healed, *end);
    }
  }
  return healed;
}

Duration recovery_bound(const Plan& plan) {
  std::uint32_t downs = 0;
  for (const Fault& fault : plan.faults) downs += times_down(fault);
  // Nothing is quicker than this: a watch is given up after 30 s of silence, and its store is tried
  // again within 10 s; a calm region is pinged each 16 s, so that the median of three follows after
  // 32 s; a better region must be so at five ticks, 30 s after the last change, and is adopted
  // within 5 s.
  Duration bound = std::chrono::seconds(110);
  if (downs > 1) {
    // Hold-down: 5 s, doubled per repeat, at most 300 s, each +-20 %.
    bound +=
        std::min(std::chrono::seconds(6) * (1 << std::min(downs, 6u)), std::chrono::seconds(360));
    // Damping of flaps: three changes at 1000 each fade below 750 within two half-lives of 60 s;
    // more of them count for at most 300 s.
    bound += std::min(std::chrono::seconds(60) * downs, std::chrono::seconds(300));
  }
  return bound;
}

void set_times(Plan& plan) {
  const Duration settled = healed_by(plan) + recovery_bound(plan);
  plan.settled_after = settled;
  Duration last = Duration::zero();
  for (ClientGroup& group : plan.clients) {
    if (group.name.starts_with(proof_prefix)) group.start = settled;
    group.hold = std::max(settled + proof - group.start - group.ramp, Duration::zero());
    last = std::max(last, group.start + group.ramp + group.hold + group.drain);
  }
  plan.duration = last + closing_time;
}

}  // namespace wanlab::fuzz
