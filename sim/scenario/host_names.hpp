// How the machines of a plan are called, in traces, in faults and by each other.
#pragma once

#include "sim/scenario/plan.hpp"

#include <string>
#include <vector>

namespace wanlab::scenario {

// `number` counts from 1: "edge-1.iad", "origin-2.us-east-1".
std::string edge_host_name(const EdgePop& pop, std::uint32_t number);
std::string origin_host_name(const OriginRegion& region, std::uint32_t number);
// "primary.main.us-east-1"; replicas of the home region from 1: "replica-1.main.us-east-1". A
// read-only region has "replica-1" only.
std::string primary_host_name(const Database& database);
std::string replica_host_name(const Database& database, const std::string& region,
                              std::uint32_t number);

// The members of the global store. The first in a site is "store.SITE", a second one
// "store-2.SITE".
struct StoreMember {
  std::string host, site;
  std::uint32_t number = 0;  // among those of its site, from 0
};
std::vector<StoreMember> store_members(const Plan& plan);
std::string store_host_name(const Plan& plan);  // of the first member
// What holds a region's Credentials: "credentials.us-east-1".
std::string credential_store_host_name(const std::string& region);

// Every machine above, the idle ones included; clients are not in it.
std::vector<std::string> host_names(const Plan& plan);

}  // namespace wanlab::scenario
