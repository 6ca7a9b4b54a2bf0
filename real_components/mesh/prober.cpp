// The bookkeeping between pings and costs. One pass over the regions per tick; one region per
// event.
#include "real_components/mesh/prober.hpp"

#include <algorithm>
#include <bit>

namespace wanlab::mesh {
namespace {

using routing::RegionId;
using routing::RegionState;

constexpr std::uint32_t last_twenty = (1U << 20) - 1;

RegionId region_id(std::size_t index) {
  return static_cast<RegionId>(index);
}

// A cost that moved by this much is news: probing speeds up again.
bool is_news(Duration known, Duration cost) {
  const Duration moved = cost > known ? cost - known : known - cost;
  return moved > std::max<Duration>(5ms, known / 5);
}

}  // namespace

Prober::Prober(ProberOptions options, ProberObserver& observer)
    : options_(options), observer_(observer) {}

void Prober::on_connection_up(RegionId region, std::uint32_t connection, Instant now) {
  enter(now);
  Connection& it = connection_at(region, connection);
  it.up = true;
  it.draining = false;
  it.unanswered_count = 0;
  it.oldest_counted = false;
  it.late = 0;
  refresh(region, now);
}

void Prober::on_connection_down(RegionId region, std::uint32_t connection, Instant now) {
  enter(now);
  Connection& it = connection_at(region, connection);
  it.up = false;
  it.unanswered_count = 0;
  Region& owner = region_at(region);
  const auto is_up = [](const Connection& one) { return one.up; };
  const auto owes = [](const Connection& one) { return one.unanswered_count != 0; };
  if (std::none_of(owner.connections.begin(), owner.connections.end(), is_up)) {
    owner.detector.on_all_connections_lost(now, options_.detector);
  } else if (std::none_of(owner.connections.begin(), owner.connections.end(), owes)) {
    owner.detector.withdraw_question();
  }
  refresh(region, now);
}

void Prober::on_ping_sent(RegionId region, std::uint32_t connection, Instant now) {
  enter(now);
  Connection& it = connection_at(region, connection);
  // Beyond the fourth the times are lost; older ones stand in for them, which errs on the careful
  // side.
  if (it.unanswered_count < it.unanswered.size()) it.unanswered[it.unanswered_count] = now;
  ++it.unanswered_count;
  region_at(region).detector.on_asked(now);
}

void Prober::on_pong(RegionId region, std::uint32_t connection, const PongReport& pong,
                     Instant now) {
  enter(now);
  Connection& it = connection_at(region, connection);
  Region& owner = region_at(region);
  for (std::uint32_t i = 0; i < pong.answered && it.unanswered_count != 0; ++i) {
    std::shift_left(it.unanswered.begin(), it.unanswered.end(), 1);
    --it.unanswered_count;
    if (!it.oldest_counted) it.late = it.late << 1;
    it.oldest_counted = false;
  }
  // While this edge was away the answer may have lain here: it proves life but measures nothing.
  const Duration response_time = pong.round_trip + pong.held_by_peer;
  const bool fair = now - response_time >= self_.back_since();
  if (fair && it.rtt.add(pong.round_trip, now, options_.rtt)) {
    owner.last_sample = now;
    owner.cost.measured = true;
  }
  owner.cost.over_capacity = pong.load >= (owner.cost.over_capacity ? options_.over_capacity_until
                                                                    : options_.over_capacity_from);
  owner.detector.on_answer(response_time, fair, now, options_.detector);
  it.draining = pong.draining;
  refresh(region, now);
}

void Prober::on_connection_draining(RegionId region, std::uint32_t connection, Instant now) {
  enter(now);
  connection_at(region, connection).draining = true;
  refresh(region, now);
}

void Prober::set_prior(RegionId region, Duration prior) {
  Region& it = region_at(region);
  it.cost.prior = prior;
  costs_.set(region, it.cost);
}

void Prober::note_use(RegionId region, Instant now) {
  Region& it = region_at(region);
  it.last_used = now;
  it.used = true;
  if (it.interval != options_.ping_interval) speed_up(region, now);
}

Instant Prober::tick(Instant now) {
  enter(now);
  self_.judge(count_peers(now), now, options_.self);
  costs_.panic = self_.panicking();
  Instant due = now + options_.tick_interval;
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    Region& region = regions_[i];
    if (!region.known) continue;
    region.detector.evaluate(now, patience(), options_.detector);
    count_late_answers(region, now);
    refresh(region_id(i), now);
    slow_down_if_calm(region, now);
    const auto change = region.detector.next_change(patience(), options_.detector);
    if (change) due = std::min(due, *change);
  }
  // Lag is judged by the longest gap, so that a caller with a steady tick is not taken for a late
  // one.
  self_.expect_event_by(now + options_.tick_interval);
  return std::max(due, now + 1ms);
}

Duration Prober::ping_interval(RegionId region) const {
  const std::size_t index = routing::index_of(region);
  const bool known = index < regions_.size() && regions_[index].known;
  return known ? regions_[index].interval : options_.ping_interval;
}

