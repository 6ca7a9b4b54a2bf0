// The results of a sweep as a table and as JSON.
#pragma once

#include "analysis/sweep_results.hpp"

#include <string>
#include <vector>

namespace wanlab::analysis {

// `metrics`: the columns; empty: the usual ones.
std::string sweep_text(const SweepResults& results, const std::vector<std::string>& metrics);
std::string sweep_json(const SweepResults& results);

// "84.2 ms ± 0.31": a mean as its figure reads, with its interval.
std::string estimate_text(const std::string& metric, const Estimate& estimate);

}  // namespace wanlab::analysis
