// What work costs a simulated machine by default, and where each figure comes from.
#pragma once

#include "real_components/runtime/time.hpp"
#include "real_components/runtime/work.hpp"

#include <array>

namespace wanlab::scenario {

using Costs = std::array<Duration, runtime::work_kinds>;  // CPU time of one unit, by Work

constexpr Costs default_costs() {
  Costs costs{};
  const auto set = [&costs](runtime::Work work, Duration cost) {
    costs[static_cast<std::size_t>(work)] = cost;
  };
  // Kernel work of one accepted socket. Assumption: about 100,000 accepts a second and core.
  set(runtime::Work::accept_connection, std::chrono::microseconds(10));
  // Full TLS 1.3 handshakes with ECDSA P-256 on OpenSSL 3.0, both ends on one core: 1.43 to 1.51
  // thousand a second measured, so 690 us for both. Split by the public-key operations of each end
  // as `openssl speed` times them (server: key, ECDH, sign = 59 us; client: key, ECDH, two
  // verifications = 127 us), the rest in halves.
  set(runtime::Work::tls_handshake_server, std::chrono::microseconds(310));
  set(runtime::Work::tls_handshake_client, std::chrono::microseconds(380));
  // System call, record encryption and codec of one small packet. Assumption.
  set(runtime::Work::mysql_packet, std::chrono::microseconds(2));
  // caching_sha2_password fast path: 0.82 us measured (1.2 million proofs a second and core).
  set(runtime::Work::verify_proof, std::chrono::nanoseconds(820));
  // Lookup, admission and forwarding of one statement. Assumption.
  set(runtime::Work::route_query, std::chrono::microseconds(2));
  // One frame of the multiplexer with its share of a batched system call. Assumption.
  set(runtime::Work::backhaul_frame, std::chrono::nanoseconds(500));
  // A point query by primary key on a warm MySQL: about ten thousand a second and core. Assumption.
  set(runtime::Work::serve_statement, std::chrono::microseconds(100));
  return costs;
}

}  // namespace wanlab::scenario
