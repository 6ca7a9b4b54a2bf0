// What is counted: about connections and statements of one client group or POP, and per time step.
// Plain values; the Recorder fills them, reports read them.
#pragma once

#include "real_components/runtime/time.hpp"
#include "sim/trace/histogram.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wanlab::trace {

// Why an attempt to connect came to nothing, as the client saw it.
enum class ConnectFailure : std::uint8_t {
  unresolved,       // DNS had no address
  unreachable,      // no path
  connect_timeout,  // SYN unanswered, or dropped by a full backlog, until the client gave up
  refused,          // nothing listened
  reset,            // torn down before the session stood
  tls_failed,
  handshake_timeout,   // TCP stood, TLS or MySQL did not finish in time
  protocol_error,      // bytes that make no sense
  auth_rejected,       // MySQL error 1045 and its like
  admission_refused,   // MySQL errors 1040, 1203, 1226: told to come back later
  server_error,        // any other MySQL error
  out_of_descriptors,  // on the client's own host
};
inline constexpr std::size_t connect_failures =
    static_cast<std::size_t>(ConnectFailure::out_of_descriptors) + 1;
std::string_view to_string(ConnectFailure cause);  // "connect_timeout": a key in reports
std::string_view in_words(ConnectFailure cause);   // "connect timeout"

using FailureCounts = std::array<std::uint64_t, connect_failures>;

// Connections and statements as clients saw them.
struct ClientTally {
  std::uint64_t attempted = 0;  // connections wanted, however many tries each took
  std::uint64_t attempts = 0;   // tries, retries included
  std::uint64_t established = 0;
  std::uint64_t failed = 0;  // given up
  std::uint64_t closed = 0;  // by the client's own wish
  std::uint64_t lost = 0;    // broke while open
  std::uint64_t open = 0, peak_open = 0;
  FailureCounts failures{};         // given up, by cause
  FailureCounts failed_attempts{};  // tries that failed and were repeated, by cause

  std::uint64_t queries_sent = 0, queries_answered = 0, queries_failed = 0;

  Histogram connect;       // first attempt to established
  Histogram query;         // statement sent to answer complete
  Histogram first_answer;  // first attempt to first answer

  std::optional<Instant> first_attempt, first_established, last_established;
  std::uint64_t peak_established_per_second = 0;

  void merge(const ClientTally& other);
};

// Sessions as the edge nodes of one POP saw them.
struct SessionTally {
  std::uint64_t accepted = 0, authenticated = 0, refused = 0, closed = 0;
  std::uint64_t open = 0, peak_open = 0;
  Instant peak_at{};  // when the peak was first reached
  std::uint64_t routed = 0, answered = 0, failed = 0;  // statements
};

// One row of the time series: what happened in [at, at + interval).
struct SeriesRow {
  Duration at{};
  std::uint64_t open = 0;  // at the end of the interval
  std::uint64_t attempts = 0, established = 0, failed = 0, closed = 0, lost = 0;
  std::uint64_t queries_sent = 0, queries_answered = 0, queries_failed = 0;
  std::uint64_t syn_dropped = 0;
  Duration connect_p50{}, connect_p99{}, query_p50{}, query_p99{};
};

}  // namespace wanlab::trace
