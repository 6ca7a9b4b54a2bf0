// The answers to capacity questions as a page: one HTML file without scripts, which opens without a
// network.
#pragma once

#include "analysis/planner/capacity_report.hpp"

#include <string>

namespace wanlab::analysis {

std::string capacity_page(const CapacityReport& report);

}  // namespace wanlab::analysis
