// From processes that ended to verdicts.
#include "sim/app/check_judgement.hpp"

#include "sim/app/exit_status.hpp"
#include "sim/app/run_folder.hpp"
#include "sim/base/document_json.hpp"

#include <cstring>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace wanlab::app {

namespace {

using analysis::CheckedScenario;
using analysis::CheckVerdict;

std::vector<std::string> lines_in(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(line.starts_with("wanlab: ") ? line.substr(8) : line);
  }
  return lines;
}

std::string text_at(const base::Json& json, std::string_view key) {
  const base::Json* found = json.find(key);
  return found == nullptr ? std::string() : found->text;
}

// Why a run is nothing to compare; the verdict is `passed` when it is.
struct Ending {
  CheckVerdict verdict = CheckVerdict::passed;
  std::vector<std::string> problems;
};
Ending ending_of(const EndedRun& run, std::uint32_t time_limit_s) {
  if (run.timed_out) {
    return {
        CheckVerdict::broken,
        {"took longer than " + std::to_string(time_limit_s) + " s and was ended (--time-limit)"}};
  }
  std::vector<std::string> problems = lines_in(run.err);
  if (!run.status) {
    problems.insert(problems.begin(), "ended by signal " + std::to_string(run.signal) + " (" +
                                          ::strsignal(run.signal) + ")");
    return {CheckVerdict::broken, std::move(problems)};
  }
  switch (static_cast<ExitStatus>(*run.status)) {
    case ExitStatus::good:
    case ExitStatus::expectation_failed:
      return {};
    case ExitStatus::bad_input:
      return {CheckVerdict::bad_input, std::move(problems)};
    case ExitStatus::interrupted:
      return {CheckVerdict::interrupted, {}};
    default:
      break;
  }
  problems.push_back("exit status " + std::to_string(*run.status));
  return {CheckVerdict::broken, std::move(problems)};
}

std::vector<std::string> missed_expectations(const base::Json& summary) {
  std::vector<std::string> missed;
  const base::Json* expectations = summary.find("expectations");
  if (expectations == nullptr) return missed;
  for (const base::Json& entry : expectations->elements) {
    const base::Json* passed = entry.find("passed");
    if (passed == nullptr || passed->boolean) continue;
    missed.push_back(text_at(entry, "metric") + ": expected " + text_at(entry, "expected") +
                     ", got " + text_at(entry, "got"));
  }
  return missed;
}

// Of each oracle that is not content, what it saw first.
std::vector<std::string> broken_promises(const base::Json& summary) {
  std::vector<std::string> broken;
  const base::Json* reports = summary.find("oracle_reports");
  if (reports == nullptr) return broken;
  for (const base::Json& report : reports->elements) {
    const base::Json* good = report.find("good");
    if (good == nullptr || good->boolean) continue;
    const base::Json* first = report.find("first");
    if (first == nullptr || first->elements.empty()) {
      broken.push_back("oracle " + text_at(report, "name") + " had to trip and did not");
      continue;
    }
    const base::Json& violation = first->elements.front();
    const base::Json* count = report.find("violations");
    broken.push_back("oracle " + text_at(report, "name") + " violated " +
                     base::describe(count == nullptr ? base::Json() : *count) + " times: " +
                     text_at(violation, "host") + ", " + text_at(violation, "subject") + ": " +
                     text_at(violation, "found") + "; expected: " + text_at(violation, "expected"));
    broken.push_back("  see: ./" + text_at(violation, "replay"));
  }
  return broken;
}

}  // namespace

std::optional<analysis::Figures> judge_runs(const EndedRun& first,
                                            const std::optional<EndedRun>& second,
                                            std::uint32_t time_limit_s, CheckedScenario& result) {
  result.output = first.err;
  result.wall = first.wall;
  Ending ending = ending_of(first, time_limit_s);
  if (second) {
    result.output += second->err;
    result.wall += second->wall;
    if (ending.verdict == CheckVerdict::passed) ending = ending_of(*second, time_limit_s);
  }
  const std::optional<base::Json> summary =
      ending.verdict == CheckVerdict::passed ? base::parse_json(first.out) : std::nullopt;
  if (ending.verdict == CheckVerdict::passed && !summary) {
    ending = {CheckVerdict::broken, {"the run printed no summary"}};
  }
  result.verdict = ending.verdict;
  result.problems = std::move(ending.problems);
  if (!summary) return std::nullopt;

  result.digest = text_at(*summary, "digest");
  result.problems = missed_expectations(*summary);
  for (std::string& promise : broken_promises(*summary)) {
    result.problems.push_back(std::move(promise));
  }
  if (first.status != 0 && result.problems.empty()) {
    result.problems = {"the run was judged as failed"};
  }
  if (second) {
    const std::optional<base::Json> again = base::parse_json(second->out);
    const std::string digest = again ? text_at(*again, "digest") : "none";
    if (digest != result.digest) {
      result.problems.push_back("two runs of the same plan differ: digest " + result.digest +
                                " and then " + digest);
    }
  }
  if (!result.problems.empty()) result.verdict = CheckVerdict::failed;
  return analysis::figures_in(*summary);
}

void show_figures(const std::optional<analysis::Baseline>& baseline,
                  const analysis::Figures& figures, CheckedScenario& result) {
  for (const std::string& path : analysis::key_figures(baseline, figures)) {
    const auto found = figures.find(path);
    if (found == figures.end()) continue;
    result.figures.push_back(analysis::figure_words(path) + " " +
                             analysis::figure_value(path, found->second));
  }
}

void compare_with_baseline(const std::filesystem::path& scenario, const analysis::Figures& figures,
                           bool update, CheckedScenario& result) {
  const std::filesystem::path file = analysis::baseline_path(scenario);
  std::optional<analysis::Baseline> baseline;
  try {
    baseline = analysis::read_baseline(file);
  } catch (const base::InputError& error) {
    result.verdict = CheckVerdict::bad_input;
    result.problems.push_back(error.what());
    return;
  }
  result.has_baseline = baseline.has_value();
  // What fails its own expectations is not worth recording.
  if (update && result.problems.empty()) {
    const analysis::Baseline now = analysis::renewed(baseline, figures);
    const std::string text = baseline_text(now);
    result.baseline_written = !baseline || text != base::read_file(file);
    if (result.baseline_written) write_atomically(file, text);
    result.has_baseline = true;
    return show_figures(now, figures, result);
  }
  show_figures(baseline, figures, result);
  if (!baseline) return;
  for (analysis::BaselineChange& change : analysis::changes_since(*baseline, figures)) {
    (change.beyond_tolerance ? result.problems : result.changes).push_back(std::move(change.words));
    if (change.beyond_tolerance) result.verdict = CheckVerdict::failed;
  }
}

}  // namespace wanlab::app
