// Other proxies from Debian's packages (benchmarks/peers/fetch_proxies), run for comparison:
// HAProxy in TCP mode before the same MariaDB, PgBouncer before a PostgreSQL of its own.
#pragma once

#include "sim/emulation/child_process.hpp"
#include "sim/emulation/load_crowd.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::bench {

// Where the packages are, and how to start a program of theirs.
class ProxyPackages {
 public:
  // Fetches what is not there yet. Throws emulation::ProcessError with a message for the user.
  ProxyPackages(const std::filesystem::path& source_root, std::filesystem::path folder);

  // Programs that refuse to be root run as nobody where we are root.
  emulation::ChildProcess start(std::vector<std::string> command, bool refuses_root,
                                const std::filesystem::path& log) const;
  std::filesystem::path program(const std::string& name) const;
  // To be done to folders that such programs write to.
  static void give_away(const std::filesystem::path& folder);

 private:
  std::filesystem::path folder_;
};

// One thread; `packages` must outlive it.
class HaproxyServer {
 public:
  // Before the database and before something that accepts everything and says nothing.
  HaproxyServer(const ProxyPackages& packages, const std::filesystem::path& folder,
                std::uint16_t database, std::uint16_t sink,
                const std::filesystem::path& certificate);
  ~HaproxyServer();
  void restart();  // memory is measured from a process's beginning
  pid_t pid() const { return process_->pid(); }
  std::uint16_t database_port(bool tls) const { return ports_[tls ? 1 : 0]; }
  std::uint16_t sink_port(bool tls) const { return ports_[tls ? 3 : 2]; }
  // Ends connections as soon as TLS is up, without asking a server.
  std::uint16_t handshake_port() const { return ports_[4]; }

 private:
  const ProxyPackages& packages_;
  std::filesystem::path folder_;
  std::vector<std::uint16_t> ports_;
  std::optional<emulation::ChildProcess> process_;
};

// With the same table of 1,000 rows. Everybody is let in.
class PostgresServer {
 public:
  PostgresServer(const ProxyPackages& packages, const std::filesystem::path& folder,
                 emulation::LoadLoop& loop);
  ~PostgresServer();
  pid_t pid() const { return process_->pid(); }
  emulation::LoadTarget target() const;

 private:
  std::uint16_t port_;
  std::optional<emulation::ChildProcess> process_;
};

// Transaction pooling: a server connection belongs to a client for one transaction at a time.
class PgbouncerServer {
 public:
  PgbouncerServer(const ProxyPackages& packages, const std::filesystem::path& folder,
                  const PostgresServer& postgres);
  ~PgbouncerServer();
  pid_t pid() const { return process_->pid(); }
  emulation::LoadTarget target() const;

 private:
  std::uint16_t port_;
  std::optional<emulation::ChildProcess> process_;
};

}  // namespace wanlab::bench
