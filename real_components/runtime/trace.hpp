// What components tell their observers: facts, one per call, never asked for and never answered.
#pragma once

#include <cstdint>
#include <string_view>

namespace wanlab::runtime {

enum class TraceKind : std::uint8_t {
  // Edge sessions. subject: session number at this edge.
  session_accepted,
  session_secured,
  session_authenticated,  // a: grant's credential id, text: user
  session_refused,        // a: MySQL error code, text: user
  session_closed,         // a: statements served
  // Statements. subject: session number. a: statement number within the session.
  query_routed,    // b: attempt, text: region chosen
  query_answered,  // b: bytes of the answer
  query_failed,    // b: MySQL error code, text: region last tried
  // Routing and measurement. subject: hash of the route's or region's name.
  route_visible,   // a: store revision, text: user
  route_removed,   // a: store revision, text: user
  head_changed,    // a: microseconds of cost before, b: after, text: new first region
  region_state,    // a: state before, b: state after, text: region
  // Backhaul. subject: connection number of this host.
  backhaul_up,     // text: peer region
  backhaul_down,   // a: close reason, text: peer region
  // Origins. subject: request number at this origin.
  proof_verified,   // text: user
  proof_rejected,   // a: reason, text: user
  statement_served, // a: backend index, b: bytes
  // Control plane. subject: revision.
  store_committed,
  watch_resumed,
  watch_compacted,
  // Clients (simulated or real load generators). subject: connection number of this host.
  client_connecting,  // text: target host
  client_step,        // a: step number, text: step name
  client_established, // a: nanoseconds since the first attempt
  client_failed,      // a: cause, text: cause in words
  client_closed,
  client_query_sent,     // a: statement number
  client_query_answered, // a: statement number, b: nanoseconds
  client_query_failed,   // a: statement number, b: MySQL error code
};
std::string_view to_string(TraceKind kind);

struct TraceEvent {
  TraceKind kind{};
  std::uint64_t subject = 0;
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  std::string_view text{};  // valid during the call only
};

}  // namespace wanlab::runtime
