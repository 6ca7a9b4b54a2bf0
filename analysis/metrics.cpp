// The list of metrics. Adding a figure to reports, JSON and expectations means adding a line here.
#include "analysis/metrics.hpp"

#include "analysis/numbers.hpp"

#include <algorithm>
#include <cstdio>

namespace wanlab::analysis {

namespace {

class Lister {
 public:
  std::vector<Metric> take() { return std::move(metrics_); }

  void enter(std::string name) { path_.push_back(std::move(name)); }
  void leave() { path_.pop_back(); }
  void add(std::string name, MetricValue value) {
    Metric& metric = metrics_.emplace_back(Metric{path_, value});
    metric.path.push_back(std::move(name));
  }
  void add_if_any(std::string name, const std::optional<double>& value) {
    add(std::move(name), value ? MetricValue(*value) : MetricValue());
  }

  void add_latency(std::string name, const LatencySummary& latency) {
    enter(std::move(name));
    const bool any = latency.count > 0;
    const auto add_one = [&](const char* which, Duration value) {
      add(which, any ? MetricValue(milliseconds_of(value)) : MetricValue());
    };
    add_one("p50", latency.p50);
    add_one("p90", latency.p90);
    add_one("p99", latency.p99);
    add_one("p999", latency.p999);
    add_one("max", latency.maximum);
    add_one("min", latency.minimum);
    add_one("mean", latency.mean);
    add("count", latency.count);
    leave();
  }

  void add_causes(std::string name, const trace::FailureCounts& counts) {
    enter(std::move(name));
    for (std::size_t cause = 0; cause < counts.size(); ++cause) {
      add(std::string(to_string(static_cast<trace::ConnectFailure>(cause))), counts[cause]);
    }
    leave();
  }

  void add_clients(const ClientSummary& clients) {
    enter("connections");
    add("attempted", clients.attempted);
    add("established", clients.established);
    add("failed", clients.failed);
    add("peak_open", clients.peak_open);
    add("open_at_end", clients.open_at_end);
    add("closed", clients.closed);
    add("lost", clients.lost);
    add("attempts", clients.attempts);
    add_if_any("established_per_s", clients.established_per_second);
    add("peak_established_per_s", clients.peak_established_per_second);
    add_causes("failed_by_cause", clients.failed_by_cause);
    add_causes("retried_by_cause", clients.retried_by_cause);
    leave();
    add_latency("connect_latency_ms", clients.connect);
    add_latency("query_latency_ms", clients.query);
    add_latency("first_answer_latency_ms", clients.first_answer);
    enter("queries");
    add("sent", clients.queries_sent);
    add("answered", clients.queries_answered);
    add("failed", clients.queries_failed);
    add("open_at_end", clients.queries_open());
    leave();
  }

  void add_sessions(const PopSummary& pop) {
    const trace::SessionTally& sessions = pop.sessions;
    enter("sessions");
    add("accepted", sessions.accepted);
    add("authenticated", sessions.authenticated);
    add("refused", sessions.refused);
    add("closed", sessions.closed);
    add("open_at_end", sessions.open);
    add("peak_open", sessions.peak_open);
    add("peak_at_s", pop.peak_at ? MetricValue(seconds_of(*pop.peak_at)) : MetricValue());
    add("statements_routed", sessions.routed);
    add("statements_answered", sessions.answered);
    add("statements_failed", sessions.failed);
    leave();
  }

  // The worst place of the role for shares and peaks, the sum for counts.
  void add_usage(trace::HostRole role, const std::vector<Usage>& places) {
    Usage all;
    double backlog_share = 0, pool_share = 0;
    const auto share = [](std::uint64_t part, std::uint64_t of) {
      return of == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(of);
    };
    for (const Usage& usage : places) {
      if (usage.role != role) continue;
      all.hosts += usage.hosts;
      all.cpu_mean = std::max(all.cpu_mean, usage.cpu_mean);
      all.cpu_peak = std::max(all.cpu_peak, usage.cpu_peak);
      all.peak_connections = std::max(all.peak_connections, usage.peak_connections);
      all.pool_peak_waiting = std::max(all.pool_peak_waiting, usage.pool_peak_waiting);
      all.pool_timeouts += usage.pool_timeouts;
      all.pool_served += usage.pool_served;
      all.pool_waited += usage.pool_waited;
      all.pool_wait_time += usage.pool_wait_time;
      all.pool_busy_time += usage.pool_busy_time;
      all.syn_dropped += usage.syn_dropped;
      all.refused_descriptors += usage.refused_descriptors;
      all.refused_memory += usage.refused_memory;
      backlog_share = std::max(backlog_share, share(usage.peak_backlog, usage.backlog_limit));
      pool_share = std::max(pool_share, share(usage.pool_peak_busy, usage.pool_size));
    }
    enter(std::string(to_string(role)));
    add("hosts", std::uint64_t{all.hosts});
    add("cpu_mean", all.cpu_mean);
    add("cpu_peak", all.cpu_peak);
    add("peak_connections", all.peak_connections);
    add("backlog_peak", backlog_share);
    add("syn_dropped", all.syn_dropped);
    add("refused_descriptors", all.refused_descriptors);
    add("refused_memory", all.refused_memory);
    add("pool_peak", pool_share);
    add("pool_peak_waiting", all.pool_peak_waiting);
    add("pool_timeouts", all.pool_timeouts);
    add("pool_served", all.pool_served);
    add("pool_waited", all.pool_waited);
    const auto mean = [&](Duration sum) {
      return all.pool_served == 0
                 ? MetricValue()
                 : MetricValue(milliseconds_of(sum) / static_cast<double>(all.pool_served));
    };
    add("pool_wait_mean_ms", mean(all.pool_wait_time));
    add("pool_hold_mean_ms", mean(all.pool_busy_time));
    leave();
  }

