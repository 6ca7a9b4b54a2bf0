#include "sim/emulation/child_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <random>
#include <thread>
#include <utility>

extern char** environ;

namespace wanlab::emulation {
namespace {

std::string reason(int error) {
  return std::error_code(error, std::generic_category()).message();
}

// Looked for before the fork: afterwards only what is safe in a signal handler may be called.
std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* variable = std::getenv("PATH");
  // Servers lie where only root's PATH leads.
  std::string path = std::string(variable != nullptr ? variable : "") + ":/usr/sbin:/sbin:/usr/bin";
  std::size_t from = 0;
  while (from <= path.size()) {
    const std::size_t colon = std::min(path.find(':', from), path.size());
    const std::string candidate = path.substr(from, colon - from) + "/" + name;
    if (colon > from && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    from = colon + 1;
  }
  throw ProcessError("cannot start " + name + ": no such program in PATH");
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

struct ChildPlan {
  const char* program;
  char* const* arguments;
  char* const* environment;
  const char* output;
  const char* folder;
  bool own_group;
  pid_t parent;
  int trouble;  // a pipe that tells what went wrong, and closes when nothing did
};

[[noreturn]] void become(const ChildPlan& plan) {
  const auto fail = [&] {
    const int error = errno;
    [[maybe_unused]] const ssize_t told = ::write(plan.trouble, &error, sizeof error);
    ::_exit(127);
  };
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail();
  if (::getppid() != plan.parent) ::_exit(127);  // it died before we could ask for that
  if (plan.own_group) ::setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (*plan.output != '\0') {
    const int file = ::open(plan.output, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (file < 0 || ::dup2(file, 1) < 0 || ::dup2(file, 2) < 0) fail();
    const int nothing = ::open("/dev/null", O_RDONLY);
    if (nothing < 0 || ::dup2(nothing, 0) < 0) fail();
  }
  if (*plan.folder != '\0' && ::chdir(plan.folder) != 0) fail();
  // Whatever else is open here (sockets, locks) is none of its business.
  ::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
  ::execve(plan.program, plan.arguments, plan.environment);
  fail();
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const ChildOptions& options) {
  std::vector<std::string> arguments = options.command;
  if (arguments.empty()) throw ProcessError("no program to start");
  const std::string program = find_program(arguments[0]);
  std::vector<std::string> variables = options.environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string name(*variable, std::strcspn(*variable, "=") + 1);
    if (!options.hidden.empty() && name.starts_with(options.hidden)) continue;
    if (std::none_of(options.environment.begin(), options.environment.end(),
                     [&](const std::string& ours) { return ours.starts_with(name); })) {
      variables.emplace_back(*variable);
    }
  }
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> variable_pointers = pointers(variables);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw ProcessError("no pipe: " + reason(errno));
  const ChildPlan plan{program.c_str(),
                       argument_pointers.data(),
                       variable_pointers.data(),
                       options.output.c_str(),
                       options.folder.c_str(),
                       options.own_group,
                       ::getpid(),
                       pipe[1]};
  pid_ = ::fork();
  if (pid_ == 0) become(plan);
  const int fork_error = errno;
  ::close(pipe[1]);
  int error = 0;
  ssize_t told = 0;
  while (pid_ > 0 && (told = ::read(pipe[0], &error, sizeof error)) < 0 && errno == EINTR) {
  }
  ::close(pipe[0]);
  if (pid_ < 0) throw ProcessError("cannot start " + program + ": " + reason(fork_error));
  if (told == sizeof error) {
    wait(std::chrono::seconds(5));
    throw ProcessError("cannot start " + program + ": " + reason(error));
  }
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) kill();
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), ended_(std::exchange(other.ended_, std::nullopt)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(ended_, other.ended_);
  return *this;
}

bool ChildProcess::running() {
  return !wait(Duration::zero());
}

void ChildProcess::signal(int number) {
  if (running()) ::kill(pid_, number);
}

void ChildProcess::pause() {
  signal(SIGSTOP);
  int status = 0;
  while (!ended_ && pid_ > 0) {
    const pid_t reported = ::waitpid(pid_, &status, WUNTRACED);
    if (reported == pid_ && WIFSTOPPED(status)) return;
    if (reported == pid_) {
      ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else if (errno != EINTR) {
      return;
    }
  }
}

std::optional<int> ChildProcess::wait(Duration limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  Duration nap = std::chrono::milliseconds(1);
  while (!ended_ && pid_ > 0) {
    int status = 0;
    const pid_t reaped = ::waitpid(pid_, &status, WNOHANG);
    if (reaped == pid_) {
      ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else if (reaped < 0 && errno != EINTR) {
      ended_ = 128 + SIGKILL;  // reaped by somebody else; how it ended is not known
    } else if (const auto left = end - std::chrono::steady_clock::now(); left > left.zero()) {
      std::this_thread::sleep_for(std::min<Duration>(nap, left));
      nap = std::min<Duration>(nap * 2, std::chrono::milliseconds(20));
    } else {
      break;
    }
  }
  return ended_;
}

int ChildProcess::stop(Duration patience) {
  signal(SIGTERM);
  signal(SIGCONT);  // one that stands still could not end
  if (const std::optional<int> status = wait(patience)) return *status;
  return kill();
}

int ChildProcess::kill() {
  signal(SIGKILL);
  while (true) {
    if (const std::optional<int> status = wait(std::chrono::seconds(1))) return *status;
  }
}

std::string last_lines(const std::filesystem::path& file, std::size_t lines) {
  std::ifstream in(file);
  std::deque<std::string> kept;
  for (std::string line; std::getline(in, line);) {
    kept.push_back(line);
    if (kept.size() > lines) kept.pop_front();
  }
  std::string text;
  for (const std::string& line : kept) text += line + '\n';
  return text;
}

namespace {

// A socket that is bound to the port on loopback but does not listen; -1: somebody is there.
int bound(std::uint16_t port, bool beside_others) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) throw ProcessError("no socket: " + reason(errno));
  const int yes = 1;
  if (beside_others) ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket);
    return -1;
  }
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  return socket;
}

}  // namespace

bool port_is_free(std::uint16_t port) {
  // As servers do: remains of old connections do not count, a listener does.
  const int socket = bound(port, true);
  if (socket >= 0) ::close(socket);
  return socket >= 0;
}

// The port stays taken by a socket of this process that does not listen: for everybody who looks
// for a free one here it is not free, and a server, which binds with SO_REUSEADDR, does not mind.
std::uint16_t free_port() {
  static std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<std::uint16_t> ports(20'000, 32'000);
  for (int attempt = 0; attempt < 1'000; ++attempt) {
    const std::uint16_t port = ports(random);
    if (bound(port, false) >= 0) return port;
  }
  throw ProcessError("no free TCP port on loopback");
}

}  // namespace wanlab::emulation
