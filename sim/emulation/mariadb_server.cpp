#include "sim/emulation/mariadb_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

namespace wanlab::emulation {
namespace {

constexpr auto start_limit = std::chrono::seconds(90);  // a machine may be busy

// A server that is up greets at once; one that only listens does not.
bool greets(const std::string& host, std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const timeval limit{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  char greeting[5] = {};
  // Protocol version 10 behind the header of the first packet.
  const bool up =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::recv(socket, greeting, sizeof greeting, MSG_WAITALL) == sizeof greeting &&
      greeting[4] == 10;
  ::close(socket);
  return up;
}

std::string current_user() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

// Within single quotes of a statement.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

}  // namespace

MariadbServer::MariadbServer(MariadbServerOptions options) : options_(std::move(options)) {
  if (options_.port == 0) options_.port = free_port();
}

void MariadbServer::make_data_folder() const {
  const std::filesystem::path data = options_.folder / "data";
  if (std::filesystem::exists(data / "mysql")) return;
  std::filesystem::create_directories(options_.folder);
  ChildOptions install;
  // Root logs in through the socket only; the log files are small, since several of these start at
  // once.
  install.command = {"mariadb-install-db",
                     "--no-defaults",
                     "--datadir=" + data.string(),
                     "--auth-root-authentication-method=socket",
                     "--skip-test-db",
                     "--innodb-log-file-size=16M",
                     "--user=" + current_user()};
  install.output = options_.folder / "install.log";
  ChildProcess process(install);
  const std::optional<int> status = process.wait(start_limit);
  if (status != 0) {
    throw ProcessError("mariadb-install-db failed; the end of " + install.output.string() + ":\n" +
                       last_lines(install.output, 5));
  }
}

// The server runs these each time it starts, before it takes connections.
void MariadbServer::write_first_statements() const {
  const std::filesystem::path file = options_.folder / "first.sql";
  std::ofstream out(file, std::ios::trunc);
  std::filesystem::permissions(
      file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const std::string account = quoted(options_.user) + "@'%'";
  // Replicas get all this from their primary, but must not write it to logs of their own.
  out << "SET SESSION sql_log_bin = 0;\n"
      << "CREATE DATABASE IF NOT EXISTS `" << options_.database << "`;\n"
      << "CREATE OR REPLACE USER " << account << " IDENTIFIED BY " << quoted(options_.password)
      << ";\n"
      << "GRANT ALL PRIVILEGES ON *.* TO " << account << ";\n";
  if (options_.follows) {
    out << "STOP SLAVE;\n"
        << "CHANGE MASTER TO MASTER_HOST='" << options_.host
        << "', MASTER_PORT=" << *options_.follows << ", MASTER_USER=" << quoted(options_.user)
        << ", MASTER_PASSWORD=" << quoted(options_.password)
        << ", MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1;\n"
        << "START SLAVE;\n";
  }
  out.close();
  if (!out) throw ProcessError("cannot write " + file.string());
}

std::vector<std::string> MariadbServer::command() const {
  const auto in_folder = [this](const char* name) { return (options_.folder / name).string(); };
  std::vector<std::string> words{
      "mariadbd",
      "--no-defaults",
      "--user=" + current_user(),  // as root it would refuse to run without being told
      "--datadir=" + in_folder("data"),
      "--socket=" + in_folder("s"),  // the path of a socket may have 107 characters only
      "--pid-file=" + in_folder("pid"),
      "--bind-address=" + options_.host,
      "--port=" + std::to_string(options_.port),
      "--server-id=" + std::to_string(options_.server_id),
      "--log-bin=binlog",
      "--gtid-strict-mode=ON",
      "--init-file=" + in_folder("first.sql"),
      "--skip-name-resolve",
      "--character-set-server=utf8mb4",
      "--max-connections=" + std::to_string(options_.maximum_connections),
      "--max-allowed-packet=1G",
      "--innodb-buffer-pool-size=" + std::to_string(options_.buffer_pool_mebibytes) + "M",
      "--innodb-log-file-size=16M",
      // A crash of the process loses nothing with this; that of the machine is not in question
      // here.
      "--innodb-flush-log-at-trx-commit=2",
  };
  if (options_.follows) words.emplace_back("--read-only=ON");
  words.insert(words.end(), options_.more.begin(), options_.more.end());
  return words;
}

void MariadbServer::start(bool wait) {
  make_data_folder();
  write_first_statements();
  ChildOptions child;
  child.command = command();
  child.output = log();
  child.hidden = "MYSQL_";  // they would compete with what is said here
  process_.emplace(child);
  if (wait) wait_until_reachable();
}

void MariadbServer::wait_until_reachable() {
  const auto end = std::chrono::steady_clock::now() + start_limit;
  while (!greets(options_.host, options_.port)) {
    const char* what = nullptr;
    if (!process_->running()) what = "mariadbd ended at once";
    if (std::chrono::steady_clock::now() > end) what = "mariadbd does not come up";
    if (what != nullptr) {
      throw ProcessError(std::string(what) + "; the end of " + log().string() + ":\n" +
                         last_lines(log(), 5));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void MariadbServer::kill() {
  if (process_) process_->kill();
}

void MariadbServer::pause() {
  if (process_) process_->signal(SIGSTOP);
}

void MariadbServer::resume() {
  if (process_) process_->signal(SIGCONT);
}

int MariadbServer::stop() {
  return process_ ? process_->stop(std::chrono::seconds(20)) : 0;
}

}  // namespace wanlab::emulation
