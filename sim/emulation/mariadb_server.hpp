// A real MariaDB on loopback with a data folder of its own: the primary of a branch, or a replica
// that follows one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sim/emulation/child_process.hpp"

namespace wanlab::emulation {

struct MariadbServerOptions {
  std::filesystem::path folder{};  // data, socket and log; made if need be
  std::string name = "mariadb";
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;       // 0: a free one
  std::uint32_t server_id = 1;  // unique among those that replicate
  std::uint32_t maximum_connections = 500;
  std::uint32_t buffer_pool_mebibytes = 64;
  std::string database = "main";
  // The one account that origins use, with all rights; also the account that replication uses.
  std::string user = "wanlab";
  std::string password{};
  std::optional<std::uint16_t> follows{};  // the primary's port on the same host; read-only then
  std::vector<std::string> more{};         // further arguments
};

class MariadbServer {
 public:
  // Chooses its port; does not start yet.
  explicit MariadbServer(MariadbServerOptions options);

  // Makes the data folder if there is none (some seconds), starts, and waits until it can be asked.
  // ProcessError if that does not come about, with the end of its log. With `wait` false: returns
  // as soon as the process runs, so that several may come up together.
  void start(bool wait = true);
  void wait_until_reachable();
  void kill();   // as a crash
  void pause();  // as a machine that stands still
  void resume();
  int stop();  // in good order

  std::uint16_t port() const { return options_.port; }
  const MariadbServerOptions& options() const { return options_; }
  std::filesystem::path log() const { return options_.folder / "mariadb.log"; }
  pid_t pid() const { return process_ ? process_->pid() : -1; }
  bool running() { return process_ && process_->running(); }

 private:
  void make_data_folder() const;
  void write_first_statements() const;
  std::vector<std::string> command() const;

  MariadbServerOptions options_;
  std::optional<ChildProcess> process_;
};

}  // namespace wanlab::emulation
