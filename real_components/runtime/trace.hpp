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
  session_closed,         // a: statements served, b: MySQL error code with which the edge ended
                          // it, 0: it was the client's wish or its connection broke
  // Statements. subject: session number. a: statement number within the session.
  query_routed,    // b: attempt and route (see below), text: region chosen
  query_answered,  // b: bytes of the answer
  query_failed,    // b: MySQL error code, text: region last tried
  // Routing and measurement. subject: hash of the route's or region's name.
  route_visible,  // a: store revision, b: number of the route at this edge, text: user
  route_removed,  // a: store revision, text: user
  head_changed,   // a: microseconds of cost before, b: after, text: new first region
  region_state,   // a: state before, b: state after, text: region
  // Backhaul. subject: connection number of this host.
  backhaul_up,    // text: peer region
  backhaul_down,  // a: close reason, text: peer region
  // Origins. subject: request number at this origin.
  proof_verified,    // text: user
  proof_rejected,    // a: reason, text: user
  // subject: the session as its edge numbers it, the process in the highest 16 bits. a: id of the
  // credential, b: bytes of the answer in the low 40 bits, backend index above. text: the edge
  statement_served,
  // Control plane. subject: revision.
  store_committed,  // text: a key of that revision, a: 1 if it was deleted
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
  host_fault,         // a: runtime::HostFault, text: the same in words
  // The world, as the host world_name of its recorder: what the plan did to it. subject: index of
  // the fault in the plan, text: its name.
  fault_started,
  fault_healed,  // the cause is gone; what follows from it may not be yet
  // Edges, continued. subject: hash of the route's name; a: its number at this edge, text: its
  // regions, separated by commas. Comes before the route_visible it belongs to.
  route_clusters,
  // An evaluation of the order that all routes with the same regions share, unless it came to the
  // same as the one before. subject: hash of the set of regions, a: why the head changed
  // (routing::HeadChange, 0: it did not), b: 1 if most regions look bad at once and nothing may
  // move. text: the regions in their new order, each with the letters of what it is (its state: Up,
  // Probation, Suspect, Down, dRaining; then m: measured, s: stale, o: over capacity) and its cost
  // in microseconds: "fra=Um8021,iad=D0".
  regions_sorted,
  // What only a simulated world knows. Truth of the path between an edge (the host) and a region
  // (text) from now on: a: expected nanoseconds there and back without a packet's own jitter, or
  // path_unreachable; b: segments lost per million.
  path_truth,
  // A credential ends: subject: its id, a: runtime::CredentialEnd, text: user.
  credential_ended,
  // Bytes of a credential's secrets reached this host in the clear. subject: id of the credential,
  // text: what they are.
  secret_arrived,
  // The answer that reached a client is not that of its statement. a: statement number,
  // b: what the answer belongs to.
  answer_mistaken,
  // Once all is quiet: what this host still holds (a: how many, text: of what).
  held,
  // Once all is quiet: one end of the backhaul between this host and another (text). subject: 0 for
  // the direction away from this host: a: bytes sent, b: bytes it may send in all. subject: 1 for
  // the direction to it: a: bytes consumed, b: bytes it has allowed in all. Summed over
  // connections.
  flow_totals,
  // A timer fired for what is gone (text: of what); it should have been called off.
  timer_outlived,
};
inline constexpr std::size_t trace_kinds = static_cast<std::size_t>(TraceKind::timer_outlived) + 1;

// query_routed::b
constexpr std::uint64_t attempt_and_route(std::uint64_t attempt, std::uint64_t route) {
  return attempt | route << 8;
}
constexpr std::uint64_t attempt_of(std::uint64_t b) { return b & 0xff; }
constexpr std::uint64_t route_of(std::uint64_t b) { return b >> 8; }

inline constexpr std::uint64_t path_unreachable = ~std::uint64_t{0};
// session_closed::b: in addition to the error, where what the session held in its region (a
// transaction, pinned state, the rest of an answer) was lost with the way there.
inline constexpr std::uint64_t session_state_lost = 0x10000;

enum class HostFault : std::uint8_t { crashed, restarted, frozen, thawed };
enum class CredentialEnd : std::uint8_t { revoked, expired, rotated, route_gone, back };

std::string_view to_string(TraceKind kind);

struct TraceEvent {
  TraceKind kind{};
  std::uint64_t subject = 0;
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  std::string_view text{};  // valid during the call only
};

}  // namespace wanlab::runtime
