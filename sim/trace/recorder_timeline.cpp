// The columns that the Recorder itself brings to the timeline. Nothing here runs per event.
#include "sim/trace/recorder.hpp"

#include <algorithm>

namespace wanlab::trace {

using runtime::TraceKind;

namespace {

// One place for the names of columns and where their values come from, so that the two cannot part.
struct RunColumn {
  const char* name;
  Measure measure;
  std::uint64_t (*value)(const ClientTally& all);
};
constexpr RunColumn run_columns[] = {
    {"open", Measure::level, [](const ClientTally& all) { return all.open; }},
    {"attempts", Measure::counter, [](const ClientTally& all) { return all.attempts; }},
    {"established", Measure::counter, [](const ClientTally& all) { return all.established; }},
    {"failed", Measure::counter, [](const ClientTally& all) { return all.failed; }},
    {"closed", Measure::counter, [](const ClientTally& all) { return all.closed; }},
    {"lost", Measure::counter, [](const ClientTally& all) { return all.lost; }},
    {"queries_sent", Measure::counter, [](const ClientTally& all) { return all.queries_sent; }},
    {"queries_answered", Measure::counter,
     [](const ClientTally& all) { return all.queries_answered; }},
    {"queries_failed", Measure::counter, [](const ClientTally& all) { return all.queries_failed; }},
};

std::uint64_t microseconds(Duration duration) {
  return static_cast<std::uint64_t>(duration.count() / 1000);
}

struct PopColumn {
  const char* name;
  Measure measure;
  std::uint64_t (*value)(const PopRecord& pop);
};
constexpr PopColumn pop_columns[] = {
    {"open", Measure::level, [](const PopRecord& pop) { return pop.sessions.open; }},
    {"authenticated", Measure::counter,
     [](const PopRecord& pop) { return pop.sessions.authenticated; }},
    {"refused", Measure::counter, [](const PopRecord& pop) { return pop.sessions.refused; }},
    {"statements_failed", Measure::counter,
     [](const PopRecord& pop) { return pop.sessions.failed; }},
    {"established", Measure::counter, [](const PopRecord& pop) { return pop.clients.established; }},
    {"failed", Measure::counter, [](const PopRecord& pop) { return pop.clients.failed; }},
    {"lost", Measure::counter, [](const PopRecord& pop) { return pop.clients.lost; }},
    {"connect_us", Measure::counter,
     [](const PopRecord& pop) { return microseconds(pop.clients.connect.sum()); }},
    {"answered", Measure::counter,
     [](const PopRecord& pop) { return pop.clients.queries_answered; }},
    {"query_us", Measure::counter,
     [](const PopRecord& pop) { return microseconds(pop.clients.query.sum()); }},
};

bool has_column(TraceKind kind) {
  switch (kind) {
    case TraceKind::session_refused:
    case TraceKind::proof_rejected:
    case TraceKind::syn_dropped:
    case TraceKind::syn_retransmitted:
    case TraceKind::descriptor_limit:
    case TraceKind::memory_limit:
      return true;
    default:
      return is_happening(kind);
  }
}

}  // namespace

void Recorder::add_columns() {
  for (const RunColumn& column : run_columns) timeline_.add("", column.name, column.measure);
  for (std::size_t cause = 0; cause < connect_failures; ++cause) {
    timeline_.add("failures", std::string(to_string(static_cast<ConnectFailure>(cause))));
  }
  for (std::size_t kind = 0; kind < runtime::trace_kinds; ++kind) {
    if (!has_column(static_cast<TraceKind>(kind))) continue;
    timeline_.add("events", std::string(to_string(static_cast<TraceKind>(kind))));
  }
}

void Recorder::add_pop(Place& place) {
  place.is_pop = true;
  bool first = true;
  for (const PopColumn& column : pop_columns) {
    const Timeline::Column added =
        timeline_.add("edge " + place.record.name, column.name, column.measure);
    if (std::exchange(first, false)) place.first_column = added;
  }
}

// In the order of add_columns() and add_pop().
void Recorder::fill_columns() {
  ClientTally all;  // without the histograms, which have no column
  FailureCounts failures{};
  for (const GroupRecord& group : groups_) {
    const ClientTally& tally = group.clients;
    all.attempts += tally.attempts;
    all.established += tally.established;
    all.failed += tally.failed;
    all.closed += tally.closed;
    all.lost += tally.lost;
    all.queries_sent += tally.queries_sent;
    all.queries_answered += tally.queries_answered;
    all.queries_failed += tally.queries_failed;
    for (std::size_t cause = 0; cause < connect_failures; ++cause) {
      failures[cause] += tally.failures[cause];
    }
  }
  all.open = open_;
  Timeline::Column next = 0;
  for (const RunColumn& column : run_columns) timeline_.set(next++, column.value(all));
  for (const std::uint64_t failed : failures) timeline_.set(next++, failed);
  for (std::size_t kind = 0; kind < runtime::trace_kinds; ++kind) {
    if (has_column(static_cast<TraceKind>(kind))) timeline_.set(next++, events_by_kind_[kind]);
  }
  for (const Place& place : places_) {
    if (!place.is_pop) continue;
    Timeline::Column column = place.first_column;
    for (const PopColumn& of : pop_columns) timeline_.set(column++, of.value(place.record));
  }
}

void Recorder::finish_timeline(Instant end, RunRecord& record) {
  close_timeline(end);
  // What is left of the last row, unless the run ended where a row did.
  if (timeline_.row_ends() - timeline_.interval() < end) {
    fill_columns();
    timeline_.end_row();
  }
  record.timeline = timeline_.take();
  const auto label_of = [this](std::uint32_t host) -> const HostLabel& { return labels_[host]; };
  record.happenings = happenings_.take(
      [&](std::uint32_t host) -> const std::string& { return labels_[host].name; });
  samples_.take(label_of, record.samples, record.slow_statements);
  for (Slot& client : slots_) {
    if (client.role == HostRole::client) settle_arc(client);
  }
  for (const auto& [ends, established] : arcs_) {
    record.arcs.push_back({std::string(ends.first), places_[ends.second].record.name, established});
  }
}

}  // namespace wanlab::trace
