// From events to what edges knew.
#include "analysis/checks/fleet.hpp"

#include <algorithm>

namespace wanlab::analysis {

using runtime::TraceEvent;
using runtime::TraceKind;

std::string_view to_string(Held held) {
  switch (held) {
    case Held::up:
      return "UP";
    case Held::probation:
      return "on PROBATION";
    case Held::suspect:
      return "SUSPECT";
    case Held::down:
      return "DOWN";
    case Held::draining:
      return "DRAINING";
  }
  return "unknown";
}

std::uint32_t EdgeSeen::region(std::string_view wanted) {
  const std::uint32_t known = find(wanted);
  if (known != 0xffffffff) return known;
  regions.emplace_back().name = wanted;
  return static_cast<std::uint32_t>(regions.size() - 1);
}

void EdgeSeen::reckon(RouteSeen& route) const {
  route.best = runtime::path_unreachable;
  for (const std::uint32_t number : route.regions) {
    if (regions[number].truth_known) route.best = std::min(route.best, regions[number].truth);
  }
}

trace::Kinds Fleet::kinds() {
  return {TraceKind::route_visible, TraceKind::route_removed,  TraceKind::route_clusters,
          TraceKind::region_state,  TraceKind::regions_sorted, TraceKind::backhaul_up,
          TraceKind::backhaul_down, TraceKind::path_truth,     TraceKind::host_fault,
          TraceKind::fault_started, TraceKind::fault_healed};
}

EdgeSeen& Fleet::make(const trace::HostLabel& host) {
  const auto index = static_cast<std::size_t>(host.index);
  if (index >= by_host_.size()) by_host_.resize(index + 1);
  if (by_host_[index] == nullptr) {
    by_host_[index] = std::make_unique<EdgeSeen>();
    by_host_[index]->host = host.index;
    by_host_[index]->name = host.name;
    edges_.push_back(by_host_[index].get());
    hosts_.emplace(host.name, static_cast<std::uint32_t>(index));
  }
  return *by_host_[index];
}

std::uint32_t Fleet::host_of(std::string_view name) {
  // Whoever says a name says it from the same place each time; where it is only speeds this up.
  const auto place = reinterpret_cast<std::uintptr_t>(name.data()) * 0x9e3779b97f4a7c15u;
  Known& known = known_[(place >> 32) & 255];
  if (known.name == name) return known.host;
  const auto found = hosts_.find(name);
  if (found == hosts_.end()) return 0xffffffff;
  known = {found->first, found->second};
  return known.host;
}

void Fleet::observe(Instant now, const trace::HostLabel& host, const TraceEvent& event) {
  switch (event.kind) {
    case TraceKind::fault_started:
      ++faults_active_;
      last_fault_ = now;
      return;
    case TraceKind::fault_healed:
      if (faults_active_ > 0) --faults_active_;
      last_fault_ = now;
      return;
    case TraceKind::host_fault:
      return on_host_fault(now, host, static_cast<runtime::HostFault>(event.a));
    default:
      break;
  }
  if (host.role != trace::HostRole::edge) return;
  EdgeSeen& edge = make(host);
  switch (event.kind) {
    case TraceKind::route_clusters: {
      if (event.a >= edge.routes.size()) edge.routes.resize(event.a + 1);
      RouteSeen& route = edge.routes[event.a];
      route.regions.clear();
      route.allowed = 0;
      for (std::string_view rest = event.text; !rest.empty();) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        const std::uint32_t number = edge.region(rest.substr(0, comma));
        route.regions.push_back(number);
        if (number < 32) route.allowed |= 1u << number;
        rest.remove_prefix(std::min(comma + 1, rest.size()));
      }
      edge.reckon(route);
      return;
    }
    case TraceKind::route_visible: {
      if (event.b >= edge.routes.size()) edge.routes.resize(event.b + 1);
      RouteSeen& route = edge.routes[event.b];
      if (!route.live || route.user != event.text) route.last = 0xffffffff;
      route.live = true;
      route.user = event.text;
      route.user_hash = event.subject;
      route.revision = event.a;
      return;
    }
    case TraceKind::route_removed:
      for (RouteSeen& route : edge.routes) {
        if (route.live && route.user == event.text) route.live = false;
      }
      return;
    case TraceKind::region_state: {
      RegionSeen& region = edge.regions[edge.region(event.text)];
      region.held = static_cast<Held>(std::min<std::uint64_t>(event.b, 4));
      region.heard_of = true;
      return;
    }
    case TraceKind::regions_sorted:
      if ((event.b != 0) != edge.panic) edge.panic_since = now;
      edge.panic = event.b != 0;
      return;
    case TraceKind::backhaul_up:
      ++edge.regions[edge.region(event.text)].connections;
      return;
    case TraceKind::backhaul_down: {
      std::uint32_t& connections = edge.regions[edge.region(event.text)].connections;
      if (connections > 0) --connections;
      return;
    }
    case TraceKind::path_truth: {
      RegionSeen& region = edge.regions[edge.region(event.text)];
      if (event.a == runtime::path_unreachable) region.unreachable_since = now;
      region.truth = event.a;
      region.truth_known = true;
      for (RouteSeen& route : edge.routes) edge.reckon(route);
      return;
    }
    default:
      return;
  }
}

void Fleet::on_host_fault(Instant now, const trace::HostLabel& host, runtime::HostFault fault) {
  if (host.role != trace::HostRole::edge) return;
  EdgeSeen& edge = make(host);
  switch (fault) {
    case runtime::HostFault::crashed:
      // A process forgets everything; what is true stays true.
      edge.routes.clear();
      for (RegionSeen& region : edge.regions) {
        region.held = Held::up;
        region.heard_of = false;
        region.connections = 0;
      }
      edge.panic = false;
      edge.down = true;
      return;
    case runtime::HostFault::frozen:
      edge.down = true;
      return;
    case runtime::HostFault::restarted:
    case runtime::HostFault::thawed:
      edge.down = false;
      edge.up_since = now;
      ++edge.lives;
      return;
  }
}

}  // namespace wanlab::analysis
