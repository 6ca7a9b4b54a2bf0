// Requests over warm connections: choosing one, carrying it, and ending it exactly once.
// Dialling is in warm_pool_dialling.cpp, pings and loss are in warm_pool_links.cpp.
#include "real_components/backhaul/warm_pool.hpp"

#include "real_components/backhaul/warm_pool_connection.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::backhaul {

WarmPool::WarmPool(runtime::Runtime& runtime, const PoolOptions& options, std::uint8_t tag,
                   PoolObserver& observer, PingObserver* pings)
    : runtime_(runtime),
      options_(options),
      observer_(observer),
      pings_(pings),
      ping_jitter_(runtime.random_stream("backhaul/ping")),
      backoff_jitter_(runtime.random_stream("backhaul/backoff")),
      tag_(tag) {}

WarmPool::~WarmPool() = default;

WarmPool::Region* WarmPool::region_of(RegionIndex region) const {
  return region < regions_.size() ? regions_[region].get() : nullptr;
}

WarmPool::Connection* WarmPool::connection_of(RequestHandle request) const {
  return request.connection < connections_.size() ? connections_[request.connection].get()
                                                  : nullptr;
}

// The connection with the fewest streams; among equals, in turn.
WarmPool::Connection* WarmPool::choose(Region& region, std::uint8_t stream_class) {
  const bool bulk = stream_class == bulk_class;
  const auto count = static_cast<std::uint32_t>(region.connections.size());
  Connection* best = nullptr;
  for (std::uint32_t i = 0; i < count; ++i) {
    Connection& candidate = *connections_[region.connections[(region.turn + i) % count]];
    if (candidate.state != Connection::State::up || !candidate.mux.ready()) continue;
    if (best != nullptr) {
      const bool suits = candidate.bulk == bulk, best_suits = best->bulk == bulk;
      if (suits != best_suits ? best_suits
                              : candidate.mux.open_streams() >= best->mux.open_streams()) {
        continue;
      }
    }
    best = &candidate;
    if (best->bulk == bulk && best->mux.open_streams() == 0) break;  // none can be better
  }
  if (count != 0) region.turn = (region.turn + 1) % count;
  return best;
}

RequestHandle WarmPool::request(RegionIndex index, const RequestHeader& header, ByteView prefix,
                                ByteView payload, bool end) {
  Region* region = region_of(index);
  if (region == nullptr) return no_request;
  Connection* connection = choose(*region, header.stream_class);
  if (connection == nullptr) {
    if (!std::exchange(region->wanted, true)) maintain(index);
    return no_request;
  }
  const StreamId stream = connection->mux.open(
      {header.tenant, header.stream_class, header.cookie, header.secret}, prefix, payload, end);
  if (!stream) return no_request;
  ++region->traffic.requests;
  flush(*connection);
  return {connection->index, stream};
}

RequestHandle WarmPool::request_beside(RequestHandle other, const RequestHeader& header,
                                       ByteView prefix, ByteView payload) {
  Connection* connection = connection_of(other);
  if (connection == nullptr || connection->state != Connection::State::up) return no_request;
  const StreamId stream = connection->mux.open(
      {header.tenant, header.stream_class, header.cookie, header.secret}, prefix, payload, true);
  if (!stream) return no_request;
  ++regions_[connection->region]->traffic.requests;
  flush(*connection);
  return {connection->index, stream};
}

bool WarmPool::send(RequestHandle request, ByteView part, bool end) {
  Connection* connection = connection_of(request);
  if (connection == nullptr || !connection->mux.send(request.stream, part, end)) return false;
  flush(*connection);
  return true;
}

std::size_t WarmPool::queued_bytes(RequestHandle request) const {
  const Connection* connection = connection_of(request);
  return connection == nullptr ? 0 : connection->mux.queued_bytes(request.stream);
}

