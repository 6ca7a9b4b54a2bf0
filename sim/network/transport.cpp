// Connections: how they begin, become secure, and end. How data travels is in transport_data.cpp.
#include "sim/network/transport.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::network {

namespace {

// tcp_syn_retries = 6: the SYN is repeated after 1, 3, 7, 15, 31 and 63 s; at 127 s the attempt
// fails.
constexpr std::uint16_t maximum_syn_attempts = 7;
constexpr Duration syn_timeout(std::uint16_t attempt) {
  return std::chrono::seconds(1 << attempt);
}

std::uint32_t connection_tag(const Endpoint& endpoint) {
  return static_cast<std::uint32_t>(endpoint.identity);
}

// How long a listener with mutual TLS waits for a client that connected and then says nothing.
constexpr Duration server_handshake_limit = std::chrono::seconds(10);

}  // namespace

Transport::Transport(kernel::Simulation& simulation, Wan& wan, const TransportOptions& options,
                     kernel::Kind kind)
    : simulation_(simulation),
      wan_(wan),
      options_(options),
      kind_(kind),
      draws_(options.seed, "network/segments") {
  simulation_.set_handler(kind_, this, &Transport::handle, &Transport::prefetch);
  simulation_.set_handler(kind_ + 1, this, &Transport::retransmit);
}

void Transport::add(Machine& machine, const void* state) {
  machine.index = static_cast<std::uint32_t>(machines_.size());
  machines_.push_back(&machine);
  hot_.push_back({static_cast<const std::byte*>(state), nullptr});
}

EndpointId Transport::allocate() {
  if (free_.empty()) {
    const auto first = static_cast<EndpointId>(slabs_.size() << slab_shift);
    slabs_.push_back(std::make_unique<Endpoint[]>(std::size_t{1} << slab_shift));
    for (EndpointId i = 1u << slab_shift; i-- > 0;) free_.push_back(first + i);
  }
  const EndpointId id = free_.back();
  free_.pop_back();
  ++open_;
  return id;
}

void Transport::set_up(EndpointId id, Machine& machine, PathId path, std::uint64_t identity) {
  Endpoint& endpoint = (*this)[id];
  endpoint = Endpoint{};
  endpoint.identity = identity;
  endpoint.machine = machine.index;
  endpoint.path = path;
  endpoint.flow = no_flow;
  endpoint.peer = no_endpoint;
}

EndpointId Transport::connect(Machine& client, Machine& server, std::uint16_t port,
                              const runtime::ConnectOptions& options, std::uint64_t cookie) {
  const std::uint64_t identity = mix(client.name_hash, ++client.connections_opened);
  const PathId forward = path_between(client.site, client.zone, server.site, server.zone);
  const EndpointId near = allocate();
  const EndpointId far = allocate();
  set_up(near, client, forward, identity);
  set_up(far, server, paths_[forward].reverse, identity);
  Endpoint& here = (*this)[near];
  Endpoint& there = (*this)[far];
  here.peer = far;
  here.cookie = cookie;
  here.port = port;
  here.state = StreamState::connecting;
  here.announced = 1;
  here.version = options.tls;
  here.tls_from_start = options.tls != runtime::TlsVersion::none;
  there.peer = near;
  there.port = port;
  there.state = StreamState::connecting;
  there.server_side = 1;
  there.version = options.tls;
  send_syn(near);
  if (options.timeout > Duration::zero()) {
    post_deadline(near, simulation_.now() + options.timeout, Deadline::connecting);
  }
  return near;
}

EndpointId Transport::connect_nowhere(Machine& client, std::uint64_t cookie) {
  const EndpointId id = allocate();
  set_up(id, client, 0, mix(client.name_hash, ++client.connections_opened));
  Endpoint& endpoint = (*this)[id];
  endpoint.cookie = cookie;
  endpoint.state = StreamState::connecting;
  endpoint.announced = 1;
  post_deadline(id, simulation_.now(), Deadline::unreachable);
  return id;
}

MessageId Transport::make(const Endpoint& from, MessageKind kind, std::size_t payload) {
  const MessageId id = messages_.take(payload);
  Message& message = messages_[id];
  message.kind = kind;
  message.connection = connection_tag(from);
  return id;
}

void Transport::post_to_self(EndpointId id, Instant at, MessageKind kind, std::uint16_t attempt) {
  const Endpoint& endpoint = (*this)[id];
  const MessageId message = make(endpoint, kind, 0);
  messages_[message].attempt = attempt;
  simulation_.post(machines_[endpoint.machine]->origin, at, kind_, id, message);
}

