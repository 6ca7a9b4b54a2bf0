// Columns to lines, and to families of metrics with labels.
#include "analysis/report/timeline_exports.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <vector>

namespace wanlab::analysis {

namespace {

using trace::Measure;
using trace::RunRecord;
using trace::TimelineColumn;

std::vector<std::uint64_t> values_of(const TimelineColumn& column) {
  TimelineColumn copy = column;
  return trace::PackedNumbers::unpack(copy.values.text());
}

std::string row_ends(const RunRecord& record, std::size_t row) {
  const Duration end =
      std::min(record.timeline.interval * static_cast<std::int64_t>(row + 1), record.simulated);
  char text[48];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(end.count()) / 1e9);
  return text;
}

// A subject such as "backhaul iad us-east-1" as the middle of a metric's name and its labels.
struct Family {
  std::string name;    // "wanlab_backhaul_requests"
  std::string labels;  // "{pop=\"iad\",region=\"us-east-1\"}"
};

std::string label(std::string_view name, std::string_view value) {
  std::string text(name);
  text += "=\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

Family family_of(const RunRecord& record, const TimelineColumn& column) {
  const std::string_view subject = column.subject;
  const std::size_t space = subject.find(' ');
  const std::string_view role = subject.substr(0, space);
  const std::string_view place =
      space == std::string_view::npos ? std::string_view() : subject.substr(space + 1);
  if (subject.empty()) return {"wanlab_" + column.name, ""};
  if (subject == "failures")
    return {"wanlab_connect_failures", "{" + label("cause", column.name) + "}"};
  if (subject == "events") return {"wanlab_events", "{" + label("kind", column.name) + "}"};
  if (role == "edge") return {"wanlab_edge_" + column.name, "{" + label("pop", place) + "}"};
  if (role == "backhaul") {
    for (const trace::BackhaulStatistics& backhaul : record.backhauls) {
      if (place != backhaul.pop + " " + backhaul.region) continue;
      return {"wanlab_backhaul_" + column.name,
              "{" + label("pop", backhaul.pop) + "," + label("region", backhaul.region) + "}"};
    }
  }
  return {"wanlab_" + std::string(role) + "_" + column.name, "{" + label("region", place) + "}"};
}

}  // namespace

std::string timeline_csv(const RunRecord& record) {
  std::string out = "time_s,subject,name,measure,value\n";
  for (const TimelineColumn& column : record.timeline.columns) {
    const std::vector<std::uint64_t> values = values_of(column);
    const std::string what = "," + column.subject + "," + column.name + "," +
                             (column.measure == Measure::level ? "level" : "counter") + ",";
    for (std::size_t i = 0; i < values.size(); ++i) {
      out += row_ends(record, column.first_row + i) + what + std::to_string(values[i]) + "\n";
    }
  }
  return out;
}

std::string openmetrics(const RunRecord& record) {
  // A family's lines stand together.
  std::map<std::string, std::pair<Measure, std::string>> families;
  for (const TimelineColumn& column : record.timeline.columns) {
    const Family family = family_of(record, column);
    auto& [measure, lines] = families[family.name];
    measure = column.measure;
    const std::string name =
        family.name + (measure == Measure::counter ? "_total" : "") + family.labels + " ";
    const std::vector<std::uint64_t> values = values_of(column);
    for (std::size_t i = 0; i < values.size(); ++i) {
      lines +=
          name + std::to_string(values[i]) + " " + row_ends(record, column.first_row + i) + "\n";
    }
  }
  std::string out;
  for (const auto& [name, family] : families) {
    out += "# TYPE " + name + (family.first == Measure::counter ? " counter\n" : " gauge\n");
    out += family.second;
  }
  return out + "# EOF\n";
}

}  // namespace wanlab::analysis
