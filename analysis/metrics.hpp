// Every figure of a summary under its path, e.g. "connect_latency_ms.p99". The same list makes the
// JSON and answers expectations, so the two can never disagree about a name.
#pragma once

#include "analysis/summary.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace wanlab::analysis {

// monostate: there is no value, e.g. a percentile of no samples.
using MetricValue = std::variant<std::monostate, std::uint64_t, double>;

struct Metric {
  std::vector<std::string> path;
  MetricValue value;

  std::string dotted() const;
};

// In the order of reports. Which metrics there are depends on the plan alone, so that a scenario
// can be checked before it runs: groups.<name>.*, pops.<name>.*, usage.<role>.* and the whole run's
// own.
std::vector<Metric> metrics(const Summary& summary);

std::optional<double> number(const MetricValue& value);
std::string to_string(const MetricValue& value);  // "no value", "12", "0.25"

}  // namespace wanlab::analysis