void Transport::post_deadline(EndpointId id, Instant at, Deadline deadline) {
  const Endpoint& endpoint = (*this)[id];
  const MessageId message = make(endpoint, MessageKind::deadline, 0);
  messages_[message].detail = static_cast<std::uint8_t>(deadline);
  simulation_.post(machines_[endpoint.machine]->origin, at, kind_, id, message);
}

void Transport::send_reset(EndpointId from) {
  transmit(from, make((*this)[from], MessageKind::reset, 0), 0, false);
}

void Transport::send_control(EndpointId from, MessageKind kind, std::uint32_t wire_payload) {
  transmit(from, make((*this)[from], kind, 0), wire_payload);
}

void Transport::send_syn(EndpointId from) {
  send_control(from, MessageKind::syn, 0);
}

void Transport::close(EndpointId id) {
  Endpoint& endpoint = (*this)[id];
  if (endpoint.state == StreamState::free || endpoint.state == StreamState::closing) return;
  if (endpoint.state == StreamState::connecting) {
    release_unborn_peer(id);
    release(id);
    return;
  }
  flush_finish(id, endpoint);
  const bool unsent = endpoint.flow != no_flow && flows_[endpoint.flow].unsent() != 0;
  if (unsent || !paths_[endpoint.path].open() || queue_full(paths_[endpoint.path])) {
    // What was sent still arrives, and the FIN behind it, as soon as window and path allow.
    if (endpoint.flow == no_flow) endpoint.flow = flows_.take();
    endpoint.state = StreamState::closing;
    pump(id, false);
    return;
  }
  send_control(id, MessageKind::finish, 0);
  release(id);
}

void Transport::abort(EndpointId id) {
  Endpoint& endpoint = (*this)[id];
  if (endpoint.state == StreamState::free) return;
  if (endpoint.state == StreamState::connecting) {
    close(id);
    return;
  }
  send_reset(id);
  release(id);
}

void Transport::release(EndpointId id) {
  Endpoint& endpoint = (*this)[id];
  Machine& machine = *machines_[endpoint.machine];
  if (endpoint.state == StreamState::accepting) machine.on_syn_completed(false);
  if (endpoint.announced) machine.on_released();
  if (endpoint.flow != no_flow) flows_.give_back(endpoint.flow);
  if (endpoint.paused) held_back_.erase(id);
  endpoint.state = StreamState::free;
  endpoint.identity = ~endpoint.identity;
  endpoint.flow = no_flow;
  --open_;
  free_.push_back(id);
}

// Whether the slot still holds the other side of this very connection.
bool Transport::has_peer(const Endpoint& endpoint) const {
  return endpoint.peer != no_endpoint && (*this)[endpoint.peer].identity == endpoint.identity;
}

// The far side of a connection that never came to be goes with it: its component knows nothing of
// it.
void Transport::release_unborn_peer(EndpointId id) {
  const Endpoint& endpoint = (*this)[id];
  if (!has_peer(endpoint)) return;
  const StreamState state = (*this)[endpoint.peer].state;
  if (state == StreamState::connecting || state == StreamState::accepting) release(endpoint.peer);
}

void Transport::lose_connection(EndpointId id, runtime::CloseReason reason) {
  Endpoint& endpoint = (*this)[id];
  Machine& machine = *machines_[endpoint.machine];
  if (endpoint.state == StreamState::free) return;
  const std::uint64_t identity = endpoint.identity;
  release_unborn_peer(id);
  if (endpoint.announced && endpoint.state != StreamState::closing) {
    const bool known =
        !(endpoint.server_side && endpoint.tls_from_start && endpoint.tls != TlsState::established);
    if (known) machine.on_close(id, reason);
  }
  // The component may have closed it itself, and the slot may serve another connection by now.
  if (endpoint.state != StreamState::free && endpoint.identity == identity) release(id);
}

void Transport::handle(void* self, const kernel::Event& event) {
  static_cast<Transport*>(self)->deliver(event.target, event.argument());
}

void Transport::prefetch(void* self, const kernel::Event& event,
                         kernel::Simulation::Nearness nearness) {
  auto& transport = *static_cast<Transport*>(self);
  if (nearness == kernel::Simulation::Nearness::far) {
    __builtin_prefetch(&transport[event.target], 1);
    const Message& message = transport.messages_[event.argument()];
    __builtin_prefetch(&message, 1);
    __builtin_prefetch(message.payload() + 64);
    return;
  }
  const Endpoint& endpoint = transport[event.target];
  if (nearness == kernel::Simulation::Nearness::near) {
    transport.anticipate_machine(endpoint.machine);
  } else if (endpoint.state == StreamState::open) {
    transport.machines_[endpoint.machine]->anticipate(endpoint.cookie, false);
  }
}

