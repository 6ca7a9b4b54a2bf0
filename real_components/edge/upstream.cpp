#include "real_components/edge/upstream.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::edge {
namespace {

using runtime::TraceKind;

// FNV-1a, 64 bits (draft-eastlake-fnv): names events by what they are about, not by a local number.
std::uint64_t name_hash(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

// The finaliser of MurmurHash3 (Appleby).
std::uint64_t spread(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53u;
  return x ^ (x >> 33);
}

std::uint64_t microseconds(Duration duration) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

routing::RegionId region_id(std::uint32_t region) {
  return routing::RegionId{static_cast<std::uint16_t>(region)};
}

constexpr runtime::Cookie tick_cookie = runtime::Cookie{Upstream::tick_tag} << 48;
constexpr runtime::Cookie settle_cookie = tick_cookie | 1;

routing::RoutingOptions routing_options(const EdgeConfig& config) {
  routing::RoutingOptions options;
  options.resort = config.resort;
  options.adoption_spread = config.adoption_spread;
  options.edge_name = config.name;
  return options;
}

mesh::ProberOptions prober_options(const EdgeConfig& config) {
  mesh::ProberOptions options = config.prober;
  if (options.seed == 0) options.seed = name_hash(config.name);
  return options;
}

control::PrefixWatcherOptions watch(std::string_view prefix) {
  control::PrefixWatcherOptions options;
  options.prefix = prefix;
  return options;
}

}  // namespace

Upstream::Upstream(runtime::Runtime& runtime, const EdgeConfig& config, control::Store* store,
                   backhaul::PoolObserver& answers, UpstreamObserver& observer)
    : runtime_(runtime),
      observer_(observer),
      cost_quantum_(config.resort.quantum),
      routes_(regions_, routing_options(config), this),
      prober_(prober_options(config), *this),
      pool_(runtime, config.backhaul, pool_tag, answers, this),
      store_(runtime, config.store, store_tag, store),
      route_watcher_(runtime, store_.store(), watch(control::route_prefix), *this),
      origin_watcher_(runtime, store_.store(), watch(control::origin_prefix), *this) {}

Upstream::~Upstream() = default;

void Upstream::start() {
  store_.start();
  route_watcher_.start();
  origin_watcher_.start();
  tick();
}

bool Upstream::synchronised() const {
  return route_watcher_.watcher().synchronised() && origin_watcher_.watcher().synchronised();
}

bool Upstream::opening(routing::RouteHandle route) const {
  for (const routing::RegionId region : routes_.view(route).clusters) {
    if (pool_.opening(static_cast<std::uint32_t>(region))) return true;
  }
  return false;
}

Upstream::Peer& Upstream::peer(std::uint32_t region) {
  if (region >= peers_.size()) peers_.resize(region + 1);
  return peers_[region];
}

// --- the clock ----------------------------------------------------------------------------------

void Upstream::tick() {
  const Instant now = runtime_.now();
  route_watcher_.tick();
  origin_watcher_.tick();
  const Instant next = prober_.tick(now);
  for (std::uint32_t region = 0; region < peers_.size(); ++region) {
    if (!peers_[region].addresses.empty()) set_ping_interval(region);
  }
  apply_costs();
  routes_.reclaim();
  const Duration wait = std::max<Duration>(next - now, std::chrono::milliseconds(10));
  runtime_.wake_after(std::min<Duration>(wait, std::chrono::seconds(1)), tick_cookie);
}

void Upstream::set_ping_interval(std::uint32_t region) {
  const Duration interval = prober_.ping_interval(region_id(region));
  if (std::exchange(peer(region).ping_interval, interval) != interval) {
    pool_.set_ping_interval(region, interval);
  }
}

void Upstream::apply_costs() {
  states_changed_ = false;
  routes_.resort(prober_.costs(), runtime_.now());
}

// What an event caused and could not do from within it: observers must not call back.
void Upstream::settle() {
  for (const routing::RegionId region : std::exchange(pings_wanted_, {})) {
    set_ping_interval(static_cast<std::uint32_t>(region));
    pool_.ping_now(static_cast<std::uint32_t>(region));
  }
  if (states_changed_) apply_costs();
  if (std::exchange(routes_removed_, false)) observer_.on_routes_removed();
  if (!told_synchronised_ && synchronised()) {
    told_synchronised_ = true;
    observer_.on_synchronised();
  }
  if (std::exchange(connection_came_up_, false)) observer_.on_region_reachable();
}

// News of a store from outside come between the runtime's events: one more, to settle in.
void Upstream::settle_soon() {
  if (!store_.from_outside() || std::exchange(settling_soon_, true)) return;
  runtime_.wake_after(Duration::zero(), settle_cookie);
}

// --- events of the runtime ----------------------------------------------------------------------

void Upstream::on_timer(runtime::Cookie cookie) {
  if (store_.owns(cookie)) {
    store_.on_timer(cookie);
  } else if (pool_.owns(cookie)) {
    pool_.on_timer(cookie);
  } else if (cookie == settle_cookie) {
    settling_soon_ = false;
  } else {
    tick();
  }
  settle();
}

void Upstream::on_connect(runtime::ConnectionId id, runtime::Cookie cookie) {
  if (store_.owns(cookie)) {
    store_.on_connect(id, cookie);
  } else {
    pool_.on_connect(id, cookie);
  }
  settle();
}

void Upstream::on_data(runtime::ConnectionId id, runtime::Cookie cookie, ByteView bytes) {
  if (pool_.owns(cookie)) {
    pool_.on_data(id, cookie, bytes);
  } else {
    store_.on_data(id, cookie, bytes);
  }
  settle();
}

void Upstream::on_writable(runtime::ConnectionId id, runtime::Cookie cookie) {
  if (pool_.owns(cookie)) pool_.on_writable(id, cookie);
  settle();
}

void Upstream::on_close(runtime::ConnectionId id, runtime::Cookie cookie,
                        runtime::CloseReason reason) {
  if (pool_.owns(cookie)) {
    pool_.on_close(id, cookie, reason);
  } else {
    store_.on_close(id, cookie, reason);
  }
  settle();
}

// --- what the store says ------------------------------------------------------------------------

void Upstream::on_records(std::span<const control::RouteChange> changes,
                          control::Revision revision) {
  for (const control::RouteChange& change : changes) {
    const auto at = static_cast<std::uint64_t>(change.revision);
    if (change.record == nullptr) {
      routes_.remove(change.name, at);
    } else {
      routes_.upsert(change.name, *change.record, at);
    }
  }
  (void)revision;
  refresh_peers();
  settle_soon();
}

void Upstream::on_records(std::span<const control::OriginChange> changes,
                          control::Revision revision) {
  (void)revision;
  for (const control::OriginChange& change : changes) {
    const std::size_t slash = change.name.find('/');
    if (slash == std::string_view::npos) continue;
    const std::string region(change.name.substr(0, slash));
    const std::string origin(change.name.substr(slash + 1));
    if (change.record == nullptr) {
      origins_[region].erase(origin);
    } else {
      origins_[region][origin] = runtime::Address{change.record->host, change.record->port};
    }
  }
  refresh_peers();
  settle_soon();
}

void Upstream::refresh_peers() {
  std::vector<bool> named(regions_.size(), false);
  for (const routing::RegionId region : routes_.named_regions()) named[index_of(region)] = true;
  for (std::uint32_t region = 0; region < named.size(); ++region) {
    const std::string_view name = regions_.name(region_id(region));
    std::vector<runtime::Address> addresses;
    const auto found = origins_.find(name);
    if (named[region] && found != origins_.end()) {
      for (const auto& [origin, address] : found->second) addresses.push_back(address);
    }
    Peer& mine = peer(region);
    if (mine.addresses == addresses) continue;
    mine.addresses = std::move(addresses);
    mine.ping_interval = Duration{};
    pool_.set_region(region, name, mine.addresses);
  }
}

void Upstream::on_route_visible(routing::RouteHandle route, const routing::RouteView& view) {
  const auto next = static_cast<std::uint32_t>(tenants_.size());
  const auto tenant = tenants_.emplace(std::string(view.branch), next).first->second;
  if (route.index >= tenants_of_routes_.size()) tenants_of_routes_.resize(route.index + 1, 0);
  tenants_of_routes_[route.index] = tenant;
  std::string clusters;
  for (const routing::RegionId region : view.clusters) {
    if (!clusters.empty()) clusters += ',';
    clusters += regions_.name(region);
  }
  runtime_.record(
      {TraceKind::route_clusters, name_hash(view.user), route.index, 0, clusters});
  runtime_.record(
      {TraceKind::route_visible, name_hash(view.user), view.revision, route.index, view.user});
}

void Upstream::on_route_removed(routing::RouteHandle, std::string_view user,
                                std::uint64_t revision) {
  routes_removed_ = true;
  runtime_.record({TraceKind::route_removed, name_hash(user), revision, 0, user});
}

void Upstream::on_head_changed(routing::RouteHandle, const routing::RouteView& view,
                               routing::HeadChange, Duration cost_before, Duration cost_after) {
  runtime_.record({TraceKind::head_changed, name_hash(view.user), microseconds(cost_before),
                   microseconds(cost_after), regions_.name(view.head())});
}

// Costs move a little with every ping: what differs by less than routing distinguishes is no news.
void Upstream::on_sorted(std::size_t set, std::span<const routing::RegionId> order,
                         const routing::RegionCosts& costs, routing::HeadChange why) {
  std::uint64_t hash = costs.panic ? 1 : 0;
  std::uint64_t names = 0;
  const auto fold = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  };
  for (const routing::RegionId region : order) {
    const routing::RegionCost& cost = costs.of(region);
    fold(static_cast<std::uint64_t>(region));
    fold(static_cast<std::uint64_t>(cost.state) | (cost.measured ? 16u : 0u) |
         (cost.stale ? 32u : 0u) | (cost.over_capacity ? 64u : 0u));
    fold(static_cast<std::uint64_t>(cost.cost / cost_quantum_));
    // Spread before they are added: hashes of "eu-1" and "eu-2" differ in a few bits only, so that
    // sums of different sets could be equal.
    names += spread(name_hash(regions_.name(region)));
  }
  if (set >= told_orders_.size()) told_orders_.resize(set + 1, 0);
  if (std::exchange(told_orders_[set], hash) == hash && why == routing::HeadChange::none) return;
  std::string text;
  for (const routing::RegionId region : order) {
    const routing::RegionCost& cost = costs.of(region);
    if (!text.empty()) text += ',';
    text += regions_.name(region);
    text += '=';
    text += "UPSDR"[static_cast<std::size_t>(cost.state)];
    if (cost.measured) text += 'm';
    if (cost.stale) text += 's';
    if (cost.over_capacity) text += 'o';
    text += std::to_string(microseconds(cost.cost));
  }
  runtime_.record({TraceKind::regions_sorted, names, static_cast<std::uint64_t>(why),
                   costs.panic ? 1u : 0u, text});
}

