// Connections of a WarmPool once dialled: coming up, pings, draining, loss.
// Which origins to dial, and when, is decided in warm_pool_dialling.cpp.
#include "real_components/backhaul/warm_pool.hpp"
#include "real_components/backhaul/warm_pool_connection.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::backhaul {
namespace {

constexpr std::uint32_t max_connections = 1u << 15;  // slots in a cookie

// A timer later than this: this process itself did not run, and answers may wait to be read.
// Assumption.
constexpr Duration own_pause = 500ms;

}  // namespace

runtime::Cookie WarmPool::cookie_of(const Connection& connection) const {
  return runtime::Cookie{tag_} << 48 | runtime::Cookie{connection.index} << 32 | connection.epoch;
}

WarmPool::Connection* WarmPool::connection_of(runtime::Cookie cookie) const {
  const auto index = static_cast<std::uint32_t>((cookie >> 32) & (max_connections - 1));
  if (!owns(cookie) || index >= connections_.size()) return nullptr;
  Connection& connection = *connections_[index];
  const bool current = connection.epoch == static_cast<std::uint32_t>(cookie & 0xffffffff) &&
                       connection.state != Connection::State::unused;
  return current ? &connection : nullptr;
}

void WarmPool::set_ping_interval(RegionIndex index, Duration interval) {
  Region* region = region_of(index);
  if (region == nullptr || region->ping_interval == interval) return;
  const bool sooner = interval < region->ping_interval;
  region->ping_interval = interval;
  if (!sooner) return;
  const Instant now = runtime_.now();
  for (const std::uint32_t i : region->connections) {
    Connection& connection = *connections_[i];
    if (!connection.was_up || connection.next_ping - now <= interval) continue;
    connection.next_ping = now + jittered(interval);
    arm(connection, connection.next_ping - now);
  }
}

void WarmPool::ping_now(RegionIndex index) {
  Region* region = region_of(index);
  if (region == nullptr) return;
  const std::vector<std::uint32_t> present = region->connections;
  for (const std::uint32_t i : present) {
    if (!connections_[i]->was_up) continue;
    connections_[i]->next_ping = runtime_.now();
    ping(*connections_[i]);
  }
}

void WarmPool::on_connect(runtime::ConnectionId, runtime::Cookie cookie) {
  Connection* connection = connection_of(cookie);
  if (connection == nullptr) return;
  connection->state = Connection::State::greeting;
  arm(*connection, options_.connect_timeout);
  flush(*connection);
}

void WarmPool::on_data(runtime::ConnectionId, runtime::Cookie cookie, ByteView bytes) {
  Connection* connection = connection_of(cookie);
  if (connection == nullptr || !connection->has_transport()) return;
  regions_[connection->region]->traffic.bytes_received += bytes.size();
  connection->busy = true;
  connection->mux.receive(bytes, runtime_.now());
  connection->busy = false;
  after_event(*connection);
}

void WarmPool::on_writable(runtime::ConnectionId, runtime::Cookie cookie) {
  if (Connection* connection = connection_of(cookie)) after_event(*connection);
}

void WarmPool::on_close(runtime::ConnectionId, runtime::Cookie cookie,
                        runtime::CloseReason reason) {
  if (Connection* connection = connection_of(cookie)) lost(*connection, reason);
}

void WarmPool::after_event(Connection& connection) {
  if (connection.mux.failed()) {
    flush(connection);  // our CLOSE, if the error was found here
    runtime_.abort(connection.id);
    return lost(connection, runtime::CloseReason::reset);
  }
  if (std::exchange(connection.greeted, false)) came_up(connection);
  if (std::exchange(connection.told_to_drain, false) && connection.state == Connection::State::up) {
    const RegionIndex region = connection.region;
    if (pings_ != nullptr) pings_->on_connection_draining(region, connection.ordinal);
    back_off(*regions_[region], connection.origin);
    retire(connection);
    maintain(region);
    return;
  }
  flush(connection);
  retire_if_idle(connection);
}

void WarmPool::came_up(Connection& connection) {
  Region& region = *regions_[connection.region];
  connection.state = Connection::State::up;
  connection.was_up = true;
  ++region.traffic.connections;
  connection.up_since = runtime_.now();
  runtime_.record({runtime::TraceKind::backhaul_up, connection.number, 0, 0, region.name});
  if (pings_ != nullptr) pings_->on_connection_up(connection.region, connection.ordinal);
  connection.next_ping = runtime_.now();
  ping(connection);
  // One too many after a rebalance: the origin with the most connections gives one up.
  std::uint32_t live = 0, crowded = 0;
  for (std::uint32_t i = 0; i < region.origins.size(); ++i) {
    live += region.origins[i].live;
    if (region.origins[i].live > region.origins[crowded].live) crowded = i;
  }
  if (live > options_.connections) {
    for (const std::uint32_t i : region.connections) {
      Connection& other = *connections_[i];
      if (other.origin == crowded && other.state == Connection::State::up &&
          &other != &connection) {
        retire(other);
        break;
      }
    }
  }
  maintain(connection.region);
}

