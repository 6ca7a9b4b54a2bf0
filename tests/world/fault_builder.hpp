// Faults for tests, and what shows that they acted.
#pragma once

#include "tests/world/plan_builder.hpp"
#include "tests/world/running_world.hpp"

#include <string>
#include <vector>

namespace wanlab::world {

inline scenario::Fault path_fault(scenario::FaultKind kind, const std::string& source,
                                  const std::string& target, Duration at,
                                  Duration duration = Duration::zero()) {
  scenario::Fault fault;
  fault.kind = kind;
  fault.source = source;
  fault.target = target;
  fault.at = at;
  fault.duration = duration;
  return fault;
}

inline scenario::Fault fault_on(scenario::FaultKind kind, scenario::FaultScope scope,
                                const std::string& source, Duration at,
                                Duration duration = Duration::zero()) {
  scenario::Fault fault = path_fault(kind, source, {}, at, duration);
  fault.scope = scope;
  return fault;
}

// How long each answered statement took, those answered within [from, to) only.
inline std::vector<Duration> latencies(const RunningWorld& running, Duration from, Duration to) {
  std::vector<Duration> list;
  for (const Told& told : running.trace().all(TraceKind::client_query_answered)) {
    if (told.at >= from && told.at < to) list.emplace_back(static_cast<std::int64_t>(told.b));
  }
  return list;
}

// Regions that statements were routed to within [from, to).
inline std::size_t routed_to(const RunningWorld& running, const std::string& region, Duration from,
                             Duration to, std::string_view edge = {}) {
  std::size_t count = 0;
  for (const Told& told : running.trace().all(TraceKind::query_routed, edge)) {
    count += told.text == region && told.at >= from && told.at < to ? 1u : 0u;
  }
  return count;
}

inline network::Path& path(RunningWorld& running, const std::string& from, const std::string& to) {
  network::Transport& transport = running.world().transport();
  network::Wan& wan = running.world().wan();
  return transport.path(transport.path_between(wan.require(from), 0, wan.require(to), 0));
}

}  // namespace wanlab::world
