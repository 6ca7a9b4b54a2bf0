// Hears every trace event of a run and turns it into counts, histograms, a time series and the
// digest. It must never influence the run, and costs a few nanoseconds per event: a big run makes
// 30 million.
#pragma once

#include "real_components/runtime/bytes.hpp"
#include "real_components/runtime/time.hpp"
#include "real_components/runtime/trace.hpp"
#include "sim/trace/connection_samples.hpp"
#include "sim/trace/digest.hpp"
#include "sim/trace/happenings.hpp"
#include "sim/trace/host_label.hpp"
#include "sim/trace/run_record.hpp"
#include "sim/trace/tally.hpp"
#include "sim/trace/timeline.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace wanlab::trace {

// A set of kinds of events.
class Kinds {
 public:
  constexpr Kinds() = default;
  constexpr Kinds(std::initializer_list<runtime::TraceKind> kinds) {
    for (const runtime::TraceKind kind : kinds) bits_ |= bit(kind);
  }
  static constexpr Kinds all() {
    Kinds kinds;
    kinds.bits_ = ~std::uint64_t{0};
    return kinds;
  }
  constexpr bool has(runtime::TraceKind kind) const { return (bits_ & bit(kind)) != 0; }
  constexpr Kinds& operator|=(const Kinds& other) {
    bits_ |= other.bits_;
    return *this;
  }

 private:
  static_assert(runtime::trace_kinds <= 64);
  static constexpr std::uint64_t bit(runtime::TraceKind kind) {
    return std::uint64_t{1} << static_cast<unsigned>(kind);
  }
  std::uint64_t bits_ = 0;
};

// Hears events as they happen; for printing and for checks. Must not drive anything.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void observe(Instant now, const HostLabel& host, const runtime::TraceEvent& event) = 0;
};

struct RecorderOptions {
  Duration series_interval = std::chrono::seconds(1);  // whole seconds
  // Open connections whose simultaneous presence counts as reaching the target; 0: no target.
  std::uint64_t target_open = 0;
  Duration timeline_interval = std::chrono::seconds(1);
};

class Recorder {
 public:
  explicit Recorder(const RecorderOptions& options = {});
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Every host is added before its first event. A name given twice is an error (std::logic_error).
  HostIndex add_host(const HostLabel& label);
  const HostLabel& label(HostIndex host) const { return labels_[static_cast<std::uint32_t>(host)]; }

  std::uint32_t hosts() const { return static_cast<std::uint32_t>(labels_.size()); }

  // Events of one run come in the order of time.
  void record(Instant now, HostIndex host, const runtime::TraceEvent& event);

  // That many sessions of an edge went with its process, and nobody was left to say so.
  void drop_sessions(HostIndex edge, std::uint64_t sessions);

  // Folds payload delivered to `host` into its digest, so that flipped bytes show.
  void mix_bytes(HostIndex host, ByteView bytes) { slot(host).digest.fold(bytes); }

  // `observer` must outlive the Recorder's use.
  // Observers hear an event in the order in which they were added, and only of the kinds they ask
  // for: an event nobody asks for costs one test.
  void add_observer(Observer& observer, Kinds kinds = Kinds::all());

  std::uint64_t digest() const;
  // One host's part of it, e.g. to show that an idle host changed nobody else's trace.
  std::uint64_t digest_of(HostIndex host) const { return slot(host).digest.value(); }
  std::uint64_t open_connections() const { return open_; }

  // Columns that the world fills in: to be brought up to date whenever a row of it is about to end.
  Timeline& timeline() { return timeline_; }
  // Closes the rows that end by `now`; the world calls it after it has brought its columns up to
  // date.
  void close_timeline(Instant now);
  // What a client noted while it connected; its outcome is recorded next.
  void note(const ConnectSteps& steps) { samples_.note(steps); }

  // Moves everything counted into `record`; `end` closes the last row of the series.
  void finish(Instant end, RunRecord& record);

 private:
  // What one event touches, side by side.
  struct Slot {
    HostDigest digest;
    std::uint32_t group = 0;  // clients
    std::uint32_t pop = 0;    // edges: their POP; clients: the POP they named last
    std::uint32_t server = ConnectionSamples::no_server;  // clients: the host they named last
    std::uint32_t established = 0;                        // clients: there, since they named it
    HostRole role = HostRole::idle;
    std::string_view named;  // clients: the text that `pop` was found by
    std::string_view site;   // clients
    std::uint64_t name_hash = 0;
  };
  struct Place {
    PopRecord record;
    bool is_pop = false;                // has an edge node; other places are not reported
    Timeline::Column first_column = 0;  // of POPs
  };

  Slot& slot(HostIndex host) { return slots_[static_cast<std::uint32_t>(host)]; }
  const Slot& slot(HostIndex host) const { return slots_[static_cast<std::uint32_t>(host)]; }
  std::uint32_t place_of(std::string_view name);
  std::uint32_t group_of(std::string_view name);
  void follow_name(Slot& client, std::string_view text);
  void count_client(Instant now, HostIndex host, Slot& client, const runtime::TraceEvent& event);
  void count_established(Instant now, Slot& client, Duration since_first_attempt);
  void count_end(Slot& client);
  void count_session(Instant now, HostIndex host, Slot& edge, const runtime::TraceEvent& event);
  void close_rows(Instant now);
  // recorder_timeline.cpp
  void add_columns();
  void add_pop(Place& place);
  void fill_columns();
  void finish_timeline(Instant end, RunRecord& record);
  void settle_arc(Slot& client);

  RecorderOptions options_;
  std::vector<Slot> slots_;
  std::deque<HostLabel> labels_;  // never move: names are referred to
  std::map<std::string_view, HostIndex, std::less<>> host_by_name_;
  std::map<std::string, std::uint32_t, std::less<>> group_by_name_, place_by_name_;
  std::deque<GroupRecord> groups_;
  std::deque<Place> places_;
  std::vector<std::uint64_t> established_before_row_;  // per group
  std::vector<const HostLabel*> label_of_;  // by host: a deque has to divide to find one
  Kinds observed_;
  std::array<std::vector<Observer*>, runtime::trace_kinds> observers_;

  std::array<std::uint64_t, runtime::trace_kinds> events_by_kind_{};
  std::uint64_t open_ = 0;
  std::uint64_t peak_open_ = 0;
  std::optional<Instant> target_reached_;

  Instant row_ends_;
  SeriesRow row_;
  Histogram row_connect_, row_query_;
  std::vector<SeriesRow> series_;

  Timeline timeline_;
  Instant next_border_{};  // of a row of the series or of the timeline
  Happenings happenings_;
  ConnectionSamples samples_;
  std::map<std::pair<std::string_view, std::uint32_t>, std::uint64_t> arcs_;  // site, place
};

}  // namespace wanlab::trace
