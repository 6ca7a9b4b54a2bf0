#include "sim/scenario/host_names.hpp"

namespace wanlab::scenario {

std::string edge_host_name(const EdgePop& pop, std::uint32_t number) {
  return "edge-" + std::to_string(number) + "." + pop.name;
}

std::string origin_host_name(const OriginRegion& region, std::uint32_t number) {
  return "origin-" + std::to_string(number) + "." + region.region;
}

std::string primary_host_name(const Database& database) {
  return "primary." + database.branch + "." + database.primary_region;
}

std::string replica_host_name(const Database& database, const std::string& region,
                              std::uint32_t number) {
  return "replica-" + std::to_string(number) + "." + database.branch + "." + region;
}

std::vector<StoreMember> store_members(const Plan& plan) {
  if (plan.store_members.empty()) return {{"store." + plan.store_site, plan.store_site, 0}};
  std::vector<StoreMember> members;
  for (const std::string& site : plan.store_members) {
    std::uint32_t number = 0;
    for (const StoreMember& member : members) number += member.site == site ? 1u : 0u;
    std::string host = "store";
    if (number > 0) host.append("-").append(std::to_string(number + 1));
    members.push_back({host.append(".").append(site), site, number});
  }
  return members;
}

std::string store_host_name(const Plan& plan) {
  return store_members(plan).front().host;
}

std::string credential_store_host_name(const std::string& region) {
  return "credentials." + region;
}

std::vector<std::string> host_names(const Plan& plan) {
  std::vector<std::string> names;
  for (const EdgePop& pop : plan.edges)
    for (std::uint32_t number = 1; number <= pop.nodes; ++number)
      names.push_back(edge_host_name(pop, number));
  for (const OriginRegion& region : plan.origins)
    for (std::uint32_t number = 1; number <= region.nodes; ++number)
      names.push_back(origin_host_name(region, number));
  for (const Database& database : plan.databases) {
    names.push_back(primary_host_name(database));
    for (std::uint32_t number = 1; number <= database.replicas; ++number)
      names.push_back(replica_host_name(database, database.primary_region, number));
    for (const std::string& region : database.read_only_regions)
      names.push_back(replica_host_name(database, region, 1));
  }
  for (const StoreMember& member : store_members(plan)) names.push_back(member.host);
  for (const OriginRegion& region : plan.origins)
    names.push_back(credential_store_host_name(region.region));
  names.insert(names.end(), plan.idle_hosts.begin(), plan.idle_hosts.end());
  return names;
}

}  // namespace wanlab::scenario
