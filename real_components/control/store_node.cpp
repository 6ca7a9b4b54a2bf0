// Serving the engine to connections.
#include "real_components/control/store_node.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::control {

using runtime::ConnectionId;
using runtime::Cookie;

namespace {
constexpr Cookie lease_timer_cookie = 1;
constexpr Cookie tick_cookie = 2;
constexpr Cookie withheld_cookie = 3;
// Room for the envelope around the largest request the engine accepts.
constexpr std::size_t envelope = 64 * 1024;
}  // namespace

namespace {
bool listed(const std::vector<std::string>& names, std::string_view identity) {
  return names.empty() || std::find(names.begin(), names.end(), identity) != names.end();
}
}  // namespace

struct StoreNode::Peer {
  Peer(std::uint64_t number, ConnectionId its_connection, std::size_t max_message)
      : id(number), connection(its_connection), reader(max_message) {}
  std::uint64_t id;
  ConnectionId connection;
  wire::FrameReader reader;
  Instant heard{};
  bool may_write = false;
  bool blocked = false;  // too much unsent: nothing is read from it and no events go to it
  Bytes postponed;       // read before it was blocked, and not yet looked at
  std::map<std::uint64_t, Watch> watches;
};

StoreNode::StoreNode(runtime::Runtime& runtime, StoreNodeConfig config)
    : runtime_(runtime), config_(config), engine_(config.store) {}
StoreNode::StoreNode(runtime::Runtime& runtime, StoreNodeConfig config, EmbeddedStore engine)
    : runtime_(runtime), config_(std::move(config)), engine_(std::move(engine)) {}
StoreNode::~StoreNode() = default;

void StoreNode::start() {
  engine_.advance(runtime_.now());
  // What the store was filled with before is one fact, not one per revision.
  traced_ = engine_.revision() - 1;
  trace_commits();
  runtime_.listen(config_.port, {config_.mutual_tls, 0});
  arm_lease_timer();
}

void StoreNode::flush() {
  withhold();
  trace_commits();
  arm_lease_timer();
  for (const auto& [id, peer] : peers_) push_events(*peer);
}

void StoreNode::on_timer(Cookie cookie) {
  if (cookie == tick_cookie) return tick();
  if (cookie == withheld_cookie) {
    while (!withheld_.empty() && withheld_.front().first <= runtime_.now()) {
      told_ = withheld_.front().second;
      withheld_.pop_front();
    }
    return flush();
  }
  lease_timer_ = runtime::no_timer;
  lease_timer_at_ = Instant::max();
  engine_.advance(runtime_.now());
  flush();
}

Cookie StoreNode::on_accept(std::uint16_t, ConnectionId connection, const runtime::PeerInfo& info) {
  if (peers_.size() >= config_.max_connections || !listed(config_.readers, info.identity)) {
    runtime_.abort(connection);
    return 0;
  }
  const std::uint64_t id = ++last_peer_;
  auto peer = std::make_unique<Peer>(id, connection, config_.store.max_request_bytes + envelope);
  peer->heard = runtime_.now();
  peer->may_write = listed(config_.writers, info.identity);
  peers_.emplace(id, std::move(peer));
  if (!std::exchange(ticking_, true)) runtime_.wake_after(tick_interval(), tick_cookie);
  return id;
}

void StoreNode::on_data(ConnectionId, Cookie cookie, ByteView bytes) {
  const auto found = peers_.find(cookie);
  if (found == peers_.end()) return;
  Peer& peer = *found->second;
  peer.heard = runtime_.now();
  if (peer.blocked) return append(peer.postponed, bytes);
  engine_.advance(runtime_.now());
  serve_frames(peer, bytes);
  flush();
}

void StoreNode::on_writable(ConnectionId connection, Cookie cookie) {
  const auto found = peers_.find(cookie);
  if (found == peers_.end() || !found->second->blocked) return;
  Peer& peer = *found->second;
  if (runtime_.unsent_bytes(connection) > config_.max_unsent_bytes) return;
  peer.blocked = false;
  peer.heard = runtime_.now();
  engine_.advance(runtime_.now());
  const Bytes postponed = std::exchange(peer.postponed, {});
  if (serve_frames(peer, postponed) && !peer.blocked) runtime_.resume_reading(connection);
  flush();
}

