#include "sim/app/trials.hpp"

#include "analysis/settling.hpp"
#include "analysis/summary.hpp"
#include "analysis/witness.hpp"
#include "sim/base/document_json.hpp"
#include "sim/base/json_tree.hpp"
#include "sim/world/simulated_world.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace wanlab::app {

namespace {

using base::Json;

// An ordinary world takes some hundred thousand: one that takes so many goes in circles.
constexpr std::uint64_t most_events = 20'000'000;
constexpr std::size_t most_complaints = 16 * 1024;  // bytes kept of a child's standard error

Duration cpu_used() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) -> Duration {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

// "a.cpp:12: broken invariant: x > 0 (at 3 s)" without what differs from run to run.
std::string first_words(const std::string& message) {
  return message.substr(0, std::min(message.find(" ("), message.find('\n')));
}

std::string when(const scenario::Plan& plan, Instant at) {
  return base::format_duration(
      std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch() - plan.warm_up));
}

void judge(const scenario::Plan& plan, const trace::RunRecord& record, analysis::Witness& witness,
           analysis::Settling& settling, Outcome& outcome) {
  const auto fail = [&](const std::string& failure, const std::string& text) {
    if (outcome.failure.empty()) outcome.failure = failure;
    outcome.text += (outcome.text.empty() ? "" : "\n") + failure + ": " + text;
  };
  analysis::Summary summary = analysis::summarize(plan, record);
  witness.complete(summary, record);
  for (const analysis::OracleReport& oracle : summary.oracles) {
    if (oracle.good()) continue;
    if (oracle.first.empty()) {
      fail("oracle " + oracle.name, "was to be violated and was not");
      continue;
    }
    const analysis::Violation& first = oracle.first.front();
    fail("oracle " + oracle.name,
         std::to_string(oracle.count) + (oracle.count == 1 ? " time: at " : " times, first at ") +
             when(plan, first.at) + ", " + first.host + ", " + first.subject + " " + first.found +
             "; expected " + first.expected);
  }
  for (const analysis::Unsettled& unsettled : settling.judge(record)) {
    fail("settled: " + unsettled.what,
         "at " + when(plan, unsettled.at) + ", " + std::to_string(unsettled.times) +
             (unsettled.times == 1 ? " time: " : " times, first: ") + unsettled.text);
  }
  for (const analysis::Verdict& verdict : summary.verdicts) {
    if (verdict.passed) continue;
    fail("expected: " + verdict.metric, verdict.expected + ", got " + verdict.got);
  }
}

void run(const scenario::Plan& plan, Outcome& outcome) {
  analysis::Settling settling(plan);
  analysis::Witness witness(plan);
  trace::Recorder recorder;
  recorder.add_observer(settling, analysis::Settling::kinds());
  witness.attach(recorder);
  world::SimulatedWorld world(plan, recorder);
  bool too_many = false;
  world.run([&](const world::Progress& progress) {
    too_many = progress.events > most_events;
    return !too_many;
  });
  trace::RunRecord record;
  world.finish(record);
  recorder.finish(Instant(record.simulated), record);
  outcome.digest = record.digest;
  outcome.events = record.events;
  outcome.simulated = record.simulated;
  outcome.statements = record.clients.queries_answered;
  if (too_many) {
    outcome.failure = "goes in circles";
    outcome.text =
        std::to_string(record.events) + " events within " + base::format_duration(record.simulated);
    return;
  }
  judge(plan, record, witness, settling, outcome);
}

Json to_json(const Outcome& outcome) {
  Json json = Json::make_object();
  json.set("failure", Json::make_text(outcome.failure));
  json.set("text", Json::make_text(outcome.text));
  json.set("digest", Json::make_natural(outcome.digest));
  json.set("events", Json::make_natural(outcome.events));
  json.set("statements", Json::make_natural(outcome.statements));
  json.set("simulated", Json::make_natural(static_cast<std::uint64_t>(outcome.simulated.count())));
  json.set("cpu", Json::make_natural(static_cast<std::uint64_t>(outcome.cpu.count())));
  return json;
}

std::optional<Outcome> outcome_in(const std::string& text) {
  const std::optional<Json> json = base::parse_json(text);
  if (!json) return std::nullopt;
  const auto natural = [&](const char* key) {
    const Json* found = json->find(key);
    return found == nullptr ? std::uint64_t{0} : found->natural;
  };
  const auto words = [&](const char* key) {
    const Json* found = json->find(key);
    return found == nullptr ? std::string() : found->text;
  };
  Outcome outcome;
  outcome.failure = words("failure");
  outcome.text = words("text");
  outcome.digest = natural("digest");
  outcome.events = natural("events");
  outcome.statements = natural("statements");
  outcome.simulated = Duration(static_cast<Duration::rep>(natural("simulated")));
  outcome.cpu = Duration(static_cast<Duration::rep>(natural("cpu")));
  return outcome;
}

