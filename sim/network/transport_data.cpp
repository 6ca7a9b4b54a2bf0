// Data on its way: departure, jitter, loss, windows.
#include "sim/network/transport.hpp"

#include <algorithm>

namespace wanlab::network {

namespace {

// Linux's smallest retransmission timeout above the measured round trip (TCP_RTO_MIN).
constexpr std::int64_t minimum_timeout = 200'000'000;
constexpr std::int64_t maximum_timeout = 120'000'000'000;
// Some buckets of the event queue.
constexpr std::int64_t soon = 500'000;
// A router queue holds this much time; what would wait longer is dropped.
constexpr std::int64_t longest_queue = 100'000'000;
// What a paused reader's kernel takes in before its window closes (the middle of Linux's tcp_rmem
// grows to about this on a long path).
constexpr std::size_t receive_window = 1024 * 1024;
// How often Linux repeats what a closed socket still has to say (tcp_orphan_retries).
constexpr std::uint16_t orphan_retries = 8;

constexpr std::uint32_t segments_of(std::uint64_t bytes) {
  return static_cast<std::uint32_t>((bytes + segment_payload - 1) / segment_payload);
}

}  // namespace

// When, and how hurt, a burst of segments gets across.
struct Transport::Crossing {
  std::int64_t departs;      // the last bit leaves the sender
  std::int64_t arrives;      // in time order of its own, not yet held back by what was sent before
  std::uint32_t first_lost;  // index of the first lost segment, or the number of segments
  std::uint32_t first_late;  // the same for segments that others overtook
};

Transport::Crossing Transport::cross(Endpoint& from, Path& path, std::int64_t departs,
                                     std::uint32_t wire_payload, std::uint32_t segments) {
  Crossing crossing{departs, 0, segments, segments};
  path.bytes += wire_payload + segments * segment_headers;
  ++path.messages;
  if (path.bits_per_second != 0) {
    const std::uint64_t bits = std::uint64_t{wire_payload + segments * segment_headers} * 8;
    // The link is charged at once, also for what a busy host hands over only later: whatever leaves
    // earlier than that must not wait behind it.
    const std::int64_t now = nanoseconds(simulation_.now());
    const auto takes = static_cast<std::int64_t>(bits * 1'000'000'000u / path.bits_per_second);
    path.free_at = std::max(now, path.free_at) + takes;
    crossing.departs = std::max(departs + takes, path.free_at);
  }
  crossing.arrives = crossing.departs + path.base();
  if (path.uncertain) {
    const std::uint64_t side = from.server_side;
    const RandomBlock block =
        draws_.block(from.identity, (std::uint64_t{from.sends++} << 1) | side);
    if (path.jitter_mean != 0) {
      crossing.arrives += exponential(Duration(path.jitter_mean), block.low()).count();
    }
    const std::uint32_t loss = std::max(path.loss, path.extra_loss);
    if (loss != 0) {
      std::uint64_t bits = block.high();
      for (std::uint32_t i = 0; i < segments && i < crossing.first_lost; ++i) {
        if (static_cast<std::uint32_t>(bits) < loss) {
          crossing.first_lost = i;
          break;
        }
        bits = mix(bits);
      }
    }
    if (path.reordered != 0) [[unlikely]] {
      // The receiver hands on what is complete, so one late segment delays all of the burst.
      std::uint64_t bits = mix(~block.high());
      for (crossing.first_late = 0; crossing.first_late < segments; ++crossing.first_late) {
        if (static_cast<std::uint32_t>(bits) < path.reordered) {
          crossing.arrives += path.reorder_delay;
          break;
        }
        bits = mix(bits);
      }
    }
  }
  if (crossing.first_lost != segments) {
    ++path.lost;
    ++machines_[from.machine]->segments_lost;
  }
  return crossing;
}

// Whether the router before the link has no room: what is sent now is dropped there.
bool Transport::queue_full(const Path& path) const {
  return path.bits_per_second != 0 && path.free_at - nanoseconds(simulation_.now()) > longest_queue;
}

void Transport::transmit(EndpointId id, MessageId message_id, std::uint32_t wire_payload,
                         bool reliable) {
  Endpoint& from = (*this)[id];
  Message& message = messages_[message_id];
  Path& path = paths_[from.path];
  Machine& machine = *machines_[from.machine];
  // The kernel answers for TCP without waiting for a core; everything else leaves after its work.
  const bool by_kernel =
      message.kind <= MessageKind::acknowledge && message.kind != MessageKind::syn;
  const std::int64_t departs =
      nanoseconds(by_kernel ? simulation_.now() : std::max(simulation_.now(), machine.leaves()));
  if (message.kind == MessageKind::syn) {
    message.attempt = from.attempt;
    from.all_acknowledged = departs;  // remembered as the time of the SYN until the stream is open
  }
  message.sender = id;
  const std::uint32_t segments = std::max(1u, segments_of(wire_payload));
  const bool dropped = !path.open() || queue_full(path);
  Crossing crossing{};
  if (!dropped) crossing = cross(from, path, departs, wire_payload, segments);
  const bool lost = dropped || crossing.first_lost != segments;
  if (lost && tap_ != nullptr && (message.kind == MessageKind::syn || !reliable)) [[unlikely]] {
    tell_tap(from, message, departs, -1);
  }
  if (lost && message.kind == MessageKind::syn) {
    messages_.give_back(message_id);
    const auto next = static_cast<std::uint16_t>(from.attempt + 1);
    post_to_self(id, Instant(Duration(departs)) + std::chrono::seconds(1 << from.attempt),
                 MessageKind::retry_connect, next);
    return;
  }
  if (lost && !reliable) {
    messages_.give_back(message_id);
    return;
  }
  if (dropped) {
    // Handshake flights and the end of a stream are repeated until there is a way through.
    const std::int64_t wait =
        std::min(minimum_timeout << std::min<std::uint16_t>(message.attempt, 9), maximum_timeout);
    ++message.attempt;
    simulation_.post(machine.origin, Instant(Duration(departs + wait)), kind_ + 1, id, message_id);
    return;
  }
  if (lost) {
    const std::int64_t round_trip = path.base() + paths_[path.reverse].base();
    crossing.arrives =
        repeat_until_through(from, path, crossing.arrives, round_trip + minimum_timeout);
  }
  from.in_order = std::max(from.in_order, crossing.arrives);
  if (tap_ != nullptr) [[unlikely]] {
    tell_tap(from, message, crossing.departs, from.in_order);
  }
  // What arrives within a few buckets was not there when those were announced.
  if (from.in_order - nanoseconds(simulation_.now()) < soon) anticipate(from.peer);
  simulation_.post(machine.origin, Instant(Duration(from.in_order)), kind_, from.peer, message_id);
}

void Transport::tell_tap(const Endpoint& from, const Message& message, std::int64_t departs,
                         std::int64_t arrives) const {
  tap_->passes({.from = *machines_[from.machine],
                .to = *machines_[(*this)[from.peer].machine],
                .connection = from.identity,
                .port = from.port,
                .from_server = from.server_side != 0,
                .secure = from.tls == TlsState::established,
                .kind = message.kind,
                .payload = message.view(),
                .departs = departs,
                .arrives = arrives});
}

// The arrival of a retransmission that may be lost itself; the timeout doubles each time (RFC
// 6298).
std::int64_t Transport::repeat_until_through(Endpoint& from, Path& path, std::int64_t would_arrive,
                                             std::int64_t timeout) {
  const std::uint32_t loss = std::max(path.loss, path.later_loss);
  for (int attempt = 0; attempt < 12; ++attempt) {
    would_arrive += std::min(timeout, maximum_timeout);
    timeout *= 2;
    const RandomBlock block =
        draws_.block(from.identity, (std::uint64_t{from.sends++} << 1) | from.server_side);
    if (block.word[0] >= loss) break;
    ++path.lost;
  }
  return would_arrive;
}

void Transport::retransmit(void* self, const kernel::Event& event) {
  auto& transport = *static_cast<Transport*>(self);
  const MessageId message_id = event.argument();
  Message& message = transport.messages_[message_id];
  Endpoint& endpoint = transport[event.target];
  if (static_cast<std::uint32_t>(endpoint.identity) != message.connection) {
    // The sender closed meanwhile. A FIN still has to reach the peer, but a stream that ended on
    // both sides needs nothing more; the peer's own timers notice the silence.
    transport.messages_.give_back(message_id);
    return;
  }
  transport.transmit(event.target, message_id, 0);
}

void Transport::send(EndpointId id, ByteView bytes) {
  Endpoint& endpoint = (*this)[id];
  if (endpoint.state != StreamState::open || bytes.empty()) return;
  if (endpoint.flow == no_flow) {
    const std::int64_t now = nanoseconds(simulation_.now());
    if (now >= endpoint.all_acknowledged) endpoint.in_flight = 0;
    const Path& path = paths_[endpoint.path];
    if (path.open() && !queue_full(path) && !endpoint.peer_full &&
        endpoint.in_flight + bytes.size() <= initial_window) {
      send_light(id, endpoint, bytes);
      return;
    }
    endpoint.flow = flows_.take();
    if (endpoint.in_flight != 0) {
      flows_[endpoint.flow].sent(endpoint.in_flight, endpoint.all_acknowledged);
    }
  }
  Flow& flow = flows_[endpoint.flow];
  flow.enqueue(bytes);
  pump(id, false);
  if (flow.unsent() >= options_.low_water) flow.above_low_water = true;
}

// The common case: the window has room, so the bytes leave at once as one message.
void Transport::send_light(EndpointId id, Endpoint& endpoint, ByteView bytes) {
  const MessageId message_id = make(endpoint, MessageKind::data, bytes.size());
  Message& message = messages_[message_id];
  std::memcpy(message.payload(), bytes.data(), bytes.size());
  if (corruption_.machine != nullptr) corrupt(endpoint, message);
  std::uint32_t wire = static_cast<std::uint32_t>(bytes.size());
  if (endpoint.tls == TlsState::established) wire += options_.tls.record;
  if (endpoint.finish_pending) {
    endpoint.finish_pending = 0;
    message.detail = 1;
    wire += options_.tls.client_finish;
  }
  transmit(id, message_id, wire);
  endpoint.in_flight += static_cast<std::uint32_t>(bytes.size());
  endpoint.all_acknowledged = std::max(
      endpoint.all_acknowledged, endpoint.in_order + paths_[paths_[endpoint.path].reverse].base());
}

// Sends as much of a flow as window and path allow, and arranges to be called again for the rest.
// `from_event`: no handler of the component is running, so it may be told that there is room again.
void Transport::pump(EndpointId id, bool from_event) {
  Endpoint& endpoint = (*this)[id];
  if (endpoint.flow == no_flow) return;
  Flow& flow = flows_[endpoint.flow];
  Machine& machine = *machines_[endpoint.machine];
  const Path& path = paths_[endpoint.path];
  std::int64_t dropped_until = 0;
  const std::int64_t now = nanoseconds(simulation_.now());
  flow.acknowledge(now);
  const bool open = path.open() && !endpoint.peer_full;
  if (open) flow.retries = 0;
  while (open && flow.unsent() != 0 && flow.in_flight < flow.window) {
    if (queue_full(path)) {
      // The router drops it; the sender notices and tries again with half the window.
      const std::int64_t round_trip = path.base() + paths_[path.reverse].base();
      flow.lost(now, now + round_trip, flow.in_flight == 0);
      ++machine.segments_lost;
      dropped_until = now + round_trip + (flow.in_flight == 0 ? minimum_timeout : 0);
      break;
    }
    const std::uint64_t room = flow.window - flow.in_flight;
    std::uint64_t piece = std::min<std::uint64_t>({flow.unsent(), room, 44 * segment_payload});
    if (piece < flow.unsent()) {
      piece -= piece % segment_payload;
      if (piece == 0 && flow.in_flight != 0) break;  // avoid silly windows
      piece =
          std::max<std::uint64_t>(piece, std::min<std::uint64_t>(flow.unsent(), segment_payload));
    }
    send_piece(id, endpoint, flow, static_cast<std::uint32_t>(piece));
  }
  if (flow.unsent() == 0) {
    flow.buffer.clear();
    flow.offset = 0;
  }
  const bool closing = endpoint.state == StreamState::closing;
  const bool finish_waits = closing && (!open || queue_full(path));
  if (closing && flow.retries > orphan_retries) {
    release(id);  // nobody waits for it any more (tcp_orphan_retries)
    return;
  }
  if ((flow.unsent() != 0 || finish_waits) && now >= flow.wakes_at) {
    std::int64_t again = 0;
    if (dropped_until != 0) {
      again = dropped_until;
    } else if (open && flow.unsent() != 0) {
      again = std::max(flow.flights.front().acknowledged_at, now + 1);
    } else {
      again = now + std::min(minimum_timeout << std::min<std::uint16_t>(flow.retries, 9),
                             maximum_timeout);
      ++flow.retries;
    }
    flow.wakes_at = again;
    post_to_self(id, Instant(Duration(again)),
                 open ? MessageKind::window_opens : MessageKind::retry_send, 0);
  }
  if (closing) {
    if (flow.unsent() != 0 || finish_waits) return;
    send_control(id, MessageKind::finish, 0);
    release(id);
  } else if (from_event && flow.above_low_water && flow.unsent() < options_.low_water) {
    flow.above_low_water = false;
    machine.on_writable(id);
  }
}

void Transport::send_piece(EndpointId id, Endpoint& endpoint, Flow& flow, std::uint32_t bytes) {
  Path& path = paths_[endpoint.path];
  Machine& machine = *machines_[endpoint.machine];
  const std::int64_t departs = nanoseconds(std::max(simulation_.now(), machine.leaves()));
  const std::uint32_t segments = segments_of(bytes);
  std::uint32_t wire = bytes;
  if (endpoint.tls == TlsState::established)
    wire += options_.tls.record * ((bytes + 16'383) / 16'384);
  const Crossing crossing = cross(endpoint, path, departs, wire, segments);
  const std::int64_t back = paths_[path.reverse].base();
  const std::int64_t round_trip = path.base() + back;

  const auto post_part = [&](std::uint32_t offset, std::uint32_t size, std::int64_t arrives) {
    if (size == 0) return;
    const MessageId message_id = make(endpoint, MessageKind::data, size);
    Message& message = messages_[message_id];
    std::memcpy(message.payload(), flow.buffer.data() + flow.offset + offset, size);
    if (corruption_.machine != nullptr) corrupt(endpoint, message);
    if (endpoint.finish_pending) {
      endpoint.finish_pending = 0;
      message.detail = 1;
    }
    message.sender = id;
    endpoint.in_order = std::max(endpoint.in_order, arrives);
    if (tap_ != nullptr) [[unlikely]] {
      tell_tap(endpoint, message, crossing.departs, endpoint.in_order);
    }
    simulation_.post(machine.origin, Instant(Duration(endpoint.in_order)), kind_, endpoint.peer,
                     message_id);
  };

  if (crossing.first_lost == segments) {
    post_part(0, bytes, crossing.arrives);
    flow.sent(bytes, crossing.arrives + back);
    // Three segments that came before it look like its loss (RFC 5681, section 3.2).
    if (segments - crossing.first_late > 3) {
      flow.lost(departs, crossing.arrives + back, false);
    }
  } else {
    // Three later segments tell the sender after one round trip (fast retransmit, RFC 5681);
    // without them only the timer does. Everything behind the hole waits at the receiver.
    const std::uint32_t intact = crossing.first_lost * segment_payload;
    const std::uint64_t later =
        segments - 1 - crossing.first_lost + segments_of(flow.unsent() - bytes);
    const bool by_timeout = later < 3 || flow.window < 4 * segment_payload;
    const std::int64_t repaired =
        by_timeout
            ? repeat_until_through(endpoint, path, crossing.arrives, round_trip + minimum_timeout)
            : repeat_until_through(endpoint, path, crossing.arrives, round_trip);
    const std::uint32_t hole = std::min(segment_payload, bytes - intact);
    post_part(0, intact, crossing.arrives);
    post_part(intact, bytes - intact, repaired);
    if (bytes != hole) flow.sent(bytes - hole, crossing.arrives + back);
    flow.sent(hole, repaired + back);
    flow.lost(departs, repaired + back, by_timeout);
  }
  flow.offset += bytes;
}

std::size_t Transport::unsent_bytes(EndpointId id) const {
  const Endpoint& endpoint = (*this)[id];
  return endpoint.flow == no_flow ? 0 : flows_[endpoint.flow].unsent();
}

void Transport::deliver_data(EndpointId id, Endpoint& endpoint, const Message& message) {
  if (endpoint.state != StreamState::open) return;
  Machine& machine = *machines_[endpoint.machine];
  if (endpoint.tls != TlsState::none && endpoint.tls != TlsState::established) {
    // Plain data in the middle of a TLS handshake.
    send_reset(id);
    lose_connection(id, runtime::CloseReason::tls_failed);
    return;
  }
  if (endpoint.paused) {
    Bytes& held = held_back_[id];
    append(held, message.view());
    if (held.size() >= receive_window && has_peer(endpoint)) (*this)[endpoint.peer].peer_full = 1;
    return;
  }
  machine.on_data(id, message.view());
}

void Transport::pause_reading(EndpointId id) {
  Endpoint& endpoint = (*this)[id];
  if (endpoint.state != StreamState::open) return;
  endpoint.paused = 1;
  endpoint.resume_pending = 0;
}

void Transport::resume_reading(EndpointId id) {
  Endpoint& endpoint = (*this)[id];
  if (endpoint.state != StreamState::open || !endpoint.paused || endpoint.resume_pending) return;
  endpoint.resume_pending = 1;
  post_to_self(id, simulation_.now(), MessageKind::resume_reading, 0);
}

void Transport::deliver_held_back(EndpointId id) {
  Endpoint& endpoint = (*this)[id];
  if (!endpoint.resume_pending) return;  // paused again since
  const std::uint64_t identity = endpoint.identity;
  endpoint.resume_pending = 0;
  endpoint.paused = 0;
  const auto held = held_back_.find(id);
  if (held != held_back_.end()) {
    const Bytes bytes = std::move(held->second);
    held_back_.erase(held);
    if (has_peer(endpoint) && (*this)[endpoint.peer].peer_full) {
      // The window opens again; the sender hears of it half a round trip later.
      (*this)[endpoint.peer].peer_full = 0;
      post_to_self(endpoint.peer, simulation_.now() + Duration(paths_[endpoint.path].base()),
                   MessageKind::window_opens, 0);
    }
    if (endpoint.state == StreamState::open) machines_[endpoint.machine]->on_data(id, bytes);
  }
  if (endpoint.identity == identity && endpoint.finish_waits && !endpoint.paused) {
    lose_connection(id, runtime::CloseReason::finished);
  }
}

void Transport::corrupt_next(Machine& machine, std::size_t offset, std::byte flip) {
  corruption_ = {&machine, offset, flip};
}

void Transport::corrupt(const Endpoint& from, Message& message) {
  if (corruption_.machine->index != from.machine || corruption_.offset >= message.size) return;
  message.payload()[corruption_.offset] ^= corruption_.flip;
  corruption_.machine = nullptr;
}

}  // namespace wanlab::network
