// `wanlab run` on plans written for the purpose.
#include "sim/app/plan/planned_runs.hpp"

#include "sim/app/run_folder.hpp"
#include "sim/base/document_json.hpp"
#include "sim/scenario/plan_json.hpp"

#include <csignal>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include <unistd.h>

namespace wanlab::app {

namespace fs = std::filesystem;

namespace {

const base::Json* look_up(const base::Json& json, std::initializer_list<std::string_view> path) {
  const base::Json* found = &json;
  for (const std::string_view key : path) {
    found = found->find(key);
    if (found == nullptr) return nullptr;
  }
  return found;
}

std::uint64_t natural_at(const base::Json& json, std::initializer_list<std::string_view> path) {
  const base::Json* found = look_up(json, path);
  return found == nullptr ? 0 : found->natural;
}

std::optional<double> number_at(const base::Json& json,
                                std::initializer_list<std::string_view> path) {
  const base::Json* found = look_up(json, path);
  if (found == nullptr) return std::nullopt;
  if (found->kind == base::Json::Kind::real) return found->real;
  if (found->kind == base::Json::Kind::natural) return static_cast<double>(found->natural);
  return std::nullopt;
}

std::string text_at(const base::Json& json, std::string_view key) {
  const base::Json* found = json.find(key);
  return found == nullptr ? std::string() : found->text;
}

void read_summary(const std::string& text, analysis::PlannedRun& run) {
  const auto summary = base::parse_json(text);
  if (!summary) throw std::runtime_error("the summary of " + run.what + " cannot be read");
  run.established = natural_at(*summary, {"connections", "established"});
  run.failed = natural_at(*summary, {"connections", "failed"});
  run.connect_p99_ms = number_at(*summary, {"connect_latency_ms", "p99"});
  run.query_p99_ms = number_at(*summary, {"query_latency_ms", "p99"});
  if (const base::Json* verdicts = summary->find("expectations")) {
    for (const base::Json& verdict : verdicts->elements) {
      const base::Json* passed = verdict.find("passed");
      if (passed != nullptr && passed->boolean) continue;
      run.failures.push_back(text_at(verdict, "metric") + ": expected " +
                             text_at(verdict, "expected") + ", got " + text_at(verdict, "got"));
    }
  }
  if (const std::uint64_t times = natural_at(*summary, {"oracles", "violations"}); times > 0) {
    run.failures.push_back("oracles saw " + std::to_string(times) + " violations");
  }
}

}  // namespace

PlannedRuns::PlannedRuns(fs::path folder, std::size_t jobs, Duration time_limit, bool quiet)
    : folder_(std::move(folder)),
      jobs_(jobs),
      draws_(!quiet && ::isatty(STDERR_FILENO) != 0),
      lines_(!quiet && !draws_),
      children_(time_limit) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw OutputError(folder_.string(), error);
}

PlannedRuns::~PlannedRuns() {
  if (draws_) std::cerr << "\r\033[K" << std::flush;
  std::error_code ignored;
  for (const auto& [id, running] : running_) fs::remove(running.plan_file, ignored);
}

void PlannedRuns::start(std::size_t id, scenario::Plan plan, const std::string& label,
                        const std::string& what) {
  Running& running = running_[id];
  plan.name = label;
  running.run.what = what;
  running.run.seed = plan.seed;
  running.folder = folder_ / folder_name(label) / std::to_string(plan.seed);
  running.plan_file = folder_ / (folder_name(label) + "-" + std::to_string(plan.seed) + ".json");
  running.run.replay = "./wanlab run " + (running.folder / "plan.json").string();
  write_atomically(running.plan_file, to_line(scenario::to_json(plan)) + "\n");
  children_.start(
      id, {"run", running.plan_file.string(), "--json", "--quiet", "--out", folder_.string()});
  ++started_;
}

std::optional<PlannedRuns::Ended> PlannedRuns::wait() {
  auto ended = children_.wait(std::chrono::milliseconds(200));
  if (!ended) return std::nullopt;
  Running running = std::move(running_.at(ended->id));
  running_.erase(ended->id);
  std::error_code ignored;
  fs::remove(running.plan_file, ignored);
  Ended result{ended->id, std::move(running.run), running.folder, false};
  const int status = ended->status.value_or(-1);
  if (status == 130 || ended->signal == SIGTERM || ended->signal == SIGINT) {
    result.interrupted = true;
    return result;
  }
  if (ended->timed_out) {
    throw std::runtime_error("the run of " + result.run.what +
                             " took longer than --time-limit allows");
  }
  if (status == 2) throw base::InputError(result.run.what, "", ended->err);
  if (status != 0 && status != 1) {
    throw std::runtime_error(
        "the run of " + result.run.what + " came to no verdict" +
        (ended->signal != 0 ? " (signal " + std::to_string(ended->signal) + ")" : "") + ": " +
        ended->err + "its plan: " + result.run.replay);
  }
  result.run.passed = status == 0;
  read_summary(ended->out, result.run);
  if (lines_) {
    std::cerr << (result.run.passed ? "passes  " : "fails   ") << result.run.what << '\n';
  }
  return result;
}

void PlannedRuns::stop() {
  children_.interrupt();
}

void PlannedRuns::show(const std::string& question) {
  if (!draws_) return;
  std::string text = question + ": " + std::to_string(started_) + " runs so far, " +
                     std::to_string(children_.running()) + " under way";
  if (text == shown_) return;
  std::cerr << "\r\033[K" << text << std::flush;
  shown_ = std::move(text);
}

}  // namespace wanlab::app
