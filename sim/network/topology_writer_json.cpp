// Writes a topology so that reading it back gives the same values to the last bit.
#include "sim/base/units.hpp"
#include "sim/network/topology_json.hpp"

namespace wanlab::network {
namespace {

using base::Json;

Json text(const std::string& value) {
  return Json::make_text(value);
}
Json duration(Duration value) {
  return Json::make_text(base::format_duration(value));
}

Json texts(const std::vector<std::string>& values) {
  Json array = Json::make_array();
  for (const std::string& value : values) array.push(text(value));
  return array;
}

Json coordinates(double latitude, double longitude) {
  Json array = Json::make_array();
  array.push(Json::make_real(latitude));
  array.push(Json::make_real(longitude));
  return array;
}

Json site_json(const Site& site) {
  Json json = Json::make_object();
  json.set("name", text(site.name));
  if (!site.provider.empty()) json.set("provider", text(site.provider));
  if (!site.city.empty()) json.set("city", text(site.city));
  if (!site.country.empty()) json.set("country", text(site.country));
  if (site.latitude != 0 || site.longitude != 0) {
    json.set("at", coordinates(site.latitude, site.longitude));
  }
  json.set("zones", Json::make_natural(site.zones));
  if (site.weight != 0) json.set("weight", Json::make_real(site.weight));
  if (!site.hubs.empty()) json.set("hubs", texts(site.hubs));
  return json;
}

Json path_json(const MeasuredPath& path) {
  Json json = Json::make_object();
  json.set("from", text(path.source));
  json.set("to", text(path.target));
  json.set("round_trip", duration(path.round_trip));
  json.set("jitter_p90", duration(path.jitter_p90));
  json.set("loss", Json::make_real(path.loss));
  if (path.bits_per_second != 0) {
    json.set("bandwidth", text(base::format_bit_rate(path.bits_per_second)));
  }
  return json;
}

Json backbone_json(const Topology& topology) {
  Json fit = Json::make_object();
  fit.set("intercept", duration(topology.backbone_intercept));
  fit.set("per_kilometre", duration(topology.backbone_per_kilometre));
  fit.set("nearby_intercept", duration(topology.nearby_intercept));
  fit.set("nearby_kilometres", Json::make_real(topology.nearby_kilometres));
  Json access = Json::make_object();
  access.set("hubs", Json::make_natural(topology.access.hubs));
  access.set("factor", Json::make_real(topology.access.factor));
  access.set("reach_kilometres", Json::make_real(topology.access.reach_kilometres));
  access.set("remote_reach_kilometres", Json::make_real(topology.access.remote_reach_kilometres));
  access.set("direct_factor", Json::make_real(topology.access.direct_factor));
  access.set("direct_reach_kilometres", Json::make_real(topology.access.direct_reach_kilometres));
  Json nodes = Json::make_array();
  for (const BackboneNode& node : topology.backbone_nodes) {
    Json json = Json::make_object();
    json.set("name", text(node.name));
    if (!node.city.empty()) json.set("city", text(node.city));
    json.set("at", coordinates(node.latitude, node.longitude));
    if (node.waypoint) json.set("waypoint", Json::make_boolean(true));
    nodes.push(std::move(json));
  }
  Json cables = Json::make_array();
  for (const BackboneCable& cable : topology.backbone_cables) {
    Json json = Json::make_object();
    json.set("from", text(cable.source));
    json.set("to", text(cable.target));
    json.set("kilometres", Json::make_real(cable.kilometres));
    if (!cable.corridor.empty()) json.set("corridor", text(cable.corridor));
    cables.push(std::move(json));
  }
  Json backbone = Json::make_object();
  backbone.set("fit", std::move(fit));
  backbone.set("access", std::move(access));
  backbone.set("nodes", std::move(nodes));
  backbone.set("cables", std::move(cables));
  return backbone;
}

}  // namespace

Json to_json(const Topology& topology) {
  Json json = Json::make_object();
  json.set("name", text(topology.name));
  if (!topology.description.empty()) json.set("description", text(topology.description));
  json.set("sources", texts(topology.sources));
  Json defaults = Json::make_object();
  defaults.set("within_zone", duration(topology.within_zone));
  defaults.set("between_zones", duration(topology.between_zones));
  defaults.set("jitter_share", Json::make_real(topology.jitter_share));
  defaults.set("loss", Json::make_real(topology.loss));
  defaults.set("reroute_delay", duration(topology.reroute_delay));
  json.set("defaults", std::move(defaults));
  json.set("backbone", backbone_json(topology));
  // A topology that was read has its sites in this order, so their numbers survive.
  Json regions = Json::make_array(), pops = Json::make_array(), metros = Json::make_array();
  for (const Site& site : topology.sites) {
    Json& list = site.kind == SiteKind::region ? regions
                 : site.kind == SiteKind::pop  ? pops
                                               : metros;
    list.push(site_json(site));
  }
  json.set("regions", std::move(regions));
  json.set("pops", std::move(pops));
  json.set("metros", std::move(metros));
  Json paths = Json::make_array();
  for (const MeasuredPath& path : topology.paths) paths.push(path_json(path));
  json.set("paths", std::move(paths));
  return json;
}

}  // namespace wanlab::network
