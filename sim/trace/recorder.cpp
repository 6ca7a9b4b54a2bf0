// The hot path of tracing, and the bookkeeping around it.
#include "sim/trace/recorder.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace wanlab::trace {

using runtime::TraceEvent;
using runtime::TraceKind;

namespace {

void open_one(std::uint64_t& open, std::uint64_t& peak) {
  peak = std::max(peak, ++open);
}

// A world may report an end whose beginning came before the Recorder listened.
void close_one(std::uint64_t& open) {
  open -= open > 0 ? 1 : 0;
}

ConnectFailure failure_of(const TraceEvent& event) {
  return static_cast<ConnectFailure>(std::min<std::uint64_t>(event.a, connect_failures - 1));
}

Duration duration_of(std::uint64_t nanoseconds) {
  return Duration(static_cast<std::int64_t>(nanoseconds));
}

}  // namespace

Recorder::Recorder(const RecorderOptions& options)
    : options_(options), timeline_(options.timeline_interval) {
  options_.series_interval = std::max<Duration>(options_.series_interval, std::chrono::seconds(1));
  row_ends_ = Instant(options_.series_interval);
  next_border_ = std::min(row_ends_, timeline_.row_ends());
  places_.emplace_back();  // number 0 stands for "not known"
  add_columns();
}

HostIndex Recorder::add_host(const HostLabel& label) {
  const auto index = static_cast<HostIndex>(slots_.size());
  HostLabel& kept = labels_.emplace_back(label);
  kept.index = index;
  label_of_.push_back(&kept);
  if (!host_by_name_.emplace(kept.name, index).second) {
    throw std::logic_error("two hosts are named " + kept.name);
  }
  Slot& added = slots_.emplace_back();
  added.role = label.role;
  if (label.role == HostRole::client) {
    added.name_hash = hash_name(label.name);
    added.site = kept.place;
    added.group = group_of(label.group);
  } else {
    added.pop = place_of(label.place);
    if (label.role == HostRole::edge && !places_[added.pop].is_pop) add_pop(places_[added.pop]);
  }
  return index;
}

void Recorder::record(Instant now, HostIndex host, const TraceEvent& event) {
  if (now >= next_border_) [[unlikely]] {
    close_rows(now);
    close_timeline(now);
  }
  Slot& at = slot(host);
  at.digest.fold(now, event);
  ++events_by_kind_[static_cast<std::size_t>(event.kind)];
  if (event.kind >= TraceKind::client_connecting && event.kind <= TraceKind::client_first_answer) {
    count_client(now, host, at, event);
  } else if (event.kind <= TraceKind::query_failed) {
    count_session(now, host, at, event);
  } else if (event.kind == TraceKind::syn_dropped) {
    ++row_.syn_dropped;
  } else if (is_happening(event.kind)) {
    happenings_.add(now, static_cast<std::uint32_t>(host), event);
  }
  if (observed_.has(event.kind)) {
    const HostLabel& name = *label_of_[static_cast<std::uint32_t>(host)];
    for (Observer* observer : observers_[static_cast<std::size_t>(event.kind)]) {
      observer->observe(now, name, event);
    }
  }
}

void Recorder::add_observer(Observer& observer, Kinds kinds) {
  observed_ |= kinds;
  for (std::size_t kind = 0; kind < runtime::trace_kinds; ++kind) {
    if (kinds.has(static_cast<TraceKind>(kind))) observers_[kind].push_back(&observer);
  }
}

