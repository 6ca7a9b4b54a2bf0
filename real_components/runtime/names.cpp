// The words behind the runtime's enumerations, as they appear in traces, logs and reports.
#include "real_components/runtime/runtime.hpp"

namespace wanlab::runtime {

std::string_view to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::finished: return "closed by peer";
    case CloseReason::reset: return "connection reset";
    case CloseReason::refused: return "connection refused";
    case CloseReason::timed_out: return "connect timeout";
    case CloseReason::unreachable: return "host unreachable";
    case CloseReason::tls_failed: return "TLS handshake failed";
    case CloseReason::overloaded: return "out of descriptors or memory";
  }
  return "unknown";
}

std::string_view to_string(TlsVersion version) {
  switch (version) {
    case TlsVersion::none: return "none";
    case TlsVersion::tls12: return "tls1.2";
    case TlsVersion::tls12_resumed: return "tls1.2-resumed";
    case TlsVersion::tls13: return "tls1.3";
  }
  return "unknown";
}

std::string_view to_string(Work work) {
  switch (work) {
    case Work::accept_connection: return "accept_connection";
    case Work::tls_handshake_server: return "tls_handshake_server";
    case Work::tls_handshake_client: return "tls_handshake_client";
    case Work::mysql_packet: return "mysql_packet";
    case Work::verify_proof: return "verify_proof";
    case Work::route_query: return "route_query";
    case Work::backhaul_frame: return "backhaul_frame";
    case Work::serve_statement: return "serve_statement";
  }
  return "unknown";
}

std::string_view to_string(TraceKind kind) {
  switch (kind) {
    case TraceKind::session_accepted: return "session_accepted";
    case TraceKind::session_secured: return "session_secured";
    case TraceKind::session_authenticated: return "session_authenticated";
    case TraceKind::session_refused: return "session_refused";
    case TraceKind::session_closed: return "session_closed";
    case TraceKind::query_routed: return "query_routed";
    case TraceKind::query_answered: return "query_answered";
    case TraceKind::query_failed: return "query_failed";
    case TraceKind::route_visible: return "route_visible";
    case TraceKind::route_removed: return "route_removed";
    case TraceKind::head_changed: return "head_changed";
    case TraceKind::region_state: return "region_state";
    case TraceKind::backhaul_up: return "backhaul_up";
    case TraceKind::backhaul_down: return "backhaul_down";
    case TraceKind::proof_verified: return "proof_verified";
    case TraceKind::proof_rejected: return "proof_rejected";
    case TraceKind::statement_served: return "statement_served";
    case TraceKind::store_committed: return "store_committed";
    case TraceKind::watch_resumed: return "watch_resumed";
    case TraceKind::watch_compacted: return "watch_compacted";
    case TraceKind::client_connecting: return "client_connecting";
    case TraceKind::client_step: return "client_step";
    case TraceKind::client_established: return "client_established";
    case TraceKind::client_failed: return "client_failed";
    case TraceKind::client_closed: return "client_closed";
    case TraceKind::client_query_sent: return "client_query_sent";
    case TraceKind::client_query_answered: return "client_query_answered";
    case TraceKind::client_query_failed: return "client_query_failed";
    case TraceKind::client_attempt_failed: return "client_attempt_failed";
    case TraceKind::client_lost: return "client_lost";
    case TraceKind::client_first_answer: return "client_first_answer";
    case TraceKind::syn_dropped: return "syn_dropped";
    case TraceKind::syn_retransmitted: return "syn_retransmitted";
    case TraceKind::descriptor_limit: return "descriptor_limit";
    case TraceKind::memory_limit: return "memory_limit";
    case TraceKind::host_fault: return "host_fault";
    case TraceKind::fault_started: return "fault_started";
    case TraceKind::fault_healed: return "fault_healed";
    case TraceKind::route_clusters: return "route_clusters";
    case TraceKind::regions_sorted: return "regions_sorted";
    case TraceKind::path_truth: return "path_truth";
    case TraceKind::credential_ended: return "credential_ended";
    case TraceKind::secret_arrived: return "secret_arrived";
    case TraceKind::answer_mistaken: return "answer_mistaken";
    case TraceKind::held: return "held";
    case TraceKind::flow_totals: return "flow_totals";
    case TraceKind::timer_outlived: return "timer_outlived";
  }
  return "unknown";
}

}  // namespace wanlab::runtime