std::uint32_t Prober::share(RegionId region, Instant now) const {
  const FailureDetector* it = detector(region);
  return it == nullptr ? 1000 : it->share(now, options_.detector);
}

const FailureDetector* Prober::detector(RegionId region) const {
  const std::size_t index = routing::index_of(region);
  return index < regions_.size() && regions_[index].known ? &regions_[index].detector : nullptr;
}

void Prober::enter(Instant now) {
  const Duration away = self_.notice(now, options_.self);
  if (away == Duration::zero()) return;
  for (Region& region : regions_) {
    region.detector.forgive(away);
    for (Connection& connection : region.connections) {
      for (Instant& sent : connection.unanswered) sent += away;
    }
  }
}

Prober::Region& Prober::region_at(RegionId region) {
  const std::size_t index = routing::index_of(region);
  while (index >= regions_.size()) {
    regions_.emplace_back(options_.seed + 0x10001U * regions_.size());
    regions_.back().interval = options_.ping_interval;
  }
  regions_[index].known = true;
  return regions_[index];
}

Prober::Connection& Prober::connection_at(RegionId region, std::uint32_t connection) {
  std::vector<Connection>& connections = region_at(region).connections;
  if (connection >= connections.size()) connections.resize(connection + 1);
  return connections[connection];
}

void Prober::refresh(RegionId id, Instant now) {
  Region& region = region_at(id);
  routing::RegionCost& cost = region.cost;
  const Duration patience_for_samples = std::max(options_.stale_after, region.interval * 5 / 2);
  cost.stale = cost.measured && now - region.last_sample > patience_for_samples;
  const std::optional<Duration> fresh = cost_of(region, now);
  if (fresh && !cost.stale) cost.cost = *fresh;
  const RegionState before = cost.state;
  region.detector.set_draining(drains(region));
  cost.state = region.detector.state();
  costs_.set(id, cost);
  if (before != cost.state || is_news(region.known_cost, cost.cost)) {
    region.known_cost = cost.cost;
    speed_up(id, now);
  }
  if (before != cost.state) observer_.on_region_state(id, before, cost.state, now);
}

bool Prober::drains(const Region& region) {
  const auto drains = [](const Connection& one) { return !one.up || one.draining; };
  const auto is_up = [](const Connection& one) { return one.up; };
  return std::any_of(region.connections.begin(), region.connections.end(), is_up) &&
         std::all_of(region.connections.begin(), region.connections.end(), drains);
}

void Prober::count_late_answers(Region& region, Instant now) {
  for (Connection& connection : region.connections) {
    if (connection.unanswered_count == 0 || connection.oldest_counted) continue;
    const Duration limit =
        std::max<Duration>(4 * connection.rtt.smoothed(), options_.detector.suspect_silence);
    if (now - connection.unanswered[0] < limit) continue;
    connection.late = (connection.late << 1) | 1U;
    connection.oldest_counted = true;
  }
}

std::optional<Duration> Prober::cost_of(const Region& region, Instant now) const {
  std::optional<Duration> best;
  for (const Connection& connection : region.connections) {
    if (!connection.up || !connection.rtt.measured()) continue;
    Duration base = connection.rtt.smoothed();
    if (connection.unanswered_count != 0) base = std::max(base, now - connection.unanswered[0]);
    const Duration variance =
        std::min(connection.rtt.deviation() / 5, options_.largest_variance_term);
    const int late = std::popcount(connection.late & last_twenty);
    const Duration loss = base * late * static_cast<int>(options_.loss_penalty_percent) / 100;
    const Duration cost = base + variance + loss;
    if (!best || cost < *best) best = cost;
  }
  return best;
}

PeerCounts Prober::count_peers(Instant now) const {
  PeerCounts peers;
  for (const Region& region : regions_) {
    if (!region.cost.measured) continue;
    ++peers.measured;
    const bool recent = region.detector.asked_at() &&
                        now - *region.detector.asked_at() <= options_.self.panic_window;
    const bool overdue = recent && region.detector.overdue(now);
    const RegionState state = region.detector.state();
    const bool alive = state != RegionState::suspect && state != RegionState::down;
    if (overdue) {
      ++peers.overdue;
      if (!alive || now - *region.detector.asked_at() >= options_.detector.suspect_silence) {
        ++peers.suspect;
      }
    } else if (alive) {
      ++peers.answering;
    }
  }
  return peers;
}

void Prober::slow_down_if_calm(Region& region, Instant now) {
  const bool in_use = region.used && now - region.last_used < options_.in_use_for;
  const bool alive = region.cost.state == RegionState::up && region.cost.measured;
  if (in_use || !alive || now - region.last_news < options_.calm_before_slowing) return;
  region.interval = std::min(region.interval * 2, options_.slowest_ping_interval);
  region.last_news = now;
}

void Prober::speed_up(RegionId id, Instant now) {
  Region& region = region_at(id);
  const bool was_slow = region.interval != options_.ping_interval;
  region.last_news = now;
  region.interval = options_.ping_interval;
  if (was_slow) observer_.on_ping_wanted(id, now);
}

}  // namespace wanlab::mesh
