// Once nothing is wrong any more, every edge has the Routes that the store has committed, and all
// have the same.
#include "analysis/checks/oracles.hpp"

#include <algorithm>
#include <map>

namespace wanlab::analysis {

namespace {

using runtime::TraceEvent;
using runtime::TraceKind;

class EdgesConverge final : public Oracle {
 public:
  explicit EdgesConverge(Fleet& fleet, const scenario::Plan& plan) : fleet_(fleet), plan_(plan) {}

  std::string_view name() const override { return "edges_converge"; }
  std::string_view promise() const override {
    return "all edges have the store's Routes soon after everything is well";
  }
  trace::Kinds kinds() const override {
    return {TraceKind::store_committed, TraceKind::route_visible, TraceKind::route_removed,
            TraceKind::regions_sorted,  TraceKind::host_fault,    TraceKind::fault_started,
            TraceKind::fault_healed};
  }

  void observe(Instant now, const trace::HostLabel&, const TraceEvent& event) override {
    judge_if_due(now);
    switch (event.kind) {
      case TraceKind::store_committed:
        if (!event.text.starts_with(route_prefix)) return;
        {
          Committed& committed = committed_[std::string(event.text.substr(route_prefix.size()))];
          if (event.subject <= committed.revision) return;  // another member's
          committed = {event.subject, event.a != 0, now};
        }
        break;
      case TraceKind::regions_sorted:
        return;
      default:
        break;
    }
    changed_ = now;
    judged_ = false;
  }

  void finish(Instant end, bool) override { judge_if_due(end); }

 private:
  static constexpr std::string_view route_prefix = "/wanlab/routes/";
  // Until a client of the store has noticed a dead connection, backed off, and listed anew.
  static constexpr Duration bound = std::chrono::seconds(30);

  struct Committed {
    std::uint64_t revision = 0;
    bool deleted = false;
    Instant at{};
  };

  void judge_if_due(Instant now) {
    if (judged_ || now - changed_ <= bound) return;
    if (fleet_.calm_for(now) <= bound) return;
    judged_ = true;
    // Routes that were there from the start: what most edges have is not asked, only that it is
    // one.
    std::map<std::string, std::pair<std::uint64_t, std::string>> seeded;
    for (const EdgeSeen* edge : fleet_.edges()) {
      if (edge->down || (edge->lives > 0 && now - edge->up_since <= bound)) continue;
      std::map<std::string, std::uint64_t, std::less<>> has;
      for (const RouteSeen& route : edge->routes) {
        if (route.live) has[route.user] = route.revision;
      }
      for (const auto& [user, committed] : committed_) {
        const auto mine = has.find(user);
        const std::uint64_t revision = mine == has.end() ? 0 : mine->second;
        const std::uint64_t wanted = committed.deleted ? 0 : committed.revision;
        if (revision != wanted) complain(now, edge->name, user, revision, wanted, "the store's");
      }
      for (const scenario::Credential& credential : plan_.credentials) {
        if (committed_.contains(credential.user)) continue;
        const auto mine = has.find(credential.user);
        const std::uint64_t revision = mine == has.end() ? 0 : mine->second;
        const auto [first, is_first] =
            seeded.try_emplace(credential.user, std::pair(revision, edge->name));
        if (!is_first && first->second.first != revision) {
          complain(now, edge->name, credential.user, revision, first->second.first,
                   "that of " + first->second.second);
        } else if (is_first && revision == 0) {
          complain(now, edge->name, credential.user, 0, 1, "a Route of the plan");
        }
      }
    }
  }
  void complain(Instant now, const std::string& edge, const std::string& user,
                std::uint64_t revision, std::uint64_t wanted, const std::string& whose) {
    const auto words = [](std::uint64_t number) {
      return number == 0 ? std::string("is not there") : "has revision " + std::to_string(number);
    };
    violated({now, edge, "the Route of " + user, words(revision),
              wanted == 0 ? "that it is gone, as in the store"
                          : "revision " + std::to_string(wanted) + ", " + whose});
  }

  Fleet& fleet_;
  const scenario::Plan& plan_;
  std::map<std::string, Committed, std::less<>> committed_;
  Instant changed_{};
  bool judged_ = false;
};

}  // namespace

std::unique_ptr<Oracle> make_edges_converge(Fleet& fleet, const scenario::Plan& plan) {
  return std::make_unique<EdgesConverge>(fleet, plan);
}

}  // namespace wanlab::analysis
