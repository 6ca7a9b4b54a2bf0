// What held at one moment of a run, in words: for `wanlab explain --moment`.
#pragma once

#include "sim/scenario/plan.hpp"
#include "sim/trace/run_record.hpp"

#include <string>

namespace wanlab::analysis {

// `moment` counts from the end of the warm-up, as in scenario files.
std::string moment_text(const scenario::Plan& plan, const trace::RunRecord& record,
                        Duration moment);

}  // namespace wanlab::analysis
