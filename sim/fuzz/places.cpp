// Where things are, and how far from each other: a few regions and POPs on a made-up map, with
// measured round trips or with cables.
#include "sim/fuzz/dice.hpp"
#include "sim/fuzz/world_maker.hpp"

#include <algorithm>
#include <cmath>

namespace wanlab::fuzz {

namespace {

struct Point {
  double x = 0, y = 0;  // kilometres
};

double kilometres(Point one, Point other) {
  const double dx = one.x - other.x, dy = one.y - other.y;
  return std::sqrt(dx * dx + dy * dy);
}

void measure(network::Topology& topology, const std::vector<Point>& points, Dice& dice) {
  const bool noisy = dice.chance(50), lossy = dice.chance(30), one_way = dice.chance(15);
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      network::MeasuredPath path;
      path.source = topology.sites[i].name;
      path.target = topology.sites[j].name;
      // Fibre: 10 us of round trip per kilometre, and cables that do not go straight. Detours
      // differ, so that the triangle inequality need not hold.
      const double microseconds =
          400 + 10 * kilometres(points[i], points[j]) * (1.1 + dice.between(0u, 90u) / 100.0);
      path.round_trip = std::chrono::microseconds(static_cast<std::int64_t>(microseconds));
      if (noisy) path.jitter_p90 = path.round_trip * dice.between(0u, 4u) / 100;
      if (lossy) path.loss = dice.between(0u, 20u) / 10'000.0;
      topology.paths.push_back(path);
      if (!one_way || !dice.chance(30)) continue;
      std::swap(path.source, path.target);
      path.round_trip += path.round_trip * dice.between(0u, 50u) / 100;
      topology.paths.push_back(path);
    }
  }
}

// A ring, so that any one cable can be cut, with a few chords.
void lay_cables(network::Topology& topology, const std::vector<Point>& points, Dice& dice) {
  const auto node = [](std::size_t i) { return std::string("n").append(std::to_string(i + 1)); };
  const auto lay = [&](std::size_t i, std::size_t j) {
    network::BackboneCable cable;
    cable.source = node(i);
    cable.target = node(j);
    cable.kilometres = 100 + std::floor(kilometres(points[i], points[j]) * 1.2);
    if (dice.chance(25)) cable.corridor = "corridor";
    topology.backbone_cables.push_back(cable);
  };
  for (std::size_t i = 0; i < points.size(); ++i) {
    topology.backbone_nodes.push_back({.name = node(i),
                                       .latitude = topology.sites[i].latitude,
                                       .longitude = topology.sites[i].longitude,
                                       .city = {}});
    topology.sites[i].hubs = {node(i)};
  }
  for (std::size_t i = 0; i + 1 < points.size(); ++i) lay(i, i + 1);
  if (points.size() > 2) lay(points.size() - 1, 0);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::size_t j = dice.index(points.size());
    if (j > i + 1 && !(i == 0 && j + 1 == points.size()) && dice.chance(50)) lay(i, j);
  }
  topology.backbone_intercept = 2ms;
  topology.backbone_per_kilometre = 10us;
  topology.jitter_share = dice.chance(50) ? 0.02 : 0.0;
  topology.reroute_delay = dice.between(1s, 15s);
}

}  // namespace

void make_places(scenario::Plan& plan, Dice dice) {
  network::Topology& topology = plan.topology;
  plan.topology_name = topology.name = "made-up";
  topology.within_zone = 200us;
  topology.between_zones = 800us;
  plan.jitter = dice.chance(75);
  if (dice.chance(30)) plan.default_bits_per_second = 50'000'000;

  // Points are either spread over the world or in two clusters, where several are about as near.
  const bool clustered = dice.chance(40);
  std::vector<Point> points;
  const auto add = [&](const std::string& name, network::SiteKind kind) {
    network::Site site;
    site.name = name;
    site.kind = kind;
    site.zones = kind == network::SiteKind::region ? dice.between(1u, 3u) : 1;
    topology.sites.push_back(std::move(site));
    Point point{static_cast<double>(dice.between(0u, 12'000u)),
                static_cast<double>(dice.between(0u, 6'000u))};
    if (clustered) {
      point = {dice.between(0u, 300u) + (dice.chance(50) ? 0.0 : 9'000.0),
               static_cast<double>(dice.between(0u, 300u))};
    }
    points.push_back(point);
    // Near enough to the map for whoever asks how far apart two places are.
    constexpr double kilometres_per_degree = 111;
    topology.sites.back().latitude = (point.y - 3'000) / kilometres_per_degree + 1;
    topology.sites.back().longitude = (point.x - 6'000) / kilometres_per_degree + 1;
  };
  const std::uint32_t regions = dice.between(2u, 5u), pops = dice.between(0u, 3u);
  for (std::uint32_t i = 1; i <= regions; ++i) {
    add("region-" + std::to_string(i), network::SiteKind::region);
  }
  for (std::uint32_t i = 1; i <= pops; ++i) {
    add("pop-" + std::to_string(i), network::SiteKind::pop);
  }
  add("town", network::SiteKind::metro);
  if (dice.chance(20)) {
    lay_cables(topology, points, dice);
  } else {
    measure(topology, points, dice);
  }
}

}  // namespace wanlab::fuzz
