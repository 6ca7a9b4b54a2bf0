// Turns the pings of the warm backhaul connections into one cost and one state per region.
//
// It sends nothing itself: whoever owns the connections reports what happened, asks how often to
// ping (ping_interval) and calls tick() when told. Routing knows only what this class estimates.
#pragma once

#include "real_components/mesh/failure_detector.hpp"
#include "real_components/mesh/rtt_estimator.hpp"
#include "real_components/mesh/self_health.hpp"
#include "real_components/routing/region_cost.hpp"
#include "real_components/runtime/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace wanlab::mesh {

struct ProberOptions {
  RttOptions rtt;
  DetectorOptions detector;
  SelfHealthOptions self;
  // Gap between pings on a connection whose region is in use or changing (the owner varies it by
  // +-10 %).
  Duration ping_interval = 1s;
  // Gap where nothing changes: doubled after each `calm_before_slowing` without news, up to this.
  // Only regions that carry no queries slow down, so detection stays within 3 s of the fault for
  // all others.
  Duration slowest_ping_interval = 16s;
  Duration calm_before_slowing = 30s;
  // A region that carried no query for this long is not in use.
  Duration in_use_for = 60s;
  // No sample for max(this, 2.5 ping intervals): the cost is frozen and flagged stale.
  Duration stale_after = 5s;
  // Added to the cost: a fifth of the deviation, at most this.
  Duration largest_variance_term = 10ms;
  // Added to the cost per late answer among the last 20 pings of the connection, in percent of it.
  std::uint32_t loss_penalty_percent = 5;
  // Load (thousandths of capacity) from which a region counts as over capacity, and below which not
  // again.
  std::uint32_t over_capacity_from = 1000;
  std::uint32_t over_capacity_until = 800;
  // Longest time between two ticks.
  Duration tick_interval = 1s;
  // Varies hold-downs between edges.
  std::uint64_t seed = 0;
};

class ProberObserver {
 public:
  virtual ~ProberObserver() = default;
  // Called during the event that caused it; must not call back into the prober.
  virtual void on_region_state(routing::RegionId region, routing::RegionState before,
                               routing::RegionState after, Instant now) = 0;
  // A slowly probed region came into use or into doubt: ping it as soon as this event is over.
  virtual void on_ping_wanted(routing::RegionId region, Instant now) = 0;
};

// What an answer to a ping carried besides itself.
struct PongReport {
  Duration round_trip{};       // from the ping leaving to its answer arriving, less held_by_peer
  Duration held_by_peer{};     // how long the peer says it kept the ping
  std::uint32_t answered = 1;  // pings it answers: a peer may answer only the newest of several
  std::uint32_t load = 0;      // of the peer, in thousandths of its capacity
  bool draining = false;       // the peer takes no new queries
};

class Prober {
 public:
  Prober(ProberOptions options, ProberObserver& observer);

  // Regions are the dense numbers of routing's region table; an unknown one is added by its first
  // event. Connections are numbered from 0 within their region. Answers come in the order of the
  // pings.
  void on_connection_up(routing::RegionId region, std::uint32_t connection, Instant now);
  void on_connection_down(routing::RegionId region, std::uint32_t connection, Instant now);
  void on_ping_sent(routing::RegionId region, std::uint32_t connection, Instant now);
  void on_pong(routing::RegionId region, std::uint32_t connection, const PongReport& pong,
               Instant now);
  // The peer behind this connection takes no new queries. A region drains when all its connections
  // do.
  void on_connection_draining(routing::RegionId region, std::uint32_t connection, Instant now);
  // A guess from distance, which orders regions that were never measured.
  void set_prior(routing::RegionId region, Duration prior);

  // A query goes there. Cheap; call it for every query.
  void note_use(routing::RegionId region, Instant now);

  // Re-evaluates everything; returns when the next call is due (at most tick_interval away).
  Instant tick(Instant now);

  // As of the last event or tick, with the panic flag: what routing's policy takes.
  const routing::RegionCosts& costs() const { return costs_; }
  // The current gap between pings on each connection of the region.
  Duration ping_interval(routing::RegionId region) const;
  // Share of its load, per mille, that a region should get: 0 when DOWN, 100 on probation, then
  // rising to 1000 over the slow start.
  std::uint32_t share(routing::RegionId region, Instant now) const;
  // What every region's time to answer is multiplied by because of this edge's own doubtful health.
  std::uint32_t patience() const { return self_.patience(options_.self); }
  const FailureDetector* detector(routing::RegionId region) const;

 private:
  struct Connection {
    RttEstimator rtt;
    // When the oldest unanswered pings were sent; beyond four only their number is known.
    std::array<Instant, 4> unanswered{};
    Instant last_sent{};
    std::uint32_t unanswered_count = 0;
    std::uint32_t late = 0;       // one bit per ping, newest lowest: 1 if it was answered late
    bool oldest_counted = false;  // the oldest unanswered ping is in `late` already
    bool up = false;
    bool draining = false;
  };
  struct Region {
    explicit Region(std::uint64_t seed) : detector(seed) {}
    std::vector<Connection> connections;
    FailureDetector detector;
    Instant last_sample{};
    Instant last_used{};
    Instant last_news{};
    Duration interval{};
    Duration known_cost{};     // what the cost was when it last counted as news
    routing::RegionCost cost;  // `state` is what the observer heard last
    bool known = false;        // some event named it
    bool used = false;         // last_used means something
  };

  void enter(Instant now);
  Region& region_at(routing::RegionId region);
  Connection& connection_at(routing::RegionId region, std::uint32_t connection);
  static bool drains(const Region& region);
  void refresh(routing::RegionId id, Instant now);
  void count_late_answers(Region& region, Instant now);
  std::optional<Duration> cost_of(const Region& region, Instant now) const;
  PeerCounts count_peers(Instant now) const;
  void slow_down_if_calm(Region& region, Instant now);
  void speed_up(routing::RegionId id, Instant now);

  ProberOptions options_;
  ProberObserver& observer_;
  SelfHealth self_;
  std::vector<Region> regions_;
  routing::RegionCosts costs_;
};

}  // namespace wanlab::mesh