void Transport::deliver(EndpointId id, MessageId message_id) {
  Message& message = messages_[message_id];
  Endpoint& endpoint = (*this)[id];
  if (endpoint.state == StreamState::free || connection_tag(endpoint) != message.connection) {
    answer_with_reset(message);  // nobody is there any more
    messages_.give_back(message_id);
    return;
  }
  Machine& machine = *machines_[endpoint.machine];
  if (machine.down) {
    hold_for_thaw(machine, id, message_id);
    return;
  }
  if (endpoint.state == StreamState::accepting && message.kind != MessageKind::syn) {
    // Whatever comes through proves that the SYN-ACK arrived; the ACK itself may be late.
    machine.enter();
    on_established(id, endpoint);
    machine.leave();
    if (endpoint.state == StreamState::free) {
      messages_.give_back(message_id);
      return;
    }
  }
  if (message.kind == MessageKind::data) {
    if (endpoint.state == StreamState::open) {
      machine.enter();
      // A Finished rides with the data, or was held up on the way and is implied by it.
      if (endpoint.tls == TlsState::expecting_client_finish) secured(id, endpoint);
      deliver_data(id, endpoint, message);
      machine.leave();
    }
  } else {
    deliver_control(id, endpoint, message);
  }
  messages_.give_back(message_id);
}

// TCP answers a segment for a connection it does not know with RST, unless it is one itself. That
// is how a peer learns of an end whose announcement was lost.
void Transport::answer_with_reset(const Message& message) {
  switch (message.kind) {
    case MessageKind::data:
    case MessageKind::acknowledge:
    case MessageKind::client_hello:
    case MessageKind::server_flight:
    case MessageKind::client_finish:
    case MessageKind::server_finish:
      break;
    default:
      return;
  }
  const Endpoint& sender = (*this)[message.sender];
  if (sender.state == StreamState::free || connection_tag(sender) != message.connection) return;
  const Path& back = paths_[paths_[sender.path].reverse];
  if (!back.open()) return;
  simulation_.post(machines_[sender.machine]->origin, simulation_.now() + Duration(back.base()),
                   kind_, message.sender, make(sender, MessageKind::reset, 0));
}

// A frozen host hears nothing. What its peers' retransmissions would repeat waits, in order;
// attempts to connect are lost like any SYN without an answer.
void Transport::hold_for_thaw(Machine& machine, EndpointId id, MessageId message_id) {
  Message& message = messages_[message_id];
  if (message.kind != MessageKind::syn) {
    frozen_[machine.index].emplace_back(id, message_id);
    return;
  }
  repeat_syn((*this)[id], message.attempt);
  messages_.give_back(message_id);
}

void Transport::thaw(Machine& machine) {
  machine.down = false;
  const auto waiting = frozen_.extract(machine.index);
  if (waiting.empty()) return;
  for (const auto& [endpoint, message] : waiting.mapped()) deliver(endpoint, message);
}

void Transport::deliver_control(EndpointId id, Endpoint& endpoint, const Message& message) {
  Machine& machine = *machines_[endpoint.machine];
  machine.enter();
  switch (message.kind) {
    case MessageKind::syn:
      on_syn(id, message);
      break;
    case MessageKind::syn_ack:
      if (endpoint.state == StreamState::connecting) on_established(id, endpoint);
      break;
    case MessageKind::acknowledge:
      break;  // deliver() has seen to it
    case MessageKind::refused:
      lose_connection(id, runtime::CloseReason::refused);
      break;
    case MessageKind::finish:
      if (endpoint.paused) {
        endpoint.finish_waits = 1;
      } else {
        lose_connection(id, runtime::CloseReason::finished);
      }
      break;
    case MessageKind::reset:
      lose_connection(id, runtime::CloseReason::reset);
      break;
    case MessageKind::retry_connect:
      if (endpoint.state != StreamState::connecting) break;
      endpoint.attempt = static_cast<std::uint8_t>(message.attempt);
      if (message.attempt >= maximum_syn_attempts) {
        lose_connection(id, runtime::CloseReason::timed_out);
      } else {
        ++machine.syn_retransmissions;
        send_syn(id);
      }
      break;
    case MessageKind::deadline:
      on_deadline(id, endpoint, static_cast<Deadline>(message.detail));
      break;
    case MessageKind::window_opens:
    case MessageKind::retry_send:
      pump(id, true);
      break;
    case MessageKind::resume_reading:
      deliver_held_back(id);
      break;
    default:
      deliver_tls(id, endpoint, message);
  }
  machine.leave();
}

