// sweep.html: heat maps and curves of a sweep's figures, in one file that asks no network for
// anything.
#pragma once

#include "analysis/sweep_results.hpp"

#include <string>

namespace wanlab::analysis {

// `version`: who writes it; `ledger`: where the results are.
std::string sweep_page(const SweepResults& results, const std::string& version,
                       const std::string& ledger);

}  // namespace wanlab::analysis