void Recorder::count_client(Instant now, HostIndex host, Slot& client, const TraceEvent& event) {
  follow_name(client, event.text);
  const ConnectionSamples::Client known{static_cast<std::uint32_t>(host), client.server,
                                        client.name_hash};
  const auto number = static_cast<std::uint32_t>(event.subject);
  ClientTally& group = groups_[client.group].clients;
  ClientTally& pop = places_[client.pop].record.clients;
  switch (event.kind) {
    case TraceKind::client_connecting: {
      const bool first = event.a <= 1;
      if (!group.first_attempt) group.first_attempt = now;
      if (!pop.first_attempt) pop.first_attempt = now;
      group.attempted += first ? 1 : 0;
      pop.attempted += first ? 1 : 0;
      ++group.attempts;
      ++pop.attempts;
      ++row_.attempts;
      return;
    }
    case TraceKind::client_established: {
      count_established(now, client, duration_of(event.a));
      samples_.established(now, known, number, duration_of(event.a));
      return;
    }
    case TraceKind::client_failed: {
      const auto cause = static_cast<std::size_t>(failure_of(event));
      ++group.failed;
      ++group.failures[cause];
      ++pop.failed;
      ++pop.failures[cause];
      ++row_.failed;
      samples_.failed(now, known, number, failure_of(event), event.b, event.text);
      return;
    }
    case TraceKind::client_attempt_failed: {
      const auto cause = static_cast<std::size_t>(failure_of(event));
      ++group.failed_attempts[cause];
      ++pop.failed_attempts[cause];
      return;
    }
    case TraceKind::client_closed: {
      ++group.closed;
      ++pop.closed;
      ++row_.closed;
      count_end(client);
      samples_.closed(now, known, number);
      return;
    }
    case TraceKind::client_lost: {
      ++group.lost;
      ++pop.lost;
      ++row_.lost;
      count_end(client);
      samples_.broken(now, known, number, event.text);
      return;
    }
    case TraceKind::client_query_sent: {
      ++group.queries_sent;
      ++pop.queries_sent;
      ++row_.queries_sent;
      samples_.query_sent(now, known, number);
      return;
    }
    case TraceKind::client_query_answered: {
      const Duration took = duration_of(event.b);
      const Histogram::Bucket bucket = Histogram::bucket_of(took);
      ++group.queries_answered;
      ++pop.queries_answered;
      ++row_.queries_answered;
      group.query.add(bucket, took);
      pop.query.add(bucket, took);
      row_query_.add(bucket, took);
      timeline_.add_query(bucket);
      samples_.query_ended(now, known, number, event.a, took);
      return;
    }
    case TraceKind::client_query_failed: {
      ++group.queries_failed;
      ++pop.queries_failed;
      ++row_.queries_failed;
      samples_.query_ended(now, known, number, event.a, std::nullopt);
      return;
    }
    case TraceKind::client_first_answer: {
      group.first_answer.add(duration_of(event.a));
      pop.first_answer.add(duration_of(event.a));
      return;
    }
    default:
      return;
  }
}

void Recorder::count_established(Instant now, Slot& client, Duration since_first_attempt) {
  const Histogram::Bucket bucket = Histogram::bucket_of(since_first_attempt);
  for (ClientTally* tally : {&groups_[client.group].clients, &places_[client.pop].record.clients}) {
    ++tally->established;
    open_one(tally->open, tally->peak_open);
    tally->connect.add(bucket, since_first_attempt);
    if (!tally->first_established) tally->first_established = now;
    tally->last_established = now;
  }
  row_connect_.add(bucket, since_first_attempt);
  timeline_.add_connect(bucket);
  ++client.established;
  ++row_.established;
  open_one(open_, peak_open_);
  if (open_ == options_.target_open && !target_reached_) target_reached_ = now;
}

void Recorder::count_end(Slot& client) {
  close_one(groups_[client.group].clients.open);
  close_one(places_[client.pop].record.clients.open);
  close_one(open_);
}

void Recorder::count_session(Instant now, HostIndex host, Slot& edge, const TraceEvent& event) {
  SessionTally& tally = places_[edge.pop].record.sessions;
  switch (event.kind) {
    case TraceKind::session_accepted:
      ++tally.accepted;
      if (++tally.open > tally.peak_open) {
        tally.peak_open = tally.open;
        tally.peak_at = now;
      }
      return;
    case TraceKind::session_authenticated:
      ++tally.authenticated;
      samples_.granted(static_cast<std::uint32_t>(host), event.subject, now);
      return;
    case TraceKind::session_refused:
      ++tally.refused;
      return;
    case TraceKind::session_closed:
      ++tally.closed;
      close_one(tally.open);
      return;
    case TraceKind::query_routed:
      ++tally.routed;
      return;
    case TraceKind::query_answered:
      ++tally.answered;
      return;
    case TraceKind::query_failed:
      ++tally.failed;
      return;
    default:
      return;
  }
}

void Recorder::drop_sessions(HostIndex edge, std::uint64_t sessions) {
  SessionTally& tally = places_[slot(edge).pop].record.sessions;
  tally.open -= std::min(tally.open, sessions);
}

