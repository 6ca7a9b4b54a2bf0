// Changing plans.
#include "analysis/planner/levers.hpp"

#include "analysis/numbers.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <string_view>

namespace wanlab::analysis {

namespace {

constexpr Duration settling_time = std::chrono::seconds(60);

const std::string& name_of_place(const scenario::EdgePop& pop) {
  return pop.name;
}
const std::string& name_of_place(const scenario::OriginRegion& origin) {
  return origin.region;
}

template <typename Places, typename Visit>
void visit_places(Places& places, const std::string& which, const Visit& visit) {
  for (auto& place : places) {
    if (which.empty() || name_of_place(place) == which) visit(place);
  }
}
std::string load_text(std::uint64_t load) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", static_cast<double>(load) / whole_load);
  return text;
}

// Whole numbers of hosts and of connections on each whose product comes closest to `wanted`, not
// far from the shape of the group.
void scale(scenario::ClientGroup& group, double wanted) {
  const std::uint32_t hosts = group.hosts, per_host = group.connections_per_host;
  const double now = static_cast<double>(hosts) * per_host;
  double nearest = -1;
  const auto try_pair = [&](double h, double c) {
    h = std::max(std::round(h), 1.0);
    c = std::max(std::round(c), 1.0);
    const double off = std::abs(h * c - wanted);
    if (nearest >= 0 && off >= nearest) return;
    nearest = off;
    group.hosts = static_cast<std::uint32_t>(h);
    group.connections_per_host = static_cast<std::uint32_t>(c);
  };
  try_pair(hosts, wanted / hosts);  // as many hosts as before, if that is as good as any
  // More hosts with as many connections, or almost.
  const double least = std::max(std::floor(per_host * 0.9), 1.0);
  for (double c = std::ceil(per_host * 1.1); c >= least; c -= std::max(per_host / 100.0, 1.0)) {
    if (hosts > 1 || now == wanted) try_pair(wanted / c, c);
  }
}

}  // namespace

void set_quantity(scenario::Plan& plan, const Lever& lever, std::uint64_t value) {
  const auto small = static_cast<std::uint32_t>(value);
  switch (lever.quantity) {
    case Quantity::edges:
      visit_places(plan.edges, lever.place, [&](auto& pop) { pop.nodes = small; });
      break;
    case Quantity::backhaul:
      visit_places(plan.edges, lever.place, [&](auto& pop) { pop.backhaul_connections = small; });
      break;
    case Quantity::pool:
      visit_places(plan.origins, lever.place, [&](auto& origin) { origin.pool_size = small; });
      // A server that admits fewer would be the limit instead.
      for (scenario::Database& database : plan.databases) {
        database.maximum_connections = std::max(database.maximum_connections, small + 100);
      }
      break;
    case Quantity::memory:
      visit_places(plan.edges, lever.place,
                   [&](auto& pop) { pop.host.memory_bytes = value * memory_step; });
      break;
    case Quantity::load:
      scale_load(plan, value);
      break;
    case Quantity::pops:
      throw std::logic_error("POPs are added, not set");
  }
}

std::uint64_t quantity_of(const scenario::Plan& plan, const Lever& lever) {
  std::uint64_t most = 1;
  const auto note = [&most](std::uint64_t value) { most = std::max(most, value); };
  switch (lever.quantity) {
    case Quantity::edges:
      visit_places(plan.edges, lever.place, [&](const auto& pop) { note(pop.nodes); });
      break;
    case Quantity::backhaul:
      visit_places(plan.edges, lever.place,
                   [&](const auto& pop) { note(pop.backhaul_connections); });
      break;
    case Quantity::pool:
      visit_places(plan.origins, lever.place, [&](const auto& origin) { note(origin.pool_size); });
      break;
    case Quantity::memory:
      visit_places(plan.edges, lever.place,
                   [&](const auto& pop) { note(pop.host.memory_bytes / memory_step); });
      break;
    case Quantity::load:
      return whole_load;
    case Quantity::pops:
      break;
  }
  return most;
}

std::string words_of(const Lever& lever, std::uint64_t value) {
  if (lever.quantity == Quantity::memory) {
    return bytes_text(value * memory_step) + " " + unit_of(lever);
  }
  if (lever.quantity == Quantity::load) return load_text(value) + " times the load";
  std::string unit = unit_of(lever);
  if (value == 1) {
    for (const char* many : {"nodes", "connections", "POPs"}) {
      if (const std::size_t at = unit.find(many); at != std::string::npos) {
        unit.erase(at + std::string_view(many).size() - 1, 1);
        break;
      }
    }
  }
  return grouped(value) + " " + unit;
}

