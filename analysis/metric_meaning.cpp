// By the last steps of a path, so that groups, POPs and whatever else repeats a figure are covered.
#include "analysis/metric_meaning.hpp"

#include <algorithm>
#include <array>

namespace wanlab::analysis {

namespace {

// Costs of a run (metrics.cpp lists them).
constexpr std::array<std::string_view, 8> of_the_machine{"wall_s",
                                                         "cpu_s",
                                                         "speed",
                                                         "events_per_s",
                                                         "peak_rss_bytes",
                                                         "bytes_per_connection",
                                                         "cpu_us_per_connection",
                                                         "cpu_us_per_connection_at_180s"};

constexpr std::array<std::string_view, 37> more_is_worse{"connections.failed",
                                                         "connections.lost",
                                                         "queries.failed",
                                                         "queries.open_at_end",
                                                         "sessions.refused",
                                                         "sessions.statements_failed",
                                                         "time_to_target_s",
                                                         "time_to_detect_ms",
                                                         "time_to_reroute_ms",
                                                         "time_to_recover_ms",
                                                         "clients_affected",
                                                         "syn_repeats",
                                                         "saturated_resources",
                                                         "oracles.violations",
                                                         "failover.clients_given_up",
                                                         "failover.clients_in_trouble_at_end",
                                                         "failover.queries.late",
                                                         "failover.queries.retried",
                                                         "failover.queries.unknown",
                                                         "failover.queries.sent_into_the_void",
                                                         "failover.re_sorts",
                                                         "failover.set_head_changes",
                                                         "failover.head_changes",
                                                         "failover.flaps",
                                                         "failover.herd_share",
                                                         "failover.herd_onto_one_share",
                                                         "cpu_mean",
                                                         "cpu_peak",
                                                         "backlog_peak",
                                                         "syn_dropped",
                                                         "refused_descriptors",
                                                         "refused_memory",
                                                         "pool_peak",
                                                         "pool_peak_waiting",
                                                         "pool_timeouts",
                                                         "connections.attempts",
                                                         "unavailable_ms.count"};

constexpr std::array<std::string_view, 7> less_is_worse{"connections.established",
                                                        "connections.established_per_s",
                                                        "connections.peak_established_per_s",
                                                        "queries.answered",
                                                        "sessions.authenticated",
                                                        "sessions.statements_answered",
                                                        "sessions.statements_routed"};

// Objects whose every figure but "count" is more to wait, or one more that failed.
constexpr std::array<std::string_view, 7> worse_inside{
    "connect_latency_ms.", "query_latency_ms.", "first_answer_latency_ms.", "unavailable_ms.",
    "regret_ms.",          "failed_by_cause.",  "retried_by_cause."};

bool ends_in(std::string_view path, std::string_view ending) {
  if (!path.ends_with(ending)) return false;
  return path.size() == ending.size() || path[path.size() - ending.size() - 1] == '.';
}

template <std::size_t N>
bool ends_in_one_of(std::string_view path, const std::array<std::string_view, N>& endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return ends_in(path, ending); });
}

}  // namespace

Worse worse_when(std::string_view path) {
  if (measures_machine(path)) return Worse::neither;
  if (ends_in_one_of(path, more_is_worse)) return Worse::more;
  if (ends_in_one_of(path, less_is_worse)) return Worse::less;
  if (path.ends_with(".count")) return Worse::neither;
  const bool inside =
      std::any_of(worse_inside.begin(), worse_inside.end(), [&](std::string_view object) {
        const std::size_t at = path.rfind(object);
        return at != std::string_view::npos && (at == 0 || path[at - 1] == '.');
      });
  return inside ? Worse::more : Worse::neither;
}

std::string_view to_string(Worse worse) {
  switch (worse) {
    case Worse::more:
      return "more is worse";
    case Worse::less:
      return "less is worse";
    case Worse::neither:
      break;
  }
  return "neither way is worse";
}

bool measures_machine(std::string_view path) {
  return std::find(of_the_machine.begin(), of_the_machine.end(), path) != of_the_machine.end();
}

}  // namespace wanlab::analysis
