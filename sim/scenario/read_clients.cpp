// The "clients" section of a scenario.
#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "sim/base/nearest_name.hpp"
#include "sim/scenario/arrivals_csv.hpp"
#include "sim/scenario/known_keys.hpp"
#include "sim/scenario/metros.hpp"
#include "sim/scenario/read_choice.hpp"
#include "sim/scenario/read_scenario.hpp"

namespace wanlab::scenario {
namespace {

using base::Object;
using base::Value;

// "45s", or ["30s", "60s"] for a uniform draw.
std::pair<Duration, Duration> read_interval(const Value& value) {
  if (!value.is_array()) {
    const Duration both = value.duration();
    return {both, both};
  }
  const auto bounds = value.elements();
  if (bounds.size() != 2) value.refuse("expected two durations, the least and the most");
  const std::pair<Duration, Duration> interval{bounds[0].duration(), bounds[1].duration()};
  if (interval.first > interval.second)
    value.refuse("the least duration, " + bounds[0].json().text + ", is longer than the most, " +
                 bounds[1].json().text);
  return interval;
}

void read_lambda(const Object& object, ClientGroup& group) {
  group.concurrency = read_choice(object, "concurrency", group.concurrency);
  if (group.concurrency == ConcurrencyRule::burst_2022) {
    group.burst = 3000;
    group.refill = 500;
    group.refill_period = std::chrono::minutes(1);
  }
  group.burst = object.count32("burst", group.burst, {1, 1'000'000});
  if (const auto cold_start = object.find("cold_start"))
    std::tie(group.cold_start_minimum, group.cold_start_maximum) = read_interval(*cold_start);
}

void read_metros(const Value& value, const Plan& plan, ClientGroup& group) {
  const Object object(value, "metros", keys::metros);
  MetroLoad load;
  load.connections = object.at("connections").count({1, 1'000'000'000});
  load.day = object.duration("day", load.day, {std::chrono::seconds(1), std::chrono::hours(24)});
  load.steps = object.count32("steps", load.steps, {1, 86'400});
  load.utc_hour = object.number("utc_hour", load.utc_hour, {0, 24});
  load.count = object.count32("count", load.count);
  if (const auto curve = object.find("load_by_local_hour")) {
    const auto hours = curve->elements();
    if (hours.size() != load.load_by_local_hour.size())
      curve->refuse("expected 24 numbers, one for each local hour from 0 to 23, got " +
                    std::to_string(hours.size()));
    double sum = 0;
    for (std::size_t hour = 0; hour < hours.size(); ++hour)
      sum += load.load_by_local_hour[hour] = hours[hour].number({0, 1e9});
    if (sum <= 0) curve->refuse("expected a load above 0 for at least one hour");
  }
  group.arrivals = metro_arrivals(load, plan.topology);
  group.arrivals_spread = load.day / load.steps;
  if (group.arrivals.empty()) value.refuse("topology \"" + plan.topology.name + "\" has no metros");
}

void read_load(const Object& object, ScenarioReading& reading, ClientGroup& group) {
  // "metros" is a way to write arrivals.
  constexpr std::array<std::string_view, 4> kinds{"lambda", "pool", "arrivals", "metros"};
  std::size_t kind = static_cast<std::size_t>(group.kind);
  if (const auto value = object.find("kind")) kind = value->choice(kinds);
  const bool recorded = kind >= 2;
  group.kind = recorded ? ClientKind::arrivals : static_cast<ClientKind>(kind);
  const auto forbid = [&](bool forbidden, std::string_view key) {
    if (forbidden && object.has(key))
      object.at(key).refuse("\"" + std::string(key) + "\" means nothing for clients of kind \"" +
                            std::string(kinds[kind]) + "\"");
  };
  for (const std::string_view key : {"concurrency", "burst", "cold_start"}) forbid(kind != 0, key);
  for (const std::string_view key : {"site", "hosts", "connections_per_host", "ramp", "drain"})
    forbid(recorded, key);
  for (const std::string_view key : {"arrivals", "arrivals_spread"}) forbid(kind != 2, key);
  forbid(kind != 3, "metros");

  if (kind == 0) read_lambda(object, group);
  if (kind != 0) group.cold_start_minimum = group.cold_start_maximum = Duration::zero();
  if (recorded) {
    // One host stands for everybody at its site.
    group.connects_in_flight = 1'000'000;
    group.descriptors = 1'000'000;
  }
  if (kind == 2) {
    const Value file = object.at("arrivals");
    group.arrivals = read_arrivals(std::filesystem::path(file.file()).parent_path() / file.text(),
                                   reading.plan.topology);
    group.arrivals_spread = object.duration("arrivals_spread", group.arrivals_spread);
  }
  if (kind == 3) read_metros(object.at("metros"), reading.plan, group);
  if (!recorded) group.site = object.at("site").text();
  group.hosts = object.count32("hosts", group.hosts, {1, 10'000'000});
  group.connections_per_host =
      object.count32("connections_per_host", group.connections_per_host, {1, 10'000'000});
}

void read_query(const Object& client, ClientGroup& group) {
  const auto value = client.find("query");
  if (!value) return;
  const Object query(*value, "query", keys::query);
  if (const auto every = query.find("every"))
    std::tie(group.query_interval_minimum, group.query_interval_maximum) = read_interval(*every);
  if (const auto intervals = query.find("intervals")) {
    group.query_interval_exponential = intervals->choice({"uniform", "exponential"}) == 1;
    if (group.query_interval_exponential &&
        group.query_interval_minimum != group.query_interval_maximum)
      intervals->refuse("exponential intervals have one mean: \"every\" takes one duration then");
  }
  group.query_on_connect = query.boolean("on_connect", group.query_interval_maximum.count() == 0);
  group.statement = query.text("statement", group.statement);
  group.query_timeout = query.duration("timeout", group.query_timeout);
}

void read_user(const Object& client, const Plan& plan, ClientGroup& group) {
  if (const auto unknown = client.find("unknown_user")) {
    if (client.has("user")) unknown->refuse("either \"user\" or \"unknown_user\", not both");
    group.user = read_name(*unknown);
    for (const Credential& credential : plan.credentials)
      if (credential.user == group.user)
        unknown->refuse("expected a user without a credential, got \"" + group.user +
                        "\", which has one");
    group.password = client.text("password", "unknown");
    return;
  }
  group.password = client.text("password", "");
  const auto user = client.find("user");
  if (!user && plan.credentials.size() != 1)
    client.refuse("missing key \"user\" in client: there are " +
                  std::to_string(plan.credentials.size()) + " credentials");
  group.user = user ? user->text() : plan.credentials.front().user;
  std::vector<std::string> users;
  for (const Credential& credential : plan.credentials) users.push_back(credential.user);
  if (std::find(users.begin(), users.end(), group.user) == users.end())
    user->refuse("expected the user of a credential, got \"" + group.user + "\"" +
                 base::did_you_mean(group.user, users) +
                 " (\"unknown_user\" is for clients that are to be refused)");
}

// Every edge, provider and branch can be reached without declaring an endpoint for it.
std::vector<Endpoint> implied_endpoints(const Plan& plan) {
  std::vector<Endpoint> endpoints;
  const auto add = [&](const std::string& name, EndpointKind kind, const std::string& target) {
    for (const Endpoint& known : endpoints)
      if (known.name == name) return;
    Endpoint endpoint;
    endpoint.name = name;
    endpoint.kind = kind;
    (kind == EndpointKind::direct      ? endpoint.pop
     : kind == EndpointKind::optimized ? endpoint.provider
                                       : endpoint.branch) = target;
    endpoints.push_back(std::move(endpoint));
  };
  for (const EdgePop& pop : plan.edges) add(pop.name + ".direct", EndpointKind::direct, pop.name);
  for (const EdgePop& pop : plan.edges)
    if (!pop.provider.empty())
      add(pop.provider + ".optimized", EndpointKind::optimized, pop.provider);
  for (const Database& database : plan.databases)
    add(database.branch + ".database", EndpointKind::database, database.branch);
  return endpoints;
}

void read_endpoint(const Object& client, Plan& plan, const std::vector<Endpoint>& implied,
                   ClientGroup& group) {
  const auto value = client.find("endpoint");
  if (!value && plan.edges.size() != 1)
    client.refuse("missing key \"endpoint\" in client: there are " +
                  std::to_string(plan.edges.size()) + " edges; say which, for example \"" +
                  implied.front().name + "\"");
  group.endpoint = value ? value->text() : implied.front().name;
  const auto is_it = [&](const Endpoint& endpoint) { return endpoint.name == group.endpoint; };
  if (std::any_of(plan.endpoints.begin(), plan.endpoints.end(), is_it)) return;
  const auto found = std::find_if(implied.begin(), implied.end(), is_it);
  if (found != implied.end()) {
    plan.endpoints.push_back(*found);
    return;
  }
  std::vector<std::string> names;
  for (const auto& endpoint : plan.endpoints) names.push_back(endpoint.name);
  for (const auto& endpoint : implied) names.push_back(endpoint.name);
  value->refuse("expected the name of an endpoint, got \"" + group.endpoint + "\"" +
                base::did_you_mean(group.endpoint, names));
}

}  // namespace

void read_clients(const Object& scenario, ScenarioReading& reading) {
  Plan& plan = reading.plan;
  const auto implied = implied_endpoints(plan);
  for (const Value& value : scenario.at("clients").elements()) {
    const Object object(value, "client", keys::client);
    ClientGroup group;
    const auto name = object.find("name");
    group.name = name ? read_name(*name) : "clients";
    read_load(object, reading, group);
    read_endpoint(object, plan, implied, group);
    read_user(object, plan, group);
    group.resolver_site = object.text("resolver_site", "");
    group.tls = read_choice(object, "tls", group.tls);
    if (const auto plugin = object.find("plugin")) {
      constexpr std::array<std::string_view, 2> plugins{"caching_sha2_password",
                                                        "mysql_native_password"};
      group.authentication_plugin = plugins[plugin->choice(plugins)];
    }
    group.connects_in_flight =
        object.count32("connects_in_flight", group.connects_in_flight, {1, 10'000'000});
    group.descriptors = object.count32("descriptors", group.descriptors, {1, 100'000'000});
    group.start = object.duration("start", group.start);
    group.ramp = object.duration("ramp", group.ramp);
    group.hold = object.duration("hold", group.hold);
    group.drain = object.duration("drain", group.drain);
    group.connect_timeout =
        object.duration("connect_timeout", group.connect_timeout,
                        {std::chrono::milliseconds(1), base::up_to_a_year.most});
    if (const auto retry_value = object.find("retry")) {
      const Object retry(*retry_value, "retry", keys::retry);
      group.retry.attempts = retry.count32("attempts", group.retry.attempts, {1, 1000});
      group.retry.base = retry.duration("base", group.retry.base);
      group.retry.cap = retry.duration("cap", group.retry.cap);
      group.retry.jitter = retry.boolean("jitter", group.retry.jitter);
    }
    read_query(object, group);
    group.stalls_in_handshake = object.boolean("stalls_in_handshake", false);
    plan.clients.push_back(std::move(group));
    reading.places["clients"].push_back(value);
  }
}

}  // namespace wanlab::scenario
