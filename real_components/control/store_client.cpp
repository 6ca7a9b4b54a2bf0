// One connection at a time to one member of the store.
#include "real_components/control/store_client.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace wanlab::control {

using runtime::ConnectionId;
using runtime::Cookie;

// Cookies below the tag: what kind of timer (0: the connection), then the number of the connection.
Cookie StoreClient::cookie(Timer timer) const {
  return (Cookie{tag_} << 48) | (static_cast<Cookie>(timer) << 40) | connection_number_;
}

StoreClient::StoreClient(runtime::Runtime& runtime, StoreClientOptions options, std::uint8_t tag)
    : runtime_(runtime),
      options_(std::move(options)),
      tag_(tag),
      reader_(options_.max_message_bytes) {
  if (options_.members.empty())
    throw std::invalid_argument("a store client needs a member to talk to");
}
StoreClient::~StoreClient() = default;

void StoreClient::start() {
  random_ = runtime_.random_stream(options_.random_name);
  member_ = random_->below(options_.members.size());
  connect();
}

void StoreClient::connect() {
  ++connection_number_;
  reader_.reset();
  connection_ = runtime_.connect(options_.members[member_],
                                 {options_.tls, options_.connect_timeout}, cookie(Timer::none));
}

void StoreClient::on_connect(ConnectionId connection, Cookie) {
  if (connection != connection_) return;
  connected_ = true;
  heard_ = runtime_.now();
  health_timer_ = runtime_.start_timer(options_.ping_after, cookie(Timer::health));
  for (auto& [id, request] : requests_) send_request(id, request);
  for (auto& [id, watch] : watches_) send_watch(id, watch);
}

void StoreClient::on_data(ConnectionId connection, Cookie, ByteView bytes) {
  if (connection != connection_) return;
  heard_ = runtime_.now();
  reader_.feed(bytes);
  bool good = true;
  while (const std::optional<ByteView> message = reader_.next()) {
    good = receive(*message);
    if (!good) break;
    failures_ = 0;  // only what speaks our protocol counts as a member that works
  }
  if (!good || reader_.too_large()) {
    runtime_.abort(connection_);
    lose_connection();
  }
}

void StoreClient::on_close(ConnectionId connection, Cookie, runtime::CloseReason) {
  if (connection == connection_) lose_connection();
}

void StoreClient::on_timer(Cookie fired) {
  const auto timer = static_cast<Timer>((fired >> 40) & 0xff);
  const bool current = (fired & 0xffffffff) == connection_number_;
  switch (timer) {
    case Timer::reconnect:
      if (current) connect();
      break;
    case Timer::health:
      if (!current || !connected_) {
        runtime_.record({runtime::TraceKind::timer_outlived, 0, 0, 0, "store connection"});
        break;
      }
      check_health();
      break;
    case Timer::deadline:
      deadline_armed_ = false;
      expire_requests();
      break;
    case Timer::refuse:
      expire_requests();
      break;
    case Timer::leave:
      if (std::exchange(leaving_, false) && current && connected_) {
        runtime_.abort(connection_);
        lose_connection();
      }
      break;
    case Timer::none:
      break;
  }
}

void StoreClient::lose_connection() {
  connected_ = false;
  connection_ = runtime::no_connection;
  runtime_.cancel_timer(health_timer_);
  member_ = (member_ + 1) % options_.members.size();
  const Duration bound =
      std::min(options_.backoff_limit,
               options_.backoff_first * (std::int64_t{1} << std::min(failures_, 20u)));
  ++failures_;
  const Duration wait{
      static_cast<std::int64_t>(random_->below(static_cast<std::uint64_t>(bound.count()) + 1))};
  runtime_.wake_after(wait, cookie(Timer::reconnect));
  // Observers may submit, watch, cancel and forget meanwhile; what they add was not sent, so it is
  // passed by.
  for (auto next = requests_.begin(); next != requests_.end();) {
    const std::uint64_t id = next->first;
    if (next->second.sent) finish(id, StoreStatus::unknown_outcome);
    next = requests_.upper_bound(id);
  }
  for (auto next = watches_.begin(); next != watches_.end();) {
    const WatchId id = next->first;
    if (next->second.sent) {
      StoreObserver& observer = *next->second.observer;
      watches_.erase(next);
      observer.on_watch_broken(id);
    }
    next = watches_.upper_bound(id);
  }
}

// --- requests -----------------------------------------------------------------------------------

