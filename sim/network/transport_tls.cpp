// TLS on a stream: its flights are represented by their sizes, their order and their CPU time.
#include "sim/network/transport.hpp"

#include <array>

namespace wanlab::network {

namespace {

// What a server that did not ask for TLS sees of a client hello: a TLS record header and noise.
constexpr std::array<std::byte, 16> stray_client_hello{
    std::byte{0x16}, std::byte{0x03}, std::byte{0x01}, std::byte{0x02},
    std::byte{0x00}, std::byte{0x01}, std::byte{0x00}, std::byte{0x01},
    std::byte{0xfc}, std::byte{0x03}, std::byte{0x03}, std::byte{0x5a},
    std::byte{0xa5}, std::byte{0x5a}, std::byte{0xa5}, std::byte{0x5a}};

}  // namespace

void Transport::start_tls_client(EndpointId id, runtime::TlsVersion version) {
  Endpoint& endpoint = (*this)[id];
  if (endpoint.state != StreamState::open) return;
  endpoint.version = version;
  endpoint.tls = TlsState::expecting_server_flight;
  const MessageId message = make(endpoint, MessageKind::client_hello, 0);
  messages_[message].detail = static_cast<std::uint8_t>(version);
  transmit(id, message, options_.tls.client_hello);
}

void Transport::start_tls_server(EndpointId id, ByteView already_read) {
  Endpoint& endpoint = (*this)[id];
  if (endpoint.state != StreamState::open) return;
  endpoint.tls = TlsState::expecting_client_hello;
  if (!already_read.empty()) {
    // Plain bytes where a client hello belongs: no TLS engine accepts them.
    post_deadline(id, simulation_.now(), Deadline::bad_upgrade);
  }
}

void Transport::deliver_tls(EndpointId id, Endpoint& endpoint, const Message& message) {
  if (endpoint.state != StreamState::open) return;
  Machine& machine = *machines_[endpoint.machine];
  const bool abbreviated = endpoint.version == runtime::TlsVersion::tls12_resumed;
  switch (message.kind) {
    case MessageKind::client_hello:
      if (endpoint.tls == TlsState::none) {
        machine.on_data(id, stray_client_hello);
        return;
      }
      if (endpoint.tls != TlsState::expecting_client_hello) break;
      endpoint.version = static_cast<runtime::TlsVersion>(message.detail);
      // A resumed session does no signature; what is left is not worth a price of its own.
      if (endpoint.version != runtime::TlsVersion::tls12_resumed) {
        machine.spend(runtime::Work::tls_handshake_server, 1);
      }
      endpoint.tls = TlsState::expecting_client_finish;
      send_control(id, MessageKind::server_flight,
                   endpoint.version == runtime::TlsVersion::tls12_resumed
                       ? options_.tls.server_flight_resumed
                       : options_.tls.server_flight);
      return;
    case MessageKind::server_flight:
      if (endpoint.tls != TlsState::expecting_server_flight) break;
      if (!abbreviated) machine.spend(runtime::Work::tls_handshake_client, 1);
      if (endpoint.version == runtime::TlsVersion::tls12) {
        endpoint.tls = TlsState::expecting_server_finish;
        send_control(id, MessageKind::client_finish, options_.tls.client_finish);
        return;
      }
      endpoint.finish_pending = 1;
      secured(id, endpoint);
      if (endpoint.state == StreamState::open) flush_finish(id, endpoint);
      return;
    case MessageKind::client_finish:
      if (endpoint.tls == TlsState::established) return;  // overtaken by data that implied it
      if (endpoint.tls != TlsState::expecting_client_finish) break;
      if (endpoint.version == runtime::TlsVersion::tls12) {
        send_control(id, MessageKind::server_finish, options_.tls.server_finish);
      }
      secured(id, endpoint);
      return;
    case MessageKind::server_finish:
      if (endpoint.tls != TlsState::expecting_server_finish) break;
      secured(id, endpoint);
      return;
    default:
      break;
  }
  send_reset(id);
  lose_connection(id, runtime::CloseReason::tls_failed);
}

void Transport::secured(EndpointId id, Endpoint& endpoint) {
  endpoint.tls = TlsState::established;
  Machine& machine = *machines_[endpoint.machine];
  if (!endpoint.tls_from_start) {
    machine.on_secure(id);
  } else if (endpoint.server_side) {
    accept(id, endpoint);
  } else {
    machine.on_connect(id);
  }
}

// The TLS Finished travels alone when the component had nothing to send with it.
void Transport::flush_finish(EndpointId id, Endpoint& endpoint) {
  if (!endpoint.finish_pending) return;
  endpoint.finish_pending = 0;
  send_control(id, MessageKind::client_finish, options_.tls.client_finish);
}

}  // namespace wanlab::network
