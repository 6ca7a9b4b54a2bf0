// What is measured: one edge and one origin as daemons, without anything between them, a MariaDB
// behind and an etcd beside; all on loopback, in a folder that goes with it.
#pragma once

#include "sim/emulation/child_process.hpp"
#include "sim/emulation/etcd_server.hpp"
#include "sim/emulation/lab_layout.hpp"
#include "sim/emulation/load_crowd.hpp"
#include "sim/emulation/mariadb_server.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace wanlab::bench {

// A folder below the temporary one that goes with the object. Others may look through it, since
// PostgreSQL and PgBouncer refuse to run as root and then run as nobody.
class Workplace {
 public:
  Workplace();
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class Rig {
 public:
  // `programs`: where wanlab-edge and wanlab-origin are; `backhaul`: connections between them, 0:
  // the edge's default. Starts everything and fills a table of 1,000 rows ("point"). Throws
  // emulation::ProcessError.
  Rig(const std::filesystem::path& folder, const std::filesystem::path& programs,
      std::uint32_t backhaul, emulation::LoadLoop& loop);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // A fresh edge process: memory is measured from its beginning.
  void restart_edge();

  emulation::LoadTarget through_edge(bool tls) const;
  emulation::LoadTarget direct() const;
  pid_t edge() const { return edge_->pid(); }
  pid_t origin() const { return origin_->pid(); }
  pid_t database() const { return database_->pid(); }
  std::uint16_t database_port() const { return database_->port(); }
  // Certificate and key that the edge shows to clients, in one file.
  std::filesystem::path certificate() const { return layout_.folder / "service.pem"; }
  // A value of the edge's metrics; 0 if there is none of that name.
  double metric(const std::string& name) const;

 private:
  void start_stores();
  void start_nodes();
  std::optional<emulation::ChildProcess> start_node(const std::string& name) const;
  void wait_until_ready(std::uint16_t admin_port, emulation::ChildProcess& process,
                        const std::string& name) const;

  std::filesystem::path programs_;
  emulation::LoadLoop& loop_;
  emulation::LabLayout layout_;
  std::unique_ptr<emulation::EtcdServer> store_;
  std::unique_ptr<emulation::MariadbServer> database_;
  std::optional<emulation::ChildProcess> origin_, edge_;
};

// Statements one after the other in one session; throws emulation::ProcessError if one fails.
void run_statements(emulation::LoadLoop& loop, const emulation::LoadTarget& target,
                    const std::vector<std::string>& statements);

}  // namespace wanlab::bench
