// Columns by role and place, and their sums over hosts.
#include "sim/world/timeline_sampler.hpp"

#include "real_components/edge/edge_node.hpp"
#include "real_components/origin/origin_node.hpp"

#include <map>
#include <utility>

namespace wanlab::world {

using trace::HostRole;
using trace::Measure;
using trace::Timeline;

TimelineSampler::TimelineSampler(Timeline& timeline,
                                 const std::vector<std::unique_ptr<SimulatedHost>>& hosts)
    : timeline_(timeline) {
  std::map<std::pair<HostRole, std::string>, std::size_t> groups;
  for (const auto& host : hosts) {
    const HostRole role = host->label().role;
    if (role != HostRole::edge && role != HostRole::origin && role != HostRole::database) continue;
    const auto [entry, added] = groups.try_emplace({role, host->label().place}, machines_.size());
    if (added) machines_.emplace_back().role = role;
    machines_[entry->second].hosts.push_back(host.get());
  }
  for (const auto& [key, number] : groups) add_columns(machines_[number], key.second);
}

void TimelineSampler::add_columns(Machines& machines, const std::string& place) {
  const char* role = machines.role == HostRole::edge     ? "edge "
                     : machines.role == HostRole::origin ? "origin "
                                                         : "database ";
  const std::string subject = role + place;
  machines.place = place;
  machines.cpu = timeline_.add(subject, "cpu_us");
  machines.connections = timeline_.add(subject, "connections", Measure::level);
  if (machines.role == HostRole::edge) {
    machines.backlog = timeline_.add(subject, "backlog", Measure::level);
  } else if (machines.role == HostRole::origin) {
    machines.pool_busy = timeline_.add(subject, "pool_busy", Measure::level);
    machines.pool_waiting = timeline_.add(subject, "pool_waiting", Measure::level);
  }
}

void TimelineSampler::sample() {
  for (Machines& machines : machines_) {
    std::uint64_t cpu = 0, connections = 0, backlog = 0, busy = 0, waiting = 0;
    for (SimulatedHost* host : machines.hosts) {
      const Load load = host->load();
      cpu += static_cast<std::uint64_t>(load.cpu_busy.count() / 1000);
      connections += load.connections;
      backlog += load.waiting_to_be_accepted;
      if (host->component() == nullptr) continue;  // crashed
      if (machines.role == HostRole::origin) {
        const auto& node = static_cast<const origin::OriginNode&>(*host->component());
        busy += node.backends().busy();
        waiting += node.backends().waiting();
      } else if (machines.role == HostRole::edge) {
        sum_traffic(machines, static_cast<const edge::EdgeNode&>(*host->component()));
      }
    }
    timeline_.set(machines.cpu, cpu);
    timeline_.set(machines.connections, connections);
    if (machines.role == HostRole::edge) {
      timeline_.set(machines.backlog, backlog);
      set_traffic(machines);
    } else if (machines.role == HostRole::origin) {
      timeline_.set(machines.pool_busy, busy);
      timeline_.set(machines.pool_waiting, waiting);
    }
  }
}

void TimelineSampler::sum_traffic(Machines& pop, const edge::EdgeNode& node) {
  const backhaul::WarmPool& pool = node.upstream().pool();
  for (backhaul::RegionIndex region = 0; region < pool.regions(); ++region) {
    const backhaul::RegionTraffic traffic = pool.traffic(region);
    if (traffic.connections == 0) continue;
    // Numbers of regions are each node's own; few regions per POP make this search short.
    const std::string_view name =
        node.upstream().region_name(static_cast<routing::RegionId>(region));
    auto at = pop.backhauls.begin();
    while (at != pop.backhauls.end() && at->region != name) ++at;
    if (at == pop.backhauls.end()) {
      const std::string subject = "backhaul " + pop.place + " " + std::string(name);
      pop.backhauls.push_back({std::string(name),
                               timeline_.add(subject, "requests"),
                               timeline_.add(subject, "bytes"),
                               timeline_.add(subject, "in_flight", Measure::level),
                               timeline_.add(subject, "ready", Measure::level),
                               {}});
      at = pop.backhauls.end() - 1;
    }
    at->now.requests += traffic.requests;
    at->now.bytes += traffic.bytes_sent + traffic.bytes_received;
    at->now.in_flight += pool.requests_in_flight(region);
    at->now.ready += pool.ready_connections(region);
  }
}

void TimelineSampler::set_traffic(Machines& pop) {
  for (Backhaul& backhaul : pop.backhauls) {
    timeline_.set(backhaul.requests, backhaul.now.requests);
    timeline_.set(backhaul.bytes, backhaul.now.bytes);
    timeline_.set(backhaul.in_flight, backhaul.now.in_flight);
    timeline_.set(backhaul.ready, backhaul.now.ready);
    backhaul.now = {};
  }
}

}  // namespace wanlab::world
