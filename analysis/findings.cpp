// Host statistics to sentences about what ran out.
#include "analysis/findings.hpp"

#include "analysis/numbers.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace wanlab::analysis {

namespace {

double share(Duration busy, std::uint32_t cores, Duration of) {
  const double available = static_cast<double>(of.count()) * cores;
  return available > 0 ? static_cast<double>(busy.count()) / available : 0;
}

void add(Usage& usage, const trace::HostStatistics& host, Duration simulated) {
  ++usage.hosts;
  // A running mean over hosts, so that a place of many small hosts is not dominated by one.
  usage.cpu_mean += (share(host.cpu_busy, host.cores, simulated) - usage.cpu_mean) / usage.hosts;
  usage.cpu_peak = std::max(usage.cpu_peak,
                            share(host.cpu_busy_peak_second, host.cores, std::chrono::seconds(1)));
  usage.longest_run_queue = std::max(usage.longest_run_queue, host.longest_run_queue);
  usage.peak_connections = std::max(usage.peak_connections, host.peak_connections);
  usage.descriptor_limit = std::max(usage.descriptor_limit, host.descriptor_limit);
  usage.peak_backlog = std::max(usage.peak_backlog, host.peak_backlog);
  usage.backlog_limit = std::max(usage.backlog_limit, host.backlog_limit);
  usage.peak_memory_bytes = std::max(usage.peak_memory_bytes, host.peak_memory_bytes);
  usage.memory_limit_bytes = std::max(usage.memory_limit_bytes, host.memory_limit_bytes);
  usage.syn_dropped += host.syn_dropped;
  usage.refused_descriptors += host.refused_descriptors;
  usage.refused_memory += host.refused_memory;
  usage.pool_size = std::max(usage.pool_size, host.pool_size);
  usage.pool_peak_busy = std::max(usage.pool_peak_busy, host.pool_peak_busy);
  usage.pool_peak_waiting = std::max(usage.pool_peak_waiting, host.pool_peak_waiting);
  usage.pool_timeouts += host.pool_timeouts;
  usage.pool_served += host.pool_served;
  usage.pool_waited += host.pool_waited;
  usage.pool_wait_time += host.pool_wait_time;
  usage.pool_busy_time += host.pool_busy_time;
}

void find_in(const Usage& usage, std::vector<Finding>& findings) {
  const std::string whose = std::string(to_string(usage.role)) + " at " + usage.place;
  const auto say = [&](std::string text) { findings.push_back({usage.role, std::move(text)}); };
  if (std::max(usage.cpu_mean, usage.cpu_peak) >= saturated_cpu_share) {
    say("CPU of " + whose + ": " + percent(std::max(usage.cpu_peak, usage.cpu_mean)) +
        " in the busiest second, " + percent(usage.cpu_mean) + " on average; work waited up to " +
        duration_text(usage.longest_run_queue));
  }
  if (usage.syn_dropped > 0) {
    say("accept backlog of " + whose + ": full at " + grouped(usage.backlog_limit) + ", " +
        grouped(usage.syn_dropped) + " SYNs dropped");
  }
  if (usage.refused_descriptors > 0) {
    say("descriptors of " + whose + ": all " + grouped(usage.descriptor_limit) + " in use, " +
        grouped(usage.refused_descriptors) + " connections refused");
  }
  if (usage.refused_memory > 0) {
    say("memory of " + whose + ": " + bytes_text(usage.memory_limit_bytes) + " used up, " +
        grouped(usage.refused_memory) + " connections refused");
  }
  if (usage.pool_size > 0 && usage.pool_peak_busy >= usage.pool_size &&
      usage.pool_peak_waiting > 0) {
    say("database pool of " + whose + ": all " + grouped(usage.pool_size) + " busy, up to " +
        grouped(usage.pool_peak_waiting) + " statements waiting, " + grouped(usage.pool_timeouts) +
        " timed out");
  }
}

}  // namespace

std::vector<Usage> usage_by_place(const trace::RunRecord& record) {
  std::map<std::pair<trace::HostRole, std::string>, Usage> by_place;
  for (const trace::HostStatistics& host : record.hosts) {
    if (host.label.role == trace::HostRole::idle) continue;
    Usage& usage = by_place[{host.label.role, host.label.place}];
    usage.role = host.label.role;
    usage.place = host.label.place;
    add(usage, host, record.simulated);
  }
  std::vector<Usage> usage;
  for (auto& [key, value] : by_place) usage.push_back(std::move(value));
  return usage;
}

std::vector<Finding> find_saturated(const std::vector<Usage>& usage, const ClientSummary& clients) {
  std::vector<Finding> findings;
  for (const Usage& place : usage) find_in(place, findings);
  const auto cause = static_cast<std::size_t>(trace::ConnectFailure::out_of_descriptors);
  const std::uint64_t without_descriptor =
      clients.failed_by_cause[cause] + clients.retried_by_cause[cause];
  if (without_descriptor > 0) {
    findings.push_back(
        {trace::HostRole::client, "descriptors of the clients: " + grouped(without_descriptor) +
                                      " connects found none left"});
  }
  return findings;
}

}  // namespace wanlab::analysis
