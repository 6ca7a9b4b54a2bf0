// A topology as data: places, measured round trips between them, and the cables that carry the
// rest. Plain values without behaviour; Wan answers questions about paths.
#pragma once

#include "real_components/runtime/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::network {

enum class SiteKind : std::uint8_t { region, pop, metro };

struct Site {
  std::string name;  // "us-east-1", "IAD", "Tokyo"; unique within the topology
  SiteKind kind = SiteKind::region;
  std::string provider;  // "aws", "cloudflare", ... or empty
  std::string city, country;
  double latitude = 0, longitude = 0;  // degrees; both zero: unknown
  std::uint32_t zones = 1;
  double weight = 0;  // internet users of a metro
  // Backbone nodes this site is joined to, at no distance. Empty: the nearest ones, by AccessRules.
  std::vector<std::string> hubs;
};

// A measured round trip between two sites. Given once it holds both ways; given twice, each way.
struct MeasuredPath {
  std::string source, target;
  Duration round_trip{};
  Duration jitter_p90{};              // 90th percentile minus median of the round trip
  double loss = 0;                    // probability per segment
  std::uint64_t bits_per_second = 0;  // 0: the plan's default
};

struct BackboneNode {
  std::string name;
  double latitude = 0, longitude = 0;
  std::string city;       // for people
  bool waypoint = false;  // a bend of a cable: sites join it only where no other node is near
};

struct BackboneCable {
  std::string source, target;
  double kilometres = 0;
  std::string corridor;  // cables that share a fate; empty: none
};

// How a site without `hubs` reaches the backbone: its nearest node, however far, and up to `hubs`
// in all within reach. A remote site, which has no node but waypoints within reach, joins its
// nearest node of any kind and further nodes within remote reach. Two sites closer than the direct
// reach may also use a line of their own.
struct AccessRules {
  std::uint32_t hubs = 3;
  double factor = 1.2;  // access kilometres per kilometre of great circle
  double reach_kilometres = 900;
  double remote_reach_kilometres = 2000;
  double direct_factor = 1.5;
  double direct_reach_kilometres = 1500;
};

struct Topology {
  std::string name, description;
  std::vector<std::string> sources;  // where the figures come from, with licence
  std::vector<Site> sites;
  std::vector<MeasuredPath> paths;
  std::vector<BackboneNode> backbone_nodes;
  std::vector<BackboneCable> backbone_cables;
  AccessRules access;
  // Round trip over `p` kilometres of backbone = intercept + p * per_kilometre. Sites nearer to
  // each other than `nearby_kilometres` pay less: the intercept grows evenly with distance from
  // `nearby_intercept`.
  Duration backbone_intercept{};
  Duration backbone_per_kilometre{};
  Duration nearby_intercept{};
  double nearby_kilometres = 0;
  double jitter_share =
      0;                   // jitter_p90 of a path without measurement, as a share of its round trip
  double loss = 0;         // of a path without measurement, probability per segment
  Duration within_zone{};  // round trip inside one zone
  Duration between_zones{};  // round trip between two zones of a region
  Duration reroute_delay{};  // from a cut cable to converged new routes
};

}  // namespace wanlab::network
