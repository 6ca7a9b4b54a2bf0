// The figures of one run as its summary.json names them ("query_latency_ms.p99"), and how people
// say them ("query latency p99", "84.2 ms"). Works on any summary, whoever wrote it; knows no
// metric.
#pragma once

#include "sim/base/json_tree.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace wanlab::analysis {

// No value: the run had nothing to measure, e.g. a percentile of no samples.
using Figures = std::map<std::string, std::optional<double>, std::less<>>;

// Every number (and null) of the document under its dotted path. Lists are left out.
Figures figures_in(const base::Json& summary);

// "query_latency_ms.p99" -> "query latency p99"; "groups.readers.queries.failed" -> "queries failed
// of readers".
std::string figure_words(std::string_view path);
// By the unit at the end of a step of the path: "84.2 ms", "3.40 s", "1.43 GiB", else the number.
std::string figure_value(std::string_view path, const std::optional<double>& value);

}  // namespace wanlab::analysis
