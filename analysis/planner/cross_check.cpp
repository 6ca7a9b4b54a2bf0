// Rates, holding times and costs as the run had them, put into the formulas.
#include "analysis/planner/cross_check.hpp"

#include "analysis/numbers.hpp"
#include "analysis/planner/queueing.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace wanlab::analysis {

namespace {

// What differs by less is called the same. Half of what a run of some ten thousand statements
// scatters by.
constexpr double agreement = 0.05;
// Shares this small are the same for all purposes.
constexpr double negligible_share = 0.005;

// How the statements of the whole run were spread over its time.
struct Traffic {
  double seconds = 0;  // in which statements were sent
  double sent = 0;
  // The busiest stretch that is long enough for chance to matter little, over the mean.
  double peak_factor = 1;
  Duration stretch{};
  double mean() const { return seconds > 0 ? sent / seconds : 0; }
};

Traffic traffic_of(const trace::RunRecord& record) {
  Traffic traffic;
  const double interval = seconds_of(record.series_interval);
  if (interval <= 0) return traffic;
  std::vector<double> sent;
  for (const trace::SeriesRow& row : record.series) {
    if (row.queries_sent == 0 && sent.empty()) continue;
    sent.push_back(static_cast<double>(row.queries_sent));
    traffic.sent += sent.back();
  }
  while (!sent.empty() && sent.back() == 0) sent.pop_back();
  traffic.seconds = interval * static_cast<double>(sent.size());
  if (traffic.sent == 0) return traffic;
  // 400 arrivals scatter by a twentieth.
  const double rows = std::ceil(400 / (traffic.mean() * interval));
  const auto window =
      static_cast<std::size_t>(std::clamp(rows, 1.0, static_cast<double>(sent.size())));
  double busiest = 0, sum = 0;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    sum += sent[i];
    if (i >= window) sum -= sent[i - window];
    busiest = std::max(busiest, sum);
  }
  traffic.stretch = static_cast<std::int64_t>(window) * record.series_interval;
  traffic.peak_factor = busiest / (static_cast<double>(window) * interval) / traffic.mean();
  return traffic;
}

// Servers that a region's pool of the primary, or of replicas, goes to; none where both are asked.
std::optional<std::uint32_t> servers_asked(const scenario::Plan& plan, const std::string& region) {
  bool primary = false, replica = false;
  for (const scenario::Credential& credential : plan.credentials) {
    (credential.tablet_type == scenario::TabletType::primary ? primary : replica) = true;
  }
  if (primary == replica || plan.databases.size() != 1) return std::nullopt;
  const scenario::Database& database = plan.databases.front();
  if (primary || database.primary_region != region) return 1;
  return std::max(database.replicas, 1u);
}

bool asks_like_poisson(const scenario::Plan& plan) {
  return std::all_of(plan.clients.begin(), plan.clients.end(), [](const auto& group) {
    return group.query_interval_maximum == Duration::zero() || group.query_interval_exponential;
  });
}

bool serves_exponentially(const scenario::Plan& plan) {
  return std::all_of(plan.databases.begin(), plan.databases.end(),
                     [](const auto& database) { return database.exponential_service; });
}

