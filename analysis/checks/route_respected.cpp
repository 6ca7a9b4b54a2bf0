// Every statement goes to a region that its Route names, and not to one that this edge holds DOWN
// or DRAINING while it has a better one to talk to.
#include "analysis/checks/oracles.hpp"
#include "analysis/checks/words.hpp"

namespace wanlab::analysis {

namespace {

using runtime::TraceEvent;
using runtime::TraceKind;

class RouteRespected final : public Oracle {
 public:
  explicit RouteRespected(Fleet& fleet) : fleet_(fleet) {}

  std::string_view name() const override { return "route_respected"; }
  std::string_view promise() const override {
    return "a statement goes to a region of its Route that the edge holds alive";
  }
  trace::Kinds kinds() const override { return {TraceKind::query_routed}; }

  void observe(Instant now, const trace::HostLabel& host, const TraceEvent& event) override {
    EdgeSeen* edge = fleet_.edge(host.index);
    const RouteSeen* route = edge == nullptr ? nullptr : edge->route(runtime::route_of(event.b));
    if (route == nullptr || !route->live) [[unlikely]] {
      return complain(now, host, event, "belongs to no Route that this edge has",
                      "a Route that is visible");
    }
    const std::uint32_t number = edge->find(event.text);
    const bool allowed =
        number < 32 ? ((route->allowed >> number) & 1) != 0 : names(*route, number);
    if (!allowed) [[unlikely]] {
      return complain(now, host, event, "was sent to " + std::string(event.text),
                      "a region of the Route of " + route->user + ": " + list(*edge, *route));
    }
    const RegionSeen& region = edge->regions[number];
    if (region.alive() || runtime::attempt_of(event.b) > 1) [[likely]] {
      return;
    }
    // Most regions look bad at once: the edge doubts itself, but not for long.
    if (edge->panic && now - edge->panic_since <= longest_doubt) return;
    for (const std::uint32_t other : route->regions) {
      const RegionSeen& better = edge->regions[other];
      if (!better.alive() || better.connections == 0) continue;
      std::string found = "was sent to " + region.name;
      found += ", which this edge held ";
      found += to_string(region.held);
      return complain(now, host, event, std::move(found),
                      better.name + ", which it held " + std::string(to_string(better.held)) +
                          " and had connections to");
    }
  }

 private:
  // SelfHealthOptions::panic_window is 10 s; a tick more until it is noticed.
  static constexpr Duration longest_doubt = std::chrono::seconds(12);

  static bool names(const RouteSeen& route, std::uint32_t number) {
    for (const std::uint32_t region : route.regions) {
      if (region == number) return true;
    }
    return false;
  }
  static std::string list(const EdgeSeen& edge, const RouteSeen& route) {
    std::string text;
    for (const std::uint32_t region : route.regions) {
      if (!text.empty()) text += ", ";
      text += edge.regions[region].name;
    }
    return text;
  }
  void complain(Instant now, const trace::HostLabel& host, const TraceEvent& event,
                std::string found, std::string expected) {
    if (!worth_words()) return violated({});
    violated({now, host.name, statement_words(event.subject, event.a), std::move(found),
              std::move(expected)});
  }

  Fleet& fleet_;
};

}  // namespace

std::unique_ptr<Oracle> make_route_respected(Fleet& fleet) {
  return std::make_unique<RouteRespected>(fleet);
}

}  // namespace wanlab::analysis
