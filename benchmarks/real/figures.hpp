// The figures of `./wanlab bench real`: what is measured, and the values. Each function measures
// one table on servers that are up already.
#pragma once

#include "benchmarks/measure.hpp"
#include "benchmarks/real/proxies.hpp"
#include "benchmarks/real/rig.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace wanlab::bench {

// The other proxies, where they could be had.
struct Others {
  std::unique_ptr<HaproxyServer> haproxy;
  std::unique_ptr<PostgresServer> postgres;
  std::unique_ptr<PgbouncerServer> pgbouncer;
};

struct RealOptions {
  bool quick = false;
  std::function<void(const std::string&)> progress;
  int rounds() const { return quick ? 2 : 5; }
  Duration round() const { return quick ? std::chrono::seconds(1) : std::chrono::seconds(3); }
  std::size_t idle_sessions() const { return quick ? 2'000 : 9'000; }
  std::size_t half_open() const { return quick ? 1'000 : 5'000; }
};

// Point SELECTs in closed loops. Microseconds of CPU per query, by process.
struct QueryRow {
  std::string name;
  std::size_t sessions = 0;
  Spread per_second;
  Spread proxy;     // edge and origin, or the other proxy; nothing for direct connections
  Spread edge;      // of it, where it is ours
  Spread database;  // and the clients' is the rest
  Spread client;
  double above_direct = 0;  // all processes together, less the same without a proxy
  double p50 = 0, p99 = 0;  // of answers, microseconds
};
std::vector<QueryRow> measure_queries(const RealOptions& options, emulation::LoadLoop& loop,
                                      const Rig& rig, const Others& others);

// Full TLS 1.3 handshakes with an ECDSA P-256 certificate; no session is resumed.
struct HandshakeRow {
  std::string name;
  Spread per_second;           // with the clients beside it
  Spread cpu_microseconds;     // of the server, per handshake
  double per_core_second = 0;  // what a core that does nothing else would do
};
std::vector<HandshakeRow> measure_handshakes(const RealOptions& options, emulation::LoadLoop& loop,
                                             const Rig& rig, const Others& others);

// What sessions cost that are logged in and do nothing.
struct IdleRow {
  std::string name;
  std::size_t sessions = 0;
  double bytes_each = 0;
  double logins_per_second = 0;
  std::size_t descriptors = 0;  // of the process
};
std::vector<IdleRow> measure_idle(const RealOptions& options, emulation::LoadLoop& loop, Rig& rig,
                                  const Others& others, emulation::LoadSink& sink);

// Sessions that behave, while others do not.
struct HostileRow {
  std::string name;
  double p50 = 0, p99 = 0, most = 0;  // microseconds
  std::uint64_t answered = 0, failed = 0;
};
struct HostileFigures {
  std::vector<HostileRow> rows;  // alone, then with the others; one pair per round
  std::size_t half_open = 0, slow = 0;
  double times_p99 = 0;         // median over the rounds
  double edge_megabytes = 0;    // most that the edge grew by
  double origin_megabytes = 0;  // the same of the origin
  std::size_t left_over = 0;    // hostile connections still there after their time
};
HostileFigures measure_hostile(const RealOptions& options, emulation::LoadLoop& loop,
                               const Rig& rig);

struct RealFigures {
  std::vector<QueryRow> queries;
  std::vector<HandshakeRow> handshakes;
  std::vector<IdleRow> idle;
  std::unique_ptr<HostileFigures> hostile;
  std::vector<std::string> missing;  // what could not be measured, and why
};

struct RealAim {
  std::string what, aim;
  double measured = 0;
  bool met = false;
};
std::vector<RealAim> judge(const RealFigures& figures);

struct RealConditions {
  std::string machine, command;
  double load = 0;
};
void print(std::ostream& out, const RealConditions& conditions, const RealFigures& figures);
std::string to_json(const RealConditions& conditions, const RealFigures& figures);

}  // namespace wanlab::bench
