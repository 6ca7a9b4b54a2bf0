// Accepting, answering, draining. What a request means is the observer's business.
#include "real_components/backhaul/acceptor.hpp"

#include "real_components/backhaul/acceptor_connection.hpp"

#include <algorithm>

namespace wanlab::backhaul {
namespace {

// Low 48 bits of a cookie: a connection's slot and epoch, or one of these.
constexpr runtime::Cookie own_timer = runtime::Cookie{1} << 47;
constexpr runtime::Cookie tick_timer = own_timer | 1;
constexpr runtime::Cookie drain_timer = own_timer | 2;
constexpr runtime::Cookie deadline_timer = own_timer | 3;
constexpr Duration tick_interval = 1s;
// Slots fit 16 bits less the one that marks timers; epochs fill the low 31.
constexpr std::uint32_t slot_mask = 0xffff;
constexpr std::uint32_t epoch_mask = 0x7fffffff;

}  // namespace

Acceptor::Acceptor(runtime::Runtime& runtime, const AcceptorOptions& options, std::uint8_t tag,
                   RequestObserver& observer)
    : runtime_(runtime), options_(options), observer_(observer), tag_(tag) {}

Acceptor::~Acceptor() = default;

void Acceptor::start() {
  runtime_.listen(options_.port, {options_.mutual_tls, options_.backlog});
}

Acceptor::Connection* Acceptor::connection_of(runtime::Cookie cookie) const {
  const auto index = static_cast<std::uint32_t>((cookie >> 31) & slot_mask);
  if (!owns(cookie) || index >= connections_.size()) return nullptr;
  Connection& connection = *connections_[index];
  return connection.live && connection.epoch == (cookie & epoch_mask) ? &connection : nullptr;
}

Acceptor::Connection* Acceptor::connection_of(RequestId request) const {
  if (request.connection >= connections_.size()) return nullptr;
  Connection& connection = *connections_[request.connection];
  return connection.live ? &connection : nullptr;
}

runtime::Cookie Acceptor::on_accept(runtime::ConnectionId id, const runtime::PeerInfo& peer) {
  if (draining_ || live_ >= std::min(options_.max_connections, slot_mask)) {
    runtime_.abort(id);
    return 0;
  }
  if (free_connections_.empty()) {
    const auto next = static_cast<std::uint32_t>(connections_.size());
    connections_.push_back(std::make_unique<Connection>(*this, next));
    free_connections_.push_back(next);
  }
  Connection& connection = *connections_[free_connections_.back()];
  free_connections_.pop_back();
  connection.mux.restart();
  connection.mux.set_load(load_, draining_);
  connection.frames_declared = 0;
  connection.epoch = (connection.epoch + 1) & epoch_mask;
  connection.identity = peer.identity;
  connection.last_heard = runtime_.now();
  connection.told_to_leave = Instant::max();
  connection.id = id;
  connection.live = true;
  ++live_;
  if (!ticking_) {
    ticking_ = true;
    runtime_.wake_after(tick_interval, runtime::Cookie{tag_} << 48 | tick_timer);
  }
  flush(connection);
  return runtime::Cookie{tag_} << 48 | runtime::Cookie{connection.index} << 31 | connection.epoch;
}

void Acceptor::on_data(runtime::ConnectionId, runtime::Cookie cookie, ByteView bytes) {
  Connection* connection = connection_of(cookie);
  if (connection == nullptr) return;
  connection->last_heard = runtime_.now();
  connection->busy = true;
  connection->mux.receive(bytes, runtime_.now());
  connection->busy = false;
  flush(*connection);
  if (connection->mux.failed()) drop(*connection);
}

void Acceptor::on_writable(runtime::ConnectionId, runtime::Cookie cookie) {
  if (Connection* connection = connection_of(cookie)) flush(*connection);
}

void Acceptor::on_close(runtime::ConnectionId, runtime::Cookie cookie, runtime::CloseReason) {
  Connection* connection = connection_of(cookie);
  if (connection == nullptr) return;
  connection->id = runtime::no_connection;
  drop(*connection);
}

// Ends a connection: what its mux still had to say is said, its requests are cancelled.
void Acceptor::drop(Connection& connection) {
  if (connection.id != runtime::no_connection) runtime_.close(connection.id);
  connection.id = runtime::no_connection;
  connection.live = false;
  --live_;
  connection.busy = true;
  connection.mux.connection_lost();
  connection.busy = false;
  connection.mux.trim();
  connection.forget_places();
  connection.identity = std::string();
  free_connections_.push_back(connection.index);
}

void Acceptor::flush(Connection& connection) {
  if (connection.busy) return;
  connection.busy = true;
  while (runtime_.unsent_bytes(connection.id) < options_.low_water) {
    const ByteView ready = connection.mux.output(runtime_.now());
    connection.declare_work(runtime_);
    if (ready.empty()) break;
    runtime_.send(connection.id, ready);
    connection.mux.wrote(ready.size());
  }
  connection.busy = false;
}

bool Acceptor::respond(RequestId request, ByteView first, ByteView second, bool end) {
  Connection* connection = connection_of(request);
  if (connection == nullptr || !connection->mux.send(request.stream, first, second, end)) {
    return false;
  }
  flush(*connection);
  return true;
}

bool Acceptor::respond(RequestId request, ByteView part, bool end) {
  return respond(request, part, ByteView{}, end);
}

void Acceptor::reset(RequestId request, ResetReason reason, Processed processed) {
  Connection* connection = connection_of(request);
  if (connection == nullptr) return;
  connection->mux.reset(request.stream, reason, processed);
  flush(*connection);
}

void Acceptor::consumed(RequestId request, std::size_t bytes) {
  Connection* connection = connection_of(request);
  if (connection == nullptr) return;
  connection->mux.consumed(request.stream, bytes);
  flush(*connection);
}

std::size_t Acceptor::queued_bytes(RequestId request) const {
  const Connection* connection = connection_of(request);
  return connection == nullptr ? 0 : connection->mux.queued_bytes(request.stream);
}

void Acceptor::set_load(std::uint32_t load) {
  load_ = load;
  for (const auto& connection : connections_) connection->mux.set_load(load_, draining_);
}

void Acceptor::drain() {
  if (draining_) return;
  draining_ = true;
  runtime_.stop_listening(options_.port);
  for (const auto& connection : connections_) {
    if (!connection->live) continue;
    connection->mux.set_load(load_, true);
    connection->mux.drain();
    connection->told_to_leave = runtime_.now();
    flush(*connection);
  }
  runtime_.wake_after(options_.drain_grace, runtime::Cookie{tag_} << 48 | drain_timer);
  runtime_.wake_after(options_.drain_deadline, runtime::Cookie{tag_} << 48 | deadline_timer);
}

void Acceptor::undrain() {
  if (!draining_) return;
  draining_ = false;
  runtime_.listen(options_.port, {options_.mutual_tls, options_.backlog});
}

void Acceptor::on_timer(runtime::Cookie cookie) {
  const runtime::Cookie kind = cookie & (own_timer | 0xff);
  if (kind == tick_timer) return tick();
  for (const auto& connection : connections_) {
    // Connections of a later time, and of a later drain, are none of this timer's business.
    const Duration since = kind == drain_timer ? options_.drain_grace : options_.drain_deadline;
    if (!connection->live || runtime_.now() - since < connection->told_to_leave) continue;
    if (kind == drain_timer) {
      connection->mux.drain_finally();
      flush(*connection);
    } else if (kind == deadline_timer) {
      connection->mux.close(MuxError::going_away);
      flush(*connection);
      drop(*connection);
    }
  }
}

// Gives up peers that are silent or hold back the rest of a frame.
void Acceptor::tick() {
  const Instant now = runtime_.now();
  for (const auto& connection : connections_) {
    if (!connection->live) continue;
    const auto partial = connection->mux.partial_frame_since();
    const bool stalling = partial && now - *partial >= options_.partial_frame_timeout;
    if (stalling || now - connection->last_heard >= options_.idle_timeout) {
      connection->mux.close(MuxError::timed_out);
      flush(*connection);
      drop(*connection);
    } else if (connection->mux.open_streams() == 0) {
      if (connection->all_places_free()) connection->forget_places();
      connection->mux.trim();
    } else {
      flush(*connection);
    }
  }
  ticking_ = live_ != 0;
  if (ticking_) runtime_.wake_after(tick_interval, runtime::Cookie{tag_} << 48 | tick_timer);
}

std::uint32_t Acceptor::requests_in_flight() const {
  std::uint32_t sum = 0;
  for (const auto& connection : connections_) sum += connection->mux.open_streams();
  return sum;
}

std::size_t Acceptor::memory_bytes() const {
  std::size_t sum = sizeof(*this);
  for (const auto& connection : connections_) {
    sum += sizeof(Connection) - sizeof(Mux) + connection->mux.memory_bytes();
    for (const Bytes& place : connection->places) sum += sizeof(Bytes) + place.capacity();
  }
  return sum;
}

std::string Acceptor::check_invariants() const {
  std::uint32_t live = 0;
  for (const auto& connection : connections_) {
    if (connection->busy) return "a connection is left busy";
    live += connection->live;
    if (!connection->live && connection->mux.open_streams() != 0) {
      return "I7: a request outlived its connection";
    }
    if (!connection->live) continue;
    if (std::string broken = connection->mux.check_invariants(); !broken.empty()) return broken;
  }
  return live == live_ ? std::string() : "connections miscounted";
}

void Acceptor::add_flow_totals(std::map<std::string, FlowTotals>& totals) const {
  for (const auto& connection : connections_) {
    if (connection->live) connection->mux.add_totals(totals[connection->identity]);
  }
}

}  // namespace wanlab::backhaul