void WarmPool::consumed(RequestHandle request, std::size_t bytes) {
  Connection* connection = connection_of(request);
  if (connection == nullptr) return;
  connection->mux.consumed(request.stream, bytes);
  flush(*connection);
  retire_if_idle(*connection);
}

void WarmPool::cancel(RequestHandle request) {
  Connection* connection = connection_of(request);
  if (connection == nullptr) return;
  connection->mux.reset(request.stream, ResetReason::cancelled, Processed::unknown);
  flush(*connection);
  retire_if_idle(*connection);
}

// Hands bytes down while the runtime holds little, so that the mux still decides about the rest.
void WarmPool::flush(Connection& connection) {
  if (connection.busy || !connection.has_transport()) return;
  connection.busy = true;  // on_sent may queue more; the loop takes it along
  while (runtime_.unsent_bytes(connection.id) < options_.low_water) {
    const ByteView ready = connection.mux.output(runtime_.now());
    connection.declare_work(runtime_);
    if (ready.empty()) break;
    runtime_.send(connection.id, ready);
    regions_[connection.region]->traffic.bytes_sent += ready.size();
    connection.mux.wrote(ready.size());
  }
  connection.busy = false;
}

void WarmPool::count_frames(RegionIndex region, std::uint64_t frames) {
  regions_[region]->traffic.frames += frames;
}

RegionTraffic WarmPool::traffic(RegionIndex index) const {
  const Region* region = region_of(index);
  return region == nullptr ? RegionTraffic{} : region->traffic;
}

std::uint32_t WarmPool::ready_connections(RegionIndex index) const {
  const Region* region = region_of(index);
  if (region == nullptr) return 0;
  return static_cast<std::uint32_t>(
      std::count_if(region->connections.begin(), region->connections.end(), [this](auto i) {
        return connections_[i]->state == Connection::State::up && connections_[i]->mux.ready();
      }));
}

std::uint32_t WarmPool::requests_in_flight(RegionIndex index) const {
  std::uint32_t sum = 0;
  if (const Region* region = region_of(index)) {
    for (const std::uint32_t i : region->connections) sum += connections_[i]->mux.open_streams();
  }
  return sum;
}

bool WarmPool::opening(RegionIndex index) const {
  const Region* region = region_of(index);
  return options_.on_demand && region != nullptr && region->wanted &&
         region->traffic.connections == 0;
}

std::size_t WarmPool::memory_bytes() const {
  std::size_t sum = sizeof(*this);
  for (const auto& connection : connections_) {
    sum += sizeof(Connection) - sizeof(Mux) + connection->mux.memory_bytes();
  }
  return sum;
}

std::string WarmPool::check_invariants() const {
  for (const auto& connection : connections_) {
    if (connection->busy) return "a connection is left busy";
    if (!connection->has_transport()) {
      if (connection->mux.open_streams() != 0 && connection->state == Connection::State::unused) {
        return "I7: a request outlived its connection";
      }
      continue;
    }
    if (std::string broken = connection->mux.check_invariants(); !broken.empty()) return broken;
  }
  for (const auto& region : regions_) {
    if (region == nullptr) continue;
    std::vector<std::uint32_t> live(region->origins.size());
    for (const std::uint32_t i : region->connections) {
      const Connection& connection = *connections_[i];
      if (connection.state == Connection::State::unused) return "an unused connection is listed";
      if (connection.state != Connection::State::retired) ++live[connection.origin];
    }
    for (std::size_t i = 0; i < live.size(); ++i) {
      if (live[i] != region->origins[i].live) return "connections per origin miscounted";
    }
  }
  return {};
}

void WarmPool::add_flow_totals(std::map<std::string, FlowTotals>& totals) const {
  for (const auto& connection : connections_) {
    if (connection->state != Connection::State::up) continue;
    const Region& region = *regions_[connection->region];
    connection->mux.add_totals(totals[region.origins[connection->origin].address.host]);
  }
}

}  // namespace wanlab::backhaul
