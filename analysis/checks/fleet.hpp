// What every edge knew, put together from what it recorded: its routes, what it held of each
// region, and (in a simulated world) what was true. Oracles and metrics read it; it judges nothing.
#pragma once

#include "sim/trace/recorder.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::analysis {

// In the order of routing::RegionState, which region_state events carry.
enum class Held : std::uint8_t { up, probation, suspect, down, draining };
std::string_view to_string(Held held);  // "UP"

struct RegionSeen {
  std::string name;
  Held held = Held::up;
  bool heard_of = false;                            // some event named its state
  std::uint32_t connections = 0;                    // of the backhaul, standing
  std::uint64_t truth = runtime::path_unreachable;  // expected nanoseconds there and back
  bool truth_known = false;
  Instant unreachable_since{};  // while truth says so

  bool reachable() const { return truth != runtime::path_unreachable; }
  bool alive() const { return held != Held::down && held != Held::draining; }
};

struct RouteSeen {
  bool live = false;
  std::string user;
  std::uint64_t user_hash = 0;
  std::uint64_t revision = 0;
  std::vector<std::uint32_t> regions;  // numbers in EdgeSeen::regions
  std::uint32_t allowed = 0;           // a bit for each of the first 32 regions among them
  std::uint64_t best = 0;              // the truth of its best region that is reachable
  std::uint32_t last = 0xffffffff;     // region of the last first attempt
};

struct EdgeSeen {
  trace::HostIndex host{};
  std::string name;
  std::vector<RegionSeen> regions;
  std::vector<RouteSeen> routes;  // by the edge's own number
  bool panic = false;             // it doubts itself and keeps its order
  Instant panic_since{};
  bool down = false;  // its process has ended, or stands still
  Instant up_since{};
  std::uint64_t lives = 0;

  std::uint32_t region(std::string_view name);  // makes one if need be
  // 0xffffffff if it was never named.
  std::uint32_t find(std::string_view wanted) const {
    if (last_found_ < regions.size() && regions[last_found_].name == wanted) return last_found_;
    for (std::uint32_t i = 0; i < regions.size(); ++i) {
      if (regions[i].name == wanted) return last_found_ = i;
    }
    return 0xffffffff;
  }
  const RouteSeen* route(std::uint64_t number) const {
    return number < routes.size() ? &routes[number] : nullptr;
  }
  void reckon(RouteSeen& route) const;

 private:
  mutable std::uint32_t last_found_ = 0;
};

class Fleet final : public trace::Observer {
 public:
  static trace::Kinds kinds();
  void observe(Instant now, const trace::HostLabel& host,
               const runtime::TraceEvent& event) override;

  // Null for what is no edge, or an edge of which nothing is known.
  EdgeSeen* edge(trace::HostIndex host) {
    const auto index = static_cast<std::size_t>(host);
    return index < by_host_.size() ? by_host_[index].get() : nullptr;
  }
  // By an edge's name; 0xffffffff if it is not known.
  std::uint32_t host_of(std::string_view name);
  const std::vector<EdgeSeen*>& edges() const { return edges_; }

  // Faults of the plan that are under way, and when the last one began or ended.
  std::uint32_t faults_active() const { return faults_active_; }
  std::optional<Instant> last_fault() const { return last_fault_; }
  // For how long no fault has been there.
  Duration calm_for(Instant now) const {
    if (faults_active_ != 0) return Duration::zero();
    return last_fault_ ? now - *last_fault_ : Duration::max();
  }

 private:
  EdgeSeen& make(const trace::HostLabel& host);
  void on_host_fault(Instant now, const trace::HostLabel& host, runtime::HostFault fault);

  std::vector<std::unique_ptr<EdgeSeen>> by_host_;
  std::vector<EdgeSeen*> edges_;
  struct Known {
    std::string_view name;
    std::uint32_t host = 0xffffffff;
  };
  std::vector<Known> known_ = std::vector<Known>(256);  // where names were found last
  std::map<std::string, std::uint32_t, std::less<>> hosts_;
  std::uint32_t faults_active_ = 0;
  std::optional<Instant> last_fault_;
};

}  // namespace wanlab::analysis
