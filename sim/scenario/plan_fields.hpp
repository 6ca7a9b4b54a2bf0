// Every field of every part of a plan by name, for the reader and the writer of plan.json alike.
// The structured bindings do not compile unless they list all fields, so none can be forgotten.
#pragma once

#include "sim/scenario/plan.hpp"

#include <concepts>

namespace wanlab::scenario {

template <typename S, typename T>
concept Is = std::same_as<std::remove_const_t<S>, T>;

// A visitor is called as visit("key", field) for each field, in the order of the file.
template <typename V, Is<HostShape> S>
void visit_fields(V& visit, S& shape) {
  auto& [cores, memory, descriptors, backlog, per_connection, cost] = shape;
  visit("cores", cores);
  visit("memory_bytes", memory);
  visit("descriptors", descriptors);
  visit("accept_backlog", backlog);
  visit("memory_per_connection_bytes", per_connection);
  visit("costs", cost);
}

template <typename V, Is<EdgePop> S>
void visit_fields(V& visit, S& pop) {
  auto& [name, site, provider, nodes, host, backhaul, on_demand, tenant_rate, tenant_burst,
         address_rate, address_burst, timeout, require_tls] = pop;
  visit("name", name);
  visit("site", site);
  visit("provider", provider);
  visit("nodes", nodes);
  visit("host", host);
  visit("backhaul_connections", backhaul);
  visit("backhaul_on_demand", on_demand);
  visit("tenant_rate", tenant_rate);
  visit("tenant_burst", tenant_burst);
  visit("address_rate", address_rate);
  visit("address_burst", address_burst);
  visit("handshake_timeout", timeout);
  visit("require_tls", require_tls);
}

template <typename V, Is<OriginRegion> S>
void visit_fields(V& visit, S& origin) {
  auto& [region, nodes, host, size, waiters, wait] = origin;
  visit("region", region);
  visit("nodes", nodes);
  visit("host", host);
  visit("pool_size", size);
  visit("pool_waiters", waiters);
  visit("pool_wait", wait);
}

template <typename V, Is<Database> S>
void visit_fields(V& visit, S& database) {
  auto& [branch, region, replicas, read_only, host, result, connections, exponential, plugin,
         cache_warm] = database;
  visit("branch", branch);
  visit("primary_region", region);
  visit("replicas", replicas);
  visit("read_only_regions", read_only);
  visit("host", host);
  visit("result_bytes", result);
  visit("maximum_connections", connections);
  visit("exponential_service", exponential);
  visit("authentication_plugin", plugin);
  visit("password_cache_warm", cache_warm);
}

template <typename V, Is<Credential> S>
void visit_fields(V& visit, S& credential) {
  auto& [user, password, branch, role, tablet, regions, route_expires, expires, revoked, native] =
      credential;
  visit("user", user);
  visit("password", password);
  visit("branch", branch);
  visit("role", role);
  visit("tablet_type", tablet);
  visit("regions", regions);
  visit("route_expires_after", route_expires);
  visit("credential_expires_after", expires);
  visit("revoked_after", revoked);
  visit("allow_native", native);
}

template <typename V, Is<Endpoint> S>
void visit_fields(V& visit, S& endpoint) {
  auto& [name, kind, pop, provider, branch, ttl, health_lag] = endpoint;
  visit("name", name);
  visit("kind", kind);
  visit("pop", pop);
  visit("provider", provider);
  visit("branch", branch);
  visit("ttl", ttl);
  visit("health_lag", health_lag);
}

template <typename V, Is<RetryPolicy> S>
void visit_fields(V& visit, S& retry) {
  auto& [attempts, base, cap, jitter] = retry;
  visit("attempts", attempts);
  visit("base", base);
  visit("cap", cap);
  visit("jitter", jitter);
}

template <typename V, Is<ClientGroup::Arrival> S>
void visit_fields(V& visit, S& arrival) {
  auto& [at, site, count] = arrival;
  visit("at", at);
  visit("site", site);
  visit("count", count);
}

template <typename V, Is<ClientGroup> S>
void visit_fields(V& visit, S& group) {
  auto& [name, kind, site, endpoint, user, password, resolver, tls, plugin, hosts, per_host,
         in_flight, descriptors, start, ramp, hold, drain, concurrency, burst, refill,
         refill_period, cold_minimum, cold_maximum, connect_timeout, retry, interval_minimum,
         interval_maximum, interval_exponential, on_connect, statement, query_timeout, stalls,
         arrivals, spread] = group;
  visit("name", name);
  visit("kind", kind);
  visit("site", site);
  visit("endpoint", endpoint);
  visit("user", user);
  visit("password", password);
  visit("resolver_site", resolver);
  visit("tls", tls);
  visit("authentication_plugin", plugin);
  visit("hosts", hosts);
  visit("connections_per_host", per_host);
  visit("connects_in_flight", in_flight);
  visit("descriptors", descriptors);
  visit("start", start);
  visit("ramp", ramp);
  visit("hold", hold);
  visit("drain", drain);
  visit("concurrency", concurrency);
  visit("burst", burst);
  visit("refill", refill);
  visit("refill_period", refill_period);
  visit("cold_start_minimum", cold_minimum);
  visit("cold_start_maximum", cold_maximum);
  visit("connect_timeout", connect_timeout);
  visit("retry", retry);
  visit("query_interval_minimum", interval_minimum);
  visit("query_interval_maximum", interval_maximum);
  visit("query_interval_exponential", interval_exponential);
  visit("query_on_connect", on_connect);
  visit("statement", statement);
  visit("query_timeout", query_timeout);
  visit("stalls_in_handshake", stalls);
  visit("arrivals_spread", spread);
  visit("arrivals", arrivals);
}

template <typename V, Is<Fault> S>
void visit_fields(V& visit, S& fault) {
  auto& [kind, name, scope, source, target, one_way, shape, at, duration, ramp, period, duty,
         extra_delay, behind, loss, burst, loss_in_burst, share, bandwidth, reroute, refuses,
         password] = fault;
  visit("kind", kind);
  visit("name", name);
  visit("scope", scope);
  visit("source", source);
  visit("target", target);
  visit("one_way", one_way);
  visit("shape", shape);
  visit("at", at);
  visit("duration", duration);
  visit("ramp", ramp);
  visit("period", period);
  visit("duty", duty);
  visit("extra_delay", extra_delay);
  visit("behind", behind);
  visit("loss", loss);
  visit("burst", burst);
  visit("loss_in_burst", loss_in_burst);
  visit("share", share);
  visit("bits_per_second", bandwidth);
  visit("reroute_after", reroute);
  visit("refuses", refuses);
  visit("password", password);
}

template <typename V, Is<Expectation> S>
void visit_fields(V& visit, S& expectation) {
  auto& [metric, at_least, at_most, equals, form, from, until, every, pop, group, cluster, text,
         number, when] = expectation;
  visit("metric", metric);

  visit("at_least", at_least);
  visit("at_most", at_most);
  visit("equals", equals);
  visit("form", form);
  visit("from", from);
  visit("until", until);
  visit("every", every);
  visit("pop", pop);
  visit("group", group);
  visit("cluster", cluster);
  visit("text", text);
  visit("number", number);
  visit("when", when);
}

template <typename V, Is<OracleRules> S>
void visit_fields(V& visit, S& rules) {
  auto& [off, must_trip] = rules;
  visit("off", off);
  visit("must_trip", must_trip);
}

template <typename V, Is<Plan> S>
void visit_fields(V& visit, S& plan) {
  auto& [name, why, seed, topology_name, topology, jitter, bandwidth, duration, warm_up,
         settled_after, store_site, store_members, edges, origins, databases, credentials,
         endpoints, clients, faults, expectations, oracles, sabotage, idle_hosts,
         print_every_step] = plan;
  visit("name", name);
  visit("why", why);

  visit("seed", seed);
  visit("topology_name", topology_name);
  visit("jitter", jitter);
  visit("default_bits_per_second", bandwidth);
  visit("duration", duration);
  visit("warm_up", warm_up);
  visit("settled_after", settled_after);
  visit("store_site", store_site);
  visit("store_members", store_members);
  visit("edges", edges);
  visit("origins", origins);
  visit("databases", databases);
  visit("credentials", credentials);
  visit("endpoints", endpoints);
  visit("clients", clients);
  visit("faults", faults);
  visit("expect", expectations);
  visit("oracles", oracles);
  visit("sabotage", sabotage);
  visit("idle_hosts", idle_hosts);
  visit("print_every_step", print_every_step);
  visit("topology", topology);
}

}  // namespace wanlab::scenario
