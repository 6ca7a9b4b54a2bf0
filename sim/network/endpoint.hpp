// One side of a stream, as its host's kernel would hold it: 64 bytes, one cache line.
#pragma once

#include "real_components/runtime/runtime.hpp"

#include <cstdint>

namespace wanlab::network {

using EndpointId = std::uint32_t;
inline constexpr EndpointId no_endpoint = 0xffffffff;
inline constexpr std::uint32_t no_flow = 0xffffffff;
using PathId = std::uint32_t;

// Payload bytes of a full segment: 1500 minus IPv4, TCP and timestamps (20 + 20 + 12).
inline constexpr std::uint32_t segment_payload = 1448;
inline constexpr std::uint32_t segment_headers = 52;
// RFC 6928.
inline constexpr std::uint32_t initial_window = 10 * segment_payload;

enum class StreamState : std::uint8_t {
  free,
  connecting,  // client: SYN sent
  accepting,   // server: SYN-ACK sent
  open,
  closing,  // closed by its owner, data still leaving
};

enum class TlsState : std::uint8_t {
  none,
  expecting_client_hello,   // server
  expecting_server_flight,  // client
  expecting_client_finish,  // server
  expecting_server_finish,  // client, TLS 1.2 in full
  established,
};

struct alignas(64) Endpoint {
  std::uint64_t cookie;  // the component's, 56 bits
  std::uint64_t
      identity;  // of the stream and side; from names, so draws do not depend on neighbours
  std::int64_t in_order;  // nothing sent later may arrive at the peer before this (nanoseconds)
  std::int64_t all_acknowledged;  // when everything sent on the light path will be acknowledged
  EndpointId peer;
  std::uint32_t machine;    // the host this side belongs to
  PathId path;              // towards the peer
  std::uint32_t flow;       // bulk state, only while the window is or was exceeded
  std::uint32_t in_flight;  // bytes sent on the light path and not yet acknowledged
  std::uint32_t sends;      // counter of random draws
  std::uint16_t port;       // the listening port, on both sides
  StreamState state;
  TlsState tls;
  runtime::TlsVersion version;      // of TLS
  std::uint8_t tls_from_start : 1;  // TLS belongs to connecting (mutual TLS of the backhaul)
  std::uint8_t finish_pending : 1;  // our TLS Finished rides with the next message
  std::uint8_t paused : 1;
  std::uint8_t resume_pending : 1;  // reading goes on once the present handler is done
  std::uint8_t peer_full : 1;       // the peer's receive window is closed
  std::uint8_t server_side : 1;
  std::uint8_t announced : 1;  // the component knows this connection
  std::uint8_t
      finish_waits : 1;  // the peer's FIN is behind data that a paused component has not read
  std::uint8_t attempt;  // of the SYN
};
static_assert(sizeof(Endpoint) == 64);

}  // namespace wanlab::network
