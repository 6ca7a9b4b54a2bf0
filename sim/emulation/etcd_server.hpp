// A real etcd on loopback with a data folder of its own: one member of a cluster, or all of it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sim/emulation/child_process.hpp"

namespace wanlab::emulation {

struct EtcdServerOptions {
  std::filesystem::path folder{};  // data and log; made if need be
  std::string name = "etcd";
  std::string host = "127.0.0.1";
  std::uint16_t client_port = 0;  // 0: a free one
  std::uint16_t peer_port = 0;
  std::string cluster{};  // "name=http://host:peer_port,..."; empty: this one alone
  // Of the certificate that clients see; clients then need one too, of the same authority.
  std::filesystem::path certificate{};
  std::filesystem::path key{};
  std::filesystem::path ca{};
  Duration progress_interval = std::chrono::seconds(10);
  Duration token_life = std::chrono::seconds(300);
  std::vector<std::string> more{};  // further arguments
};

class EtcdServer {
 public:
  // Chooses its ports; does not start yet.
  explicit EtcdServer(EtcdServerOptions options);

  // Starts it with the data it has and waits until clients can connect. ProcessError if that does
  // not come about, with the end of its log. With `wait` false: returns at once, for members that
  // come up only together.
  void start(bool wait = true);
  void wait_until_reachable();
  void kill();   // as a crash
  void pause();  // as a machine that stands still
  void resume();
  int stop();  // in good order
  // From the next start on.
  void move_to_port(std::uint16_t client_port) { options_.client_port = client_port; }

  std::string url() const;
  std::string peer_url() const;
  std::uint16_t client_port() const { return options_.client_port; }
  void set_cluster(std::string cluster) { options_.cluster = std::move(cluster); }
  const std::string& name() const { return options_.name; }
  std::filesystem::path log() const { return options_.folder / "etcd.log"; }
  pid_t pid() const { return process_ ? process_->pid() : -1; }
  bool running() { return process_ && process_->running(); }

 private:
  std::vector<std::string> command() const;

  EtcdServerOptions options_;
  std::optional<ChildProcess> process_;
};

}  // namespace wanlab::emulation
