// A topology as data: places, measured round trips between them, and the cables that carry the rest.
// Plain values without behaviour; Wan answers questions about paths.
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
  double latitude = 0, longitude = 0;  // degrees
  std::uint32_t zones = 1;
  double weight = 0;  // internet users of a metro
};

// A measured round trip between two sites. Given once it holds both ways; given twice, each way.
struct MeasuredPath {
  std::string source, target;
  Duration round_trip{};
  Duration jitter_p90{};  // 90th percentile minus median of the round trip
  double loss = 0;        // probability per segment
  std::uint64_t bits_per_second = 0;  // 0: the plan's default
};

struct BackboneNode {
  std::string name;
  double latitude = 0, longitude = 0;
};

struct BackboneCable {
  std::string source, target;
  double kilometres = 0;
  std::string corridor;  // cables that share a fate; empty: none
};

struct Topology {
  std::string name, description;
  std::vector<std::string> sources;  // where the figures come from, with licence
  std::vector<Site> sites;
  std::vector<MeasuredPath> paths;
  std::vector<BackboneNode> backbone_nodes;
  std::vector<BackboneCable> backbone_cables;
  // Round trip over `p` kilometres of backbone = intercept + p * per_kilometre.
  Duration backbone_intercept{};
  Duration backbone_per_kilometre{};
  Duration within_zone{};      // round trip inside one zone
  Duration between_zones{};    // round trip between two zones of a region
  Duration reroute_delay{};    // from a cut cable to converged new routes
};

}  // namespace wanlab::network