// Takes a connection out of use; it ends once its last request has.
void WarmPool::retire(Connection& connection) {
  if (connection.state == Connection::State::retired ||
      connection.state == Connection::State::unused) {
    return;
  }
  if (connection.state != Connection::State::up) {
    runtime_.abort(connection.id);
    return lost(connection, runtime::CloseReason::finished);
  }
  connection.state = Connection::State::retired;
  --regions_[connection.region]->origins[connection.origin].live;
  flush(connection);
  retire_if_idle(connection);
}

void WarmPool::retire_if_idle(Connection& connection) {
  if (connection.state != Connection::State::retired || connection.busy ||
      connection.mux.open_streams() != 0) {
    return;
  }
  connection.mux.close(MuxError::going_away);
  flush(connection);
  runtime_.close(connection.id);
  lost(connection, runtime::CloseReason::finished);
}

void WarmPool::lost(Connection& connection, runtime::CloseReason reason) {
  Region& region = *regions_[connection.region];
  const RegionIndex index = connection.region;
  const bool retired = connection.state == Connection::State::retired;
  if (!retired) {
    Origin& origin = region.origins[connection.origin];
    --origin.live;
    const bool stable =
        connection.was_up && runtime_.now() - connection.up_since >= options_.stable_after;
    if (stable) origin.failures = 0;
    back_off(region, connection.origin);
  }
  if (connection.timer != runtime::no_timer) runtime_.cancel_timer(connection.timer);
  connection.timer = runtime::no_timer;
  connection.state = Connection::State::unused;
  connection.id = runtime::no_connection;
  region.connections.erase(
      std::find(region.connections.begin(), region.connections.end(), connection.index));
  // Who measures hears it before the requests end, so that a retry goes elsewhere.
  if (connection.was_up) {
    runtime_.record({runtime::TraceKind::backhaul_down, connection.number,
                     static_cast<std::uint64_t>(reason), 0, region.name});
    if (pings_ != nullptr) pings_->on_connection_down(index, connection.ordinal, reason);
  }
  connection.busy = true;
  connection.mux.connection_lost();
  connection.busy = false;
  connection.was_up = false;
  connection.mux.trim();
  free_connections_.push_back(connection.index);
  maintain(index);
}

void WarmPool::on_timer(runtime::Cookie cookie) {
  if (cookie & region_timer) {
    const auto index = static_cast<RegionIndex>(cookie & 0xffffffff);
    Region* region = region_of(index);
    if (region == nullptr) return;
    if (runtime_.now() >= region->wake_at) region->waking = false;
    return maintain(index);
  }
  Connection* connection = connection_of(cookie);
  if (connection == nullptr) {
    return runtime_.record({runtime::TraceKind::timer_outlived, 0, 0, 0, "backhaul connection"});
  }
  connection->timer = runtime::no_timer;
  if (connection->was_up) return ping(*connection);
  runtime_.abort(connection->id);  // no hello came
  lost(*connection, runtime::CloseReason::timed_out);
}

// Sends a ping if one is due, and gives the connection up if one stayed unanswered for too long.
void WarmPool::ping(Connection& connection) {
  const Instant now = runtime_.now();
  const auto unanswered = connection.mux.oldest_unanswered_ping();
  if (unanswered && now - connection.wake_at > own_pause &&
      connection.excused_ping != *unanswered) {
    connection.excused_ping = *unanswered;  // once: a host that is always late must notice too
    connection.excused_until = now + options_.ping_timeout;
  }
  if (unanswered && now >= given_up_at(connection, *unanswered)) {
    if (pings_ != nullptr) pings_->on_ping_missed(connection.region, connection.ordinal);
    runtime_.abort(connection.id);
    return lost(connection, runtime::CloseReason::timed_out);
  }
  if (now >= connection.next_ping) {
    const std::uint64_t frames = connection.mux.frames_encoded() + connection.mux.frames_decoded();
    // Nothing but the last ping and its answer: an idle connection keeps no buffers.
    if (frames - connection.frames_at_ping <= 2) connection.mux.trim();
    connection.frames_at_ping = frames;
    connection.mux.ping(now);
    if (pings_ != nullptr) pings_->on_ping_sent(connection.region, connection.ordinal, now);
    connection.next_ping = now + jittered(regions_[connection.region]->ping_interval);
  }
  Instant wake = connection.next_ping;
  if (const auto oldest = connection.mux.oldest_unanswered_ping()) {
    wake = std::min(wake, given_up_at(connection, *oldest));
  }
  arm(connection, wake - now);
  flush(connection);
}

Instant WarmPool::given_up_at(const Connection& connection, Instant ping) const {
  const Instant usual = ping + options_.ping_timeout;
  return connection.excused_ping == ping ? std::max(usual, connection.excused_until) : usual;
}

void WarmPool::arm(Connection& connection, Duration delay) {
  connection.wake_at = runtime_.now() + delay;
  if (connection.timer != runtime::no_timer) runtime_.cancel_timer(connection.timer);
  connection.timer = runtime_.start_timer(delay, cookie_of(connection));
}

Duration WarmPool::jittered(Duration interval) {
  const auto fifth = static_cast<std::uint64_t>(interval.count() / 5);
  const auto extra = static_cast<std::int64_t>(ping_jitter_->below(fifth + 1));
  return interval - interval / 10 + Duration(extra);
}

}  // namespace wanlab::backhaul
