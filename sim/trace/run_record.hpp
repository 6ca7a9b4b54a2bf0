// Everything a report needs to know about a finished (or interrupted) run, as plain values. The
// Recorder, the world and the command each fill their part; nothing here refers to a live run.
#pragma once

#include "real_components/runtime/time.hpp"
#include "real_components/runtime/trace.hpp"
#include "sim/trace/connection_samples.hpp"
#include "sim/trace/happenings.hpp"
#include "sim/trace/host_label.hpp"
#include "sim/trace/tally.hpp"
#include "sim/trace/timeline.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::trace {

// By the world, at the end: how far one host's resources were used. Zero limits mean: no such
// limit.
struct HostStatistics {
  HostLabel label;
  std::uint32_t cores = 0;
  Duration cpu_busy{};  // over all cores and the whole run
  Duration
      cpu_busy_peak_second{};    // the same within the busiest simulated second; zero: not measured
  Duration longest_run_queue{};  // the longest that work waited for a core
  std::uint64_t peak_connections = 0, descriptor_limit = 0;
  std::uint64_t peak_backlog = 0, backlog_limit = 0;
  std::uint64_t peak_memory_bytes = 0, memory_limit_bytes = 0;
  std::uint64_t syn_dropped = 0;          // backlog full
  std::uint64_t refused_descriptors = 0;  // out of descriptors
  std::uint64_t refused_memory = 0;       // out of memory
  // Origins: the pools to the database.
  std::uint64_t pool_size = 0, pool_peak_busy = 0, pool_peak_waiting = 0, pool_timeouts = 0;
  // Statements that got a connection, those that had to wait for one, and over all statements: how
  // long they waited and how long connections were busy with them.
  std::uint64_t pool_served = 0, pool_waited = 0;
  Duration pool_wait_time{}, pool_busy_time{};
};

// By the world, at the end: one backhaul path, POP to region, both directions together unless said.
struct BackhaulStatistics {
  std::string pop, region;
  std::uint64_t connections = 0;  // opened over the run
  std::uint64_t bytes_to_region = 0, bytes_to_pop = 0;
  std::uint64_t frames = 0;
  std::uint64_t requests = 0;
};

struct GroupRecord {
  std::string name;
  ClientTally clients;
};

struct PopRecord {
  std::string name;
  ClientTally clients;    // of the clients that connected to it
  SessionTally sessions;  // at its edge nodes
};

// By the command: what the run cost this machine.
struct MachineCost {
  Duration wall{};
  Duration cpu{};
  std::uint64_t peak_rss_bytes = 0;
  std::uint64_t rss_before_bytes = 0;  // before the world was built
  // CPU used up to this simulated moment, where the run got that far.
  Duration cpu_mark_at{};
  std::optional<Duration> cpu_at_mark;
};

// How many connections of one place's clients a POP (or, without one, a database) has taken.
struct ClientArc {
  std::string site, server_place;
  std::uint64_t established = 0;
};

struct RunRecord {
  // By the Recorder.
  ClientTally clients;  // of all groups
  std::vector<GroupRecord> groups;
  std::vector<PopRecord> pops;
  std::array<std::uint64_t, runtime::trace_kinds> events_by_kind{};
  Duration series_interval{};
  std::vector<SeriesRow> series;
  std::optional<Instant> target_reached;  // when the wanted number of connections was open at once
  std::uint64_t digest = 0;
  TimelineRecord timeline;
  std::vector<Happening> happenings;
  std::vector<ConnectionSample> samples;
  std::vector<SlowStatement> slow_statements;  // the slowest first
  std::vector<ClientArc> arcs;                 // by site, then place

  // By the world.
  std::uint64_t events = 0;  // handled by the kernel
  Duration simulated{};
  // Clients had nothing left to do, and what was under way was given time to arrive.
  bool quiet = false;
  std::vector<HostStatistics> hosts;
  std::vector<BackhaulStatistics> backhauls;
  std::uint64_t syn_repeats = 0;  // SYNs that clients sent again for want of an answer

  // By the command.
  MachineCost cost;
  bool interrupted =
      false;  // the user stopped it: the rest of the record is what was seen until then
};

}  // namespace wanlab::trace