void Transport::on_deadline(EndpointId id, Endpoint& endpoint, Deadline deadline) {
  const bool securing = endpoint.tls_from_start && endpoint.tls != TlsState::established;
  switch (deadline) {
    case Deadline::bad_upgrade:
      // The engine's alert and the end of the connection, as far as the peer is concerned.
      send_reset(id);
      lose_connection(id, runtime::CloseReason::tls_failed);
      break;
    case Deadline::unreachable:
      lose_connection(id, runtime::CloseReason::unreachable);
      break;
    case Deadline::connecting:
    case Deadline::server_handshake:
      if (endpoint.state != StreamState::connecting && !securing) break;
      if (endpoint.state == StreamState::open) send_reset(id);
      lose_connection(id, runtime::CloseReason::timed_out);
      break;
  }
}

// The client hears nothing: only its own timer brings the next attempt.
void Transport::repeat_syn(const Endpoint& server, std::uint16_t attempt) {
  if (!has_peer(server)) return;
  const Endpoint& client = (*this)[server.peer];
  const Instant again = Instant(Duration(client.all_acknowledged)) + syn_timeout(attempt);
  post_to_self(server.peer, std::max(again, simulation_.now()), MessageKind::retry_connect,
               static_cast<std::uint16_t>(attempt + 1));
}

void Transport::on_syn(EndpointId id, const Message& message) {
  Endpoint& endpoint = (*this)[id];
  Machine& machine = *machines_[endpoint.machine];
  if (endpoint.state != StreamState::connecting) return;
  bool mutual_tls = false;
  switch (machine.on_syn(endpoint.port, mutual_tls)) {
    case SynVerdict::take:
      endpoint.state = StreamState::accepting;
      endpoint.tls_from_start = mutual_tls;
      send_control(id, MessageKind::syn_ack, 0);
      break;
    case SynVerdict::drop:
      repeat_syn(endpoint, message.attempt);
      break;
    case SynVerdict::refuse:
      send_control(id, MessageKind::refused, 0);
      break;
  }
}

void Transport::on_established(EndpointId id, Endpoint& endpoint) {
  Machine& machine = *machines_[endpoint.machine];
  if (endpoint.server_side) {
    machine.on_syn_completed(true);
    endpoint.state = StreamState::open;
    endpoint.announced = 1;
    if (!endpoint.tls_from_start) {
      accept(id, endpoint);
      return;
    }
    endpoint.tls = TlsState::expecting_client_hello;
    post_deadline(id, simulation_.now() + server_handshake_limit, Deadline::server_handshake);
    return;
  }
  endpoint.state = StreamState::open;
  endpoint.all_acknowledged = 0;
  send_control(id, MessageKind::acknowledge, 0);
  if (endpoint.tls_from_start) {
    start_tls_client(id, endpoint.version);
  } else {
    machine.on_connect(id);
  }
}

// The component hears of a connection only while its other end is there to be told about.
void Transport::accept(EndpointId id, Endpoint& endpoint) {
  if (has_peer(endpoint)) {
    machines_[endpoint.machine]->on_accept(id);
  } else {
    release(id);  // the client left already; its FIN or RST is on the way and finds nobody
  }
}

void Transport::reset_all(Machine& machine) {
  if (const auto waiting = frozen_.extract(machine.index); !waiting.empty()) {
    for (const auto& [endpoint, message] : waiting.mapped()) messages_.give_back(message);
  }
  for (EndpointId id = 0; id < slabs_.size() << slab_shift; ++id) {
    Endpoint& endpoint = (*this)[id];
    if (endpoint.state == StreamState::free || endpoint.machine != machine.index) continue;
    if (endpoint.state == StreamState::connecting) {
      // A SYN still under way to this host will find it as it is then.
      if (endpoint.server_side) continue;
      release_unborn_peer(id);
    } else if (endpoint.state == StreamState::accepting) {
      send_control(id, MessageKind::reset, 0);  // the client has no data to learn of it by
    } else {
      send_reset(id);
    }
    release(id);
  }
}

std::size_t Transport::memory_bytes() const {
  return (slabs_.size() << slab_shift) * sizeof(Endpoint) + free_.capacity() * sizeof(EndpointId) +
         messages_.memory_bytes() + flows_.memory_bytes() + paths_.capacity() * sizeof(Path);
}

}  // namespace wanlab::network