void StoreNode::on_close(ConnectionId, Cookie cookie, runtime::CloseReason) {
  peers_.erase(cookie);
}

void StoreNode::drop(Peer& peer) {
  runtime_.abort(peer.connection);
  peers_.erase(peer.id);
}

bool StoreNode::serve_frames(Peer& peer, ByteView bytes) {
  peer.reader.feed(bytes);
  while (!peer.blocked) {
    const std::optional<ByteView> message = peer.reader.next();
    if (!message) break;
    if (!serve(peer, *message)) return false;
  }
  if (peer.reader.too_large()) {
    drop(peer);
    return false;
  }
  append(peer.postponed, peer.reader.take_rest());
  return true;
}

bool StoreNode::serve(Peer& peer, ByteView bytes) {
  wire::StoreRequestMessage message;
  if (!wire::decode(bytes, message)) {
    drop(peer);
    return false;
  }
  if (const auto* call = std::get_if<StoreCall>(&message.body)) {
    if (!peer.may_write && !std::holds_alternative<wire::RangeRequest>(*call)) {
      StoreResult refused;
      refused.status = StoreStatus::permission_denied;
      send(peer, {message.id, std::move(refused)});
      return true;
    }
    if (gate_ != nullptr && gate_->takes(*call, {peer.id, message.id})) return true;
    send(peer, {message.id, engine_.apply(*call)});
  } else if (auto* create = std::get_if<wire::WatchCreate>(&message.body)) {
    return create_watch(peer, std::move(*create));
  } else if (const auto* cancel = std::get_if<wire::WatchCancel>(&message.body)) {
    peer.watches.erase(cancel->watch);
  } else {
    send(peer, {message.id, wire::Pong{}});
  }
  return true;
}

bool StoreNode::create_watch(Peer& peer, wire::WatchCreate create) {
  if (peer.watches.contains(create.watch)) {
    drop(peer);
    return false;
  }
  if (create.request.key.empty() || create.request.start_revision < 0) {
    tell(peer, create.watch, WatchNotice::Kind::canceled, StoreStatus::invalid_request);
  } else if (!serves_watches_ || peer.watches.size() >= config_.max_watches_per_connection) {
    tell(peer, create.watch, WatchNotice::Kind::canceled, StoreStatus::unavailable);
  } else {
    peer.watches[create.watch] = {engine_.open_watch(create.request), runtime_.now(),
                                  create.request.progress_notify};
    tell(peer, create.watch, WatchNotice::Kind::created);
  }
  return true;
}

void StoreNode::push_events(Peer& peer) {
  for (auto entry = peer.watches.begin(); entry != peer.watches.end() && !peer.blocked;) {
    Watch& watch = entry->second;
    wire::StoreResponseMessage message{0, WatchNotice{}};
    WatchNotice& notice = std::get<WatchNotice>(message.body);
    switch (engine_.read(watch.cursor, config_.events_per_message, notice.events, newest_told())) {
      case WatchStep::caught_up:
        ++entry;
        break;
      case WatchStep::events:
        notice.kind = WatchNotice::Kind::events;
        notice.watch = entry->first;
        notice.cluster_id = engine_.cluster_id();
        notice.revision = newest_told();
        watch.spoken = runtime_.now();
        send(peer, message);
        break;
      case WatchStep::compacted:
        tell(peer, entry->first, WatchNotice::Kind::canceled, StoreStatus::compacted);
        entry = peer.watches.erase(entry);
        break;
    }
  }
}

void StoreNode::tell(Peer& peer, std::uint64_t watch, WatchNotice::Kind kind, StoreStatus reason) {
  WatchNotice notice;
  notice.kind = kind;
  notice.watch = watch;
  notice.cluster_id = engine_.cluster_id();
  notice.revision = kind == WatchNotice::Kind::progress ? newest_told() : engine_.revision();
  notice.reason = reason;
  if (reason == StoreStatus::compacted) notice.compact_revision = engine_.compact_revision();
  send(peer, {0, std::move(notice)});
}

