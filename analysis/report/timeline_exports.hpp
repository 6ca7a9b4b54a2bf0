// The timeline of a run for other programs.
#pragma once

#include "sim/trace/run_record.hpp"

#include <string>

namespace wanlab::analysis {

// One line per moment, subject and name that is not zero: time_s,subject,name,measure,value (RFC
// 4180). Counters are totals since the start.
std::string timeline_csv(const trace::RunRecord& record);

// OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/) with the run's own
// times, from 0 at its start. promtool tsdb create-blocks-from openmetrics reads it.
std::string openmetrics(const trace::RunRecord& record);

}  // namespace wanlab::analysis
