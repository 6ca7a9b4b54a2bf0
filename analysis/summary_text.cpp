// The sections of the printed summary, in the order a reader wants them: verdict first, cost last.
#include "analysis/summary_text.hpp"

#include "analysis/numbers.hpp"
#include "analysis/text_table.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace wanlab::analysis {

namespace {

class Writer {
 public:
  explicit Writer(const TextOptions& options) : options_(options) {}
  std::string take() { return std::move(text_); }

  void line(std::string_view text) { (text_ += text) += '\n'; }
  void section(std::string_view title) {
    text_ += '\n';
    line(title);
  }
  void table(const TextTable& table) { text_ += table.text("  ", options_.most_rows); }
  std::string good(std::string text) const { return painted("\033[32m", std::move(text)); }
  std::string bad(std::string text) const { return painted("\033[31m", std::move(text)); }

 private:
  std::string painted(const char* paint, std::string text) const {
    return options_.color ? paint + text + "\033[0m" : text;
  }

  TextOptions options_;
  std::string text_;
};

std::string optional_text(const std::optional<double>& value, int places, const char* unit) {
  return value ? decimals(*value, places) + unit : "-";
}

void write_verdict(Writer& out, const Summary& summary) {
  std::string verdict = summary.verdicts.empty() ? "done" : out.good("passed");
  if (!summary.passed()) verdict = out.bad("FAILED");
  if (summary.interrupted) {
    verdict = out.bad("INTERRUPTED") + " after " + duration_text(summary.simulated) + " of " +
              duration_text(summary.planned) + ": what follows is partial";
  }
  out.line(summary.scenario + ", seed " + std::to_string(summary.seed) + ": " + verdict);
  if (!summary.why.empty()) out.line(summary.why);
  if (summary.verdicts.empty()) return;
  out.section("expectations");
  TextTable table(
      {{"", Align::left}, {"", Align::left}, {"expected", Align::left}, {"got", Align::left}});
  for (const Verdict& verdict_of : summary.verdicts) {
    table.add({verdict_of.passed ? "ok" : "FAILED", verdict_of.metric, verdict_of.expected,
               verdict_of.got});
  }
  out.table(table);
  for (const Verdict& verdict_of : summary.verdicts) {
    if (verdict_of.passed || !verdict_of.from || !verdict_of.to) continue;
    const std::string replay = summary.replay(*verdict_of.from, *verdict_of.to);
    if (!replay.empty()) out.line("  " + verdict_of.metric + ": see " + replay);
  }
}

void write_oracles(Writer& out, const Summary& summary) {
  const bool any = std::any_of(summary.oracles.begin(), summary.oracles.end(),
                               [](const OracleReport& oracle) {
                                 return oracle.count != 0 || !oracle.good();
                               });
  if (!any) return;
  out.section("oracles");
  for (const OracleReport& oracle : summary.oracles) {
    if (oracle.good() && oracle.count == 0) continue;
    const std::string state = !oracle.good()     ? out.bad("VIOLATED")
                              : oracle.must_trip ? std::string("tripped, as it must")
                                                 : std::string("off");
    if (oracle.must_trip && oracle.count == 0) {
      out.line("  " + oracle.name + ": " + out.bad("did not trip, but must"));
      continue;
    }
    out.line("  " + oracle.name + ": " + state + ", " + grouped(oracle.count) +
             " times. It holds that " + oracle.promise + ".");
    for (const Violation& violation : oracle.first) {
      const Duration at = violation.at - (Instant() + summary.warm_up);
      out.line("    at " + decimals(seconds_of(at), 6) + " s, " + violation.host + ", " +
               violation.subject + ": " + violation.found);
      out.line("      expected: " + violation.expected);
      if (oracle.good()) break;  // one is enough to see
      const std::string replay = summary.replay(at - before_violation, at);
      if (!replay.empty()) out.line("      see: " + replay);
    }
  }
}

std::string share_text(std::uint64_t part, std::uint64_t of) {
  return of == 0 ? "" : percent(static_cast<double>(part) / static_cast<double>(of));
}

void write_causes(TextTable& table, const trace::FailureCounts& counts, const char* indent) {
  for (std::size_t cause = 0; cause < counts.size(); ++cause) {
    if (counts[cause] == 0) continue;
    table.add({indent + std::string(in_words(static_cast<trace::ConnectFailure>(cause))),
               grouped(counts[cause]), ""});
  }
}

void write_connections(Writer& out, const Summary& summary) {
  const ClientSummary& clients = summary.clients;
  out.section("connections");
  TextTable table({{"", Align::left}, {"", Align::right}, {"", Align::left}});
  table.add({"attempted", grouped(clients.attempted), ""});
  std::string rate = share_text(clients.established, clients.attempted);
  if (clients.established_per_second) {
    rate += ", " + decimals(*clients.established_per_second, 0) + "/s on average, " +
            grouped(clients.peak_established_per_second) + "/s in the busiest second";
  }
  table.add({"established", grouped(clients.established), rate});
  table.add({"failed", grouped(clients.failed), share_text(clients.failed, clients.attempted)});
  write_causes(table, clients.failed_by_cause, "  ");
  if (clients.attempts > clients.attempted) {
    table.add({"retries", grouped(clients.attempts - clients.attempted), "after"});
    write_causes(table, clients.retried_by_cause, "  ");
  }
  if (summary.syn_repeats > 0) {
    table.add({"SYNs sent again", grouped(summary.syn_repeats), "unanswered for 1, 3, 7 ... s"});
  }
  if (clients.lost > 0) table.add({"lost while open", grouped(clients.lost), ""});
  table.add({"closed", grouped(clients.closed), ""});
  table.add({"open at the end", grouped(clients.open_at_end), ""});
  std::string target;
  if (summary.target_connections > 0) {
    target = "of " + grouped(summary.target_connections) + " wanted";
    if (summary.time_to_target)
      target += ", all open after " + duration_text(*summary.time_to_target);
  }
  table.add({"peak open", grouped(clients.peak_open), target});
  out.table(table);

  out.section("statements");
  TextTable statements({{"", Align::left}, {"", Align::right}, {"", Align::left}});
  statements.add({"sent", grouped(clients.queries_sent), ""});
  statements.add({"answered", grouped(clients.queries_answered),
                  share_text(clients.queries_answered, clients.queries_sent)});
  statements.add({"failed", grouped(clients.queries_failed), ""});
  statements.add({"unanswered at the end", grouped(clients.queries_open()), ""});
  out.table(statements);
}

void add_latency(TextTable& table, const std::string& name, const LatencySummary& latency) {
  if (latency.count == 0) return;
  table.add({name, grouped(latency.count), milliseconds_text(latency.p50),
             milliseconds_text(latency.p90), milliseconds_text(latency.p99),
             milliseconds_text(latency.p999), milliseconds_text(latency.maximum)});
}

void write_latency(Writer& out, const Summary& summary) {
  TextTable table({{"", Align::left},
                   {"count", Align::right},
                   {"p50", Align::right},
                   {"p90", Align::right},
                   {"p99", Align::right},
                   {"p99.9", Align::right},
                   {"max", Align::right}});
  const auto add_all = [&](const std::string& prefix, const ClientSummary& clients) {
    add_latency(table, prefix + "connect", clients.connect);
    add_latency(table, prefix + "query", clients.query);
    add_latency(table, prefix + "connect to first answer", clients.first_answer);
  };
  add_all("", summary.clients);
  if (summary.groups.size() > 1) {
    for (const ClientSummary& group : summary.groups) add_all(group.name + ": ", group);
  }
  if (table.empty()) return;
  out.section("latency, ms");
  out.table(table);
}

void write_groups(Writer& out, const Summary& summary) {
  if (summary.groups.size() < 2) return;
  out.section("per client group");
  TextTable table({{"", Align::left},
                   {"attempted", Align::right},
                   {"established", Align::right},
                   {"failed", Align::right},
                   {"established/s", Align::right},
                   {"peak open", Align::right},
                   {"answered", Align::right}});
  for (const ClientSummary& group : summary.groups) {
    table.add({group.name, grouped(group.attempted), grouped(group.established),
               grouped(group.failed), optional_text(group.established_per_second, 0, ""),
               grouped(group.peak_open), grouped(group.queries_answered)});
  }
  out.table(table);
}

void write_pops(Writer& out, const Summary& summary) {
  std::vector<PopSummary> pops = summary.pops;
  std::erase_if(pops, [](const PopSummary& pop) {
    return pop.sessions.accepted == 0 && pop.clients.attempts == 0;
  });
  if (pops.empty()) return;
  std::stable_sort(pops.begin(), pops.end(), [](const PopSummary& left, const PopSummary& right) {
    return left.sessions.accepted > right.sessions.accepted;
  });
  out.section("per POP");
  TextTable table({{"", Align::left},
                   {"accepted", Align::right},
                   {"authenticated", Align::right},
                   {"refused", Align::right},
                   {"peak open", Align::right},
                   {"at", Align::right},
                   {"statements", Align::right},
                   {"connect p50", Align::right},
                   {"p99", Align::right},
                   {"query p50", Align::right},
                   {"p99 (ms)", Align::right}});
  const auto cell = [](const LatencySummary& latency, Duration value) {
    return latency.count == 0 ? std::string("-") : decimals(milliseconds_of(value), 1);
  };
  for (const PopSummary& pop : pops) {
    const LatencySummary& connect = pop.clients.connect;
    const LatencySummary& query = pop.clients.query;
    table.add({pop.clients.name, grouped(pop.sessions.accepted),
               grouped(pop.sessions.authenticated), grouped(pop.sessions.refused),
               grouped(pop.sessions.peak_open), pop.peak_at ? duration_text(*pop.peak_at) : "-",
               grouped(pop.sessions.routed), cell(connect, connect.p50), cell(connect, connect.p99),
               cell(query, query.p50), cell(query, query.p99)});
  }
  out.table(table);
}

void write_backhauls(Writer& out, const Summary& summary) {
  if (summary.backhauls.empty()) return;
  out.section("per backhaul");
  TextTable table({{"", Align::left},
                   {"connections", Align::right},
                   {"requests", Align::right},
                   {"to region", Align::right},
                   {"to POP", Align::right},
                   {"frames", Align::right}});
  std::vector<trace::BackhaulStatistics> backhauls = summary.backhauls;
  std::stable_sort(backhauls.begin(), backhauls.end(), [](const auto& left, const auto& right) {
    return left.requests > right.requests;
  });
  for (const trace::BackhaulStatistics& backhaul : backhauls) {
    table.add({backhaul.pop + " - " + backhaul.region, grouped(backhaul.connections),
               grouped(backhaul.requests), bytes_text(backhaul.bytes_to_region),
               bytes_text(backhaul.bytes_to_pop), grouped(backhaul.frames)});
  }
  out.table(table);
}

std::string of_limit(std::uint64_t value, std::uint64_t limit) {
  if (limit == 0 && value == 0) return "-";
  return limit == 0 ? grouped(value) : grouped(value) + "/" + grouped(limit);
}

void write_usage(Writer& out, const Summary& summary) {
  out.section("what saturated");
  for (const Finding& finding : summary.saturated) out.line("  " + finding.text);
  if (summary.saturated.empty()) out.line("  nothing");
  if (summary.usage.empty()) return;
  out.section("use of hosts (the busiest of each place)");
  TextTable table({{"", Align::left},
                   {"hosts", Align::right},
                   {"CPU", Align::right},
                   {"CPU peak", Align::right},
                   {"connections", Align::right},
                   {"backlog", Align::right},
                   {"memory", Align::right},
                   {"pool", Align::right}});
  std::vector<Usage> places = summary.usage;
  std::stable_sort(places.begin(), places.end(), [](const Usage& left, const Usage& right) {
    return std::tuple(left.role, right.cpu_peak, right.peak_connections) <
           std::tuple(right.role, left.cpu_peak, left.peak_connections);
  });
  for (const Usage& usage : places) {
    table.add({std::string(to_string(usage.role)) + " " + usage.place, grouped(usage.hosts),
               percent(usage.cpu_mean), usage.cpu_peak > 0 ? percent(usage.cpu_peak) : "-",
               grouped(usage.peak_connections), of_limit(usage.peak_backlog, usage.backlog_limit),
               usage.peak_memory_bytes > 0 ? bytes_text(usage.peak_memory_bytes) : "-",
               of_limit(usage.pool_peak_busy, usage.pool_size)});
  }
  out.table(table);
}

std::string time_text(const std::optional<Duration>& time) {
  return time ? duration_text(*time) : "-";
}

void write_failover(Writer& out, const Summary& summary) {
  const FailoverSummary& failover = summary.failover;
  if (!failover.faults.empty()) {
    out.section("faults");
    TextTable table({{"", Align::left},
                     {"at", Align::right},
                     {"healed", Align::right},
                     {"to detect", Align::right},
                     {"to re-route", Align::right},
                     {"to recover", Align::right},
                     {"clients", Align::right}});
    for (const FaultSummary& fault : failover.faults) {
      table.add({fault.name, fault.happened ? duration_text(fault.at) : "never",
                 time_text(fault.healed_at), time_text(fault.time_to_detect),
                 time_text(fault.time_to_reroute), time_text(fault.time_to_recover),
                 grouped(fault.clients_affected)});
    }
    out.table(table);
  }
  const LatencySummary& regret = failover.regret;
  const bool calm = failover.faults.empty() && failover.unavailable.count == 0 &&
                    failover.head_changes == 0 && regret.maximum == Duration::zero();
  if (calm) return;
  out.section("failover");
  TextTable table({{"", Align::left}, {"", Align::right}, {"", Align::left}});
  const LatencySummary& gone = failover.unavailable;
  table.add({"times that a client was not served", grouped(gone.count),
             gone.count == 0 ? ""
                             : "p50 " + duration_text(gone.p50) + ", p99 " +
                                   duration_text(gone.p99) + ", longest " +
                                   duration_text(gone.maximum)});
  table.add({"statements late", grouped(failover.late),
             "more than " + duration_text(FailoverSummary::late_after)});
  table.add({"retried by edges", grouped(failover.retried), ""});
  table.add({"failed", grouped(failover.failed),
             failover.unknown > 0 ? "of them of unknown outcome " + grouped(failover.unknown) : ""});
  table.add({"sent where nothing arrives", grouped(failover.sent_into_the_void), ""});
  table.add({"re-sorts", grouped(failover.re_sorts),
             grouped(failover.set_head_changes) + " changed the first region, " +
                 grouped(failover.flaps) + " flapped"});
  table.add({"load moved within 5 s", percent(failover.herd_share),
             "at the peak; onto one region " + percent(failover.herd_onto_one_share)});
  if (regret.count > 0) {
    table.add({"regret", milliseconds_text(regret.p50) + " ms",
               "median; p99 " + milliseconds_text(regret.p99) + " ms, largest " +
                   milliseconds_text(regret.maximum) + " ms"});
  }
  out.table(table);
}

void write_cost(Writer& out, const Summary& summary) {
  const trace::MachineCost& cost = summary.cost;
  out.section("cost of this run");
  TextTable table({{"", Align::left}, {"", Align::right}, {"", Align::left}});
  table.add({"simulated", duration_text(summary.simulated), ""});
  table.add({"wall time", duration_text(cost.wall),
             optional_text(summary.speed(), 1, " times as fast as the simulated time")});
  table.add({"CPU time", duration_text(cost.cpu),
             optional_text(summary.cpu_microseconds_per_connection(), 2, " us per connection")});
  if (const auto at_mark = summary.cpu_microseconds_per_connection_at_mark()) {
    table.add({"  until " + duration_text(cost.cpu_mark_at), duration_text(*cost.cpu_at_mark),
               decimals(*at_mark, 2) + " us per connection"});
  }
  table.add({"peak memory", bytes_text(cost.peak_rss_bytes),
             optional_text(summary.bytes_per_connection(), 0, " bytes per connection")});
  table.add({"events", grouped(summary.events),
             optional_text(summary.events_per_second(), 0, " per second")});
  out.table(table);
  out.section("digest " + summary.digest + (summary.interrupted ? " (of the partial run)" : ""));
}

}  // namespace

std::string summary_text(const Summary& summary, const TextOptions& options) {
  Writer out(options);
  write_verdict(out, summary);
  write_oracles(out, summary);
  write_connections(out, summary);
  write_latency(out, summary);
  write_failover(out, summary);
  write_groups(out, summary);
  write_pops(out, summary);
  write_backhauls(out, summary);
  write_usage(out, summary);
  write_cost(out, summary);
  return out.take();
}

}  // namespace wanlab::analysis
