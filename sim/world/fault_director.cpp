// When faults begin, change and heal.
#include "sim/world/fault_director.hpp"

#include "sim/scenario/fault_rules.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::world {

using runtime::TraceKind;
using scenario::Fault;
using scenario::FaultCourse;
using scenario::FaultKind;
using scenario::FaultShape;

namespace {
constexpr std::uint32_t full = 1000;
// A ramp grows in this many steps, but not in shorter ones than this.
constexpr std::int64_t ramp_steps = 100;
constexpr Duration shortest_step = std::chrono::milliseconds(10);
// How often a POP that fails its health checks is looked at again; its answers change only after
// the endpoint's health_lag.
constexpr Duration health_interval = std::chrono::seconds(1);
}  // namespace

FaultDirector::FaultDirector(SimulatedWorld& world)
    : world_(world), plan_(world.plan_), states_(plan_.faults.size()), lanes_(lanes(plan_)) {
  for (const scenario::Credential& credential : plan_.credentials) {
    Account& account = accounts_[credential.user];
    account.credential = &credential;
    account.password = world_.passwords_.at(credential.user);
    account.regions = credential.regions;
    if (credential.credential_expires_after) {
      account.expiration = world_.unix_time(*credential.credential_expires_after);
    }
  }
  has_health_checks_ = std::any_of(
      plan_.endpoints.begin(), plan_.endpoints.end(),
      [](const auto& endpoint) { return endpoint.kind == scenario::EndpointKind::optimized; });
}

void FaultDirector::schedule() {
  const auto at = [&](Duration moment, std::uint32_t number, Phase phase) {
    world_.simulation_.post(world_.fault_origin_, world_.begin_ + moment,
                            SimulatedWorld::fault_kind, number, static_cast<std::uint32_t>(phase));
  };
  for (std::uint32_t i = 0; i < plan_.faults.size(); ++i) {
    const Fault& fault = plan_.faults[i];
    at(fault.at, i, Phase::begin);
    if (fault.duration > Duration::zero()) at(fault.at + fault.duration, i, Phase::heal);
  }
  for (std::uint32_t i = 0; i < plan_.credentials.size(); ++i) {
    if (plan_.credentials[i].revoked_after)
      at(*plan_.credentials[i].revoked_after, i, Phase::revoke);
  }
}

void FaultDirector::post(Duration delay, std::uint32_t number, Phase phase) {
  world_.simulation_.post(world_.fault_origin_, world_.simulation_.now() + delay,
                          SimulatedWorld::fault_kind, number, static_cast<std::uint32_t>(phase));
}

void FaultDirector::on_event(std::uint32_t number, std::uint32_t phase) {
  switch (static_cast<Phase>(phase)) {
    case Phase::begin:
      begin(number);
      break;
    case Phase::heal:
      heal(number);
      break;
    case Phase::change:
      change(number);
      break;
    case Phase::burst:
      next_spell(number);
      return;
    case Phase::reroute:
      world_.wan_.reroute();
      world_.transport_.refresh_paths();
      break;
    case Phase::revoke:
      revoke(plan_.credentials[number]);
      return;
    case Phase::errand:
      continue_errand(number);
      return;
    case Phase::health:
      health_watched_ = false;
      break;
  }
  world_.tell_paths();
  watch_health();
}

void FaultDirector::begin(std::uint32_t number) {
  const Fault& fault = plan_.faults[number];
  State& state = states_[number];
  world_.tell({.kind = TraceKind::fault_started, .subject = number, .text = fault.name});
  state.active = true;
  if (scenario::rule_of(fault.kind).course == FaultCourse::moment) {
    apply(number, full);
    state.active = false;
    world_.tell({.kind = TraceKind::fault_healed, .subject = number, .text = fault.name});
    return;
  }
  change(number);
  if (fault.burst > Duration::zero()) next_spell(number);
}

void FaultDirector::heal(std::uint32_t number) {
  State& state = states_[number];
  if (!state.active) return;
  if (state.strength != 0) apply(number, 0);
  state.active = false;
  world_.tell(
      {.kind = TraceKind::fault_healed, .subject = number, .text = plan_.faults[number].name});
}

