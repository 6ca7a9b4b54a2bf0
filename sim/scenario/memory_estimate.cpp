#include "sim/scenario/memory_estimate.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <limits>
#include <vector>

#include "sim/base/units.hpp"
#include "sim/kernel/event.hpp"
#include "sim/scenario/host_names.hpp"

namespace wanlab::scenario {
namespace {

// One simulated connection with everything on both ends: client, edge session, streams, timers,
// queue. The design's own limit; runs report what they really took as bytes_per_connection.
constexpr std::uint64_t bytes_per_connection = 1024;
// Code, tables, histograms, queues that exist in any run. Assumption, on the safe side.
constexpr std::uint64_t bytes_of_the_process = std::uint64_t{64} << 20;
// A machine with a node on it: tables, statistics, buffers. Assumption.
constexpr std::uint64_t bytes_per_node = std::uint64_t{512} << 10;
constexpr std::uint64_t bytes_per_client_host = 4096;
// One backhaul connection, both ends, with full send and receive buffers of a busy multiplexer.
// Assumption.
constexpr std::uint64_t bytes_per_backhaul = std::uint64_t{64} << 10;
constexpr std::uint64_t bytes_per_arrival = 96;
constexpr std::uint64_t bytes_per_path = 256;

std::uint64_t peak_of_arrivals(const ClientGroup& group) {
  // Closing moments are in the order of the opening ones: every connection lives equally long.
  std::uint64_t open = 0, peak = 0;
  std::size_t oldest = 0;
  const Duration life = group.hold + group.arrivals_spread;
  for (const auto& arrival : group.arrivals) {
    for (; group.arrivals[oldest].at + life < arrival.at; ++oldest)
      open -= group.arrivals[oldest].count;
    open += arrival.count;
    peak = std::max(peak, open);
  }
  return peak;
}

std::uint64_t client_hosts_of(const Plan& plan) {
  std::uint64_t hosts = 0;
  for (const ClientGroup& group : plan.clients) {
    // Recorded arrivals share one host for each place.
    hosts += group.kind == ClientKind::arrivals ? plan.topology.sites.size() : group.hosts;
  }
  return hosts;
}

std::uint64_t read_number(const char* path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  return file >> value ? value : 0;
}

}  // namespace

std::uint64_t peak_connections(const Plan& plan) {
  std::uint64_t peak = 0;
  for (const ClientGroup& group : plan.clients)
    peak += group.kind == ClientKind::arrivals
                ? peak_of_arrivals(group)
                : std::uint64_t{group.hosts} * group.connections_per_host;
  return peak;
}

std::uint64_t estimate_memory_bytes(const Plan& plan) {
  std::uint64_t edges = 0, backhauls = 0, origins = 0, client_hosts = 0, arrivals = 0;
  for (const EdgePop& pop : plan.edges) {
    edges += pop.nodes;
    backhauls += std::uint64_t{pop.nodes} * pop.backhaul_connections * plan.origins.size();
  }
  for (const OriginRegion& origin : plan.origins) origins += origin.nodes;
  for (const ClientGroup& group : plan.clients) {
    client_hosts += group.kind == ClientKind::arrivals ? 0 : group.hosts;
    arrivals += group.arrivals.size();
  }
  std::uint64_t databases = 0;
  for (const Database& database : plan.databases)
    databases += 1 + database.replicas + database.read_only_regions.size();
  return bytes_of_the_process + peak_connections(plan) * bytes_per_connection +
         (edges + origins + databases) * bytes_per_node + backhauls * bytes_per_backhaul +
         client_hosts * bytes_per_client_host + arrivals * bytes_per_arrival +
         plan.topology.paths.size() * bytes_per_path;
}

std::uint64_t physical_memory_bytes() {
  std::uint64_t total = std::numeric_limits<std::uint64_t>::max();
  std::ifstream meminfo("/proc/meminfo");
  std::string key, unit;
  for (std::uint64_t value = 0; meminfo >> key >> value;) {
    std::getline(meminfo, unit);
    if (key == "MemTotal:") total = value * 1024;
  }
  // Control groups, version 2 and 1. A file that is absent or says "max" sets no limit.
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"})
    if (const std::uint64_t limit = read_number(path); limit != 0) total = std::min(total, limit);
  return total;
}

std::optional<std::string> too_large_for(const Plan& plan, std::uint64_t limit_bytes) {
  // Besides the named ones: whoever causes the faults.
  const std::uint64_t hosts = host_names(plan).size() + client_hosts_of(plan) + 1;
  if (hosts > kernel::maximum_origins) {
    return "this scenario has " + std::to_string(hosts) + " machines, and a run can have " +
           std::to_string(kernel::maximum_origins);
  }
  const std::uint64_t need = estimate_memory_bytes(plan);
  if (need <= limit_bytes) return std::nullopt;
  return "this scenario needs about " + base::describe_byte_size(need) + " of memory for " +
         std::to_string(peak_connections(plan)) + " connections at once, and only " +
         base::describe_byte_size(limit_bytes) + " may be used here";
}

}  // namespace wanlab::scenario
