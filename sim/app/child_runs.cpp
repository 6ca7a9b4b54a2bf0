// fork, exec and poll.
#include "sim/app/child_runs.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace wanlab::app {

namespace {

constexpr std::size_t most_kept_bytes = std::size_t{32} << 20;  // of one stream of one child

std::system_error failure(const char* what) {
  return {errno, std::generic_category(), what};
}

struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw failure("cannot make a pipe");
    read = ends[0];
    write = ends[1];
  }
  ~Pipe() {
    if (read >= 0) ::close(read);
    if (write >= 0) ::close(write);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
};

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become(pid_t parent, int out, int err, const char* program,
                         char* const* arguments) {
  ::setpgid(0, 0);  // Ctrl-C is for the parent, which tells its children
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before that line
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::execv(program, arguments);
  ::_exit(127);
}

}  // namespace

ChildRuns::~ChildRuns() {
  for (Child& child : children_) {
    ::kill(child.process, SIGKILL);
    ::waitpid(child.process, nullptr, 0);
    if (child.out >= 0) ::close(child.out);
    if (child.err >= 0) ::close(child.err);
  }
}

void ChildRuns::start(std::size_t id, const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"wanlab"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  Pipe out, err;
  const pid_t self = ::getpid();
  const pid_t process = ::fork();
  if (process < 0) throw failure("cannot start a process");
  if (process == 0) become(self, out.write, err.write, program_.c_str(), pointers.data());
  Child& child = children_.emplace_back();
  child.run.id = id;
  child.process = process;
  child.out = std::exchange(out.read, -1);
  child.err = std::exchange(err.read, -1);
  child.started = Clock::now();
}

std::optional<EndedRun> ChildRuns::wait(std::chrono::milliseconds patience) {
  const Clock::time_point until = Clock::now() + patience;
  while (!children_.empty()) {
    stop_the_late();
    std::vector<pollfd> watched;
    for (const Child& child : children_) {
      watched.push_back({child.out, POLLIN, 0});  // poll ignores -1
      watched.push_back({child.err, POLLIN, 0});
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return std::nullopt;
    if (::poll(watched.data(), watched.size(), static_cast<int>(left)) < 0) {
      if (errno == EINTR) return std::nullopt;
      throw failure("cannot wait for a process");
    }
    for (std::size_t i = 0; i < children_.size(); ++i) {
      Child& child = children_[i];
      if (watched[2 * i].revents != 0) read_some(child.out, child.run.out);
      if (watched[2 * i + 1].revents != 0) read_some(child.err, child.run.err);
      if (child.out < 0 && child.err < 0) return finish(i);
    }
  }
  return std::nullopt;
}

void ChildRuns::interrupt() {
  for (const Child& child : children_) ::kill(child.process, SIGTERM);
}

void ChildRuns::stop_the_late() {
  const Clock::time_point now = Clock::now();
  for (Child& child : children_) {
    if (child.run.timed_out || now - child.started < time_limit_) continue;
    child.run.timed_out = true;
    ::kill(child.process, SIGKILL);
  }
}

void ChildRuns::read_some(int& descriptor, std::string& into) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
  if (got > 0) {
    const std::size_t room = most_kept_bytes - std::min(most_kept_bytes, into.size());
    into.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
  } else if (got == 0 || errno != EINTR) {
    ::close(std::exchange(descriptor, -1));
  }
}

EndedRun ChildRuns::finish(std::size_t index) {
  Child& child = children_[index];
  int status = 0;
  while (::waitpid(child.process, &status, 0) < 0 && errno == EINTR) {
  }
  EndedRun run = std::move(child.run);
  run.wall = Clock::now() - child.started;
  if (WIFEXITED(status)) run.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) run.signal = WTERMSIG(status);
  children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(index));
  return run;
}

}  // namespace wanlab::app
