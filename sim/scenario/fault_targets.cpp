#include "sim/scenario/fault_targets.hpp"

#include "sim/scenario/host_names.hpp"

#include <algorithm>

namespace wanlab::scenario {

namespace {

bool matches_one(std::string_view pattern, std::string_view name) {
  // The usual greedy walk: back to the last star whenever the rest does not fit.
  std::size_t at = 0, in = 0, star = std::string_view::npos, resume = 0;
  while (in < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = in;
    } else if (at < pattern.size() && pattern[at] == name[in]) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++resume;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

std::uint32_t zones_of(const Plan& plan, const std::string& site) {
  const auto found = std::find_if(plan.topology.sites.begin(), plan.topology.sites.end(),
                                  [&](const auto& each) { return each.name == site; });
  return found == plan.topology.sites.end() ? 1 : std::max(1u, found->zones);
}

std::string zone_name(const std::string& site, std::uint32_t zone) {
  return site + std::string("/").append(std::to_string(zone + 1));
}

}  // namespace

bool matches(std::string_view pattern, std::string_view name) {
  for (;;) {
    const std::size_t bar = pattern.find('|');
    if (matches_one(pattern.substr(0, bar), name)) return true;
    if (bar == std::string_view::npos) return false;
    pattern.remove_prefix(bar + 1);
  }
}

std::vector<HostPlace> host_places(const Plan& plan) {
  std::vector<HostPlace> places;
  const auto add = [&](std::string name, const std::string& site, std::uint32_t number,
                       std::string pop = {}) {
    places.push_back({std::move(name), site, number % zones_of(plan, site), std::move(pop)});
  };
  for (const EdgePop& pop : plan.edges)
    for (std::uint32_t node = 1; node <= pop.nodes; ++node)
      add(edge_host_name(pop, node), pop.site, node - 1, pop.name);
  for (const OriginRegion& region : plan.origins)
    for (std::uint32_t node = 1; node <= region.nodes; ++node)
      add(origin_host_name(region, node), region.region, node - 1);
  for (const Database& database : plan.databases) {
    add(primary_host_name(database), database.primary_region, 0);
    for (std::uint32_t replica = 1; replica <= database.replicas; ++replica)
      add(replica_host_name(database, database.primary_region, replica), database.primary_region,
          replica);
    for (const std::string& region : database.read_only_regions)
      add(replica_host_name(database, region, 1), region, 0);
  }
  for (const StoreMember& member : store_members(plan))
    add(member.host, member.site, member.number);
  for (const OriginRegion& region : plan.origins)
    add(credential_store_host_name(region.region), region.region, 0);
  for (const std::string& name : plan.idle_hosts) add(name, {}, 0);
  return places;
}

std::vector<std::string> hosts_meant(const Plan& plan, const Fault& fault) {
  std::vector<std::string> names;
  for (const HostPlace& place : host_places(plan)) {
    bool meant = false;
    switch (fault.scope) {
      case FaultScope::host:
        meant = matches(fault.source, place.name);
        break;
      case FaultScope::pop:
        meant = !place.pop.empty() && matches(fault.source, place.pop);
        break;
      case FaultScope::zone:
        meant = !place.site.empty() && matches(fault.source, zone_name(place.site, place.zone));
        break;
      case FaultScope::region:
        meant = !place.site.empty() && matches(fault.source, place.site);
        break;
      default:
        break;
    }
    if (meant) names.push_back(place.name);
  }
  return names;
}

std::vector<std::string> stores_meant(const Plan& plan, const Fault& fault) {
  std::vector<std::string> names;
  for (const StoreMember& member : store_members(plan)) {
    if (fault.scope == FaultScope::store || matches(fault.source, member.host))
      names.push_back(member.host);
  }
  return names;
}

PathEnd path_end(const Plan& plan, std::string_view text) {
  PathEnd end;
  const auto asked_for = [&](std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
  };
  const bool site = asked_for("site:"), zone = !site && asked_for("zone:");
  const bool pop = !site && !zone && asked_for("pop:");
  const bool host = !site && !zone && !pop && asked_for("host:");
  const bool any = !site && !zone && !pop && !host;
  if (any && text == "*") {
    end.everything = true;
    return end;
  }
  if (any || site) {
    for (const auto& each : plan.topology.sites)
      if (matches(text, each.name)) end.sites.push_back(each.name);
  }
  if (end.empty() && (any || zone)) {
    for (const auto& each : plan.topology.sites)
      for (std::uint32_t number = 0; number < std::max(1u, each.zones); ++number)
        if (matches(text, zone_name(each.name, number))) end.zones.emplace_back(each.name, number);
  }
  if (end.empty() && (any || pop || host)) {
    const std::vector<HostPlace> places = host_places(plan);
    if (any || pop) {
      for (const HostPlace& place : places)
        if (!place.pop.empty() && matches(text, place.pop)) end.hosts.push_back(place.name);
    }
    if (end.empty() && (any || host)) {
      for (const HostPlace& place : places)
        if (!place.site.empty() && matches(text, place.name)) end.hosts.push_back(place.name);
    }
  }
  return end;
}

}  // namespace wanlab::scenario