void StoreClient::submit(StoreCall call, StoreObserver& observer, std::uint64_t token) {
  const std::uint64_t id = ++last_request_;
  const bool refused = requests_.size() >= options_.max_waiting;
  const Instant now = runtime_.now();
  Request& request = requests_[id];
  request.observer = &observer;
  request.token = token;
  request.deadline = refused ? now : now + options_.request_timeout;
  if (refused) return runtime_.wake_after(Duration::zero(), cookie(Timer::refuse));
  request.call = std::move(call);
  if (connected_) send_request(id, request);
  arm_deadline();
}

void StoreClient::send_request(std::uint64_t id, Request& request) {
  if (request.deadline <= runtime_.now()) return;  // refused, and about to hear so
  request.sent = true;
  send({id, std::exchange(request.call, {})});
}

void StoreClient::finish(std::uint64_t id, StoreStatus status) {
  const auto request = requests_.extract(id);
  StoreResult result;
  result.status = status;
  request.mapped().observer->on_result(request.mapped().token, std::move(result));
}

void StoreClient::arm_deadline() {
  if (deadline_armed_ || requests_.empty()) return;
  deadline_armed_ = true;
  // All wait equally long, so the oldest is due first.
  runtime_.wake_after(requests_.begin()->second.deadline - runtime_.now(), cookie(Timer::deadline));
}

void StoreClient::expire_requests() {
  const Instant now = runtime_.now();
  for (auto next = requests_.begin(); next != requests_.end();) {
    const std::uint64_t id = next->first;
    if (next->second.deadline <= now) {
      finish(id, next->second.sent ? StoreStatus::unknown_outcome : StoreStatus::unavailable);
    }
    next = requests_.upper_bound(id);
  }
  arm_deadline();
}

// --- watches ------------------------------------------------------------------------------------

WatchId StoreClient::watch(WatchRequest request, StoreObserver& observer) {
  const WatchId id = ++last_watch_;
  Watch& watch = watches_[id];
  watch.request = std::move(request);
  watch.observer = &observer;
  if (connected_) send_watch(id, watch);
  return id;
}

void StoreClient::send_watch(WatchId id, Watch& watch) {
  watch.sent = true;
  send({0, wire::WatchCreate{id, std::move(watch.request)}});
}

void StoreClient::cancel_watch(WatchId id) {
  const auto watch = watches_.extract(id);
  if (!watch.empty() && watch.mapped().sent && connected_) send({0, wire::WatchCancel{id}});
}

void StoreClient::forget(StoreObserver& observer) {
  std::erase_if(requests_, [&](const auto& entry) { return entry.second.observer == &observer; });
  for (auto next = watches_.begin(); next != watches_.end();) {
    const auto here = next++;
    if (here->second.observer == &observer) cancel_watch(here->first);
  }
}

void StoreClient::leave_member() {
  if (options_.members.size() == 1 || !connected_ || leaving_) return;
  leaving_ = true;
  runtime_.wake_after(Duration::zero(), cookie(Timer::leave));
}

// --- the wire -----------------------------------------------------------------------------------

void StoreClient::send(const wire::StoreRequestMessage& message) {
  out_.clear();
  const std::size_t begin = wire::begin_frame(out_);
  wire::encode(message, out_);
  wire::finish_frame(out_, begin);
  runtime_.send(connection_, out_);
}

bool StoreClient::receive(ByteView bytes) {
  wire::StoreResponseMessage message;
  if (!wire::decode(bytes, message)) return false;
  if (auto* result = std::get_if<StoreResult>(&message.body)) {
    const auto request = requests_.find(message.id);
    if (request == requests_.end() || !request->second.sent) return true;  // it came too late
    const Request done = std::move(requests_.extract(request).mapped());
    done.observer->on_result(done.token, std::move(*result));
  } else if (auto* notice = std::get_if<WatchNotice>(&message.body)) {
    const WatchId id = notice->watch;
    const auto watch = watches_.find(id);
    if (watch == watches_.end()) return true;  // cancelled meanwhile
    StoreObserver& observer = *watch->second.observer;
    if (notice->kind == WatchNotice::Kind::canceled) watches_.erase(watch);
    observer.on_watch(id, std::move(*notice));
  }
  return true;
}

void StoreClient::check_health() {
  const Duration silence = runtime_.now() - heard_;
  if (silence >= options_.silence_limit) {
    runtime_.abort(connection_);
    return lose_connection();
  }
  if (silence >= options_.ping_after) send({0, wire::Ping{}});
  const Duration rest =
      silence >= options_.ping_after ? options_.ping_after : options_.ping_after - silence;
  health_timer_ = runtime_.start_timer(rest, cookie(Timer::health));
}

}  // namespace wanlab::control
