// clusters[0] is the best by the policy's own rule at every sort: worked out here a second time,
// from the costs an edge recorded, with the figures the policy promises.
#include "analysis/checks/oracles.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

namespace wanlab::analysis {

namespace {

using runtime::TraceEvent;
using runtime::TraceKind;

// The promises (defaults of routing::ResortOptions, whose sources stand there). Times are generous
// by what events do not tell: costs are recorded in steps of a quantum, and moves happen at ticks.
constexpr std::int64_t quantum = 1000;  // microseconds
constexpr std::int64_t minimum_gain = 5000;
constexpr std::int64_t minimum_gain_percent = 20;
// Five ticks of at least 0.9 s, the first of which may be an evaluation up to a tick before the
// order that is told.
constexpr Duration sustained = std::chrono::milliseconds(2500);
constexpr Duration dwell = std::chrono::seconds(30);
constexpr double penalty_per_change = 1000, suppress_at = 2000, reuse_below = 750;
constexpr double half_life_s = 60;
constexpr Duration maximum_suppression = std::chrono::seconds(300);
constexpr Duration longest_learning = std::chrono::seconds(11);
// From being beaten to having moved: five ticks and the wait for the next one, twice over.
constexpr Duration late_move = std::chrono::seconds(15);

enum class Why : std::uint8_t { none, learning, latency, failure };

struct Entry {
  std::string name;
  char state = 'U';
  bool measured = false, stale = false, over_capacity = false;
  std::int64_t cost = 0;

  int rank() const {
    if (state == 'R') return 5;
    if (state == 'D') return 4;
    if (!measured) return 3;
    if (state == 'S' || over_capacity) return 2;
    return state == 'P' ? 1 : 0;
  }
  // Among equals the static guess and the name decide, which no event tells.
  std::tuple<int, bool, std::int64_t> key() const {
    return {rank(), !measured, measured ? cost / quantum : 0};
  }
};

std::vector<Entry> parse(std::string_view text) {
  std::vector<Entry> entries;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t equals = item.rfind('=');
    if (equals == std::string_view::npos || equals + 1 >= item.size()) continue;
    Entry entry;
    entry.name = item.substr(0, equals);
    item.remove_prefix(equals + 1);
    entry.state = item[0];
    item.remove_prefix(1);
    for (; !item.empty() && (item[0] < '0' || item[0] > '9') && item[0] != '-';
         item.remove_prefix(1)) {
      entry.measured |= item[0] == 'm';
      entry.stale |= item[0] == 's';
      entry.over_capacity |= item[0] == 'o';
    }
    std::from_chars(item.data(), item.data() + item.size(), entry.cost);
    entries.push_back(std::move(entry));
  }
  return entries;
}

// Better by what a move for the sake of latency asks for; `slack` microseconds in favour of yes.
bool beats(const Entry& best, const Entry& head, std::int64_t slack) {
  if (best.rank() >= 3 || head.rank() >= 3) return false;
  if (best.rank() < head.rank()) return true;
  const std::int64_t gain = head.cost - best.cost + slack;
  return gain >= minimum_gain && gain * 100 >= head.cost * minimum_gain_percent;
}

class OrderIsBest final : public Oracle {
 public:
  std::string_view name() const override { return "order_is_best"; }
  std::string_view promise() const override {
    return "at every sort the first region is the best by the policy's own rule";
  }
  trace::Kinds kinds() const override {
    return {TraceKind::regions_sorted, TraceKind::host_fault, TraceKind::route_removed,
            TraceKind::route_clusters, TraceKind::route_visible};
  }

  void observe(Instant now, const trace::HostLabel& host, const TraceEvent& event) override {
    if (event.kind == TraceKind::regions_sorted) return sorted(now, host, event);
    if (event.kind == TraceKind::route_visible) {
      routes_changed_[host.index] = now;
      return;
    }
    if (event.kind == TraceKind::route_clusters) return clusters(now, host, event);
    // A process that ended, or a set nobody may be using any more, begins with a new history.
    for (auto& [key, set] : sets_) {
      if (key.first == host.index) set.maybe_new = now;
    }
    if (event.kind != TraceKind::host_fault) return;
    if (event.a == static_cast<std::uint64_t>(runtime::HostFault::crashed)) {
      std::erase_if(sets_, [&](const auto& entry) { return entry.first.first == host.index; });
    }
  }

