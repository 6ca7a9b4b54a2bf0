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
#include <span>
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
  // Longest time between two ticks.
  Duration tick_interval = 1s;
  // Varies hold-downs between edges.
  std::uint64_t seed = 0;
};

class ProberObserver {
 public:
  virtual ~ProberObserver() = default;
  // Called during the event that caused it; must not call back into the prober.
  virtual void on_region_state(std::uint32_t region, routing::RegionState before,
                               routing::RegionState after, Instant now) = 0;
};

// What an answer to a ping carried besides itself.
struct PongReport {
  Duration round_trip{};    // from the ping leaving to its answer arriving
  Duration held_by_peer{};  // how much of it the peer says it kept the ping
  bool draining = false;    // the peer takes no new queries
};

class Prober {
 public:
  Prober(ProberOptions options, ProberObserver& observer);

  // Regions are the dense numbers of routing's region table; an unknown one is added by its first
  // event. Connections are numbered from 0 within their region. Answers come in the order of the
  // pings.
  void on_connection_up(std::uint32_t region, std::uint32_t connection, Instant now);
  void on_connection_down(std::uint32_t region, std::uint32_t connection, Instant now);
  void on_ping_sent(std::uint32_t region, std::uint32_t connection, Instant now);
  void on_pong(std::uint32_t region, std::uint32_t connection, const PongReport& pong, Instant now);
  void on_draining(std::uint32_t region, bool draining, Instant now);

  // A query is about to go there. True: this region had been probed slowly, ping it now.
  bool note_use(std::uint32_t region, Instant now);

  // Re-evaluates everything; returns when the next call is due (at most tick_interval away).
  Instant tick(Instant now);

  // As of the last event or tick, indexed by region; never-measured regions say so.
  std::span<const routing::RegionCost> costs() const { return costs_; }
  // The current gap between pings on each connection of the region.
  Duration ping_interval(std::uint32_t region) const;
  // Share of its load that a region should get while it comes back: 0.1 rising to 1.
  double share(std::uint32_t region, Instant now) const;
  // Most peers fell silent together: this edge is the likelier culprit, the order should stay.
  bool panicking() const { return self_.panicking(); }

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
  };
  struct Region {
    explicit Region(std::uint64_t seed) : detector(seed) {}
    std::vector<Connection> connections;
    FailureDetector detector;
    Instant last_sample{};
    Instant last_heard{};
    Instant last_used{};
    Instant last_news{};
    Duration interval{};
    Duration calm_cost{};  // what the cost was when it last counted as news
    bool measured = false;
    bool used = false;
    routing::RegionState told{};  // what the observer heard last
  };

  void enter(Instant now);
  Region& region_at(std::uint32_t region);
  Connection& connection_at(Region& region, std::uint32_t connection);
  void refresh(std::uint32_t index, Instant now);
  void count_late(Region& region, Instant now);
  std::optional<Duration> cost_of(const Region& region, Instant now) const;
  void adapt_interval(Region& region, Duration cost, Instant now);
  void news(Region& region, Instant now);

  ProberOptions options_;
  ProberObserver& observer_;
  SelfHealth self_;
  std::vector<Region> regions_;
  std::vector<routing::RegionCost> costs_;
};

}  // namespace wanlab::mesh
