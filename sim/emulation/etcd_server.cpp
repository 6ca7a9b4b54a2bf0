#include "sim/emulation/etcd_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace wanlab::emulation {
namespace {

constexpr auto start_limit = std::chrono::seconds(60);  // a machine may be busy

bool reachable(const std::string& host, std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  const bool connected =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return connected;
}

std::string milliseconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) +
         "ms";
}

}  // namespace

EtcdServer::EtcdServer(EtcdServerOptions options) : options_(std::move(options)) {
  if (options_.client_port == 0) options_.client_port = free_port();
  while (options_.peer_port == 0 || options_.peer_port == options_.client_port) {
    options_.peer_port = free_port();
  }
}

std::string EtcdServer::url() const {
  return (options_.certificate.empty() ? "http://" : "https://") + options_.host + ":" +
         std::to_string(options_.client_port);
}

std::string EtcdServer::peer_url() const {
  return "http://" + options_.host + ":" + std::to_string(options_.peer_port);
}

std::vector<std::string> EtcdServer::command() const {
  const std::string cluster =
      options_.cluster.empty() ? options_.name + "=" + peer_url() : options_.cluster;
  std::vector<std::string> words{
      "etcd",
      "--name",
      options_.name,
      "--data-dir",
      (options_.folder / "data").string(),
      "--listen-client-urls",
      url(),
      "--advertise-client-urls",
      url(),
      "--listen-peer-urls",
      peer_url(),
      "--initial-advertise-peer-urls",
      peer_url(),
      "--initial-cluster",
      cluster,
      "--initial-cluster-state",
      "new",
      "--logger",
      "zap",
      "--log-level",
      "warn",
      "--experimental-watch-progress-notify-interval",
      milliseconds(options_.progress_interval),
      "--auth-token-ttl",
      std::to_string(
          std::chrono::duration_cast<std::chrono::seconds>(options_.token_life).count())};
  if (!options_.certificate.empty()) {
    for (const auto& [flag, file] :
         {std::pair{"--cert-file", options_.certificate}, std::pair{"--key-file", options_.key},
          std::pair{"--trusted-ca-file", options_.ca}}) {
      words.emplace_back(flag);
      words.push_back(file.string());
    }
    words.emplace_back("--client-cert-auth");
  }
  words.insert(words.end(), options_.more.begin(), options_.more.end());
  return words;
}

void EtcdServer::start(bool wait) {
  std::filesystem::create_directories(options_.folder);
  // etcd refuses a data folder that others may read.
  std::filesystem::create_directory(options_.folder / "data");
  std::filesystem::permissions(options_.folder / "data", std::filesystem::perms::owner_all);
  // Otherwise whoever has it would be taken for ours.
  for (const std::uint16_t port : {options_.client_port, options_.peer_port}) {
    if (!port_is_free(port)) {
      throw ProcessError("etcd cannot listen on port " + std::to_string(port) +
                         ": address already in use");
    }
  }
  ChildOptions child;
  child.command = command();
  child.output = log();
  child.hidden = "ETCD_";  // they would compete with what is said here
  process_.emplace(child);
  if (wait) wait_until_reachable();
}

void EtcdServer::wait_until_reachable() {
  const auto end = std::chrono::steady_clock::now() + start_limit;
  while (!reachable(options_.host, options_.client_port)) {
    if (!process_->running()) {
      throw ProcessError("etcd ended at once; the end of " + log().string() + ":\n" +
                         last_lines(log(), 5));
    }
    if (std::chrono::steady_clock::now() > end) {
      throw ProcessError("etcd does not come up; the end of " + log().string() + ":\n" +
                         last_lines(log(), 5));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void EtcdServer::kill() {
  if (process_) process_->kill();
}

void EtcdServer::pause() {
  if (process_) process_->pause();
}

void EtcdServer::resume() {
  if (process_) process_->signal(SIGCONT);
}

int EtcdServer::stop() {
  return process_ ? process_->stop(std::chrono::seconds(10)) : 0;
}

}  // namespace wanlab::emulation
