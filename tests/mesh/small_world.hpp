// A world just large enough for a prober: regions with a delay, connections that ping on time, and
// faults. Answers behave as over TCP: nothing is lost, losses delay, and order is kept.
#pragma once

#include "real_components/mesh/prober.hpp"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace wanlab::mesh {

inline constexpr std::uint64_t small_world_seed = 20240607;

class SmallRandom {
 public:
  explicit SmallRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return (state_ >> 11) % bound;
  }

 private:
  std::uint64_t state_;
};

struct Road {
  Duration round_trip = 40ms;
  std::uint32_t loss_percent = 0;  // of packets, in each direction
  bool requests_vanish = false;
  bool answers_vanish = false;
  bool draining = false;
};

struct StateChange {
  Instant at;
  routing::RegionId region;
  routing::RegionState before;
  routing::RegionState after;
  bool operator==(const StateChange&) const = default;
};

class SmallWorld : public ProberObserver {
 public:
  explicit SmallWorld(std::vector<Road> initial, ProberOptions options = {},
                      std::uint32_t connections = 2)
      : roads(std::move(initial)), prober(options, *this), connections_(connections) {
    for (std::uint32_t region = 0; region < roads.size(); ++region) {
      for (std::uint32_t connection = 0; connection < connections_; ++connection) {
        connect(region, connection);
        // Spread over the first second, as connections that were opened one after another are.
        at(now + Duration{static_cast<Duration::rep>(random_.below(1'000'000'000))},
           {Kind::ping, region, connection, 1, {}});
      }
    }
    at(now, {Kind::tick, 0, 0, 0, {}});
  }

  void run_for(Duration span) { run_until(now + span); }
  void run_until(Instant end) {
    while (!events_.empty() && events_.begin()->first.first <= end) {
      const auto [key, event] = *events_.begin();
      events_.erase(events_.begin());
      // While the edge is away everything that happens to it waits, in order.
      now = std::max(now, std::max(key.first, away_until_));
      handle(event);
    }
    now = std::max(now, end);
  }

  // The whole edge process stops; the world does not.
  void stop_the_edge_for(Duration span) { away_until_ = now + span; }
  void reset_connections(std::uint32_t region) {
    for (std::uint32_t connection = 0; connection < connections_; ++connection) {
      ++epochs_[{region, connection}];
      prober.on_connection_down(routing::RegionId(region), connection, now);
    }
  }
  void connect(std::uint32_t region, std::uint32_t connection) {
    last_answer_[{region, connection}] = now;
    prober.on_connection_up(routing::RegionId(region), connection, now);
  }

  routing::RegionCost cost(std::uint32_t region) const {
    return prober.costs().of(routing::RegionId(region));
  }
  routing::RegionState state(std::uint32_t region) const { return cost(region).state; }
  // The first time after `since` that the region entered `state`; Duration::max() if never.
  Duration time_to(std::uint32_t region, routing::RegionState state, Instant since) const {
    for (const StateChange& change : changes) {
      if (change.at >= since && change.region == routing::RegionId(region) &&
          change.after == state) {
        return change.at - since;
      }
    }
    return Duration::max();
  }
  std::size_t count(std::uint32_t region, routing::RegionState state) const {
    std::size_t found = 0;
    for (const StateChange& change : changes) {
      found += change.region == routing::RegionId(region) && change.after == state ? 1 : 0;
    }
    return found;
  }

  std::vector<Road> roads;
  Instant now{};
  std::vector<StateChange> changes;
  std::uint64_t pings = 0;
  Prober prober;

 private:
  enum class Kind : std::uint8_t { ping, answer, tick };
  struct Event {
    Kind kind;
    std::uint32_t region;
    std::uint32_t connection;
    std::uint32_t epoch;  // of a ping: 1 if it repeats itself; of an answer: the connection's life
    Instant sent;
  };

  void on_region_state(routing::RegionId region, routing::RegionState before,
                       routing::RegionState after, Instant when) override {
    changes.push_back({when, region, before, after});
  }
  void on_ping_wanted(routing::RegionId region, Instant when) override {
    for (std::uint32_t connection = 0; connection < connections_; ++connection) {
      at(when, {Kind::ping, static_cast<std::uint32_t>(region), connection, 0, {}});
    }
  }

  void at(Instant when, const Event& event) {
    events_.emplace(std::pair{when, sequence_++}, event);
  }

  void handle(const Event& event) {
    const routing::RegionId region{static_cast<std::uint16_t>(event.region)};
    if (event.kind == Kind::tick) {
      at(prober.tick(now), event);
    } else if (event.kind == Kind::ping) {
      ping(event);
    } else if (event.epoch == epochs_[{event.region, event.connection}]) {
      const bool draining = roads[event.region].draining;
      prober.on_pong(region, event.connection,
                     {.round_trip = now - event.sent, .draining = draining}, now);
    }
  }

  void ping(const Event& event) {
    const routing::RegionId region{static_cast<std::uint16_t>(event.region)};
    const Road& road = roads[event.region];
    if (event.epoch == 1) {
      const Duration gap = prober.ping_interval(region);
      const auto tenth = static_cast<std::uint64_t>(gap.count() / 10);
      at(now + gap - gap / 10 + Duration{static_cast<Duration::rep>(random_.below(2 * tenth))},
         event);
    }
    ++pings;
    prober.on_ping_sent(region, event.connection, now);
    if (road.requests_vanish || road.answers_vanish) return;
    Instant& last = last_answer_[{event.region, event.connection}];
    last = std::max(last, now + road.round_trip + retransmission(road) + retransmission(road));
    at(last, {Kind::answer, event.region, event.connection,
              epochs_[{event.region, event.connection}], now});
  }

  // What loss costs one packet over TCP: RTO after RTO, doubling.
  Duration retransmission(const Road& road) {
    Duration delay{};
    for (Duration timeout = road.round_trip + 200ms; random_.below(100) < road.loss_percent;
         timeout *= 2) {
      delay += timeout;
    }
    return delay;
  }

  std::map<std::pair<Instant, std::uint64_t>, Event> events_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> epochs_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Instant> last_answer_;
  SmallRandom random_{small_world_seed};
  std::uint64_t sequence_ = 0;
  std::uint32_t connections_;
  Instant away_until_{};
};

}  // namespace wanlab::mesh