std::string join(const std::vector<std::string>& reasons) {
  std::string text;
  for (const std::string& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return text;
}

// Why simulation and theory may part, and to which side.
struct Reason {
  bool longer = false;  // the simulation waits more for it
  std::string text;
};

std::vector<Reason> reasons_to_differ(const scenario::Plan& plan, const trace::RunRecord& record,
                                      const Traffic& traffic, const trace::HostStatistics& host,
                                      const Queue& queue) {
  std::vector<Reason> reasons;
  if (traffic.peak_factor > 1.25) {
    const double peak_load = queue.load() * traffic.peak_factor;
    reasons.push_back(
        {true, "the load is not steady: its busiest " + duration_text(traffic.stretch) + " have " +
                   decimals(traffic.peak_factor, 1) + " times the mean rate (a load of " +
                   percent(peak_load) + (peak_load >= 1 ? ", more than the pool can do)" : ")") +
                   ", and the formula knows only the mean"});
  }
  double database_cpu = 0;
  for (const trace::HostStatistics& other : record.hosts) {
    if (other.label.role != trace::HostRole::database || other.label.place != host.label.place) {
      continue;
    }
    database_cpu = std::max(database_cpu, seconds_of(other.cpu_busy_peak_second) /
                                              static_cast<double>(std::max(other.cores, 1u)));
  }
  if (database_cpu > 0.5) {
    reasons.push_back({true, "statements queue for the database's own cores (" +
                                 percent(database_cpu) +
                                 " in the busiest second), so that all are long at the same time, "
                                 "where the formula takes them to be independent"});
  }
  if (host.pool_waited > 0 && host.pool_waited <= 2 * std::uint64_t{queue.servers}) {
    reasons.push_back({true,
                       "the pool opens connections as they are needed: the first statements wait "
                       "for a dial, not for each other"});
  }
  if (!plan.faults.empty()) {
    reasons.push_back({true, "faults of the plan move load while the run lasts"});
  }
  if (!asks_like_poisson(plan)) {
    reasons.push_back({false,
                       "a client waits for its answer and then draws its interval evenly: arrivals "
                       "are more regular than a Poisson process"});
  }
  if (!serves_exponentially(plan)) {
    reasons.push_back({false,
                       "statements take the same CPU time each, where M/M/c has exponential times: "
                       "less variance, shorter waits"});
  }
  if (host.pool_timeouts > 0) {
    reasons.push_back({false, grouped(host.pool_timeouts) +
                                  " statements gave up waiting, which the formula's queue does not "
                                  "do"});
  }
  return reasons;
}

std::string explain(double simulated, double theory, double negligible,
                    const std::vector<Reason>& reasons) {
  const double difference = std::abs(simulated - theory);
  const bool agree =
      difference <= negligible || difference <= agreement * std::max(simulated, theory);
  std::vector<std::string> texts;
  for (const Reason& reason : reasons) {
    if (agree || reason.longer == (simulated > theory)) texts.push_back(reason.text);
  }
  if (agree) return texts.empty() ? "they agree" : "they agree, although " + join(texts);
  const double factor = theory > 0 ? simulated / theory : 0;
  const std::string by = theory <= 0 ? "theory expects none"
                         : factor > 100
                             ? "theory expects next to nothing"
                             : "the simulation has " + decimals(factor, 2) + " times as much";
  if (texts.empty()) return by + "; the plan names no reason, and chance remains";
  return by + ": " + join(texts);
}

void check_pool(const scenario::Plan& plan, const trace::RunRecord& record,
                const trace::HostStatistics& host, const Traffic& traffic,
                std::vector<CrossCheck>& checks) {
  if (host.pool_served == 0 || traffic.seconds <= 0) return;
  const auto origin = std::find_if(plan.origins.begin(), plan.origins.end(), [&](const auto& each) {
    return each.region == host.label.place;
  });
  if (origin == plan.origins.end()) return;
  const std::string subject = "pool of " + host.label.name;
  const auto served = static_cast<double>(host.pool_served);
  const double rate = served / traffic.seconds;
  const Duration hold(
      static_cast<Duration::rep>(static_cast<double>(host.pool_busy_time.count()) / served));
  const double busy = seconds_of(host.pool_busy_time) / traffic.seconds;
  checks.push_back({subject, "connections busy on average", decimals(busy, 3),
                    decimals(mean_present(rate, hold), 3),
                    "Little's law: " + decimals(rate, 1) + "/s x " + duration_text(hold),
                    "the same by definition; it checks the bookkeeping, and is what the pool must "
                    "at least be larger than"});
  const auto servers = servers_asked(plan, host.label.place);
  if (!servers) {
    checks.push_back({subject, "share of statements that wait",
                      percent(static_cast<double>(host.pool_waited) / served), "-", "none",
                      "statements go to several kinds of servers, each with a pool of its own, and "
                      "the run does not tell them apart"});
    return;
  }
  const Queue queue{.servers = origin->pool_size,
                    .arrivals_per_second = rate / *servers,
                    .holding = hold,
                    .variability = 1};
  const double waited = static_cast<double>(host.pool_waited) / served;
  const Duration wait(
      static_cast<Duration::rep>(static_cast<double>(host.pool_wait_time.count()) / served));
  const std::string method = "Erlang C, " + grouped(queue.servers) + " servers, " +
                             decimals(queue.offered(), 3) + " Erlangs (load " +
                             percent(queue.load()) + ")";
  const std::vector<Reason> reasons = reasons_to_differ(plan, record, traffic, host, queue);
  if (!queue.stable()) {
    checks.push_back({subject, "share of statements that wait", percent(waited), "all", method,
                      "more arrives than the pool can do, so that the queue only grows; the run is "
                      "finite and shows its beginning"});
    return;
  }
  const double expected = *queue.waiting_probability();
  checks.push_back({subject, "share of statements that wait", percent(waited), percent(expected),
                    method, explain(waited, expected, negligible_share, reasons)});
  checks.push_back({subject, "mean wait for a connection", duration_text(wait),
                    duration_text(*queue.mean_wait()), "M/M/c",
                    explain(seconds_of(wait), seconds_of(*queue.mean_wait()), 1e-5, reasons)});
  if (const auto fewest = servers_for_waiting(queue.offered(), 0.01, 1'000'000)) {
    checks.push_back({subject, "size at which 1 % wait", "-", grouped(*fewest),
                      "Erlang C at the mean rate", "for orientation: what theory would order"});
  }
}

void check_edges(const scenario::Plan& plan, const trace::RunRecord& record,
                 std::vector<CrossCheck>& checks) {
  for (const scenario::EdgePop& pop : plan.edges) {
    Duration busy{};
    double busiest = 0;
    std::uint64_t peak = 0, nodes = 0;
    for (const trace::HostStatistics& host : record.hosts) {
      if (host.label.role != trace::HostRole::edge || host.label.place != pop.name) continue;
      ++nodes;
      busy += host.cpu_busy;
      peak += host.peak_connections;
      busiest = std::max(busiest, seconds_of(host.cpu_busy_peak_second) / std::max(host.cores, 1u));
    }
    const auto tally = std::find_if(record.pops.begin(), record.pops.end(),
                                    [&](const auto& each) { return each.name == pop.name; });
    if (nodes == 0 || tally == record.pops.end() || tally->sessions.accepted == 0) continue;
    std::uint64_t fastest = 0;
    for (const trace::SeriesRow& row : record.series) fastest = std::max(fastest, row.attempts);
    const double share = record.clients.attempts == 0
                             ? 0
                             : static_cast<double>(tally->sessions.accepted) /
                                   static_cast<double>(record.clients.attempts);
    const double rate = static_cast<double>(fastest) / seconds_of(record.series_interval) * share;
    const auto cost = [&](runtime::Work work) {
      return pop.host.cost[static_cast<std::size_t>(work)];
    };
    // Accepting, TLS, four packets of the login, and the frame that carries the proof there and
    // back.
    const Duration login =
        cost(runtime::Work::accept_connection) + cost(runtime::Work::tls_handshake_server) +
        4 * cost(runtime::Work::mysql_packet) + 2 * cost(runtime::Work::backhaul_frame);
    const double cores = static_cast<double>(nodes) * pop.host.cores;
    const double load = mean_present(rate, login) / cores;
    checks.push_back(
        {"edge nodes at " + pop.name, "CPU in the busiest second", percent(busiest), percent(load),
         "utilization law: " + decimals(rate, 0) + " logins/s x " + duration_text(login) + " / " +
             decimals(cores, 0) + " cores",
         explain(busiest, load, 0.03,
                 {{true,
                   "statements, pings and closes cost CPU too, and clients are hashed to nodes "
                   "unevenly"},
                  {false,
                   "work that begins in one second ends in the next; the law puts it into "
                   "one"}})});
    const double memory = static_cast<double>(peak) * pop.host.memory_per_connection_bytes /
                          static_cast<double>(nodes);
    checks.push_back({"edge nodes at " + pop.name, "memory at the peak, per node",
                      bytes_text(static_cast<std::uint64_t>(memory)),
                      bytes_text(static_cast<std::uint64_t>(
                          static_cast<double>(tally->sessions.peak_open) *
                          pop.host.memory_per_connection_bytes / static_cast<double>(nodes))),
                      "peak sessions x memory each / nodes",
                      "the run counts backhaul and half-open connections too"});
  }
}

void check_sessions(const trace::RunRecord& record, const Traffic& traffic,
                    std::vector<CrossCheck>& checks) {
  if (record.clients.queries_answered == 0 || traffic.seconds <= 0) return;
  const Duration latency = record.clients.query.mean();
  checks.push_back(
      {"all clients", "statements under way on average", "-",
       decimals(mean_present(traffic.mean(), latency), 2),
       "Little's law: " + decimals(traffic.mean(), 1) + "/s x " + duration_text(latency),
       "what backhaul and pools together hold; divided by the backhaul connections of a peer it "
       "is "
       "how many statements share one"});
}

}  // namespace

std::vector<CrossCheck> cross_checks(const scenario::Plan& plan, const trace::RunRecord& record) {
  std::vector<CrossCheck> checks;
  const Traffic traffic = traffic_of(record);
  for (const trace::HostStatistics& host : record.hosts) {
    if (host.label.role == trace::HostRole::origin) check_pool(plan, record, host, traffic, checks);
  }
  check_edges(plan, record, checks);
  check_sessions(record, traffic, checks);
  return checks;
}

}  // namespace wanlab::analysis
