// What stands where: edges, origins, databases, users and their Routes, the store.
#include "sim/fuzz/dice.hpp"
#include "sim/fuzz/world_maker.hpp"
#include "sim/scenario/costs.hpp"

#include <algorithm>

namespace wanlab::fuzz {

using namespace scenario;

namespace {

HostShape host(Dice& dice) {
  HostShape shape;
  shape.cores = dice.between(2u, 8u);
  shape.cost = default_costs();
  return shape;
}

std::vector<std::string> names_of(const Plan& plan, network::SiteKind kind) {
  std::vector<std::string> names;
  for (const network::Site& site : plan.topology.sites)
    if (site.kind == kind) names.push_back(site.name);
  return names;
}

void make_edges(Plan& plan, Dice& dice, const std::vector<std::string>& regions) {
  std::vector<std::string> sites = names_of(plan, network::SiteKind::pop);
  for (const std::string& region : dice.some_of(regions, 25)) sites.push_back(region);
  const bool on_demand = dice.chance(12);
  for (const std::string& site : sites) {
    if (plan.edges.size() == 3) break;
    EdgePop pop;
    pop.name = "at-" + site;
    pop.site = site;
    pop.provider = "cloud";
    pop.nodes = dice.between(1u, 2u);
    pop.host = host(dice);
    pop.backhaul_connections = dice.between(1u, 4u);
    pop.backhaul_on_demand = on_demand;
    plan.edges.push_back(pop);
    plan.endpoints.push_back({.name = pop.name,
                              .kind = EndpointKind::direct,
                              .pop = pop.name,
                              .provider = {},
                              .branch = {}});
  }
  if (dice.chance(60)) {
    plan.endpoints.push_back({.name = "nearest",
                              .kind = EndpointKind::optimized,
                              .pop = {},
                              .provider = "cloud",
                              .branch = {},
                              .ttl = dice.between(1s, 20s),
                              .health_lag = dice.between(5s, 20s)});
  }
}

void make_databases(Plan& plan, Dice& dice, const std::vector<std::string>& regions) {
  const std::uint32_t count = dice.chance(70) ? 1 : 2;
  for (std::uint32_t i = 0; i < count; ++i) {
    Database database;
    database.branch = i == 0 ? "main" : "other";
    database.primary_region = dice.one_of(regions);
    database.replicas = dice.between(1u, 2u);
    for (const std::string& region : regions) {
      if (region != database.primary_region && dice.chance(70))
        database.read_only_regions.push_back(region);
    }
    database.host = host(dice);
    // Most answers are small; some need many frames, some more than a stream's first window.
    database.result_bytes = dice.chance(75)   ? 64
                            : dice.chance(65) ? dice.between(2'000u, 60'000u)
                                              : dice.between(200'000u, 900'000u);
    // A link that answers fill, or on which each waits for lost parts of the one before, is slow
    // whatever its length: nobody could say which way is best.
    if (database.result_bytes > 100'000) {
      plan.default_bits_per_second = Plan{}.default_bits_per_second;
      for (network::MeasuredPath& path : plan.topology.paths) path.loss = 0;
    }
    plan.databases.push_back(database);
  }
  // Long answers would keep a small pool full, and full regions are passed over.
  const bool small_pools =
      dice.chance(25) &&
      std::all_of(plan.databases.begin(), plan.databases.end(),
                  [](const Database& database) { return database.result_bytes <= 10'000; });
  for (const std::string& region : regions) {
    const bool used =
        std::any_of(plan.databases.begin(), plan.databases.end(), [&](const Database& database) {
          return database.primary_region == region ||
                 std::find(database.read_only_regions.begin(), database.read_only_regions.end(),
                           region) != database.read_only_regions.end();
        });
    if (!used) continue;
    OriginRegion origin;
    origin.region = region;
    origin.nodes = dice.between(1u, 2u);
    origin.host = host(dice);
    origin.pool_size = small_pools ? dice.between(1u, 3u) : dice.between(8u, 32u);
    plan.origins.push_back(origin);
  }
}

void make_users(Plan& plan, Dice& dice) {
  const std::uint32_t count = dice.between(1u, 3u);
  const bool native = dice.chance(20);
  for (std::uint32_t i = 1; i <= count; ++i) {
    const Database& database = dice.one_of(plan.databases);
    Credential credential;
    credential.user = "user-" + std::to_string(i);
    credential.branch = database.branch;
    credential.allow_native = native;
    // Readers may be served by any replica, all others by the primary only.
    if (dice.chance(75)) {
      credential.role = Role::reader;
      credential.tablet_type = TabletType::replica;
      std::vector<std::string> regions = database.read_only_regions;
      regions.push_back(database.primary_region);
      credential.regions = dice.some_of(regions, 75);
    } else {
      credential.regions = {database.primary_region};
    }
    plan.credentials.push_back(credential);
  }
}

}  // namespace

void make_fleet(Plan& plan, Dice dice) {
  const std::vector<std::string> regions = names_of(plan, network::SiteKind::region);
  make_edges(plan, dice, regions);
  make_databases(plan, dice, regions);
  make_users(plan, dice);
  plan.store_site = dice.one_of(regions);
  if (dice.chance(30)) {
    plan.store_members = {plan.store_site, dice.one_of(regions), dice.one_of(regions)};
  }
}

}  // namespace wanlab::fuzz