 private:
  struct Set {
    std::vector<std::string> order;
    Instant begun{};
    std::optional<Instant> changed;       // the last change that counts
    std::optional<Instant> maybe_beaten;  // since when the head may have been beaten
    std::optional<Instant> surely_beaten;
    std::optional<Instant> suppressed;
    double penalty = 0;
    Instant penalty_at{};
    std::optional<Instant> maybe_new;  // when it may have lost its history, if it may

    double penalty_now(Instant now) const {
      const double seconds = static_cast<double>((now - penalty_at).count()) / 1e9;
      return penalty * std::exp2(-seconds / half_life_s);
    }
  };

  // A set that the last Route leaves is forgotten, and begins with a new history if one comes back.
  void clusters(Instant now, const trace::HostLabel& host, const TraceEvent& event) {
    std::vector<std::string> regions = sorted_names(event.text);
    std::map<std::uint64_t, std::vector<std::string>>& routes = routes_[host.index];
    std::vector<std::string>& own = routes[event.a];
    own.swap(regions);
    const std::vector<std::string>& left = regions;
    const auto uses = [&](const auto& route) { return route.second == left; };
    if (left.empty() || std::any_of(routes.begin(), routes.end(), uses)) return;
    for (auto& [key, set] : sets_) {
      std::vector<std::string> members = set.order;
      std::sort(members.begin(), members.end());
      if (key.first == host.index && members == left) set.maybe_new = now;
    }
  }

  static std::vector<std::string> sorted_names(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
      const std::size_t comma = std::min(text.find(','), text.size());
      names.emplace_back(text.substr(0, comma));
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  void sorted(Instant now, const trace::HostLabel& host, const TraceEvent& event) {
    const std::vector<Entry> entries = parse(event.text);
    if (entries.empty()) return;
    const auto [found, is_new] = sets_.try_emplace({host.index, event.subject});
    Set& set = found->second;
    if (is_new) set.begun = now;
    if (!is_new && begins_anew(now, host, set, event, entries.front())) {
      set = Set{};
      set.begun = now;
    }
    const bool panic = event.b != 0;
    const auto why = static_cast<Why>(std::min<std::uint64_t>(event.a, 3));
    const std::string old_head = set.order.empty() ? std::string() : set.order.front();
    set.order.clear();
    for (const Entry& entry : entries) set.order.push_back(entry.name);

    const auto complain = [&](std::string what, std::string expected) {
      violated({now, host.name, "the order " + std::string(event.text), std::move(what),
                std::move(expected)});
    };
    const bool moved = !old_head.empty() && old_head != set.order.front();
    if (panic) {
      if (moved) complain("moved while most regions look bad at once", "the order as it was");
      set.maybe_beaten.reset();
      set.surely_beaten.reset();
      return;
    }
    for (std::size_t i = 2; i < entries.size(); ++i) {
      if (entries[i].key() < entries[i - 1].key()) {
        complain(entries[i].name + " stands behind " + entries[i - 1].name,
                 "sorted by state, then by cost");
      }
    }
    if (moved) judge_move(now, set, entries, old_head, why, complain);
    // The first order that is told may be the outcome of a change already.
    if (old_head.empty()) count_change(now, set, why);
    judge_head(now, set, entries, complain);
    if (set.suppressed &&
        (set.penalty_now(now) < reuse_below || now - *set.suppressed >= maximum_suppression)) {
      set.suppressed.reset();
    }
  }

  // A set that no Route has used for a while forgets what it was. It then has another head for no
  // reason, just after a Route came to it.
  bool begins_anew(Instant now, const trace::HostLabel& host, const Set& set,
                   const TraceEvent& event, const Entry& head) const {
    if (event.a != 0 || set.order.empty() || set.order.front() == head.name) return false;
    const auto changed = routes_changed_.find(host.index);
    return changed != routes_changed_.end() && now - changed->second < std::chrono::seconds(2);
  }

  template <typename Complain>
  void judge_move(Instant now, Set& set, const std::vector<Entry>& entries,
                  const std::string& old_head, Why why, const Complain& complain) {
    const auto old = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.name == old_head; });
    if (old == entries.end()) return;
    const Entry& head = entries.front();
    const std::string move = old_head + " gave way to " + head.name;
    switch (why) {
      case Why::none:
        complain(move, "a reason");
        break;
      case Why::learning:
        if (now - set.maybe_new.value_or(set.begun) > longest_learning && old->rank() != 3) {
          complain(move + " as if nothing were known yet", "hysteresis, as for any other change");
        }
        break;
      case Why::failure:
        if (old->rank() < 2) {
          complain(move + " as if it had failed", "a head that is suspect, down, draining or full");
        }
        break;
      case Why::latency:
        judge_latency_move(now, set, *old, head, move, complain);
        break;
    }
    count_change(now, set, why);
    set.maybe_beaten.reset();
    set.surely_beaten.reset();
  }

