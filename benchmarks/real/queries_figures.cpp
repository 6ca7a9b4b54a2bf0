// CPU per query: the same statement through each way to a database, in turns.
#include "benchmarks/real/figures.hpp"
#include "benchmarks/real/processes.hpp"

#include <unistd.h>

#include <algorithm>

namespace wanlab::bench {
namespace {

using emulation::LoadCrowd;
using emulation::LoadTarget;
using namespace std::chrono_literals;

struct Way {
  std::string name;
  LoadTarget target;
  std::vector<pid_t> proxies;  // ours: edge, origin
  pid_t database = 0;
  std::string direct;  // the way without a proxy to compare with; empty: this is one

  std::unique_ptr<LoadCrowd> crowd{};
  Samples per_second{}, proxy{}, edge{}, database_cpu{}, client{};
  std::vector<std::uint32_t> latencies{};
};

// Every row in turn, in an order that favours none.
std::string point_select(std::uint64_t number) {
  return "SELECT c FROM point WHERE id = " + std::to_string(1 + number * 7919 % 1000);
}

std::vector<Way> ways(const Rig& rig, const Others& others) {
  const std::vector<pid_t> ours{rig.edge(), rig.origin()};
  const LoadTarget mariadb = rig.direct();
  std::vector<Way> all;
  all.push_back({"MariaDB, direct", mariadb, {}, rig.database(), ""});
  all.push_back(
      {"wanlab: edge, mux, origin", rig.through_edge(false), ours, rig.database(), all[0].name});
  all.push_back(
      {"wanlab, clients with TLS", rig.through_edge(true), ours, rig.database(), all[0].name});
  if (others.haproxy) {
    LoadTarget target = mariadb;
    target.port = others.haproxy->database_port(false);
    all.push_back(
        {"HAProxy, TCP mode", target, {others.haproxy->pid()}, rig.database(), all[0].name});
    target.port = others.haproxy->database_port(true);
    target.security = emulation::Security::at_once;
    all.push_back({"HAProxy, clients with TLS",
                   target,
                   {others.haproxy->pid()},
                   rig.database(),
                   all[0].name});
  }
  if (others.postgres) {
    all.push_back(
        {"PostgreSQL, direct", others.postgres->target(), {}, others.postgres->pid(), ""});
  }
  if (others.pgbouncer) {
    all.push_back({"PgBouncer, transaction pooling",
                   others.pgbouncer->target(),
                   {others.pgbouncer->pid()},
                   others.postgres->pid(),
                   "PostgreSQL, direct"});
  }
  return all;
}

struct Usage {
  double edge = 0, proxy = 0, database = 0, client = 0;
};
Usage usage_of(const Way& way) {
  Usage usage;
  for (const pid_t proxy : way.proxies) usage.proxy += cpu_seconds_of(proxy);
  if (way.proxies.size() > 1) usage.edge = cpu_seconds_of(way.proxies[0]);
  usage.database = cpu_seconds_of_family(way.database);
  usage.client = cpu_seconds_of(::getpid());
  return usage;
}

void run_round(Way& way, emulation::LoadLoop& loop, Duration length) {
  LoadCrowd& crowd = *way.crowd;
  crowd.ask_in_loop(point_select);
  loop.run_for(length / 10);
  crowd.take_latencies();
  const std::uint64_t before = crowd.figures().answered;
  const Usage from = usage_of(way);
  const auto began = std::chrono::steady_clock::now();
  loop.run_for(length);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const Usage to = usage_of(way);
  const auto answered = static_cast<double>(crowd.figures().answered - before);
  crowd.stop_asking();
  const std::vector<std::uint32_t> latencies = crowd.take_latencies();
  loop.run_until([&] { return crowd.quiet(); }, 10s);
  if (crowd.figures().errors + crowd.figures().lost != 0 || answered < 1) {
    throw emulation::ProcessError(way.name + " does not answer every query");
  }
  const auto each = [&](double seconds) { return seconds * 1e6 / answered; };
  way.per_second.add(answered / took.count());
  way.proxy.add(each(to.proxy - from.proxy));
  way.edge.add(each(to.edge - from.edge));
  way.database_cpu.add(each(to.database - from.database));
  way.client.add(each(to.client - from.client));
  way.latencies.insert(way.latencies.end(), latencies.begin(), latencies.end());
}

double percentile(std::vector<std::uint32_t>& values, double part) {
  if (values.empty()) return 0;
  const auto at = std::min(values.size() - 1,
                           static_cast<std::size_t>(static_cast<double>(values.size()) * part));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

double together(const QueryRow& row) {
  return row.proxy.median + row.database.median + row.client.median;
}

}  // namespace

std::vector<QueryRow> measure_queries(const RealOptions& options, emulation::LoadLoop& loop,
                                      const Rig& rig, const Others& others) {
  std::vector<QueryRow> rows;
  for (const std::size_t sessions : {std::size_t{8}, std::size_t{64}}) {
    std::vector<Way> all = ways(rig, others);
    for (Way& way : all) {
      way.crowd = std::make_unique<LoadCrowd>(loop, way.target);
      way.crowd->open(sessions, 8);
      loop.run_until([&] { return way.crowd->settled(); }, 30s);
      if (way.crowd->figures().established != sessions) {
        throw emulation::ProcessError(way.name + ": " + way.crowd->figures().first_failure);
      }
    }
    for (int round = 0; round < options.rounds(); ++round) {
      options.progress("queries of " + std::to_string(sessions) + " sessions, round " +
                       std::to_string(round + 1));
      for (Way& way : all) run_round(way, loop, options.round());
    }
    const std::size_t first = rows.size();
    for (Way& way : all) {
      QueryRow row;
      row.name = way.name;
      row.sessions = sessions;
      row.per_second = way.per_second.spread();
      row.proxy = way.proxy.spread();
      row.edge = way.edge.spread();
      row.database = way.database_cpu.spread();
      row.client = way.client.spread();
      row.p50 = percentile(way.latencies, 0.5);
      row.p99 = percentile(way.latencies, 0.99);
      const auto direct =
          std::find_if(rows.begin() + static_cast<std::ptrdiff_t>(first), rows.end(),
                       [&](const QueryRow& other) { return other.name == way.direct; });
      if (direct != rows.end()) row.above_direct = together(row) - together(*direct);
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace wanlab::bench
