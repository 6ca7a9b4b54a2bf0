// What a run came to, as plain values: drawn from the plan and the record alone, never from a live
// world. Everything printed or judged is computed here once.
#pragma once

#include "analysis/checks/oracle.hpp"
#include "sim/base/units.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/trace/run_record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::analysis {

// Percentiles are off by at most 0.8 % (trace::Histogram); all zero when `count` is.
struct LatencySummary {
  std::uint64_t count = 0;
  Duration minimum{}, mean{}, p50{}, p90{}, p99{}, p999{}, maximum{};
};

// Connections and statements of one client group, of the clients of one POP, or of all.
struct ClientSummary {
  std::string name;
  std::uint64_t attempted = 0, attempts = 0, established = 0, failed = 0, closed = 0, lost = 0;
  std::uint64_t open_at_end = 0, peak_open = 0;
  trace::FailureCounts failed_by_cause{}, retried_by_cause{};
  // Over the time from the first connection established to the last one; none with fewer than two.
  std::optional<double> established_per_second;
  std::uint64_t peak_established_per_second = 0;
  std::uint64_t queries_sent = 0, queries_answered = 0, queries_failed = 0;
  LatencySummary connect;       // first attempt to session established
  LatencySummary query;         // statement sent to answer complete
  LatencySummary first_answer;  // first attempt to first answer

  // Neither answered nor failed when the run ended.
  std::uint64_t queries_open() const {
    const std::uint64_t ended = queries_answered + queries_failed;
    return queries_sent > ended ? queries_sent - ended : 0;
  }
};

struct PopSummary {
  ClientSummary clients;
  trace::SessionTally sessions;
  // When most sessions were open, from the start of the first client group; none without sessions.
  std::optional<Duration> peak_at;
};

// How far the machines of one role in one place were used. Shares are of 1, of the busiest machine.
struct Usage {
  trace::HostRole role = trace::HostRole::idle;
  std::string place;
  std::uint32_t hosts = 0;
  double cpu_mean = 0;  // over all hosts and the whole run
  double cpu_peak = 0;  // of the busiest host in its busiest second, where measured
  Duration longest_run_queue{};
  std::uint64_t peak_connections = 0, descriptor_limit = 0;
  std::uint64_t peak_backlog = 0, backlog_limit = 0;
  std::uint64_t peak_memory_bytes = 0, memory_limit_bytes = 0;
  std::uint64_t syn_dropped = 0, refused_descriptors = 0, refused_memory = 0;  // of all hosts
  std::uint64_t pool_size = 0, pool_peak_busy = 0, pool_peak_waiting = 0;      // of one host
  std::uint64_t pool_timeouts = 0;                                             // of all hosts
  std::uint64_t pool_served = 0, pool_waited = 0;  // statements, of all hosts
  Duration pool_wait_time{}, pool_busy_time{};     // over all of them
};

// A resource that ran out, in words with its figures: "CPU of the edge at iad: 97 % busy ...".
struct Finding {
  trace::HostRole role = trace::HostRole::idle;
  std::string text;
};

// An expectation of the scenario and what became of it.
struct Verdict {
  std::string metric;    // as the scenario states it
  std::string expected;  // "at most 0"
  std::string got;       // "12", or "no value"
  bool passed = false;
  // Where it failed and a moment can be named, from the end of the warm-up on.
  std::optional<Duration> from{}, to{};
};

// What one fault of the plan did. Durations count from its start, or from when it took effect on
// the pair of edge and region concerned; none where there was nothing of the kind.
struct FaultSummary {
  std::string name;  // as in the plan, or "fault-2" for the second
  bool happened = false;
  Duration at{};  // from the end of the warm-up
  std::optional<Duration> healed_at;
  // Until the last edge that could not reach a region held it suspect or worse; where none was cut
  // off, until the first edge did.
  std::optional<Duration> time_to_detect;
  // Until the last statement was sent to where it could not arrive; where none was cut off, until
  // the last change of a first region while the fault lasted.
  std::optional<Duration> time_to_reroute;
  // Until the last client that it troubled was served again.
  std::optional<Duration> time_to_recover;
  std::uint64_t clients_affected = 0;  // times that a client had trouble
};

