// The summary as one JSON object: what --json prints and summary.json holds.
#pragma once

#include "analysis/summary.hpp"

#include <string>

namespace wanlab::analysis {

// Ends in a newline. A figure without a value (a percentile of no samples) is null.
std::string summary_json(const Summary& summary);

}  // namespace wanlab::analysis
