// What the runs of one scenario came to: their exit status, the summary they printed, whether two
// of them agree, and what changed since the baseline. Runs nothing.
#pragma once

#include "analysis/baseline.hpp"
#include "analysis/check_report.hpp"
#include "sim/app/child_runs.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>

namespace wanlab::app {

// Fills verdict, problems, digest, output and time. The figures of the first run; none where there
// was no run to speak of, and then the verdict is final.
std::optional<analysis::Figures> judge_runs(const EndedRun& first,
                                            const std::optional<EndedRun>& second,
                                            std::uint32_t time_limit_s,
                                            analysis::CheckedScenario& result);

void show_figures(const std::optional<analysis::Baseline>& baseline,
                  const analysis::Figures& figures, analysis::CheckedScenario& result);

// Compares with the baseline beside the scenario, or, with `update`, records it when the scenario
// passed so far. Throws OutputError.
void compare_with_baseline(const std::filesystem::path& scenario, const analysis::Figures& figures,
                           bool update, analysis::CheckedScenario& result);

}  // namespace wanlab::app
