// What stands behind an edge: the Routes and origin addresses it watches, the warm connections to
// the regions that some Route names, what pings say about them, and the order that follows. It
// knows nothing of sessions.
//
// The owning node forwards runtime events whose cookie owns() recognises.
#pragma once

#include "real_components/backhaul/warm_pool.hpp"
#include "real_components/control/node_store.hpp"
#include "real_components/control/record_watcher.hpp"
#include "real_components/edge/config.hpp"
#include "real_components/mesh/prober.hpp"
#include "real_components/routing/routing_table.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::edge {

class UpstreamObserver {
 public:
  virtual ~UpstreamObserver() = default;
  // At least one Route is gone; sessions of it should end. Called after the table changed.
  virtual void on_routes_removed() = 0;
  // Once: both watches have their first listing, so that an unknown user really is one.
  virtual void on_synchronised() = 0;
  // A region takes requests that may have taken none before.
  virtual void on_region_reachable() = 0;
};

class Upstream final : private control::RouteObserver,
                       private control::OriginObserver,
                       private routing::RoutingObserver,
                       private backhaul::PingObserver,
                       private mesh::ProberObserver {
 public:
  // Values of bits 48..55 of the cookies in use here.
  static constexpr std::uint8_t store_tag = 0x30;
  static constexpr std::uint8_t pool_tag = 0x31;
  static constexpr std::uint8_t tick_tag = 0x32;

  // `store` may be null: then there is a client of its own, to the members of the configuration.
  Upstream(runtime::Runtime& runtime, const EdgeConfig& config, control::Store* store,
           backhaul::PoolObserver& answers, UpstreamObserver& observer);
  ~Upstream() override;

  void start();

  const routing::RoutingTable& routes() const { return routes_; }
  backhaul::WarmPool& pool() { return pool_; }
  const backhaul::WarmPool& pool() const { return pool_; }
  const mesh::Prober& prober() const { return prober_; }
  std::string_view region_name(routing::RegionId region) const { return regions_.name(region); }
  // Small dense number of the branch that a live Route belongs to.
  std::uint32_t tenant_of(routing::RouteHandle route) const {
    return tenants_of_routes_[route.index];
  }
  std::uint32_t tenants() const { return static_cast<std::uint32_t>(tenants_.size()); }
  // A statement goes there: measurement should keep a close eye on it.
  // Whether it did lately, as far as pings tell.
  bool answers(routing::RegionId region) const {
    const routing::RegionCost& cost = prober_.costs().of(region);
    return cost.measured && cost.state < routing::RegionState::suspect;
  }
  void note_use(routing::RegionId region) { prober_.note_use(region, runtime_.now()); }
  // Some region of the Route is being connected to for the first time, because a request asked.
  bool opening(routing::RouteHandle route) const;
  // Both watches have their first listing.
  bool synchronised() const;
  Duration staleness() const { return route_watcher_.watcher().staleness(); }

  // Events of the runtime.
  static bool owns(runtime::Cookie cookie) {
    const auto tag = static_cast<std::uint8_t>((cookie >> 48) & 0xff);
    return tag >= store_tag && tag <= tick_tag;
  }
  void on_timer(runtime::Cookie cookie);
  void on_connect(runtime::ConnectionId id, runtime::Cookie cookie);
  void on_data(runtime::ConnectionId id, runtime::Cookie cookie, ByteView bytes);
  void on_writable(runtime::ConnectionId id, runtime::Cookie cookie);
  void on_close(runtime::ConnectionId id, runtime::Cookie cookie, runtime::CloseReason reason);

 private:
  void on_records(std::span<const control::RouteChange> changes,
                  control::Revision revision) override;
  void on_records(std::span<const control::OriginChange> changes,
                  control::Revision revision) override;
  void on_route_visible(routing::RouteHandle route, const routing::RouteView& view) override;
  void on_route_removed(routing::RouteHandle route, std::string_view user,
                        std::uint64_t revision) override;
  void on_head_changed(routing::RouteHandle route, const routing::RouteView& view,
                       routing::HeadChange why, Duration cost_before, Duration cost_after) override;
  void on_sorted(std::size_t set, std::span<const routing::RegionId> order,
                 const routing::RegionCosts& costs, routing::HeadChange why) override;
  void on_connection_up(backhaul::RegionIndex region, std::uint32_t connection) override;
  void on_connection_down(backhaul::RegionIndex region, std::uint32_t connection,
                          runtime::CloseReason reason) override;
  void on_ping_sent(backhaul::RegionIndex region, std::uint32_t connection, Instant now) override;
  void on_pong(backhaul::RegionIndex region, std::uint32_t connection,
               const backhaul::PongSample& sample) override;
  void on_ping_missed(backhaul::RegionIndex region, std::uint32_t connection) override;
  void on_connection_draining(backhaul::RegionIndex region, std::uint32_t connection) override;
  void on_region_state(routing::RegionId region, routing::RegionState before,
                       routing::RegionState after, Instant now) override;
  void on_ping_wanted(routing::RegionId region, Instant now) override;

  struct Peer {
    std::vector<runtime::Address> addresses;  // what the pool was told; empty: not a peer
    Duration ping_interval{};                 // what the pool was told
  };

  void tick();
  void apply_costs();
  void settle();
  void settle_soon();
  void refresh_peers();
  void set_ping_interval(std::uint32_t region);
  Peer& peer(std::uint32_t region);

  runtime::Runtime& runtime_;
  UpstreamObserver& observer_;
  Duration cost_quantum_;  // costs are told in steps of it
  routing::RegionTable regions_;
  routing::RoutingTable routes_;
  mesh::Prober prober_;
  backhaul::WarmPool pool_;
  control::NodeStore store_;
  control::RouteWatcher route_watcher_;
  control::OriginWatcher origin_watcher_;

  std::map<std::string, std::uint32_t, std::less<>> tenants_;  // by branch
  std::vector<std::uint32_t> tenants_of_routes_;               // by index of the handle
  std::map<std::string, std::map<std::string, runtime::Address, std::less<>>, std::less<>> origins_;
  std::vector<Peer> peers_;  // by region number
  std::vector<std::uint64_t> told_orders_;  // by set of regions: hash of what the trace heard last
  std::vector<routing::RegionId> pings_wanted_;
  bool states_changed_ = false;
  bool routes_removed_ = false;
  bool told_synchronised_ = false;
  bool connection_came_up_ = false;
  bool settling_soon_ = false;
};

}  // namespace wanlab::edge
