// From tallies to the figures of a report.
#include "analysis/summary.hpp"

#include "analysis/findings.hpp"
#include "sim/scenario/times.hpp"
#include "sim/trace/digest.hpp"

#include <algorithm>
#include <cstdio>

namespace wanlab::analysis {

namespace {

double seconds_of(Duration duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

LatencySummary summarize(const trace::Histogram& histogram) {
  return {histogram.count(),           histogram.minimum(),         histogram.mean(),
          histogram.at_per_mille(500), histogram.at_per_mille(900), histogram.at_per_mille(990),
          histogram.at_per_mille(999), histogram.maximum()};
}

ClientSummary summarize(const std::string& name, const trace::ClientTally& tally) {
  ClientSummary summary;
  summary.name = name;
  summary.attempted = tally.attempted;
  summary.attempts = tally.attempts;
  summary.established = tally.established;
  summary.failed = tally.failed;
  summary.closed = tally.closed;
  summary.lost = tally.lost;
  summary.open_at_end = tally.open;
  summary.peak_open = tally.peak_open;
  summary.failed_by_cause = tally.failures;
  summary.retried_by_cause = tally.failed_attempts;
  summary.peak_established_per_second = tally.peak_established_per_second;
  summary.queries_sent = tally.queries_sent;
  summary.queries_answered = tally.queries_answered;
  summary.queries_failed = tally.queries_failed;
  summary.connect = summarize(tally.connect);
  summary.query = summarize(tally.query);
  summary.first_answer = summarize(tally.first_answer);
  if (tally.first_established && *tally.last_established > *tally.first_established) {
    summary.established_per_second = static_cast<double>(tally.established - 1) /
                                     seconds_of(*tally.last_established - *tally.first_established);
  }
  return summary;
}

// The record's entry of that name, or an empty one: what had no event is reported as zeros.
template <typename Record>
Record named(const std::vector<Record>& records, const std::string& name) {
  const auto found = std::find_if(records.begin(), records.end(),
                                  [&](const Record& record) { return record.name == name; });
  return found == records.end() ? Record{name, {}} : *found;
}

trace::PopRecord pop_named(const std::vector<trace::PopRecord>& pops, const std::string& name) {
  for (const trace::PopRecord& pop : pops) {
    if (pop.name == name) return pop;
  }
  return {name, {}, {}};
}

std::optional<double> ratio(double value, double of) {
  return of > 0 ? std::optional(value / of) : std::nullopt;
}

// Of one group, at a moment after the warm-up: rising over the ramp, falling over the drain.
double wanted_open(const scenario::ClientGroup& group, Duration at) {
  const double all = static_cast<double>(group.hosts) * group.connections_per_host;
  const Duration full = group.start + group.ramp, closes = full + group.hold;
  if (at < group.start || at > closes + group.drain) return 0;
  if (at < full) return all * (seconds_of(at - group.start) / seconds_of(group.ramp));
  if (at > closes) return all * (1 - seconds_of(at - closes) / seconds_of(group.drain));
  return all;
}

}  // namespace

Summary summarize(const scenario::Plan& plan, const trace::RunRecord& record) {
  Summary summary;
  summary.scenario = plan.name;
  summary.why = plan.why;
  summary.seed = plan.seed;
  summary.digest = trace::to_hex(record.digest);
  summary.interrupted = record.interrupted;
  summary.clients = summarize("all", record.clients);
  for (const scenario::ClientGroup& group : plan.clients) {
    summary.groups.push_back(summarize(group.name, named(record.groups, group.name).clients));
  }
  for (const scenario::EdgePop& edge : plan.edges) {
    const trace::PopRecord pop = pop_named(record.pops, edge.name);
    PopSummary& added = summary.pops.emplace_back();
    added.clients = summarize(edge.name, pop.clients);
    added.sessions = pop.sessions;
    if (pop.sessions.peak_open > 0) {
      added.peak_at = pop.sessions.peak_at.time_since_epoch() - clients_start(plan);
    }
  }
  summary.failover = empty_failover(plan);
  summary.warm_up = plan.warm_up;
  summary.backhauls = record.backhauls;
  summary.usage = usage_by_place(record);
  summary.saturated = find_saturated(summary.usage, summary.clients);
  summary.target_connections = target_connections(plan);
  summary.syn_repeats = record.syn_repeats;
  if (record.target_reached) {
    summary.time_to_target = record.target_reached->time_since_epoch() - clients_start(plan);
  }
  summary.planned = scenario::likely_end(plan);
  summary.simulated = record.simulated;
  summary.events = record.events;
  summary.cost = record.cost;
  return summary;
}

std::uint64_t target_connections(const scenario::Plan& plan) {
  double most = 0;
  // The sum is made of straight pieces: its peak is where a ramp or a hold of some group ends.
  for (const scenario::ClientGroup& corner : plan.clients) {
    if (corner.kind == scenario::ClientKind::arrivals) return 0;
    const Duration full = corner.start + corner.ramp;
    for (const Duration at : {full, full + corner.hold}) {
      double open = 0;
      for (const scenario::ClientGroup& group : plan.clients) open += wanted_open(group, at);
      most = std::max(most, open);
    }
  }
  return static_cast<std::uint64_t>(most);
}

Duration clients_start(const scenario::Plan& plan) {
  if (plan.clients.empty()) return plan.warm_up;
  Duration first = Duration::max();
  for (const scenario::ClientGroup& group : plan.clients) first = std::min(first, group.start);
  return plan.warm_up + first;
}

Duration series_interval(const scenario::Plan& plan) {
  constexpr std::int64_t most_rows = 7200;
  const std::int64_t seconds = plan.duration / std::chrono::seconds(1);
  return std::chrono::seconds(std::max<std::int64_t>((seconds + most_rows - 1) / most_rows, 1));
}

Duration timeline_interval(const scenario::Plan& plan) {
  constexpr std::int64_t wanted_rows = 720;
  const Duration likely = scenario::likely_end(plan);
  for (const Duration interval :
       {Duration(10ms), Duration(20ms), Duration(50ms), Duration(100ms), Duration(200ms),
        Duration(500ms), Duration(1s), Duration(2s), Duration(5s), Duration(10s), Duration(30s)}) {
    if (interval * wanted_rows >= likely) return interval;
  }
  return 60s;
}

bool Summary::passed() const {
  return std::all_of(verdicts.begin(), verdicts.end(),
                     [](const Verdict& verdict) { return verdict.passed; }) &&
         (interrupted || std::all_of(oracles.begin(), oracles.end(),
                                     [](const OracleReport& oracle) { return oracle.good(); }));
}

FailoverSummary empty_failover(const scenario::Plan& plan) {
  FailoverSummary failover;
  for (std::size_t i = 0; i < plan.faults.size(); ++i) {
    FaultSummary& fault = failover.faults.emplace_back();
    fault.name = plan.faults[i].name;
    if (fault.name.empty()) {
      fault.name = "fault-";
      fault.name += std::to_string(i + 1);
    }
  }
  return failover;
}

std::string Summary::replay(Duration from, Duration to) const {
  if (plan_file.empty()) return {};
  std::string command = "wanlab run ";
  command += plan_file;
  const auto add = [&command](const char* option, Duration moment) {
    char text[48];
    std::snprintf(text, sizeof text, " %s %.6fs", option, seconds_of(moment));
    command += text;
  };
  add("--trace-from", std::max(from, Duration::zero()));
  add("--trace-to", std::max(to, Duration::zero()));
  return command;
}

std::optional<double> Summary::bytes_per_connection() const {
  return ratio(static_cast<double>(cost.peak_rss_bytes), static_cast<double>(clients.peak_open));
}

std::optional<double> Summary::cpu_microseconds_per_connection() const {
  return ratio(seconds_of(cost.cpu) * 1e6, static_cast<double>(clients.established));
}

std::optional<double> Summary::cpu_microseconds_per_connection_at_mark() const {
  if (!cost.cpu_at_mark) return std::nullopt;
  return ratio(seconds_of(*cost.cpu_at_mark) * 1e6, static_cast<double>(clients.established));
}

std::optional<double> Summary::events_per_second() const {
  return ratio(static_cast<double>(events), seconds_of(cost.wall));
}

std::optional<double> Summary::speed() const {
  return ratio(seconds_of(simulated), seconds_of(cost.wall));
}

std::string_view to_string(trace::HostRole role) {
  switch (role) {
    case trace::HostRole::client:
      return "client";
    case trace::HostRole::edge:
      return "edge";
    case trace::HostRole::origin:
      return "origin";
    case trace::HostRole::store:
      return "store";
    case trace::HostRole::database:
      return "database";
    case trace::HostRole::dns:
      return "dns";
    case trace::HostRole::world:
      return "world";
    case trace::HostRole::idle:
      return "idle";
  }
  return "unknown";
}

}  // namespace wanlab::analysis