std::string brief_words_of(const Lever& lever, std::uint64_t value) {
  if (lever.quantity == Quantity::memory) return bytes_text(value * memory_step);
  if (lever.quantity == Quantity::load) return words_of(lever, value);
  return grouped(value);
}

std::string name_of(Quantity quantity) {
  switch (quantity) {
    case Quantity::edges:
      return "edges";
    case Quantity::backhaul:
      return "backhaul";
    case Quantity::pool:
      return "pool";
    case Quantity::memory:
      return "memory";
    case Quantity::load:
      return "breaking-point";
    case Quantity::pops:
      return "pops";
  }
  return {};
}

std::string unit_of(const Lever& lever) {
  const std::string where = lever.place.empty() ? "" : " at " + lever.place;
  switch (lever.quantity) {
    case Quantity::edges:
      return "edge nodes" + where;
    case Quantity::backhaul:
      return "backhaul connections per peer" + where;
    case Quantity::pool:
      return "pooled connections per database server" + where;
    case Quantity::memory:
      return "per edge node" + where;
    case Quantity::load:
      return "times the load" + where;
    case Quantity::pops:
      return "POPs added";
  }
  return {};
}

void scale_load(scenario::Plan& plan, std::uint64_t load) {
  if (load == whole_load) return;
  const double factor = static_cast<double>(load) / whole_load;
  for (scenario::ClientGroup& group : plan.clients) {
    if (group.kind != scenario::ClientKind::arrivals) {
      scale(group, static_cast<double>(group.hosts) * group.connections_per_host * factor);
      continue;
    }
    // Running totals are rounded, so that the rows together are scaled exactly.
    double all = 0;
    std::uint64_t given = 0;
    for (scenario::ClientGroup::Arrival& arrival : group.arrivals) {
      all += arrival.count;
      const auto due = static_cast<std::uint64_t>(std::llround(all * factor));
      arrival.count = static_cast<std::uint32_t>(due - given);
      given = due;
    }
    std::erase_if(group.arrivals, [](const auto& arrival) { return arrival.count == 0; });
  }
}

std::uint64_t connections_in(const scenario::Plan& plan) {
  std::uint64_t all = 0;
  for (const scenario::ClientGroup& group : plan.clients) {
    if (group.kind != scenario::ClientKind::arrivals) {
      all += std::uint64_t{group.hosts} * group.connections_per_host;
    }
    for (const scenario::ClientGroup::Arrival& arrival : group.arrivals) all += arrival.count;
  }
  return all;
}

void lose_regions(scenario::Plan& plan, const std::vector<std::string>& regions,
                  std::optional<Duration> at) {
  if (regions.empty()) return;
  if (!at) {
    for (scenario::ClientGroup& group : plan.clients) group.start += settling_time;
    for (scenario::Fault& fault : plan.faults) fault.at += settling_time;
    for (scenario::Expectation& expectation : plan.expectations) {
      if (expectation.from) *expectation.from += settling_time;
      if (expectation.until) *expectation.until += settling_time;
    }
    for (scenario::Credential& credential : plan.credentials) {
      for (auto* moment : {&credential.route_expires_after, &credential.credential_expires_after,
                           &credential.revoked_after}) {
        if (*moment) **moment += settling_time;
      }
    }
    if (plan.settled_after) *plan.settled_after += settling_time;
    plan.duration += settling_time;
  }
  for (const std::string& region : regions) {
    scenario::Fault fault;
    fault.kind = scenario::FaultKind::fail;
    fault.name = region + "_lost";
    fault.scope = scenario::FaultScope::region;
    fault.source = region;
    fault.at = at.value_or(Duration::zero());
    plan.faults.push_back(std::move(fault));
  }
}

std::vector<std::vector<std::string>> combinations(const std::vector<std::string>& of,
                                                   std::size_t count) {
  std::vector<std::vector<std::string>> all;
  if (count > of.size()) return all;
  std::vector<std::size_t> chosen(count);
  for (std::size_t i = 0; i < count; ++i) chosen[i] = i;
  while (true) {
    std::vector<std::string>& names = all.emplace_back();
    for (const std::size_t index : chosen) names.push_back(of[index]);
    std::size_t at = count;
    while (at > 0 && chosen[at - 1] == of.size() - count + at - 1) --at;
    if (at == 0) return all;
    ++chosen[at - 1];
    for (std::size_t i = at; i < count; ++i) chosen[i] = chosen[i - 1] + 1;
  }
}

}  // namespace wanlab::analysis
