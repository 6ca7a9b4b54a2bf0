// The time series of a run as CSV (RFC 4180, a header line, one row per interval).
#pragma once

#include "sim/trace/run_record.hpp"

#include <string>

namespace wanlab::analysis {

// Times in seconds, latencies in milliseconds; a latency without samples is an empty field.
std::string timeseries_csv(const trace::RunRecord& record);

}  // namespace wanlab::analysis
