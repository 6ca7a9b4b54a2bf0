// Which machines and places a fault means. Pure functions of the plan, so that the checker, the
// world and whoever judges a run agree.
//
// A pattern holds alternatives separated by "|", each with "*" for any run of characters.
#pragma once

#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::scenario {

bool matches(std::string_view pattern, std::string_view name);

// A machine of the network as faults see it. Clients are not among them.
struct HostPlace {
  std::string name;
  std::string site;
  std::uint32_t zone = 0;  // from 0, as the machine stands
  std::string pop;         // edges
};
std::vector<HostPlace> host_places(const Plan& plan);  // in the order of host_names()

// Hosts that `source` of a fault on hosts means; empty: it names nothing.
std::vector<std::string> hosts_meant(const Plan& plan, const Fault& fault);
// Members of the global store.
std::vector<std::string> stores_meant(const Plan& plan, const Fault& fault);

// One end of a path fault. Text is tried as sites, "site/zone", POPs (their machines) and hosts, in
// this order; "site:", "zone:", "pop:" or "host:" in front says which.
struct PathEnd {
  bool everything = false;  // "*": every site
  std::vector<std::string> sites;
  std::vector<std::pair<std::string, std::uint32_t>> zones;
  std::vector<std::string> hosts;
  bool empty() const { return !everything && sites.empty() && zones.empty() && hosts.empty(); }
};
PathEnd path_end(const Plan& plan, std::string_view text);

}  // namespace wanlab::scenario
