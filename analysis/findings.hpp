// Which resource ran out: the answer to "what limited this run?".
#pragma once

#include "analysis/summary.hpp"

#include <vector>

namespace wanlab::analysis {

// A CPU busier than this is called saturated: above it, queueing delay grows past twenty times the
// service time (M/M/1: share / (1 - share)).
inline constexpr double saturated_cpu_share = 0.95;

// The hosts of a run, put together by role and place; in that order.
std::vector<Usage> usage_by_place(const trace::RunRecord& record);

std::vector<Finding> find_saturated(const std::vector<Usage>& usage, const ClientSummary& clients);

}  // namespace wanlab::analysis
