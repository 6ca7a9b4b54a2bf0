// Reading what `wanlab run --json` printed, and with which status it ended.
#include "sim/app/sweep_runs.hpp"

#include "analysis/figures.hpp"
#include "analysis/metric_meaning.hpp"
#include "analysis/numbers.hpp"
#include "sim/app/exit_status.hpp"
#include "sim/base/document_json.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>

namespace wanlab::app {

namespace {

constexpr std::size_t longest_message = 2000;

// The last thing it said, without the name of the program before it.
std::string complaint(const std::string& err) {
  std::string text = err.substr(0, err.find_last_not_of(" \n") + 1);
  text.erase(0, text.rfind("wanlab: ") == std::string::npos ? 0 : text.rfind("wanlab: ") + 8);
  return text.substr(0, longest_message);
}

void add_figures(const base::Json& summary, bool per_pop, sweep::Run& run) {
  for (const auto& [path, value] : analysis::figures_in(summary)) {
    if (path == "seed" || (!per_pop && path.starts_with("pops."))) continue;
    (analysis::measures_machine(path) ? run.machine : run.metrics).push_back({path, value});
  }
}

}  // namespace

std::optional<sweep::Run> result_of(const EndedRun& ended, bool per_pop) {
  sweep::Run run;
  run.machine.push_back({"process_wall_s", analysis::seconds_of(ended.wall)});
  if (ended.timed_out) {
    run.status = sweep::Status::timed_out;
    run.message = "ended because it took longer than --time-limit";
    return run;
  }
  if (!ended.status) {
    run.status = sweep::Status::crashed;
    run.message = std::string("ended by signal: ") + ::strsignal(ended.signal);
    if (ended.signal == SIGKILL) run.message += " (out of memory?)";
    return run;
  }
  const auto status = static_cast<ExitStatus>(*ended.status);
  if (status == ExitStatus::interrupted) return std::nullopt;
  const auto summary = base::parse_json(ended.out);
  const bool has_result = summary && summary->find("digest") != nullptr &&
                          (status == ExitStatus::good || status == ExitStatus::expectation_failed);
  if (!has_result) {
    run.status = status == ExitStatus::bad_input ? sweep::Status::refused : sweep::Status::crashed;
    run.message = complaint(ended.err);
    if (run.message.empty()) run.message = "ended with status " + std::to_string(*ended.status);
    return run;
  }
  run.status = status == ExitStatus::good ? sweep::Status::passed : sweep::Status::failed;
  run.digest = summary->find("digest")->text;
  if (const base::Json* verdicts = summary->find("expectations")) {
    for (const base::Json& verdict : verdicts->elements) {
      const base::Json* passed = verdict.find("passed");
      if (passed == nullptr || passed->boolean) continue;
      if (!run.message.empty()) run.message += "; ";
      run.message += verdict.find("metric")->text + ": expected " + verdict.find("expected")->text +
                     ", got " + verdict.find("got")->text;
    }
  }
  add_figures(*summary, per_pop, run);
  return run;
}

analysis::SweepResults results_in(const sweep::Ledger& ledger, analysis::SweepResults frame) {
  analysis::SweepTally tally(std::move(frame));
  ledger.for_each_run([&](sweep::Run&& run) {
    std::vector<std::pair<std::string, std::optional<double>>> figures;
    figures.reserve(run.metrics.size());
    for (sweep::Figure& figure : run.metrics) {
      figures.emplace_back(std::move(figure.name), figure.value);
    }
    tally.add(run.point, run.seed, std::string(to_string(run.status)), run.message, figures);
  });
  return tally.finish();
}

}  // namespace wanlab::app
