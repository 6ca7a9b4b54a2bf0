// What components tell their observers: facts, one per call, never asked for and never answered.
#pragma once

#include <cstddef>
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
  route_visible,  // a: store revision, text: user
  route_removed,  // a: store revision, text: user
  head_changed,   // a: microseconds of cost before, b: after, text: new first region
  region_state,   // a: state before, b: state after, text: region
  // Backhaul. subject: connection number of this host.
  backhaul_up,    // text: peer region
  backhaul_down,  // a: close reason, text: peer region
  // Origins. subject: request number at this origin.
  proof_verified,    // text: user
  proof_rejected,    // a: reason, text: user
  statement_served,  // a: backend index, b: bytes
  // Control plane. subject: revision.
  store_committed,
  watch_resumed,
  watch_compacted,
  // Clients (simulated or real load generators). subject: connection number of this host.
  // One connection: connecting once per attempt, attempt_failed for each but the last failed one,
  // then
  // either established and later closed or lost, or failed. Where `text` names the host or POP
  // reached,
  // figures per POP use it; empty means the one this host named last.
  client_connecting,      // a: attempt number from 1, text: target host
  client_step,            // a: step number, text: step name
  client_established,     // a: nanoseconds since the first attempt, text: host reached, or empty
  client_failed,          // given up. a: trace::ConnectFailure, b: MySQL error code, text: in words
  client_closed,          // by the client's own wish
  client_query_sent,      // a: statement number from 1
  client_query_answered,  // a: statement number, b: nanoseconds, text: host reached, or empty
  client_query_failed,    // a: statement number, b: MySQL error code
  client_attempt_failed,  // another attempt follows. a, b, text: as in client_failed
  client_lost,            // an established connection broke. a: close reason, text: in words
  client_first_answer,    // a: nanoseconds from the first attempt to the first answer
  // Hosts: what their finite resources did. subject: connection number of this host, or 0.
  syn_dropped,        // the accept backlog was full. a: connections waiting
  syn_retransmitted,  // a: attempt number from 1
  descriptor_limit,   // a connection was refused for want of a descriptor. a: the limit
  memory_limit,       // a connection was refused for want of memory. a: bytes in use
  host_fault,         // text: what happened to the host or path
  // The world, as the host world_name of its recorder: what the plan did to it. subject: index of
  // the fault in the plan, text: its name.
  fault_started,
  fault_healed,  // the cause is gone; what follows from it may not be yet
};
inline constexpr std::size_t trace_kinds = static_cast<std::size_t>(TraceKind::fault_healed) + 1;
std::string_view to_string(TraceKind kind);

struct TraceEvent {
  TraceKind kind{};
  std::uint64_t subject = 0;
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  std::string_view text{};  // valid during the call only
};

}  // namespace wanlab::runtime
