// Between processes and the ledger: what a run that ended came to, and what a ledger came to.
#pragma once

#include "analysis/sweep_results.hpp"
#include "sim/app/child_runs.hpp"
#include "sim/sweep/ledger.hpp"

#include <optional>
#include <string>

namespace wanlab::app {

// Status, digest, message and figures of a run that ended; number, point and seed are left to the
// caller. Figures of single POPs only when asked for: a world has hundreds. None for a run that was
// interrupted: it did not happen.
std::optional<sweep::Run> result_of(const EndedRun& run, bool per_pop);

// `frame` as analysis::SweepTally wants it.
analysis::SweepResults results_in(const sweep::Ledger& ledger, analysis::SweepResults frame);

}  // namespace wanlab::app
