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
std::string store_host_name(const Plan& plan);  // "store.us-east-1"

// Every machine above, the idle ones included; clients are not in it.
std::vector<std::string> host_names(const Plan& plan);

}  // namespace wanlab::scenario
