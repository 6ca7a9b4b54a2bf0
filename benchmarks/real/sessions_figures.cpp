// What sessions cost that come, and sessions that stay: TLS handshakes, and memory while idle.
#include "benchmarks/real/figures.hpp"
#include "benchmarks/real/processes.hpp"

namespace wanlab::bench {
namespace {

using emulation::LoadCrowd;
using emulation::LoadTarget;
using emulation::ProcessError;
using emulation::Security;
using emulation::Speech;
using namespace std::chrono_literals;

// --- handshakes ---------------------------------------------------------------------------------

constexpr std::size_t handshakes_at_once = 16;

struct Greeter {
  std::string name;
  LoadTarget target;
  pid_t server;
  Samples per_second{}, cpu{};
};

void run_round(Greeter& greeter, emulation::LoadLoop& loop, Duration length) {
  LoadCrowd crowd(loop, greeter.target);
  crowd.shake_hands(handshakes_at_once);
  loop.run_for(length / 10);
  const std::uint64_t before = crowd.figures().secured;
  const double cpu = cpu_seconds_of(greeter.server);
  const auto began = std::chrono::steady_clock::now();
  loop.run_for(length);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const double used = cpu_seconds_of(greeter.server) - cpu;
  const auto done = static_cast<double>(crowd.figures().secured - before);
  crowd.stop_shaking_hands();
  loop.run_until([&] { return crowd.settled(); }, 10s);
  if (done < 1 || crowd.figures().failed != 0) {
    throw ProcessError(greeter.name + ": handshakes fail: " + crowd.figures().first_failure);
  }
  greeter.per_second.add(done / took.count());
  greeter.cpu.add(used * 1e6 / done);
}

// --- idle sessions ------------------------------------------------------------------------------

constexpr std::size_t logins_at_once = 64;
// What the first of them bring about once is no session's.
constexpr std::size_t first_sessions = 300;

IdleRow hold(const std::string& name, const RealOptions& options, emulation::LoadLoop& loop,
             const LoadTarget& target, pid_t server,
             const std::function<bool(std::size_t)>& there) {
  options.progress("idle sessions: " + name);
  IdleRow row;
  row.name = name;
  row.sessions = options.idle_sessions();
  LoadCrowd crowd(loop, target);
  const auto open = [&](std::size_t more, std::size_t in_all) {
    crowd.open(more, logins_at_once);
    const bool all = loop.run_until([&] { return crowd.settled() && there(in_all); }, 180s);
    const emulation::LoadFigures& figures = crowd.figures();
    if (!all || figures.established != in_all || figures.lost != 0) {
      throw ProcessError(name + ": " + std::to_string(figures.established) + " of " +
                         std::to_string(in_all) + " sessions stand" +
                         (figures.first_failure.empty() ? "" : "; " + figures.first_failure));
    }
    loop.run_for(500ms);
  };
  open(first_sessions, first_sessions);
  const std::uint64_t before = resident_bytes(server);
  const auto began = std::chrono::steady_clock::now();
  open(row.sessions, first_sessions + row.sessions);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began - 500ms;
  row.bytes_each =
      static_cast<double>(resident_bytes(server) - before) / static_cast<double>(row.sessions);
  row.logins_per_second = static_cast<double>(row.sessions) / took.count();
  row.descriptors = open_descriptors(server);
  return row;
}

}  // namespace

std::vector<HandshakeRow> measure_handshakes(const RealOptions& options, emulation::LoadLoop& loop,
                                             const Rig& rig, const Others& others) {
  std::vector<Greeter> all;
  all.push_back({"wanlab-edge, asked for as MySQL does", rig.through_edge(true), rig.edge()});
  if (others.haproxy) {
    LoadTarget target;
    target.port = others.haproxy->handshake_port();
    target.speech = Speech::nothing;
    target.security = Security::at_once;
    all.push_back({"HAProxy, TCP mode", target, others.haproxy->pid()});
  }
  const double before = rig.metric("wanlab_tls_handshakes_resumed_total");
  for (int round = 0; round < options.rounds(); ++round) {
    options.progress("TLS handshakes, round " + std::to_string(round + 1));
    for (Greeter& greeter : all) run_round(greeter, loop, options.round());
  }
  if (rig.metric("wanlab_tls_handshakes_resumed_total") > before) {
    throw ProcessError("some handshakes were resumed, so that they were not full");
  }
  std::vector<HandshakeRow> rows;
  for (const Greeter& greeter : all) {
    const Spread cpu = greeter.cpu.spread();
    rows.push_back({greeter.name, greeter.per_second.spread(), cpu, 1e6 / cpu.median});
  }
  return rows;
}

std::vector<IdleRow> measure_idle(const RealOptions& options, emulation::LoadLoop& loop, Rig& rig,
                                  const Others& others, emulation::LoadSink& sink) {
  std::vector<IdleRow> rows;
  const auto logged_in = [](std::size_t) { return true; };
  for (const bool tls : {false, true}) {
    rig.restart_edge();
    rows.push_back(hold(tls ? "wanlab-edge, TLS" : "wanlab-edge", options, loop,
                        rig.through_edge(tls), rig.edge(), logged_in));
  }
  if (others.haproxy) {
    for (const bool tls : {false, true}) {
      others.haproxy->restart();
      LoadTarget target;
      target.port = others.haproxy->sink_port(tls);
      target.speech = Speech::nothing;
      target.security = tls ? Security::at_once : Security::none;
      rows.push_back(hold(tls ? "HAProxy, TCP mode, TLS" : "HAProxy, TCP mode", options, loop,
                          target, others.haproxy->pid(),
                          [&](std::size_t all) { return sink.open() >= all; }));
    }
  }
  if (others.pgbouncer) {
    rows.push_back(hold("PgBouncer", options, loop, others.pgbouncer->target(),
                        others.pgbouncer->pid(), logged_in));
  }
  return rows;
}

}  // namespace wanlab::bench