void StoreNode::send(Peer& peer, const wire::StoreResponseMessage& message) {
  out_.clear();
  const std::size_t begin = wire::begin_frame(out_);
  wire::encode(message, out_);
  wire::finish_frame(out_, begin);
  runtime_.send(peer.connection, out_);
  if (!peer.blocked && runtime_.unsent_bytes(peer.connection) > config_.max_unsent_bytes) {
    peer.blocked = true;
    runtime_.pause_reading(peer.connection);
  }
}

void StoreNode::hold_back_watches(Duration delay) {
  held_back_ = delay;
}

void StoreNode::cancel_watches() {
  for (const auto& [id, peer] : peers_) {
    for (const auto& [watch, state] : std::exchange(peer->watches, {})) {
      tell(*peer, watch, WatchNotice::Kind::canceled, StoreStatus::unavailable);
    }
  }
}

void StoreNode::serve_watches(bool serve) {
  serves_watches_ = serve;
  if (!serve) cancel_watches();
}

void StoreNode::answer(StoreTicket ticket, const StoreCall& call) {
  const auto peer = peers_.find(ticket.peer);
  if (peer != peers_.end()) send(*peer->second, {ticket.request, engine_.apply(call)});
}

void StoreNode::refuse(StoreTicket ticket) {
  const auto peer = peers_.find(ticket.peer);
  if (peer == peers_.end()) return;
  StoreResult result;
  result.status = StoreStatus::unavailable;
  result.cluster_id = engine_.cluster_id();
  result.revision = engine_.revision();
  send(*peer->second, {ticket.request, std::move(result)});
}

// What changed since the last time waits, behind what is waiting already.
void StoreNode::withhold() {
  const Revision known = withheld_.empty() ? traced_ : withheld_.back().second;
  if (known >= engine_.revision() || (held_back_ == Duration::zero() && withheld_.empty())) return;
  if (withheld_.empty()) told_ = known;
  Instant due = runtime_.now() + held_back_;
  if (!withheld_.empty()) due = std::max(due, withheld_.back().first);
  withheld_.emplace_back(due, engine_.revision());
  runtime_.wake_after(due - runtime_.now(), withheld_cookie);
}

void StoreNode::trace_commits() {
  while (traced_ < engine_.revision()) {
    ++traced_;
    const auto [key, deleted] = engine_.change_of(traced_);
    runtime_.record({runtime::TraceKind::store_committed, static_cast<std::uint64_t>(traced_),
                     deleted ? 1u : 0u, 0, key});
  }
}

void StoreNode::arm_lease_timer() {
  const Instant due = engine_.next_expiry().value_or(Instant::max());
  if (due == lease_timer_at_) return;
  runtime_.cancel_timer(lease_timer_);
  lease_timer_ = runtime::no_timer;
  lease_timer_at_ = due;
  if (due != Instant::max()) {
    lease_timer_ = runtime_.start_timer(due - runtime_.now(), lease_timer_cookie);
  }
}

Duration StoreNode::tick_interval() const {
  return std::max<Duration>(std::min(config_.progress_interval, config_.idle_timeout) / 4, 1ms);
}

void StoreNode::tick() {
  const Instant now = runtime_.now();
  for (auto entry = peers_.begin(); entry != peers_.end();) {
    Peer& peer = *(entry++)->second;
    if (now - peer.heard >= config_.idle_timeout) {
      drop(peer);
      continue;
    }
    for (auto& [id, watch] : peer.watches) {
      // Only of a watch that has nothing more to hear: its revision then promises that all was
      // said.
      if (peer.blocked || !watch.progress || watch.cursor.next <= newest_told()) continue;
      if (now - watch.spoken < config_.progress_interval) continue;
      watch.spoken = now;
      tell(peer, id, WatchNotice::Kind::progress);
    }
  }
  ticking_ = !peers_.empty();
  if (ticking_) runtime_.wake_after(tick_interval(), tick_cookie);
}

}  // namespace wanlab::control
