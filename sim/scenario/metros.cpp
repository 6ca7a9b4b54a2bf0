#include "sim/scenario/metros.hpp"

#include <algorithm>

namespace wanlab::scenario {
namespace {

double load_at(const MetroLoad& load, double hour) {
  while (hour < 0) hour += 24;
  while (hour >= 24) hour -= 24;
  const auto before = static_cast<std::size_t>(hour);
  const double share = hour - static_cast<double>(before);
  return load.load_by_local_hour[before] * (1 - share) +
         load.load_by_local_hour[(before + 1) % 24] * share;
}

}  // namespace

std::vector<ClientGroup::Arrival> metro_arrivals(const MetroLoad& load,
                                                 const network::Topology& topology) {
  std::vector<const network::Site*> metros;
  for (const auto& site : topology.sites)
    if (site.kind == network::SiteKind::metro && site.weight > 0) metros.push_back(&site);
  std::sort(metros.begin(), metros.end(), [](const auto* left, const auto* right) {
    return left->weight != right->weight ? left->weight > right->weight : left->name < right->name;
  });
  if (load.count != 0 && metros.size() > load.count) metros.resize(load.count);

  const double hours_per_step = 24.0 / load.steps;
  const auto wanted = [&](const network::Site& metro, std::uint32_t step) {
    constexpr double degrees_per_hour = 15;
    const double hour = load.utc_hour + (step + 0.5) * hours_per_step;
    return metro.weight * load_at(load, hour + metro.longitude / degrees_per_hour);
  };
  double total = 0;
  for (const auto* metro : metros)
    for (std::uint32_t step = 0; step < load.steps; ++step) total += wanted(*metro, step);

  // What rounding leaves of one row goes to the next, so the sum is exact and no place is favoured.
  std::vector<ClientGroup::Arrival> arrivals;
  double sum = 0;
  std::uint64_t given = 0;
  for (const auto* metro : metros) {
    for (std::uint32_t step = 0; step < load.steps; ++step) {
      sum += wanted(*metro, step);
      const auto due = std::min(
          load.connections,
          static_cast<std::uint64_t>(sum / total * static_cast<double>(load.connections) + 0.5));
      if (due > given)
        arrivals.push_back(
            {load.day / load.steps * step, metro->name, static_cast<std::uint32_t>(due - given)});
      given = std::max(given, due);
    }
  }
  std::stable_sort(arrivals.begin(), arrivals.end(),
                   [](const auto& left, const auto& right) { return left.at < right.at; });
  return arrivals;
}

}  // namespace wanlab::scenario
