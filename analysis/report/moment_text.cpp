// Figures from the timeline's row, and the state of things from all that happened before.
#include "analysis/report/moment_text.hpp"

#include "analysis/numbers.hpp"
#include "analysis/text_table.hpp"
#include "sim/scenario/enum_names.hpp"
#include "sim/trace/step_printer.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

namespace wanlab::analysis {

namespace {

using runtime::TraceKind;
using trace::Happening;
using trace::RunRecord;

constexpr std::size_t most_events = 15;

std::string at_text(Duration moment) {
  char text[48];
  std::snprintf(text, sizeof text, "%12.3f s", static_cast<double>(moment.count()) / 1e9);
  return text;
}

class Row {
 public:
  Row(const RunRecord& record, std::size_t row) : record_(record), row_(row) {}

  std::uint64_t value(std::string_view subject, std::string_view name) const {
    return value_at(subject, name, row_);
  }
  // Of a counter, per second of the row.
  double rate(std::string_view subject, std::string_view name) const {
    const std::uint64_t now = value_at(subject, name, row_);
    const std::uint64_t before = row_ == 0 ? 0 : value_at(subject, name, row_ - 1);
    const double span = static_cast<double>(record_.timeline.interval.count()) / 1e9;
    return now < before ? 0 : static_cast<double>(now - before) / span;
  }

 private:
  std::uint64_t value_at(std::string_view subject, std::string_view name, std::size_t row) const {
    for (const trace::TimelineColumn& column : record_.timeline.columns) {
      if (column.subject != subject || column.name != name) continue;
      if (row < column.first_row) return 0;
      trace::TimelineColumn copy = column;
      return trace::PackedNumbers::unpack(copy.values.text()).at(row - column.first_row);
    }
    return 0;
  }

  const RunRecord& record_;
  std::size_t row_;
};

std::string fault_text(const scenario::Fault& fault) {
  std::string text(scenario::name_of(fault.kind));
  std::replace(text.begin(), text.end(), '_', ' ');
  if (!fault.source.empty()) text += " " + fault.source;
  if (!fault.target.empty()) text += " - " + fault.target;
  return text;
}

}  // namespace

std::string moment_text(const scenario::Plan& plan, const RunRecord& record, Duration moment) {
  const Instant at(plan.warm_up + moment);
  const auto rows = static_cast<std::int64_t>(record.timeline.rows);
  std::string out = plan.name + ", " +
                    at_text(moment).substr(at_text(moment).find_first_not_of(' ')) +
                    " after the warm-up\n";
  if (rows > 0) {
    const std::int64_t wanted = at.time_since_epoch() / record.timeline.interval;
    const Row row(record, static_cast<std::size_t>(std::clamp<std::int64_t>(wanted, 0, rows - 1)));
    out += "\n  open connections   " + grouped(row.value("", "open"));
    out += "\n  connects           " + decimals(row.rate("", "established"), 1) + "/s, " +
           decimals(row.rate("", "failed"), 1) + "/s failed, " + decimals(row.rate("", "lost"), 1) +
           "/s lost";
    out += "\n  statements         " + decimals(row.rate("", "queries_answered"), 1) +
           "/s answered, " + decimals(row.rate("", "queries_failed"), 1) + "/s failed\n";
  }

  out += "\nfaults\n";
  bool any = false;
  for (const scenario::Fault& fault : plan.faults) {
    const bool begun = fault.at <= moment;
    const bool over = fault.duration > Duration::zero() && fault.at + fault.duration <= moment;
    if (!begun || over) continue;
    any = true;
    out += "  " + fault_text(fault) + ", since " + duration_text(moment - fault.at) + "\n";
  }
  if (!any) out += "  none\n";

  // The latest of each edge and region, route or head wins.
  std::map<std::pair<std::string, std::string>, const Happening*> states, heads;
  std::vector<const Happening*> before, after;
  for (const Happening& event : record.happenings) {
    if (event.at > at) {
      if (after.size() < 5) after.push_back(&event);
      continue;
    }
    before.push_back(&event);
    if (event.kind == TraceKind::region_state) states[{event.host, event.text}] = &event;
    if (event.kind == TraceKind::head_changed) {
      heads[{event.host, std::to_string(event.subject)}] = &event;
    }
  }
  const auto tell = [&](const Happening& event) {
    out += at_text(event.at.time_since_epoch() - plan.warm_up) + "  " + event.host + "  " +
           trace::in_words({event.kind, event.subject, event.a, event.b, event.text}) + "\n";
  };
  out += "\nwhere edges send statements, if not where they began\n";
  for (const auto& [key, event] : heads) tell(*event);
  if (heads.empty()) out += "  every edge uses the first region it chose\n";
  out += "\nregions that edges do not hold for up\n";
  any = false;
  for (const auto& [key, event] : states) {
    if (event->b == 0) continue;
    any = true;
    tell(*event);
  }
  if (!any) out += "  none\n";
  out += "\nbefore\n";
  const std::size_t skipped = before.size() > most_events ? before.size() - most_events : 0;
  for (std::size_t i = skipped; i < before.size(); ++i) tell(*before[i]);
  if (before.empty()) out += "  nothing\n";
  out += "\nafter\n";
  for (const Happening* event : after) tell(*event);
  if (after.empty()) out += "  nothing more\n";
  return out;
}

}  // namespace wanlab::analysis