  static void count_change(Instant now, Set& set, Why why) {
    if (why != Why::latency && why != Why::failure) return;
    set.penalty = set.penalty_now(now) + penalty_per_change;
    set.penalty_at = now;
    set.changed = now;
    if (set.penalty >= suppress_at && !set.suppressed) set.suppressed = now;
  }

  template <typename Complain>
  void judge_latency_move(Instant now, const Set& set, const Entry& old, const Entry& head,
                          const std::string& move, const Complain& complain) {
    if (!beats(head, old, 1)) {
      complain(move + " for " + std::to_string((old.cost - head.cost) / 1000) + " ms",
               "a gain of at least 5 ms and 20 %");
    } else if (!set.maybe_beaten || now - *set.maybe_beaten < sustained) {
      complain(move + " at once", "a gain that lasts for five ticks");
    }
    if (set.maybe_new && (!set.changed || *set.changed <= *set.maybe_new)) return;
    if (set.changed && now - *set.changed < dwell) {
      complain(move + " " + std::to_string((now - *set.changed) / std::chrono::milliseconds(1)) +
                   " ms after the last change",
               "30 s between changes for the sake of latency");
    }
    // One per cent less than due, because the policy's arithmetic is in whole numbers.
    if (set.maybe_new) return;
    if (set.suppressed && set.penalty_now(now) > reuse_below * 1.01 &&
        now - *set.suppressed < maximum_suppression) {
      complain(move + " while its changes are suppressed", "flap damping");
    }
  }

  template <typename Complain>
  void judge_head(Instant now, Set& set, const std::vector<Entry>& entries,
                  const Complain& complain) {
    const Entry& head = entries.front();
    const Entry* best = nullptr;
    for (std::size_t i = 1; i < entries.size(); ++i) {
      const Entry& other = entries[i];
      if (other.rank() < head.rank() && head.rank() >= 2) {
        return complain(head.name + " stays first", other.name + ", whose state is better");
      }
      const bool eligible = other.rank() < head.rank() || !other.stale;
      if (eligible && (best == nullptr || other.key() < best->key())) best = &other;
    }
    const auto follow = [&](std::optional<Instant>& since, bool beaten) {
      if (!beaten) {
        since.reset();
      } else if (!since) {
        since = now;
      }
    };
    follow(set.maybe_beaten, best != nullptr && beats(*best, head, 2 * quantum));
    follow(set.surely_beaten, best != nullptr && beats(*best, head, -2 * quantum));
    const bool free_to_move =
        (!set.changed || now - *set.changed >= dwell + late_move) && !set.suppressed;
    if (free_to_move && set.surely_beaten && now - *set.surely_beaten > late_move) {
      complain(head.name + " stays first",
               best->name + ", better by " + std::to_string((head.cost - best->cost) / 1000) +
                   " ms for " +
                   std::to_string((now - *set.surely_beaten) / std::chrono::seconds(1)) + " s");
      set.surely_beaten = now;
    }
  }

  std::map<std::pair<trace::HostIndex, std::uint64_t>, Set> sets_;
  std::map<trace::HostIndex, std::map<std::uint64_t, std::vector<std::string>>>
      routes_;                                          // by number
  std::map<trace::HostIndex, Instant> routes_changed_;  // when an edge last heard of a Route
};

}  // namespace

std::unique_ptr<Oracle> make_order_is_best() {
  return std::make_unique<OrderIsBest>();
}

}  // namespace wanlab::analysis