// Applies what is due, and comes again when something else is.
void FaultDirector::change(std::uint32_t number) {
  const Fault& fault = plan_.faults[number];
  State& state = states_[number];
  if (!state.active) return;
  const std::uint32_t strength = strength_now(fault);
  if (strength != state.strength) apply(number, strength);
  const Duration since = world_.simulation_.now() - (world_.begin_ + fault.at);
  if (fault.shape == FaultShape::ramp && since < fault.ramp) {
    post(std::min(std::max(fault.ramp / ramp_steps, shortest_step), fault.ramp - since), number,
         Phase::change);
  } else if (fault.shape == FaultShape::flapping) {
    const Duration on(
        static_cast<std::int64_t>(static_cast<double>(fault.period.count()) * fault.duty));
    const Duration within = since % fault.period;
    post(within < on ? on - within : fault.period - within, number, Phase::change);
  }
}

std::uint32_t FaultDirector::strength_now(const Fault& fault) const {
  const Duration since = world_.simulation_.now() - (world_.begin_ + fault.at);
  switch (fault.shape) {
    case FaultShape::step:
      return full;
    case FaultShape::ramp:
      if (since >= fault.ramp) return full;
      return static_cast<std::uint32_t>(static_cast<runtime::Uint128>(since.count()) * full /
                                        static_cast<std::uint64_t>(fault.ramp.count()));
    case FaultShape::flapping: {
      const Duration on(
          static_cast<std::int64_t>(static_cast<double>(fault.period.count()) * fault.duty));
      return since % fault.period < on ? full : 0;
    }
  }
  return full;
}

void FaultDirector::apply(std::uint32_t number, std::uint32_t strength) {
  const Fault& fault = plan_.faults[number];
  State& state = states_[number];
  const bool was_there = state.strength != 0, begins = strength != 0;
  state.strength = strength;
  if (begins && !was_there) state.hosts = hosts_of(fault);
  const auto each_host = [&](auto act) {
    for (SimulatedHost* host : state.hosts) act(*host);
  };
  switch (fault.kind) {
    case FaultKind::slow:
    case FaultKind::jitter:
    case FaultKind::lossy:
    case FaultKind::bandwidth:
    case FaultKind::reorder:
    case FaultKind::partition:
      impair_path(number);
      break;
    case FaultKind::cut_cable:
      cut_cable(fault, begins);
      break;
    case FaultKind::crash_host:
    case FaultKind::replace_replica:
      each_host([&](SimulatedHost& host) { begins ? take_down(host) : bring_back(host); });
      break;
    case FaultKind::freeze_host:
      each_host([&](SimulatedHost& host) { begins ? host.freeze() : host.thaw(); });
      break;
    case FaultKind::fail:
      each_host([&](SimulatedHost& host) { fail(host, fault.refuses, begins); });
      break;
    case FaultKind::drain:
      each_host([&](SimulatedHost& host) { drain(host, begins); });
      break;
    case FaultKind::starve_cpu:
      starve(number);
      break;
    case FaultKind::clock_skew:
    case FaultKind::clock_step: {
      const Duration offset = fault.extra_delay * strength / full;
      skew_clocks(number, fault.behind ? -offset : offset);
      break;
    }
    case FaultKind::replica_lag:
      lag_replicas(number);
      break;
    case FaultKind::store_leader_loss:
    case FaultKind::store_quorum_loss:
    case FaultKind::store_slow_watch:
    case FaultKind::store_lag:
    case FaultKind::store_compaction:
    case FaultKind::store_watch_cancel:
      disturb_store(number, begins);
      break;
    case FaultKind::stale_resolvers:
      for (std::uint32_t site = 0; site < world_.wan_.site_count(); ++site) {
        if (scenario::matches(fault.source, world_.wan_.site(site).name)) {
          world_.names_.serve_stale(site, begins);
        }
      }
      break;
    case FaultKind::dns_health_lag:
      world_.names_.add_health_lag(fault.source, number, fault.extra_delay * strength / full);
      break;
    case FaultKind::add_cluster:
    case FaultKind::remove_cluster:
    case FaultKind::rotate_credential:
    case FaultKind::revoke_credential:
    case FaultKind::expire_credential:
      operate(fault, begins);
      break;
  }
}

// Tells DNS which POPs answer health checks, after anything that may have changed that, and again
// while one does not.
void FaultDirector::watch_health() {
  if (!has_health_checks_ || plan_.faults.empty()) return;
  bool all_well = true;
  for (std::size_t pop = 0; pop < plan_.edges.size(); ++pop) {
    const bool well = serves_the_world(plan_.edges[pop]);
    all_well = all_well && well;
    world_.names_.note_health(pop, well, world_.simulation_.now());
  }
  if (all_well || std::exchange(health_watched_, true)) return;
  post(health_interval, 0, Phase::health);
}

}  // namespace wanlab::world
