#include "benchmarks/real/proxies.hpp"

#include "benchmarks/real/rig.hpp"

#include <pwd.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

namespace wanlab::bench {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using emulation::ChildOptions;
using emulation::ChildProcess;
using emulation::ProcessError;

namespace {

constexpr auto start_limit = 30s;
// Of 20,000 descriptors per process, of which HAProxy takes two per connection.
constexpr const char* most_connections = "9600";

void write(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw ProcessError("cannot write " + file.string());
}

void wait_until_listening(ChildProcess& process, std::uint16_t port, const std::string& what,
                          const fs::path& log) {
  const auto end = std::chrono::steady_clock::now() + start_limit;
  while (emulation::port_is_free(port)) {
    const bool ended = !process.running();
    if (ended || std::chrono::steady_clock::now() > end) {
      throw ProcessError(what + (ended ? " ended at once" : " does not come up") + ": " +
                         emulation::last_lines(log, 3));
    }
    std::this_thread::sleep_for(20ms);
  }
}

}  // namespace

// --- packages -----------------------------------------------------------------------------------

ProxyPackages::ProxyPackages(const fs::path& source_root, fs::path folder)
    : folder_(std::move(folder)) {
  ChildOptions fetch;
  fetch.command = {(source_root / "benchmarks/peers/fetch_proxies").string(), folder_.string()};
  fetch.own_group = false;
  ChildProcess process(fetch);
  if (process.wait(10min) != 0) throw ProcessError("the other proxies cannot be had here");
}

fs::path ProxyPackages::program(const std::string& name) const {
  for (const char* place : {"usr/sbin", "usr/lib/postgresql/15/bin"}) {
    if (fs::exists(folder_ / "root" / place / name)) return folder_ / "root" / place / name;
  }
  throw ProcessError("no " + name + " in " + folder_.string());
}

ChildProcess ProxyPackages::start(std::vector<std::string> command, bool refuses_root,
                                  const fs::path& log) const {
  command[0] = program(command[0]).string();
  if (refuses_root && ::geteuid() == 0) {
    // With another user the kernel forgets that it is to end with us.
    command.insert(command.begin(),
                   {"setpriv", "--reuid=nobody", "--clear-groups", "--pdeathsig=KILL", "--"});
  }
  ChildOptions child;
  child.command = std::move(command);
  child.environment = {"LD_LIBRARY_PATH=" + fs::absolute(folder_ / "libraries").string(),
                       "LC_ALL=C"};
  child.hidden = "PG";
  child.output = log;
  child.folder = "/";
  return ChildProcess(child);
}

void ProxyPackages::give_away(const fs::path& folder) {
  fs::create_directories(folder);
  if (::geteuid() != 0) return;
  const passwd* nobody = ::getpwnam("nobody");
  if (nobody == nullptr || ::chown(folder.c_str(), nobody->pw_uid, nobody->pw_gid) != 0) {
    throw ProcessError("cannot give " + folder.string() + " to nobody");
  }
}

// --- HAProxy ------------------------------------------------------------------------------------

HaproxyServer::HaproxyServer(const ProxyPackages& packages, const fs::path& folder,
                             std::uint16_t database, std::uint16_t sink,
                             const fs::path& certificate)
    : packages_(packages), folder_(folder) {
  fs::create_directories(folder);
  for (int i = 0; i < 5; ++i) ports_.push_back(emulation::free_port());
  std::string text = "global\n  nbthread 1\n  maxconn " + std::string(most_connections) +
                     "\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n"
                     "  timeout server 1h\n";
  const auto front = [&](const char* name, std::uint16_t port, bool tls, const std::string& then) {
    text += std::string("frontend ") + name + "\n  bind 127.0.0.1:" + std::to_string(port) +
            (tls ? " ssl crt " + certificate.string() + " ssl-min-ver TLSv1.3" : "") +
            "\n  maxconn " + most_connections + "\n  " + then + "\n";
  };
  front("plain", ports_[0], false, "default_backend database");
  front("secure", ports_[1], true, "default_backend database");
  front("idle", ports_[2], false, "default_backend sink");
  front("idle_secure", ports_[3], true, "default_backend sink");
  front("handshakes", ports_[4], true, "tcp-request content reject");
  text += "backend database\n  server one 127.0.0.1:" + std::to_string(database) +
          "\nbackend sink\n  server one 127.0.0.1:" + std::to_string(sink) + "\n";
  write(folder / "haproxy.cfg", text);
  restart();
}

void HaproxyServer::restart() {
  if (process_) process_->kill();
  const fs::path log = folder_ / "haproxy.log";
  process_ =
      packages_.start({"haproxy", "-db", "-f", (folder_ / "haproxy.cfg").string()}, false, log);
  wait_until_listening(*process_, ports_[4], "HAProxy", log);
}

HaproxyServer::~HaproxyServer() {
  // It would otherwise wait for its connections to end.
  if (process_) process_->kill();
}

// --- PostgreSQL ---------------------------------------------------------------------------------

PostgresServer::PostgresServer(const ProxyPackages& packages, const fs::path& folder,
                               emulation::LoadLoop& loop)
    : port_(emulation::free_port()) {
  ProxyPackages::give_away(folder);
  const std::string data = (folder / "data").string();
  const fs::path log = folder / "postgres.log";
  const int made = packages
                       .start({"initdb", "-D", data, "-A", "trust", "-U", "bench", "-E", "UTF8",
                               "--locale=C", "--no-sync"},
                              true, log)
                       .wait(60s)
                       .value_or(-1);
  if (made != 0) throw ProcessError("initdb failed: " + emulation::last_lines(log, 3));
  process_ = packages.start({"postgres", "-D", data, "-p", std::to_string(port_), "-c",
                             "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c",
                             "fsync=off", "-c", "jit=off", "-c", "autovacuum=off"},
                            true, log);
  wait_until_listening(*process_, port_, "PostgreSQL", log);
  const auto end = std::chrono::steady_clock::now() + start_limit;
  while (true) {  // it listens before it lets anybody in
    try {
      run_statements(loop, target(), {"SELECT 1"});
      break;
    } catch (const ProcessError&) {
      if (std::chrono::steady_clock::now() > end) throw;
      loop.run_for(50ms);
    }
  }
  run_statements(loop, target(),
                 {"CREATE TABLE point (id int PRIMARY KEY, c char(120) NOT NULL)",
                  "INSERT INTO point SELECT n, repeat('x', 119) FROM generate_series(1, 1000) n",
                  "VACUUM ANALYZE point"});
}

PostgresServer::~PostgresServer() {
  // "Fast shutdown": its clients are disconnected.
  if (!process_) return;
  process_->signal(SIGINT);
  if (!process_->wait(10s)) process_->kill();
}

emulation::LoadTarget PostgresServer::target() const {
  emulation::LoadTarget target;
  target.port = port_;
  target.speech = emulation::Speech::postgres;
  target.user = "bench";
  target.database = "postgres";
  return target;
}

// --- PgBouncer ----------------------------------------------------------------------------------

PgbouncerServer::PgbouncerServer(const ProxyPackages& packages, const fs::path& folder,
                                 const PostgresServer& postgres)
    : port_(emulation::free_port()) {
  fs::create_directories(folder);
  write(folder / "pgbouncer.ini",
        "[databases]\npostgres = host=127.0.0.1 port=" + std::to_string(postgres.target().port) +
            " dbname=postgres user=bench\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " +
            std::to_string(port_) +
            "\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\nmax_client_conn = " +
            most_connections +
            "\ndefault_pool_size = 64\nlog_connections = 0\n"
            "log_disconnections = 0\n");
  fs::permissions(folder, fs::perms::others_read | fs::perms::others_exec, fs::perm_options::add);
  process_ = packages.start({"pgbouncer", (folder / "pgbouncer.ini").string()}, true,
                            folder / "pgbouncer.log");
  wait_until_listening(*process_, port_, "PgBouncer", folder / "pgbouncer.log");
}

PgbouncerServer::~PgbouncerServer() {
  if (process_) process_->kill();
}

emulation::LoadTarget PgbouncerServer::target() const {
  emulation::LoadTarget target;
  target.port = port_;
  target.speech = emulation::Speech::postgres;
  target.user = "bench";
  target.database = "postgres";
  return target;
}

}  // namespace wanlab::bench