// --- what the connections say -------------------------------------------------------------------

void Upstream::on_connection_up(backhaul::RegionIndex region, std::uint32_t connection) {
  connection_came_up_ = true;
  prober_.on_connection_up(region_id(region), connection, runtime_.now());
}

void Upstream::on_connection_down(backhaul::RegionIndex region, std::uint32_t connection,
                                  runtime::CloseReason) {
  prober_.on_connection_down(region_id(region), connection, runtime_.now());
}

void Upstream::on_ping_sent(backhaul::RegionIndex region, std::uint32_t connection, Instant now) {
  prober_.on_ping_sent(region_id(region), connection, now);
}

void Upstream::on_pong(backhaul::RegionIndex region, std::uint32_t connection,
                       const backhaul::PongSample& sample) {
  mesh::PongReport report;
  report.round_trip = sample.round_trip;
  report.held_by_peer = sample.held;
  report.answered = sample.answered;
  report.load = sample.load;
  report.draining = sample.draining;
  prober_.on_pong(region_id(region), connection, report, runtime_.now());
}

// The prober watches the age of unanswered pings by itself.
void Upstream::on_ping_missed(backhaul::RegionIndex, std::uint32_t) {}

void Upstream::on_connection_draining(backhaul::RegionIndex region, std::uint32_t connection) {
  prober_.on_connection_draining(region_id(region), connection, runtime_.now());
}

void Upstream::on_region_state(routing::RegionId region, routing::RegionState before,
                               routing::RegionState after, Instant) {
  states_changed_ = true;
  const std::string_view name = regions_.name(region);
  runtime_.record({TraceKind::region_state, name_hash(name), static_cast<std::uint64_t>(before),
                   static_cast<std::uint64_t>(after), name});
}

void Upstream::on_ping_wanted(routing::RegionId region, Instant) {
  pings_wanted_.push_back(region);
}

}  // namespace wanlab::edge