void Recorder::follow_name(Slot& client, std::string_view text) {
  if (text.empty() || text == client.named) return;
  if (const auto host = host_by_name_.find(text); host != host_by_name_.end()) {
    if (slot(host->second).role == HostRole::client) return;
    settle_arc(client);
    client.named = host->first;
    client.pop = slot(host->second).pop;
    client.server = static_cast<std::uint32_t>(host->second);
  } else if (const auto place = place_by_name_.find(text); place != place_by_name_.end()) {
    settle_arc(client);
    client.named = place->first;
    client.pop = place->second;
    client.server = ConnectionSamples::no_server;
  }
}

// Counts what the client has established where it connected so far.
void Recorder::settle_arc(Slot& client) {
  if (client.established == 0) return;
  arcs_[{client.site, client.pop}] += client.established;
  client.established = 0;
}

void Recorder::close_rows(Instant now) {
  const auto seconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(options_.series_interval).count());
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    ClientTally& tally = groups_[group].clients;
    const std::uint64_t rate = (tally.established - established_before_row_[group]) / seconds;
    tally.peak_established_per_second = std::max(tally.peak_established_per_second, rate);
    established_before_row_[group] = tally.established;
  }
  while (row_ends_ <= now) {
    row_.at = row_ends_.time_since_epoch() - options_.series_interval;
    row_.open = open_;
    row_.connect_p50 = row_connect_.at_per_mille(500);
    row_.connect_p99 = row_connect_.at_per_mille(990);
    row_.query_p50 = row_query_.at_per_mille(500);
    row_.query_p99 = row_query_.at_per_mille(990);
    series_.push_back(row_);
    row_ = {};
    row_connect_.clear();
    row_query_.clear();
    row_ends_ += options_.series_interval;
  }
  next_border_ = std::min(row_ends_, timeline_.row_ends());
}

void Recorder::close_timeline(Instant now) {
  while (timeline_.row_ends() <= now) {
    fill_columns();
    timeline_.end_row();
  }
  next_border_ = std::min(row_ends_, timeline_.row_ends());
}

std::uint64_t Recorder::digest() const {
  std::vector<NamedDigest> hosts;
  for (std::size_t host = 0; host < slots_.size(); ++host) {
    if (slots_[host].digest.touched()) hosts.push_back({labels_[host].name, slots_[host].digest});
  }
  return combine(std::move(hosts));
}

void Recorder::finish(Instant end, RunRecord& record) {
  // One more row, up to the end of its interval, unless the run ended exactly on a border.
  const bool anything_left = nanoseconds(end) % options_.series_interval.count() != 0;
  close_rows(anything_left ? end + options_.series_interval : end);
  finish_timeline(end, record);
  record.digest = digest();
  record.events_by_kind = events_by_kind_;
  record.series_interval = options_.series_interval;
  record.series = std::move(series_);
  record.target_reached = target_reached_;

  std::uint64_t fastest_row = 0;
  for (const SeriesRow& row : record.series) {
    fastest_row = std::max(fastest_row, row.established);
  }
  for (GroupRecord& group : groups_) {
    record.clients.merge(group.clients);
    record.groups.push_back(std::move(group));
  }
  // Neither follows from its parts: the groups need not peak at the same moment.
  record.clients.peak_open = peak_open_;
  record.clients.peak_established_per_second =
      fastest_row / static_cast<std::uint64_t>(options_.series_interval / std::chrono::seconds(1));
  for (Place& place : places_) {
    if (place.is_pop) record.pops.push_back(std::move(place.record));
  }
}

std::uint32_t Recorder::place_of(std::string_view name) {
  const auto number = static_cast<std::uint32_t>(places_.size());
  const auto [entry, added] = place_by_name_.emplace(std::string(name), number);
  if (added) places_.emplace_back().record.name = name;
  return entry->second;
}

std::uint32_t Recorder::group_of(std::string_view name) {
  const auto number = static_cast<std::uint32_t>(groups_.size());
  const auto [entry, added] = group_by_name_.emplace(std::string(name), number);
  if (added) {
    groups_.emplace_back().name = name;
    established_before_row_.push_back(0);
  }
  return entry->second;
}

}  // namespace wanlab::trace
