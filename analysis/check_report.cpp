// Lines and JSON of a batch.
#include "analysis/check_report.hpp"

#include "analysis/numbers.hpp"
#include "sim/base/json_tree.hpp"

#include <algorithm>

namespace wanlab::analysis {

namespace {

using base::Json;

constexpr std::size_t most_figures_in_line = 5;

std::string painted(CheckVerdict verdict, bool color) {
  const std::string word = verdict == CheckVerdict::passed      ? "ok    "
                           : verdict == CheckVerdict::failed    ? "FAILED"
                           : verdict == CheckVerdict::bad_input ? "BAD   "
                           : verdict == CheckVerdict::broken    ? "BROKEN"
                                                                : "-     ";
  if (!color || verdict == CheckVerdict::interrupted) return word;
  return (verdict == CheckVerdict::passed ? "\033[32m" : "\033[31m") + word + "\033[0m";
}

// The first few that are not zero: that nothing failed is what the verdict says.
std::string telling(const std::vector<std::string>& figures) {
  std::string text;
  std::size_t told = 0;
  for (const std::string& figure : figures) {
    if (figure.ends_with(" 0") || told == most_figures_in_line) continue;
    (text += text.empty() ? "" : ", ") += figure;
    ++told;
  }
  return text;
}

std::string baseline_note(const CheckedScenario& scenario) {
  if (scenario.baseline_written) return "; baseline recorded";
  if (!scenario.has_baseline) return "; no baseline";
  return scenario.changes.empty() ? "; as recorded" : "; within tolerance";
}

Json texts(const std::vector<std::string>& all) {
  Json list = Json::make_array();
  for (const std::string& text : all) list.push(Json::make_text(text));
  return list;
}

Json json_of(const CheckedScenario& scenario) {
  Json entry = Json::make_object();
  entry.set("scenario", Json::make_text(scenario.label));
  entry.set("file", Json::make_text(scenario.file));
  entry.set("seed", Json::make_natural(scenario.seed));
  entry.set("verdict", Json::make_text(std::string(to_string(scenario.verdict))));
  entry.set("problems", texts(scenario.problems));
  entry.set("changes_within_tolerance", texts(scenario.changes));
  entry.set("figures", texts(scenario.figures));
  entry.set("has_baseline", Json::make_boolean(scenario.has_baseline));
  entry.set("ran_twice", Json::make_boolean(scenario.ran_twice));
  entry.set("digest", Json::make_text(scenario.digest));
  entry.set("replay", Json::make_text(scenario.replay));
  entry.set("wall_s", Json::make_real(seconds_of(scenario.wall)));
  return entry;
}

}  // namespace

std::string_view to_string(CheckVerdict verdict) {
  switch (verdict) {
    case CheckVerdict::passed:
      return "passed";
    case CheckVerdict::failed:
      return "failed";
    case CheckVerdict::bad_input:
      return "bad input";
    case CheckVerdict::broken:
      return "broken";
    case CheckVerdict::interrupted:
      break;
  }
  return "interrupted";
}

std::string CheckedScenario::folder() const {
  const std::size_t slash = label.rfind('/');
  return slash == std::string::npos ? "scenarios" : label.substr(0, slash);
}

std::string CheckedScenario::name() const {
  const std::size_t slash = label.rfind('/');
  return slash == std::string::npos ? label : label.substr(slash + 1);
}

CheckTotals totals_of(const std::vector<CheckedScenario>& scenarios) {
  CheckTotals totals;
  for (const CheckedScenario& scenario : scenarios) {
    switch (scenario.verdict) {
      case CheckVerdict::passed:
        ++totals.passed;
        break;
      case CheckVerdict::failed:
        ++totals.failed;
        break;
      case CheckVerdict::bad_input:
        ++totals.bad_input;
        break;
      case CheckVerdict::broken:
        ++totals.broken;
        break;
      case CheckVerdict::interrupted:
        ++totals.interrupted;
        break;
    }
    totals.twice += scenario.ran_twice ? 1 : 0;
    const bool judged =
        scenario.verdict == CheckVerdict::passed || scenario.verdict == CheckVerdict::failed;
    totals.without_baseline += judged && !scenario.has_baseline ? 1 : 0;
  }
  return totals;
}

std::string check_lines(const CheckedScenario& scenario, std::size_t label_width, bool color) {
  std::string label = scenario.label;
  label.resize(std::max(label.size(), label_width), ' ');
  std::string text = painted(scenario.verdict, color) + "  " + label + "  ";
  if (scenario.verdict == CheckVerdict::passed || scenario.verdict == CheckVerdict::failed) {
    text += telling(scenario.figures) + baseline_note(scenario);
    if (scenario.ran_twice) text += "; run twice";
    text += " (" + duration_text(scenario.wall) + ")";
  } else {
    text += to_string(scenario.verdict);
  }
  text += '\n';
  for (const std::string& problem : scenario.problems) text += "          " + problem + '\n';
  for (const std::string& change : scenario.changes) text += "        ~ " + change + '\n';
  const bool bad =
      scenario.verdict == CheckVerdict::failed || scenario.verdict == CheckVerdict::broken;
  if (bad) text += "          replay: " + scenario.replay + '\n';
  return text;
}

std::string check_summary(const std::vector<CheckedScenario>& scenarios, Duration wall) {
  const CheckTotals totals = totals_of(scenarios);
  std::string text = grouped(totals.all()) + " scenarios in " + duration_text(wall) + ": " +
                     grouped(totals.passed) + " passed";
  const auto add = [&](std::size_t count, const char* what) {
    if (count > 0) text += ", " + grouped(count) + " " + what;
  };
  add(totals.failed, "failed");
  add(totals.bad_input, "with bad input");
  add(totals.broken, "broken");
  add(totals.interrupted, "not finished");
  text += "; " + grouped(totals.twice) + " run twice";
  add(totals.without_baseline, "without a baseline (--update-baseline records one)");
  return text + '\n';
}

std::string check_json(const std::vector<CheckedScenario>& scenarios, Duration wall) {
  const CheckTotals totals = totals_of(scenarios);
  Json root = Json::make_object();
  root.set("passed", Json::make_natural(totals.passed));
  root.set("failed", Json::make_natural(totals.failed));
  root.set("bad_input", Json::make_natural(totals.bad_input));
  root.set("broken", Json::make_natural(totals.broken));
  root.set("interrupted", Json::make_natural(totals.interrupted));
  root.set("run_twice", Json::make_natural(totals.twice));
  root.set("wall_s", Json::make_real(seconds_of(wall)));
  Json list = Json::make_array();
  for (const CheckedScenario& scenario : scenarios) list.push(json_of(scenario));
  root.set("scenarios", std::move(list));
  std::string text = to_text(root);
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

}  // namespace wanlab::analysis