 private:
  std::vector<std::string> path_;
  std::vector<Metric> metrics_;
};

void add_times(Lister& list, const std::optional<Duration>& detect,
               const std::optional<Duration>& reroute, const std::optional<Duration>& recover) {
  const auto add = [&](const char* name, const std::optional<Duration>& time) {
    list.add(name, time ? MetricValue(milliseconds_of(*time)) : MetricValue());
  };
  add("time_to_detect_ms", detect);
  add("time_to_reroute_ms", reroute);
  add("time_to_recover_ms", recover);
}

void add_failover(Lister& list, const FailoverSummary& failover) {
  list.enter("failover");
  add_times(list, failover.time_to_detect, failover.time_to_reroute, failover.time_to_recover);
  list.add_latency("unavailable_ms", failover.unavailable);
  list.add("clients_given_up", failover.clients_given_up);
  list.add("clients_in_trouble_at_end", failover.clients_in_trouble_at_end);
  list.enter("queries");
  list.add("late", failover.late);
  list.add("retried", failover.retried);
  list.add("failed", failover.failed);
  list.add("unknown", failover.unknown);
  list.add("sent_into_the_void", failover.sent_into_the_void);
  list.leave();
  list.add("re_sorts", failover.re_sorts);
  list.add("set_head_changes", failover.set_head_changes);
  list.add("head_changes", failover.head_changes);
  list.add("flaps", failover.flaps);
  list.add("herd_share", failover.herd_share);
  list.add("herd_onto_one_share", failover.herd_onto_one_share);
  list.add_latency("regret_ms", failover.regret);
  list.leave();
  list.enter("faults");
  for (const FaultSummary& fault : failover.faults) {
    list.enter(fault.name);
    add_times(list, fault.time_to_detect, fault.time_to_reroute, fault.time_to_recover);
    list.add("clients_affected", fault.clients_affected);
    list.leave();
  }
  list.leave();
}

void add_backhaul_totals(Lister& list, const std::vector<trace::BackhaulStatistics>& backhauls) {
  trace::BackhaulStatistics total;
  for (const trace::BackhaulStatistics& backhaul : backhauls) {
    total.connections += backhaul.connections;
    total.bytes_to_region += backhaul.bytes_to_region;
    total.bytes_to_pop += backhaul.bytes_to_pop;
    total.frames += backhaul.frames;
    total.requests += backhaul.requests;
  }
  list.enter("backhaul");
  list.add("connections", total.connections);
  list.add("bytes_to_region", total.bytes_to_region);
  list.add("bytes_to_pop", total.bytes_to_pop);
  list.add("frames", total.frames);
  list.add("requests", total.requests);
  list.leave();
}

}  // namespace

std::vector<Metric> metrics(const Summary& summary) {
  Lister list;
  list.add_clients(summary.clients);
  list.add("target_connections", summary.target_connections);
  list.add("time_to_target_s", summary.time_to_target
                                   ? MetricValue(seconds_of(*summary.time_to_target))
                                   : MetricValue());
  list.add("syn_repeats", summary.syn_repeats);
  list.add("simulated_s", seconds_of(summary.simulated));
  list.add("wall_s", seconds_of(summary.cost.wall));
  list.add("cpu_s", seconds_of(summary.cost.cpu));
  list.add_if_any("speed", summary.speed());
  list.add("events", summary.events);
  list.add_if_any("events_per_s", summary.events_per_second());
  list.add("peak_rss_bytes", summary.cost.peak_rss_bytes);
  list.add_if_any("bytes_per_connection", summary.bytes_per_connection());
  list.add_if_any("cpu_us_per_connection", summary.cpu_microseconds_per_connection());
  list.add_if_any("cpu_us_per_connection_at_180s",
                  summary.cpu_microseconds_per_connection_at_mark());
  list.add("saturated_resources", std::uint64_t{summary.saturated.size()});
  add_backhaul_totals(list, summary.backhauls);
  add_failover(list, summary.failover);
  list.enter("oracles");
  std::uint64_t violations = 0;
  for (const OracleReport& oracle : summary.oracles) violations += oracle.on ? oracle.count : 0;
  list.add("violations", violations);
  list.leave();
  list.enter("usage");
  for (const trace::HostRole role :
       {trace::HostRole::client, trace::HostRole::edge, trace::HostRole::origin,
        trace::HostRole::database, trace::HostRole::store, trace::HostRole::dns}) {
    list.add_usage(role, summary.usage);
  }
  list.leave();
  list.enter("groups");
  for (const ClientSummary& group : summary.groups) {
    list.enter(group.name);
    list.add_clients(group);
    list.leave();
  }
  list.leave();
  list.enter("pops");
  for (const PopSummary& pop : summary.pops) {
    list.enter(pop.clients.name);
    list.add_clients(pop.clients);
    list.add_sessions(pop);
    list.leave();
  }
  list.leave();
  return list.take();
}

std::string Metric::dotted() const {
  std::string text;
  for (const std::string& step : path) {
    if (!text.empty()) text += '.';
    text += step;
  }
  return text;
}

std::optional<double> number(const MetricValue& value) {
  if (const auto* whole = std::get_if<std::uint64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

std::string to_string(const MetricValue& value) {
  if (const auto* whole = std::get_if<std::uint64_t>(&value)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) {
    char text[64];
    std::snprintf(text, sizeof text, "%.10g", *real);
    return text;
  }
  return "no value";
}

}  // namespace wanlab::analysis