struct FailoverSummary {
  // A client that waits longer has noticed. An assumption: interactive users do (Nielsen, "Response
  // Times: The 3 Important Limits", 1993).
  static constexpr Duration late_after = std::chrono::seconds(1);

  std::vector<FaultSummary> faults;  // in the order of the plan
  // The longest of all faults.
  std::optional<Duration> time_to_detect, time_to_reroute, time_to_recover;
  // Per client, from the first statement or connection that failed or was late until it was served
  // again.
  LatencySummary unavailable;
  std::uint64_t clients_given_up = 0, clients_in_trouble_at_end = 0;
  std::uint64_t late = 0, failed = 0, unknown = 0;  // statements of clients
  std::uint64_t retried = 0;                        // sent to another region, or again, by an edge
  std::uint64_t sent_into_the_void = 0;  // to a region that could not be reached, in truth
  std::uint64_t re_sorts = 0;            // of an edge's set of regions: its order changed
  std::uint64_t set_head_changes = 0;    // of them, the first region
  std::uint64_t head_changes = 0;        // of Routes, each at each edge
  std::uint64_t flaps = 0;               // a first region that was first before, within a minute
  // The largest share of all statements whose way changed within 5 s, in all and onto one region.
  double herd_share = 0, herd_onto_one_share = 0;
  // Expected latency of the region chosen less that of the best reachable one, of every statement
  // sent to a region that could be reached; without a packet's own jitter.
  LatencySummary regret;
};
// With the faults of the plan, and nothing that happened.
FailoverSummary empty_failover(const scenario::Plan& plan);

struct Summary {
  std::string scenario, why;
  std::uint64_t seed = 0;
  std::string digest;        // sixteen hexadecimal digits
  bool interrupted = false;  // the figures cover only what was simulated until then

  ClientSummary clients;
  std::vector<ClientSummary> groups;  // in the order of the plan
  std::vector<PopSummary> pops;       // in the order of the plan
  std::vector<trace::BackhaulStatistics> backhauls;
  std::vector<Usage> usage;        // by role, then place
  std::vector<Finding> saturated;  // empty: nothing ran out
  std::vector<Verdict> verdicts;   // empty when interrupted: a part cannot be judged
  FailoverSummary failover;
  std::vector<OracleReport> oracles;  // in the order of make_oracles()
  Duration warm_up{};                 // where moments of a scenario begin to count
  std::string plan_file;              // what replays the run, if it was kept

  std::uint64_t target_connections = 0;
  std::uint64_t syn_repeats = 0;           // SYNs sent again by clients, after 1, 3, 7 ... s
  std::optional<Duration> time_to_target;  // from the start of the first client group
  Duration planned{}, simulated{};         // planned: if all goes well
  std::uint64_t events = 0;
  trace::MachineCost cost;

  // No verdict failed, and every oracle was good.
  bool passed() const;
  // The command that replays the run and prints what happened between these moments.
  std::string replay(Duration from, Duration to) const;
  // Peak memory of the whole process per connection open at the peak; none without connections.
  std::optional<double> bytes_per_connection() const;
  std::optional<double> cpu_microseconds_per_connection() const;
  std::optional<double> cpu_microseconds_per_connection_at_mark() const;
  std::optional<double> events_per_second() const;  // of wall time
  std::optional<double> speed() const;              // simulated time over wall time
};

// Does everything but judging; judge() in expectations.hpp adds the verdicts.
Summary summarize(const scenario::Plan& plan, const trace::RunRecord& record);

// The most connections that the plan wants open at the same time; 0 when it does not say (recorded
// arrivals).
std::uint64_t target_connections(const scenario::Plan& plan);
// When the first client group of the plan starts.
Duration clients_start(const scenario::Plan& plan);
// A row of the time series per second, or fewer in a run of more than two hours.
Duration series_interval(const scenario::Plan& plan);
// The same for the timeline of the run page: some hundreds of rows, however long the run.
Duration timeline_interval(const scenario::Plan& plan);

std::string_view to_string(trace::HostRole role);  // "edge"

// How much of what came before a violation its replay shows.
inline constexpr Duration before_violation = std::chrono::milliseconds(500);

}  // namespace wanlab::analysis