std::system_error failure(const char* what) {
  return {errno, std::generic_category(), what};
}

void write_all(int descriptor, const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t result = ::write(descriptor, text.data() + written, text.size() - written);
    if (result < 0 && errno != EINTR) return;
    if (result > 0) written += static_cast<std::size_t>(result);
  }
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

// Never returns, and ends without what the parent left for its own end.
[[noreturn]] void work(pid_t parent, int out, int err, Duration cpu_limit,
                       const std::function<scenario::Plan()>& make) {
  ::setpgid(0, 0);  // Ctrl-C is for the parent
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  ::dup2(err, STDERR_FILENO);
  const auto seconds =
      static_cast<rlim_t>(std::chrono::duration_cast<std::chrono::seconds>(cpu_limit).count());
  const rlimit limit{seconds, seconds + 1};
  ::setrlimit(RLIMIT_CPU, &limit);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  Outcome outcome;
  try {
    const scenario::Plan plan = make();
    outcome = try_plan(plan);
  } catch (const std::exception& error) {
    outcome.failure = "no world: " + first_words(error.what());
    outcome.text = error.what();
  }
  write_all(out, base::to_line(to_json(outcome)));
  ::_exit(0);
}

bool read_some(int& descriptor, std::string& into, std::size_t most) {
  std::array<char, 16384> buffer;
  const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
  if (got > 0) {
    into.append(buffer.data(),
                std::min(static_cast<std::size_t>(got), most - std::min(most, into.size())));
  } else if (got == 0 || errno != EINTR) {
    ::close(std::exchange(descriptor, -1));
  }
  return descriptor >= 0;
}

}  // namespace

Outcome try_plan(const scenario::Plan& plan) {
  Outcome outcome;
  try {
    run(plan, outcome);
  } catch (const std::exception& error) {
    outcome.failure = first_words(error.what());
    outcome.text = error.what();
  }
  outcome.cpu = cpu_used();
  return outcome;
}

Trials::~Trials() {
  for (Child& child : children_) {
    ::kill(child.process, SIGKILL);
    ::waitpid(child.process, nullptr, 0);
    if (child.out >= 0) ::close(child.out);
    if (child.err >= 0) ::close(child.err);
  }
}

void Trials::start(std::uint64_t id, const std::function<scenario::Plan()>& make) {
  Pipe out, err;
  const pid_t self = ::getpid();
  const pid_t process = ::fork();
  if (process < 0) throw failure("cannot start a process");
  if (process == 0) work(self, out.write, err.write, cpu_limit_, make);
  Child& child = children_.emplace_back();
  child.id = id;
  child.process = process;
  child.out = std::exchange(out.read, -1);
  child.err = std::exchange(err.read, -1);
  child.started = Clock::now();
}

std::optional<Trials::Ended> Trials::wait(std::chrono::milliseconds patience) {
  const Clock::time_point until = Clock::now() + patience;
  while (!children_.empty()) {
    end_the_late();
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
      if (watched[2 * i].revents != 0) read_some(child.out, child.said, std::size_t{1} << 20);
      if (watched[2 * i + 1].revents != 0) {
        read_some(child.err, child.complained, most_complaints);
      }
      if (child.out < 0 && child.err < 0) return finish(i);
    }
  }
  return std::nullopt;
}

void Trials::end_the_late() {
  const Clock::time_point now = Clock::now();
  for (Child& child : children_) {
    if (child.late || now - child.started < 5 * cpu_limit_) continue;
    child.late = true;
    ::kill(child.process, SIGKILL);
  }
}

Trials::Ended Trials::finish(std::size_t index) {
  Child& child = children_[index];
  int status = 0;
  rusage usage{};
  while (::wait4(child.process, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  Ended ended{child.id, {}};
  const std::optional<Outcome> outcome = outcome_in(child.said);
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (signal == 0 && outcome) {
    ended.outcome = *outcome;
  } else {
    ended.outcome.text = child.complained;
    ended.outcome.failure = child.late || signal == SIGXCPU ? "hangs"
                            : signal != 0
                                ? std::string("crashes: ") + ::strsignal(signal)
                                : "ends with status " + std::to_string(WEXITSTATUS(status));
    ended.outcome.cpu = std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                        std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  }
  children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(index));
  return ended;
}

}  // namespace wanlab::app
