// The figures of a topology file: backbone, matrix and single paths.
#include <algorithm>
#include <tuple>

#include "sim/base/nearest_name.hpp"
#include "sim/base/units.hpp"
#include "sim/network/geography.hpp"
#include "sim/network/topology_loader.hpp"

namespace wanlab::network {

using base::Object;
using base::Value;

namespace {

// Light in fibre needs 10 us of round trip per kilometre; measurements may be 5 % below for the
// coordinates of a region being those of its metro.
constexpr double floor_ms_per_kilometre = 0.01 * 0.95;

}  // namespace

Duration milliseconds_as_duration(double milliseconds) {
  return Duration(static_cast<std::int64_t>(milliseconds * 1e6 + 0.5));
}

void TopologyLoader::read_backbone(const Object& backbone) {
  if (const auto value = backbone.find("fit")) {
    const Object fit(*value, "backbone fit",
                     {"intercept", "per_kilometre", "nearby_intercept", "nearby_kilometres"});
    topology_.backbone_intercept =
        fit.duration("intercept", topology_.backbone_intercept, up_to_ten_seconds);
    topology_.backbone_per_kilometre =
        fit.duration("per_kilometre", topology_.backbone_per_kilometre,
                     {Duration::zero(), std::chrono::milliseconds(1)});
    topology_.nearby_intercept =
        fit.duration("nearby_intercept", topology_.nearby_intercept, up_to_ten_seconds);
    topology_.nearby_kilometres =
        fit.number("nearby_kilometres", topology_.nearby_kilometres, {0, 20'000});
    if (topology_.nearby_intercept > topology_.backbone_intercept) {
      fit.refuse("nearby_intercept must not be above intercept");
    }
  }
  if (const auto value = backbone.find("access")) {
    const Object access(*value, "access rules",
                        {"hubs", "factor", "reach_kilometres", "remote_reach_kilometres",
                         "direct_factor", "direct_reach_kilometres"});
    AccessRules& rules = topology_.access;
    rules.hubs = access.count32("hubs", rules.hubs, {1, 16});
    rules.factor = access.number("factor", rules.factor, {1, 10});
    rules.reach_kilometres = access.number("reach_kilometres", rules.reach_kilometres, {0, 20'100});
    rules.remote_reach_kilometres =
        access.number("remote_reach_kilometres", rules.remote_reach_kilometres, {0, 20'100});
    rules.direct_factor = access.number("direct_factor", rules.direct_factor, {1, 10});
    rules.direct_reach_kilometres =
        access.number("direct_reach_kilometres", rules.direct_reach_kilometres, {0, 20'100});
  }
  for (const Value& value : backbone.elements("nodes")) {
    const Object object(value, "backbone node", {"name", "city", "at", "waypoint"});
    BackboneNode node;
    node.name = object.at("name").text();
    node.city = object.text("city", "");
    std::tie(node.latitude, node.longitude) = read_coordinates(object.at("at"));
    node.waypoint = object.boolean("waypoint", false);
    const auto [place, is_new] = node_places_.emplace(node.name, FilePlace(value));
    if (!is_new) {
      object.at("name").refuse("duplicate backbone node \"" + node.name + "\", first given in " +
                               place->second.text());
    }
    topology_.backbone_nodes.push_back(std::move(node));
  }
  for (const Value& value : backbone.elements("cables")) {
    const Object object(value, "cable", {"from", "to", "kilometres", "corridor"});
    const auto end = [&](std::string_view key) -> const BackboneNode& {
      const Value name = object.at(key);
      const auto node =
          std::find_if(topology_.backbone_nodes.begin(), topology_.backbone_nodes.end(),
                       [&](const auto& known) { return known.name == name.text(); });
      if (node != topology_.backbone_nodes.end()) return *node;
      std::vector<std::string> known;
      for (const auto& [node_name, place] : node_places_) known.push_back(node_name);
      name.refuse("there is no backbone node \"" + name.text() + "\"" +
                  base::did_you_mean(name.text(), known));
    };
    const BackboneNode &from = end("from"), &to = end("to");
    if (&from == &to) object.at("to").refuse("a cable must join two different nodes");
    const Value length = object.at("kilometres");
    const double kilometres = length.number({0, 50'000});
    const double distance =
        great_circle_kilometres(from.latitude, from.longitude, to.latitude, to.longitude);
    if (kilometres < 0.98 * distance - 1) {
      length.refuse("a cable of this length does not reach: " + from.name + " and " + to.name +
                    " are " + std::to_string(static_cast<int>(distance + 0.5)) + " km apart");
    }
    topology_.backbone_cables.push_back(
        {from.name, to.name, kilometres, object.text("corridor", "")});
  }
}

// Rows are either the triangle below the diagonal (row i holds i numbers) or the full square.
void TopologyLoader::read_matrix(const Object& matrix) {
  std::vector<std::string> order;
  for (const Value& name : matrix.at("order").elements()) {
    order.push_back(known_site(name));
    if (std::count(order.begin(), order.end(), order.back()) > 1) {
      name.refuse("duplicate site \"" + order.back() + "\" in the order of the matrix");
    }
  }
  bool is_square = false;
  const auto rows_of = [&](std::string_view key) {
    std::vector<std::vector<Value>> rows;
    const Value value = matrix.at(key);
    for (const Value& row : value.elements()) rows.push_back(row.elements());
    if (rows.size() != order.size()) {
      value.refuse("expected one row for each of the " + std::to_string(order.size()) +
                   " sites in \"order\", got " + std::to_string(rows.size()));
    }
    const bool square = !rows.empty() && !rows.front().empty();
    if (key == "round_trip_ms") is_square = square;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const std::size_t wanted = is_square ? order.size() : row;
      if (rows[row].size() == wanted) continue;
      value.elements()[row].refuse("expected " + std::to_string(wanted) + " numbers for \"" +
                                   order[row] + "\" (a " + (is_square ? "square" : "triangle") +
                                   "), got " + std::to_string(rows[row].size()));
    }
    return rows;
  };
  const auto round_trips = rows_of("round_trip_ms");
  std::vector<std::vector<Value>> jitters;
  if (matrix.has("jitter_p90_ms")) jitters = rows_of("jitter_p90_ms");
  for (std::size_t row = 0; row < order.size(); ++row) {
    for (std::size_t column = 0; column < round_trips[row].size(); ++column) {
      if (row == column) continue;  // within a site the defaults hold
      const Value& cell = round_trips[row][column];
      PendingPath pending;
      pending.path.source = order[row];
      pending.path.target = order[column];
      pending.path.round_trip = milliseconds_as_duration(cell.number({0, 10'000}));
      if (!jitters.empty()) {
        pending.has_jitter = true;
        pending.path.jitter_p90 =
            milliseconds_as_duration(jitters[row][column].number({0, 10'000}));
      }
      add_path(std::move(pending), cell);
    }
  }
}

void TopologyLoader::read_path(const Object& object) {
  PendingPath pending;
  pending.path.source = known_site(object.at("from"));
  pending.path.target = known_site(object.at("to"));
  if (pending.path.source == pending.path.target) {
    object.at("to").refuse("a path must join two different sites (inside one, the defaults hold)");
  }
  pending.path.round_trip = object.at("round_trip").duration(up_to_ten_seconds);
  pending.has_jitter = object.has("jitter_p90");
  pending.path.jitter_p90 = object.duration("jitter_p90", Duration::zero(), up_to_ten_seconds);
  pending.has_loss = object.has("loss");
  pending.path.loss = object.ratio("loss", 0);
  pending.path.bits_per_second =
      object.bit_rate("bandwidth", 0, {1, std::uint64_t{1'000'000'000'000'000}});
  add_path(std::move(pending), object.value());
}

void TopologyLoader::add_path(PendingPath pending, const Value& where) {
  const std::string &source = pending.path.source, &target = pending.path.target;
  if (left_out_.contains(source) || left_out_.contains(target)) return;
  const auto [known, is_new] = path_places_.emplace(std::pair(source, target), FilePlace(where));
  if (!is_new) {
    where.refuse("duplicate path from \"" + source + "\" to \"" + target + "\", first given in " +
                 known->second.text());
  }
  const Site& from = topology_.sites[site_index_.at(source)];
  const Site& to = topology_.sites[site_index_.at(target)];
  if (is_located(from) && is_located(to)) {
    const double distance =
        great_circle_kilometres(from.latitude, from.longitude, to.latitude, to.longitude);
    const Duration floor = milliseconds_as_duration(distance * floor_ms_per_kilometre);
    if (pending.path.round_trip < floor) {
      where.refuse("a round trip of " + base::format_duration(pending.path.round_trip) +
                   " from \"" + source + "\" to \"" + target +
                   "\" is faster than light in fibre, which needs " + base::format_duration(floor) +
                   " for " + std::to_string(static_cast<int>(distance + 0.5)) + " km");
    }
  }
  paths_.push_back(std::move(pending));
}

}  // namespace wanlab::network
