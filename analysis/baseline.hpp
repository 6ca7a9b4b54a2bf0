// What a scenario came to when somebody last looked at it: a few chosen figures with tolerances, in
// a small file beside the scenario (failover/black-hole.baseline.json beside
// failover/black-hole.json). A change beyond its tolerance is a change of behaviour, told in words.
//
//   {"figures": {
//     "connections.lost":     {"value": 0},                      // exactly
//     "query_latency_ms.p99": {"value": 84.2, "within": "10%"},  // of the value
//     "time_to_target_s":     {"value": 2.1, "within": 0.3}      // in the figure's own unit
//   }}
#pragma once

#include "analysis/figures.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::analysis {

struct BaselineFigure {
  std::string path;
  std::optional<double> value;  // none: the run had nothing to measure
  double within = 0;
  bool relative = false;  // `within` is a share of the value

  bool holds(const std::optional<double>& now) const;
};

struct Baseline {
  std::vector<BaselineFigure> figures;
};

std::filesystem::path baseline_path(const std::filesystem::path& scenario);
// None when there is no such file. Throws base::InputError for what is wrong with it.
std::optional<Baseline> read_baseline(const std::filesystem::path& file);
std::string baseline_text(const Baseline& baseline);

struct BaselineChange {
  std::string words;  // "time to target 2.10 s -> 3.40 s (+62 %, allowed 10 %)"
  bool beyond_tolerance = false;
};
// One for each figure that is not as recorded, in the order of the baseline.
std::vector<BaselineChange> changes_since(const Baseline& baseline, const Figures& now);

// What to record: the chosen figures again, or a usual choice where nothing was recorded before. A
// figure within its tolerance stays as recorded, so that small steps cannot add up unseen.
Baseline renewed(const std::optional<Baseline>& before, const Figures& now);

// The figures to show for a scenario: those of its baseline, or the usual choice.
std::vector<std::string> key_figures(const std::optional<Baseline>& baseline, const Figures& now);

}  // namespace wanlab::analysis
