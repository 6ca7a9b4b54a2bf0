// A program that runs as long as we do: started with its output in a file, and never left behind.
// The kernel kills it when the thread that started it ends, however that comes about, so start
// children from a thread that lives as long as the program.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "real_components/runtime/time.hpp"

namespace wanlab::emulation {

struct ProcessError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ChildOptions {
  std::vector<std::string> command{};      // the program, looked for in PATH, and its arguments
  std::filesystem::path output{};          // both outputs are appended here; empty: ours
  std::filesystem::path folder{};          // to run in; empty: ours
  std::vector<std::string> environment{};  // "NAME=value", in addition to ours
  std::string hidden{};  // our variables that begin with this are kept from it; empty: none
  // A group of its own: Ctrl-C on the terminal then reaches us only, and we end it in good order.
  bool own_group = true;
};

class ChildProcess {
 public:
  // ProcessError if it cannot be started, with the reason.
  explicit ChildProcess(const ChildOptions& options);
  // Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number);
  // SIGSTOP, and waits until none of its threads runs any more. SIGCONT ends it.
  void pause();
  // How it ended: its exit status, or 128 + the number of the signal that ended it (as shells tell
  // it). Nothing if it still runs after `limit`.
  std::optional<int> wait(Duration limit);
  // Asks it to end (SIGTERM), waits, and then kills it.
  int stop(Duration patience);
  int kill();

 private:
  pid_t pid_ = -1;
  std::optional<int> ended_;
};

// The last lines of a file, for messages about programs that failed.
std::string last_lines(const std::filesystem::path& file, std::size_t lines);

// A TCP port on loopback that nobody listens on, and that no other call gives as long as this
// process lives, in whatever process: several laboratories may start at once. Below the range from
// which the kernel takes ports of outgoing connections (Linux: from 32768), so that none of those
// takes it meanwhile. To be listened on with SO_REUSEADDR.
std::uint16_t free_port();
bool port_is_free(std::uint16_t port);

}  // namespace wanlab::emulation
