#include "sim/scenario/read_scenario.hpp"

#include "sim/base/nearest_name.hpp"
#include "sim/scenario/resort_setting.hpp"
#include "sim/scenario/sabotage.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "sim/network/topology_json.hpp"
#include "sim/scenario/costs.hpp"
#include "sim/scenario/find_topology.hpp"
#include "sim/scenario/known_keys.hpp"
#include "sim/scenario/read_choice.hpp"

namespace wanlab::scenario {
namespace {

using base::Object;
using base::Range;
using base::Value;
namespace fs = std::filesystem;

constexpr Range<std::uint64_t> machines{1, 100'000};
constexpr Range<std::uint64_t> memory_sizes{1 << 20, std::uint64_t{1} << 50};
constexpr Range<Duration> short_costs{Duration::zero(), std::chrono::seconds(10)};

// "New York" -> "new-york"
std::string name_from_site(const std::string& site) {
  std::string name;
  for (const char letter : site) {
    const bool upper = letter >= 'A' && letter <= 'Z';
    const bool plain =
        (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
    name += upper ? static_cast<char>(letter - 'A' + 'a') : (plain ? letter : '-');
  }
  return name;
}

Costs read_costs(const Value& value, Costs costs) {
  // "free": for exact arithmetic on round trips.
  if (value.is_text()) {
    if (value.text() != "free") value.refuse_expected("an object of costs, or \"free\"");
    return Costs{};
  }
  const Object object(value, "costs", keys::costs);
  for (std::size_t kind = 0; kind < costs.size(); ++kind)
    costs[kind] = object.duration(keys::costs[kind], costs[kind], short_costs);
  return costs;
}

HostShape read_host(const Object& parent) {
  HostShape shape;
  shape.cost = default_costs();
  const auto value = parent.find("host");
  if (!value) return shape;
  const Object host(*value, "host", keys::host);
  shape.cores = host.count32("cores", shape.cores, {1, 4096});
  shape.memory_bytes = host.byte_size("memory", shape.memory_bytes, memory_sizes);
  shape.descriptors = host.count32("descriptors", shape.descriptors, {16, 1'000'000'000});
  shape.accept_backlog = host.count32("accept_backlog", shape.accept_backlog, {1, 10'000'000});
  shape.memory_per_connection_bytes = static_cast<std::uint32_t>(host.byte_size(
      "memory_per_connection", shape.memory_per_connection_bytes, {0, std::uint64_t{1} << 30}));
  if (const auto costs = host.find("costs")) shape.cost = read_costs(*costs, shape.cost);
  return shape;
}

std::vector<std::string> sites_of_kind(const network::Topology& topology, network::SiteKind kind) {
  std::vector<std::string> names;
  for (const auto& site : topology.sites)
    if (site.kind == kind) names.push_back(site.name);
  return names;
}

void read_edge(const Value& value, ScenarioReading& reading) {
  Plan& plan = reading.plan;
  const Object edge(value, "edge", keys::edge);
  EdgePop pop;
  pop.nodes = edge.count32("nodes", pop.nodes, machines);
  pop.host = read_host(edge);
  pop.backhaul_connections =
      edge.count32("backhaul_connections", pop.backhaul_connections, {1, 1024});
  if (const auto backhaul = edge.find("backhaul"))
    pop.backhaul_on_demand = backhaul->choice({"warm", "on-demand"}) == 1;
  if (const auto admission_value = edge.find("admission")) {
    const Object admission(*admission_value, "admission", keys::admission);
    pop.tenant_rate = admission.count32("tenant_rate", 0);
    pop.tenant_burst = admission.count32("tenant_burst", pop.tenant_rate);
    pop.address_rate = admission.count32("address_rate", 0);
    pop.address_burst = admission.count32("address_burst", pop.address_rate);
  }
  pop.handshake_timeout = edge.duration("handshake_timeout", pop.handshake_timeout,
                                        {std::chrono::milliseconds(1), std::chrono::hours(1)});
  pop.require_tls = edge.boolean("require_tls", pop.require_tls);

  std::vector<std::string> sites;
  if (const auto many = edge.find("sites")) {
    if (edge.has("site")) many->refuse("either \"site\" or \"sites\", not both");
    if (edge.has("name")) edge.at("name").refuse("edges at several \"sites\" take their names");
    sites = many->is_text() ? sites_of_kind(plan.topology, many->choice({"pops", "regions"}) == 0
                                                               ? network::SiteKind::pop
                                                               : network::SiteKind::region)
                            : many->texts();
    if (sites.empty()) many->refuse("the topology has no such sites");
  } else {
    sites.push_back(edge.at("site").text());
  }
  for (const auto& site : sites) {
    pop.site = site;
    pop.name = edge.has("name") ? read_name(edge.at("name")) : name_from_site(site);
    const auto found = std::find_if(plan.topology.sites.begin(), plan.topology.sites.end(),
                                    [&](const auto& each) { return each.name == site; });
    pop.provider =
        edge.text("provider", found == plan.topology.sites.end() ? std::string() : found->provider);
    plan.edges.push_back(pop);
    reading.places["edges"].push_back(value);
  }
}

void read_databases(const Object& scenario, ScenarioReading& reading) {
  for (const Value& value : scenario.at("databases").elements()) {
    const Object object(value, "database", keys::database);
    Database database;
    const auto branch = object.find("branch");
    database.branch = branch ? read_name(*branch) : "main";
    database.primary_region = object.at("region").text();
    database.replicas = object.count32("replicas", database.replicas, {0, 100});
    database.read_only_regions = object.texts("read_only_regions");
    database.host = read_host(object);
    database.result_bytes = static_cast<std::uint32_t>(
        object.byte_size("result_size", database.result_bytes, {0, 16 << 20}));
    database.maximum_connections =
        object.count32("maximum_connections", database.maximum_connections, {1, 1'000'000});
    if (const auto service = object.find("service_time"))
      database.exponential_service = service->choice({"fixed", "exponential"}) == 1;
    if (const auto plugin = object.find("plugin")) {
      constexpr std::array<std::string_view, 2> plugins{"caching_sha2_password",
                                                        "mysql_native_password"};
      database.authentication_plugin = plugins[plugin->choice(plugins)];
    }
    if (const auto cache = object.find("password_cache"))
      database.password_cache_warm = cache->choice({"warm", "cold"}) == 0;
    reading.plan.databases.push_back(std::move(database));
    reading.places["databases"].push_back(value);
  }
  if (reading.plan.databases.empty())
    scenario.at("databases").refuse("expected at least one database");
}

void read_origins(const Object& scenario, ScenarioReading& reading) {
  Plan& plan = reading.plan;
  for (const Value& value : scenario.elements("origins")) {
    const Object object(value, "origin", keys::origin);
    OriginRegion origin;
    origin.region = object.at("region").text();
    origin.nodes = object.count32("nodes", origin.nodes, machines);
    origin.host = read_host(object);
    if (const auto pool_value = object.find("pool")) {
      const Object pool(*pool_value, "pool", keys::pool);
      origin.pool_size = pool.count32("size", origin.pool_size, {1, 100'000});
      origin.pool_waiters = pool.count32("waiters", origin.pool_waiters, {0, 100'000'000});
      origin.pool_wait = pool.duration("wait", origin.pool_wait);
    }
    plan.origins.push_back(std::move(origin));
    reading.places["origins"].push_back(value);
  }
  if (scenario.has("origins")) return;
  // None stated: every region that has a database copy gets one.
  const auto add = [&](const std::string& region) {
    for (const auto& origin : plan.origins)
      if (origin.region == region) return;
    OriginRegion origin;
    origin.region = region;
    origin.host.cost = default_costs();
    plan.origins.push_back(std::move(origin));
  };
  for (const Database& database : plan.databases) {
    add(database.primary_region);
    for (const auto& region : database.read_only_regions) add(region);
  }
}

void read_credentials(const Object& scenario, ScenarioReading& reading) {
  Plan& plan = reading.plan;
  const auto add = [&](Credential credential) {
    if (credential.regions.empty())
      for (const Database& database : plan.databases)
        if (database.branch == credential.branch) {
          credential.regions.push_back(database.primary_region);
          credential.regions.insert(credential.regions.end(), database.read_only_regions.begin(),
                                    database.read_only_regions.end());
        }
    plan.credentials.push_back(std::move(credential));
  };
  if (!scenario.has("credentials")) {
    Credential credential;
    credential.user = "app";
    credential.branch = plan.databases.front().branch;
    return add(std::move(credential));
  }
  const auto moment = [](const Object& object, std::string_view key) {
    const auto value = object.find(key);
    return value ? std::optional(value->duration()) : std::nullopt;
  };
  for (const Value& value : scenario.elements("credentials")) {
    const Object object(value, "credential", keys::credential);
    Credential credential;
    credential.user = read_name(object.at("user"));
    credential.password = object.text("password", "");
    credential.branch = object.text("branch", plan.databases.front().branch);
    credential.role = read_choice(object, "role", credential.role);
    credential.tablet_type = read_choice(object, "tablet_type", credential.tablet_type);
    credential.regions = object.texts("regions");
    credential.route_expires_after = moment(object, "route_expires");
    credential.credential_expires_after = moment(object, "expires");
    credential.revoked_after = moment(object, "revoked_after");
    credential.allow_native = object.boolean("allow_native", false);
    reading.places["credentials"].push_back(value);
    add(std::move(credential));
  }
}

void read_endpoints(const Object& scenario, ScenarioReading& reading) {
  for (const Value& value : scenario.elements("endpoints")) {
    const Object object(value, "endpoint", keys::endpoint);
    Endpoint endpoint;
    endpoint.name = object.at("name").text();
    endpoint.kind = read_choice(object, "kind", endpoint.kind);
    constexpr std::array target_keys{"pop", "provider", "branch"};  // by EndpointKind
    for (std::size_t kind = 0; kind < target_keys.size(); ++kind) {
      const bool wanted = kind == static_cast<std::size_t>(endpoint.kind);
      if (!wanted && object.has(target_keys[kind]))
        object.at(target_keys[kind])
            .refuse("an endpoint of kind \"" + std::string(name_of(endpoint.kind)) +
                    "\" is given by \"" + target_keys[static_cast<std::size_t>(endpoint.kind)] +
                    "\"");
      if (!wanted) continue;
      const std::string target = object.at(target_keys[kind]).text();
      (kind == 0 ? endpoint.pop : kind == 1 ? endpoint.provider : endpoint.branch) = target;
    }
    endpoint.ttl = object.duration("ttl", endpoint.ttl, {Duration::zero(), std::chrono::hours(24)});
    if (object.has("health_lag") && endpoint.kind != EndpointKind::optimized)
      object.at("health_lag")
          .refuse("only an endpoint of kind \"optimized\" chooses between POPs by their health");
    endpoint.health_lag = object.duration("health_lag", endpoint.health_lag,
                                          {Duration::zero(), std::chrono::hours(24)});
    reading.plan.endpoints.push_back(std::move(endpoint));
    reading.places["endpoints"].push_back(value);
  }
}

// Long enough for every client to give up and retry as often as it may.
Duration default_duration(const Plan& plan) {
  Duration end = Duration::zero();
  for (const ClientGroup& group : plan.clients) {
    Duration time = group.start + group.ramp + group.hold + group.drain + group.cold_start_maximum +
                    group.arrivals_spread;
    if (!group.arrivals.empty()) time += group.arrivals.back().at;
    if (group.kind == ClientKind::lambda && group.hosts > group.burst)
      time += group.refill_period * (group.hosts - group.burst) / group.refill;
    time += (group.connect_timeout + group.retry.cap) * group.retry.attempts + group.query_timeout;
    end = std::max(end, time);
  }
  return end + std::chrono::seconds(30);
}

}  // namespace

std::string read_name(const Value& value) {
  const std::string name = value.text();
  for (const char letter : name) {
    const bool good = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                      (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
    if (!good) value.refuse_expected("a name of letters, digits, \"-\" and \"_\"");
  }
  return name;
}

ScenarioReading read_network(const base::Document& document, const fs::path& root) {
  const Object scenario(document.root(), "scenario", keys::scenario);
  ScenarioReading reading;
  Plan& plan = reading.plan;
  const auto name = scenario.find("name");
  plan.name = name ? read_name(*name) : fs::path(document.file()).stem().string();
  plan.why = scenario.text("why", "");
  plan.seed = scenario.count("seed", plan.seed, {0, std::numeric_limits<std::uint64_t>::max()});
  plan.jitter = scenario.boolean("jitter", plan.jitter);
  if (const auto bandwidth = scenario.find("bandwidth")) {
    const bool unlimited = bandwidth->is_text() && bandwidth->json().text == "unlimited";
    plan.default_bits_per_second =
        unlimited ? 0 : bandwidth->bit_rate({1000, 1'000'000'000'000'000});
  }
  plan.warm_up = scenario.duration("warm_up", plan.warm_up);
  plan.print_every_step = scenario.boolean("print_every_step", false);
  for (const Value& value : scenario.elements("sabotage")) {
    const std::string sabotage = value.text();
    if (sabotage.starts_with("re-sort:")) {
      if (!read_resort_setting(sabotage)) {
        value.refuse_expected(std::string(resort_setting_forms));
      }
    } else if (!sabotaged({sabotage_names.begin(), sabotage_names.end()}, sabotage)) {
      value.refuse("expected a known sabotage, got \"" + sabotage + "\"" +
                   base::did_you_mean(sabotage, sabotage_names));
    }
    plan.sabotage.push_back(sabotage);
  }
  scenario.boolean("large", false);  // only checked: it is for who chooses among scenarios

  const fs::path topology_path = find_topology(scenario.at("topology"), root);
  plan.topology_name = topology_path.stem().string();
  plan.topology = network::load_topology(topology_path);

  for (const Value& value : scenario.at("edges").elements()) read_edge(value, reading);
  if (plan.edges.empty()) scenario.at("edges").refuse("expected at least one edge");
  read_databases(scenario, reading);
  read_origins(scenario, reading);
  plan.store_members = scenario.texts("store_members");
  plan.store_site =
      scenario.text("store_site", plan.store_members.empty() ? plan.databases.front().primary_region
                                                             : plan.store_members.front());
  read_credentials(scenario, reading);
  read_endpoints(scenario, reading);
  for (const Value& value : scenario.elements("idle_hosts")) {
    plan.idle_hosts.push_back(read_name(value));
    reading.places["idle_hosts"].push_back(value);
  }
  return reading;
}

void read_traffic(const base::Document& document, ScenarioReading& reading) {
  const Object scenario(document.root(), "scenario", keys::scenario);
  read_clients(scenario, reading);
  read_faults(scenario, reading);
  read_expectations(scenario, reading);
  reading.plan.duration =
      scenario.duration("duration", default_duration(reading.plan),
                        {std::chrono::milliseconds(1), base::up_to_a_year.most});
  if (const auto settled = scenario.find("settled_after"))
    reading.plan.settled_after = settled->duration();
}

}  // namespace wanlab::scenario
