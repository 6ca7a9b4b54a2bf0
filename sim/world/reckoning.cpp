// What a world adds to the record of its run, and what it must not leave behind.
#include "real_components/edge/edge_node.hpp"
#include "real_components/origin/origin_node.hpp"
#include "sim/world/simulated_world.hpp"

namespace wanlab::world {

namespace {

const edge::EdgeNode* edge_on(SimulatedHost& host) {
  return host.label().role == trace::HostRole::edge
             ? static_cast<const edge::EdgeNode*>(host.component())
             : nullptr;
}
const origin::OriginNode* origin_on(SimulatedHost& host) {
  return host.label().role == trace::HostRole::origin
             ? static_cast<const origin::OriginNode*>(host.component())
             : nullptr;
}

}  // namespace

void SimulatedWorld::finish(trace::RunRecord& record) {
  sampler_->sample();
  record.events = simulation_.events();
  record.simulated = simulation_.now().time_since_epoch();
  record.quiet = quiet_;
  std::map<std::pair<std::string, std::string>, trace::BackhaulStatistics> backhauls;
  for (const auto& host : hosts_) {
    trace::HostStatistics statistics = host->statistics();
    if (const origin::OriginNode* node = origin_on(*host)) {
      statistics.pool_size = node->backends().capacity();
      statistics.pool_peak_busy = node->backends().peak_busy();
      statistics.pool_peak_waiting = node->backends().peak_waiting();
      statistics.pool_timeouts = node->backends().timeouts();
      statistics.pool_served = node->backends().served();
      statistics.pool_waited = node->backends().waited();
      statistics.pool_wait_time = node->backends().wait_time();
      statistics.pool_busy_time = node->backends().busy_time();
    }
    if (const edge::EdgeNode* node = edge_on(*host)) {
      const backhaul::WarmPool& pool = node->upstream().pool();
      for (backhaul::RegionIndex region = 0; region < pool.regions(); ++region) {
        const backhaul::RegionTraffic traffic = pool.traffic(region);
        if (traffic.connections == 0) continue;
        const std::string name(
            node->upstream().region_name(static_cast<routing::RegionId>(region)));
        trace::BackhaulStatistics& backhaul = backhauls[{host->label().place, name}];
        backhaul.pop = host->label().place;
        backhaul.region = name;
        backhaul.connections += traffic.connections;
        backhaul.bytes_to_region += traffic.bytes_sent;
        backhaul.bytes_to_pop += traffic.bytes_received;
        backhaul.frames += traffic.frames;
        backhaul.requests += traffic.requests;
      }
    }
    if (statistics.label.role != trace::HostRole::client) {
      record.hosts.push_back(std::move(statistics));
    } else {
      record.syn_repeats += host->syn_retransmissions;
    }
  }
  for (auto& [key, backhaul] : backhauls) record.backhauls.push_back(std::move(backhaul));
}

Leftovers SimulatedWorld::leftovers() const {
  Leftovers left;
  for (const ClientHost* client : clients_) left.client_connections += client->live();
  for (const auto& host : hosts_) {
    if (const edge::EdgeNode* node = edge_on(*host)) {
      left.edge_sessions += node->census().sessions;
      left.edge_exchanges += node->census().exchanges;
    }
    if (const origin::OriginNode* node = origin_on(*host)) {
      left.origin_requests += node->census().requests;
    }
  }
  return left;
}

}  // namespace wanlab::world
