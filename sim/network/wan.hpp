// Answers what a packet meets between two places of a topology: delay, jitter, loss, bandwidth, and
// whether there is a way at all. Has no clock and draws no chance; who calls it decides when cables
// break.
#pragma once

#include "real_components/runtime/time.hpp"
#include "sim/network/geography.hpp"
#include "sim/network/topology.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::network {

using SiteIndex = std::uint32_t;  // position in Topology::sites

struct PathQuality {
  // One way, without jitter and serialization. forward + backward is the round trip to the
  // nanosecond, and the forward delay of (a, b) is the backward delay of (b, a) unless the topology
  // measures each way.
  Duration forward{}, backward{};
  // 90th percentile minus median of one direction: half of the round trip's, because over the long
  // windows of the measurements both directions mostly drift together.
  Duration jitter_p90{};
  double loss = 0;                    // probability per segment and direction
  std::uint64_t bits_per_second = 0;  // 0: the plan's default
  // False: packets vanish, because a cut cable left no way or is not routed around yet. Delays are
  // 0 then.
  bool reachable = false;
};

// How soon routing knows of a cut. `pending`: packets over the cable are lost until reroute() is
// called, which the world does Topology::reroute_delay later.
enum class Rerouting : std::uint8_t { at_once, pending };

// Not for several threads at once: qualities are computed when first asked for and kept.
class Wan {
 public:
  // Throws base::InputError when a path or cable names an unknown place.
  explicit Wan(const Topology& topology);
  ~Wan();
  Wan(Wan&&) noexcept;
  Wan& operator=(Wan&&) noexcept;

  std::optional<SiteIndex> find(std::string_view name) const;
  // Throws base::InputError naming the nearest known site.
  SiteIndex require(std::string_view name) const;
  SiteIndex site_count() const { return static_cast<SiteIndex>(sites_.size()); }
  const Site& site(SiteIndex index) const { return sites_[index]; }
  Duration reroute_delay() const { return reroute_delay_; }

  // Within one site the zones decide; between sites they do not matter. Measured where the topology
  // has a measurement, else estimated from the backbone, and never below what light in fibre needs.
  const PathQuality& path(SiteIndex a, std::uint32_t zone_a, SiteIndex b,
                          std::uint32_t zone_b) const;
  bool is_measured(SiteIndex a, SiteIndex b) const;
  double great_circle_kilometres(SiteIndex a, SiteIndex b) const;
  // Backbone nodes on the present way between two sites; empty where there is none.
  std::vector<std::string> stations(SiteIndex a, SiteIndex b) const;

  // Names are corridors ("red_sea") or cables ("NYC-BUD"). Throws base::InputError for an unknown
  // one.
  void cut(std::string_view name, Rerouting rerouting = Rerouting::at_once);
  void reroute();
  void repair(std::string_view name);
  std::vector<std::string> cable_names() const;
  // Grows with every change: a quality read earlier may be outdated once it differs.
  std::uint64_t generation() const { return generation_; }

 private:
  struct State;
  struct Cached {
    PathQuality quality;
    std::uint64_t generation = 0;
  };

  PathQuality compute(SiteIndex a, SiteIndex b) const;

  std::vector<Site> sites_;
  std::map<std::string, SiteIndex, std::less<>> index_;
  Duration reroute_delay_{};
  std::uint64_t generation_ = 1;
  PathQuality within_zone_;
  PathQuality between_zones_, between_zones_back_;  // from the lower zone to the higher, and back
  std::unique_ptr<State> state_;                    // measurements and the backbone
  mutable std::vector<std::vector<Cached>> rows_;
};

}  // namespace wanlab::network
