// compare.html: a comparison in one file that asks no network for anything.
#pragma once

#include "analysis/comparison_report.hpp"

#include <string>

namespace wanlab::analysis {

std::string compare_page(const ComparisonReport& report, const std::string& version);

}  // namespace wanlab::analysis
