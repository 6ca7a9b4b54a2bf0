#include "benchmarks/peers.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

extern char** environ;

namespace wanlab::bench {

namespace {

// Starts a program with these as its standard input and output (or ours, if negative).
int spawn(const std::vector<std::string>& command, int input, int output, bool quiet) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (input >= 0) posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  if (output >= 0) posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  // SimGrid tells its settings there.
  if (quiet) posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t process = -1;
  const int trouble =
      posix_spawn(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return trouble == 0 ? process : -1;
}

struct Pipe {
  int read_end = -1, write_end = -1;
};
// Ends that no other program inherits: a peer goes away when its input closes.
Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw PeerFailure("no more pipes");
  return {ends[0], ends[1]};
}

}  // namespace

PeerProcess::~PeerProcess() {
  if (to_ != nullptr) std::fclose(to_);
  if (from_ != nullptr) std::fclose(from_);
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
}

void PeerProcess::start() {
  const Pipe input = make_pipe();
  const Pipe output = make_pipe();
  process_ = spawn(command_, input.read_end, output.write_end, true);
  close(input.read_end);
  close(output.write_end);
  to_ = fdopen(input.write_end, "w");
  from_ = fdopen(output.read_end, "r");
  if (process_ < 0 || to_ == nullptr || from_ == nullptr) fail("does not start");
  while (read_line() != "ready\n") {
  }
}

std::string PeerProcess::read_line() {
  char line[256];
  if (std::fgets(line, sizeof line, from_) == nullptr) fail("ended early");
  return line;
}

double PeerProcess::round() {
  if (process_ < 0) start();
  if (std::fputs("\n", to_) < 0 || std::fflush(to_) != 0) fail("ended early");
  double nanoseconds = 0;
  if (std::sscanf(read_line().c_str(), "%lf %lf", &nanoseconds, &memory_bytes_) != 2) {
    fail("says what nobody understands");
  }
  return nanoseconds;
}

void PeerProcess::fail(const std::string& why) const {
  throw PeerFailure(command_[0] + " " + why);
}

Peers::Peers(const std::string& source_root, std::string folder) : folder_(std::move(folder)) {
  // A peer that dies must not take us with it.
  std::signal(SIGPIPE, SIG_IGN);
  const int process =
      spawn({source_root + "/benchmarks/peers/build", folder_}, -1, STDERR_FILENO, false);
  int status = -1;
  if (process < 0 || waitpid(process, &status, 0) < 0 || status != 0) {
    throw PeerFailure("the other simulators cannot be had here, see above");
  }
}

std::shared_ptr<PeerProcess> Peers::program(const std::string& name,
                                            std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), folder_ + "/" + name);
  return std::make_shared<PeerProcess>(std::move(arguments));
}

}  // namespace wanlab::bench
