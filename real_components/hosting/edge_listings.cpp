#include "real_components/hosting/edge_listings.hpp"

namespace wanlab::hosting {
namespace {

// More would hold up everybody else while they are written, and nobody reads them.
constexpr std::uint32_t most_sessions = 10'000;

std::string_view to_string(edge::Phase phase) {
  switch (phase) {
    case edge::Phase::greeted:
      return "greeted";
    case edge::Phase::securing:
      return "securing";
    case edge::Phase::secured:
      return "secured";
    case edge::Phase::verifying:
      return "verifying";
    case edge::Phase::denying:
      return "denying";
    case edge::Phase::established:
      return "idle";
    case edge::Phase::executing:
      return "executing";
  }
  return "unknown";
}

std::int64_t microseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

void list_sessions(const edge::EdgeNode& edge, JsonText& text) {
  std::uint32_t told = 0;
  for (std::uint32_t place = 0; place < edge.session_places() && told < most_sessions; ++place) {
    const auto session = edge.session_at(place);
    if (!session) continue;
    ++told;
    text.begin_object()
        .member("session", session->number)
        .member("user", session->user)
        .member("schema", session->schema)
        .member("phase", to_string(session->phase))
        .member("tls", session->secure)
        .member("statements", session->statements)
        .member("pinned", session->pinned)
        .member("transaction", session->in_transaction)
        .end_object();
  }
}

void write_region(const edge::EdgeNode& edge, routing::RegionId region, JsonText& text) {
  const edge::Upstream& upstream = edge.upstream();
  const auto& costs = upstream.prober().costs();
  const routing::RegionCost cost = costs.of(region);
  text.member("region", upstream.region_name(region))
      .member("state", routing::to_string(cost.state))
      .member("measured", cost.measured)
      .member("cost_us", cost.measured ? microseconds(cost.cost) : -1);
}

// In the order in which a statement would try them.
void list_routes(const edge::EdgeNode& edge, JsonText& text) {
  const routing::RoutingTable& routes = edge.upstream().routes();
  for (std::uint32_t index = 0; index < routes.extent(); ++index) {
    const routing::RouteView& route = routes.view_at(index);
    if (!route.live()) continue;
    text.begin_object()
        .member("user", route.user)
        .member("branch", route.branch)
        .member("revision", route.revision)
        .member("expires_at", route.expiration);
    text.key("clusters").begin_list();
    for (const routing::RegionId region : route.clusters) {
      text.begin_object();
      write_region(edge, region, text);
      text.end_object();
    }
    text.end_list().end_object();
  }
}

void list_backhaul(const edge::EdgeNode& edge, JsonText& text) {
  const backhaul::WarmPool& pool = edge.upstream().pool();
  for (backhaul::RegionIndex region = 0; region < pool.regions(); ++region) {
    const backhaul::RegionTraffic traffic = pool.traffic(region);
    text.begin_object();
    write_region(edge, routing::RegionId{static_cast<std::uint16_t>(region)}, text);
    text.member("ready_connections", pool.ready_connections(region))
        .member("requests_in_flight", pool.requests_in_flight(region))
        .member("connections_made", traffic.connections)
        .member("requests", traffic.requests)
        .member("frames", traffic.frames)
        .member("bytes_sent", traffic.bytes_sent)
        .member("bytes_received", traffic.bytes_received)
        .end_object();
  }
}

}  // namespace

const std::map<std::string, EdgeListing>& edge_listings() {
  static const std::map<std::string, EdgeListing> all{
      {"/sessions", list_sessions}, {"/routes", list_routes}, {"/backhaul", list_backhaul}};
  return all;
}

void measure_edge(const edge::EdgeNode& edge, Metrics& metrics) {
  const edge::EdgeCensus census = edge.census();
  const edge::EdgeCounters& counted = edge.counters();
  metrics.gauge("wanlab_sessions", "Sessions, in whatever phase.", census.sessions);
  metrics.gauge("wanlab_handshakes_pending", "Sessions that are not logged in.", census.handshakes);
  metrics.gauge(
      "wanlab_sessions_pinned",
      "Sessions with a database connection of their own. Their share of wanlab_sessions tells "
      "how little the rest has to share.",
      census.conversations);
  metrics.gauge("wanlab_requests_pending", "Requests on their way to origins.", census.exchanges);
  metrics.gauge("wanlab_session_record_bytes", "Memory of session records, without buffers.",
                census.memory_bytes);
  metrics.gauge("wanlab_routes", "Routes known.", edge.upstream().routes().size());
  metrics.gauge("wanlab_store_staleness_milliseconds", "Since the store was last heard of.",
                static_cast<std::uint64_t>(microseconds(edge.upstream().staleness()) / 1000));
  metrics.counter("wanlab_sessions_accepted", "Sessions accepted.", counted.accepted);
  metrics.counter("wanlab_logins", "Logins granted.", counted.authenticated);
  metrics.counter("wanlab_logins_refused", "Logins refused.", counted.refused);
  metrics.counter("wanlab_handshake_timeouts", "Logins that took too long.",
                  counted.handshake_timeouts);
  metrics.counter("wanlab_statements", "Statements answered.", counted.statements);
  metrics.counter("wanlab_statements_failed",
                  "Statements answered with an error of the edge's own.",
                  counted.statements_failed);
  metrics.counter("wanlab_retries", "Requests sent to another region.", counted.retries);
  metrics.counter("wanlab_outcomes_unknown", "Statements reported as of unknown outcome.",
                  counted.outcomes_unknown);
  metrics.counter("wanlab_grant_renewals", "Grants renewed for idle sessions.", counted.renewals);
  metrics.counter("wanlab_sessions_revoked", "Sessions ended with their Route or Credential.",
                  counted.revoked);
  const backhaul::WarmPool& pool = edge.upstream().pool();
  for (backhaul::RegionIndex index = 0; index < pool.regions(); ++index) {
    const routing::RegionId region{static_cast<std::uint16_t>(index)};
    const std::string_view name = edge.upstream().region_name(region);
    const routing::RegionCost cost = edge.upstream().prober().costs().of(region);
    if (cost.measured) {
      // Shards measure for themselves; what is shown is their sum, as of everything else.
      metrics.gauge("wanlab_region_cost_microseconds",
                    "Estimated round trip to a region with penalties, summed over shards.",
                    static_cast<std::uint64_t>(microseconds(cost.cost)), "region", name);
    }
    metrics.gauge("wanlab_backhaul_connections", "Warm connections that take requests.",
                  pool.ready_connections(index), "region", name);
    metrics.counter("wanlab_backhaul_requests", "Requests to a region.",
                    pool.traffic(index).requests, "region", name);
  }
}

}  // namespace wanlab::hosting
