// Which origins of a region a WarmPool dials, and when: spread, few at once, with backoff.
#include "real_components/backhaul/warm_pool.hpp"
#include "real_components/backhaul/warm_pool_connection.hpp"

#include <algorithm>

namespace wanlab::backhaul {

void WarmPool::set_region(RegionIndex index, std::string_view name,
                          std::span<const runtime::Address> addresses) {
  if (index >= regions_.size()) regions_.resize(index + 1);
  if (regions_[index] == nullptr) {
    regions_[index] = std::make_unique<Region>();
    regions_[index]->ping_interval = options_.ping_interval;
    regions_[index]->wanted = !options_.on_demand;
  }
  Region& region = *regions_[index];
  region.name = name;
  for (Origin& origin : region.origins) {
    origin.listed =
        std::find(addresses.begin(), addresses.end(), origin.address) != addresses.end();
  }
  for (const runtime::Address& address : addresses) {
    const auto known = [&](const Origin& origin) { return origin.address == address; };
    if (std::any_of(region.origins.begin(), region.origins.end(), known)) continue;
    // An address no longer named and without connections leaves its place to the next.
    const auto vacant =
        std::find_if(region.origins.begin(), region.origins.end(), [&](const Origin& origin) {
          const auto at = static_cast<std::size_t>(&origin - region.origins.data());
          return !origin.listed &&
                 std::none_of(region.connections.begin(), region.connections.end(),
                              [&](std::uint32_t i) { return connections_[i]->origin == at; });
        });
    (vacant == region.origins.end() ? region.origins.emplace_back() : *vacant) = Origin{address};
  }
  const std::vector<std::uint32_t> present = region.connections;  // retire() changes the list
  for (const std::uint32_t i : present) {
    if (!region.origins[connections_[i]->origin].listed) retire(*connections_[i]);
  }
  maintain(index);
}

void WarmPool::maintain(RegionIndex index) {
  Region& region = *regions_[index];
  if (!region.wanted) return;
  const Instant now = runtime_.now();
  for (;;) {
    std::uint32_t live = 0, handshakes = 0, crowded = 0, listed = 0, deserted = 0;
    for (const std::uint32_t i : region.connections) {
      const auto state = connections_[i]->state;
      handshakes += state == Connection::State::connecting || state == Connection::State::greeting;
    }
    for (const Origin& origin : region.origins) {
      live += origin.live;
      if (!origin.listed) continue;
      ++listed;
      crowded = std::max(crowded, origin.live);
      deserted += origin.live == 0;
    }
    // An origin that came back gets a connection although the others make up the number already;
    // came_up() then retires one of theirs.
    const bool rebalance = live == options_.connections && deserted != 0 && crowded >= 2;
    if (listed == 0 || (live >= options_.connections && !rebalance) ||
        handshakes >= options_.parallel_handshakes) {
      return;
    }
    // The origin with the fewest connections among those that may be tried; among equals, in turn.
    const auto count = static_cast<std::uint32_t>(region.origins.size());
    std::uint32_t best = count;
    Instant soonest = Instant::max();
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t candidate = (region.origin_turn + i) % count;
      const Origin& origin = region.origins[candidate];
      if (!origin.listed || (rebalance && origin.live != 0)) continue;
      if (origin.not_before > now) {
        soonest = std::min(soonest, origin.not_before);
      } else if (best == count || origin.live < region.origins[best].live) {
        best = candidate;
      }
    }
    if (best != count) {
      region.origin_turn = (best + 1) % count;
      dial(index, best);
      continue;
    }
    if (!region.waking || soonest < region.wake_at) {
      region.waking = true;
      region.wake_at = soonest;
      runtime_.wake_after(soonest - now, runtime::Cookie{tag_} << 48 | region_timer | index);
    }
    return;
  }
}

void WarmPool::dial(RegionIndex index, std::uint32_t origin) {
  Region& region = *regions_[index];
  if (free_connections_.empty()) {
    const auto next = static_cast<std::uint32_t>(connections_.size());
    connections_.push_back(std::make_unique<Connection>(*this, next));
    free_connections_.push_back(next);
  }
  Connection& connection = *connections_[free_connections_.back()];
  free_connections_.pop_back();

  const auto carries_bulk = [this](std::uint32_t i) {
    return connections_[i]->bulk && connections_[i]->state != Connection::State::retired;
  };
  connection.bulk =
      options_.connections >= 3 &&
      std::none_of(region.connections.begin(), region.connections.end(), carries_bulk);
  connection.ordinal = 0;
  while (std::any_of(region.connections.begin(), region.connections.end(), [&](std::uint32_t i) {
    return connections_[i]->ordinal == connection.ordinal;
  })) {
    ++connection.ordinal;
  }
  connection.mux.restart();
  connection.frames_declared = 0;
  connection.number = ++dialled_;
  ++connection.epoch;
  connection.region = index;
  connection.origin = origin;
  connection.was_up = connection.greeted = connection.told_to_drain = false;
  connection.state = Connection::State::connecting;
  region.connections.push_back(connection.index);
  ++region.origins[origin].live;
  connection.id = runtime_.connect(region.origins[origin].address,
                                   {options_.tls, options_.connect_timeout}, cookie_of(connection));
}

void WarmPool::back_off(Region& region, std::uint32_t index) {
  Origin& origin = region.origins[index];
  // Connections that are lost together are one failure, and the next attempt has its date already.
  if (origin.not_before > runtime_.now()) return;
  const std::uint32_t doublings = std::min(origin.failures, 20u);
  const std::int64_t bound =
      std::min(options_.backoff_start.count() << doublings, options_.backoff_limit.count());
  ++origin.failures;
  origin.not_before = runtime_.now() + Duration(static_cast<std::int64_t>(backoff_jitter_->below(
                                           static_cast<std::uint64_t>(bound) + 1)));
}

}  // namespace wanlab::backhaul
