// Plans for tests of the world: few places with known round trips, every cost zero and no jitter,
// so that what a test expects can be written down as arithmetic. Round trips are odd numbers of
// nanoseconds, so that nothing gets away with halving them.
#pragma once

#include "sim/scenario/plan.hpp"

#include <string>
#include <utility>

namespace wanlab::world {

// Within a zone there is no telling one direction from the other: this one is even.
inline constexpr Duration within_zone = Duration(301'002);
inline constexpr Duration between_zones = Duration(900'003);

// "home" is where the clients are, "west" where their POP is; "east" and "north" are database
// regions and "south" is nobody's business.
inline network::Topology small_topology() {
  network::Topology topology;
  topology.name = "small";
  topology.within_zone = within_zone;
  topology.between_zones = between_zones;
  const auto add = [&](const char* name, network::SiteKind kind, std::uint32_t zones) {
    network::Site site;
    site.name = name;
    site.kind = kind;
    site.zones = zones;
    topology.sites.push_back(std::move(site));
  };
  add("home", network::SiteKind::region, 1);
  for (const char* region : {"west", "east", "north", "south"}) {
    add(region, network::SiteKind::region, 3);
  }
  const auto join = [&](const char* one, const char* other, std::int64_t round_trip) {
    topology.paths.push_back({.source = one, .target = other, .round_trip = Duration(round_trip)});
  };
  join("home", "west", 4'000'001);
  join("home", "east", 70'000'003);
  join("home", "north", 38'000'005);
  join("home", "south", 120'000'001);
  join("west", "east", 65'000'007);
  join("west", "north", 90'000'009);
  join("west", "south", 115'000'001);
  join("east", "north", 20'000'011);
  join("east", "south", 60'000'001);
  join("north", "south", 80'000'001);
  return topology;
}

inline Duration round_trip(const scenario::Plan& plan, const std::string& one,
                           const std::string& other) {
  for (const network::MeasuredPath& path : plan.topology.paths) {
    if ((path.source == one && path.target == other) ||
        (path.source == other && path.target == one)) {
      return path.round_trip;
    }
  }
  return one == other ? plan.topology.within_zone : Duration(-1);
}

inline void set_round_trip(scenario::Plan& plan, const std::string& one, const std::string& other,
                           Duration value) {
  for (network::MeasuredPath& path : plan.topology.paths) {
    if ((path.source == one && path.target == other) ||
        (path.source == other && path.target == one)) {
      path.round_trip = value;
    }
  }
}

// One connection, one statement right after it, and then silence.
inline scenario::ClientGroup one_client(std::string endpoint = "edge") {
  scenario::ClientGroup group;
  group.name = "client";
  group.site = "home";
  group.endpoint = std::move(endpoint);
  group.user = "app";
  group.query_on_connect = true;
  group.hold = std::chrono::seconds(1);
  group.retry.attempts = 1;
  group.cold_start_minimum = group.cold_start_maximum = Duration::zero();
  return group;
}

// One POP in the west, one database with its origin in the east, one user, and nobody connecting
// yet.
inline scenario::Plan small_plan() {
  scenario::Plan plan;
  plan.name = "small";
  plan.topology_name = "small";
  plan.topology = small_topology();
  plan.jitter = false;
  plan.default_bits_per_second = 0;
  plan.duration = std::chrono::seconds(60);
  plan.store_site = "east";
  scenario::EdgePop pop;
  pop.name = "pdx";
  pop.site = "west";
  pop.provider = "cloud";
  plan.edges.push_back(pop);
  scenario::OriginRegion origin;
  origin.region = "east";
  plan.origins.push_back(origin);
  scenario::Database database;
  database.branch = "main";
  database.primary_region = "east";
  plan.databases.push_back(database);
  scenario::Credential credential;
  credential.user = "app";
  credential.branch = "main";
  credential.regions = {"east"};
  plan.credentials.push_back(credential);
  plan.endpoints.push_back({.name = "edge",
                            .kind = scenario::EndpointKind::direct,
                            .pop = "pdx",
                            .provider = "",
                            .branch = ""});
  plan.endpoints.push_back({.name = "database",
                            .kind = scenario::EndpointKind::database,
                            .pop = "",
                            .provider = "",
                            .branch = "main"});
  return plan;
}

inline scenario::Plan small_plan(scenario::ClientGroup group) {
  scenario::Plan plan = small_plan();
  plan.clients.push_back(std::move(group));
  return plan;
}

// A Route over two regions with a replica in each, for a user who only reads: either region will
// do.
inline scenario::Plan two_region_plan() {
  scenario::Plan plan = small_plan();
  plan.databases[0].read_only_regions = {"north"};
  plan.origins.push_back(plan.origins[0]);
  plan.origins[1].region = "north";
  plan.credentials[0].regions = {"east", "north"};
  plan.credentials[0].role = scenario::Role::reader;
  plan.credentials[0].tablet_type = scenario::TabletType::replica;
  return plan;
}

// Sends statements all the time until `hold` is over.
inline scenario::ClientGroup busy_client(Duration every, Duration hold) {
  scenario::ClientGroup group = one_client();
  group.query_interval_minimum = group.query_interval_maximum = every;
  group.hold = hold;
  return group;
}

inline scenario::Fault slow_path(const std::string& source, const std::string& target, Duration at,
                                 Duration extra_one_way, Duration duration = Duration::zero()) {
  scenario::Fault fault;
  fault.kind = scenario::FaultKind::slow;
  fault.source = source;
  fault.target = target;
  fault.at = at;
  fault.extra_delay = extra_one_way;
  fault.duration = duration;
  return fault;
}

inline scenario::Fault black_hole(const std::string& source, const std::string& target, Duration at,
                                  Duration duration = Duration::zero()) {
  scenario::Fault fault;
  fault.kind = scenario::FaultKind::partition;
  fault.source = source;
  fault.target = target;
  fault.at = at;
  fault.duration = duration;
  return fault;
}

inline scenario::Fault crash(const std::string& host, Duration at,
                             Duration duration = Duration::zero()) {
  scenario::Fault fault;
  fault.kind = scenario::FaultKind::crash_host;
  fault.scope = scenario::FaultScope::host;
  fault.source = host;
  fault.at = at;
  fault.duration = duration;
  return fault;
}

}  // namespace wanlab::world
