#include "real_components/hosting/origin_listings.hpp"

namespace wanlab::hosting {
namespace {

void write_server(const origin::ServerInfo& server, std::string_view branch, const char* role,
                  JsonText& text) {
  text.begin_object()
      .member("branch", branch)
      .member("role", role)
      .member("server", server.address.host + ":" + std::to_string(server.address.port))
      .member("state", server.down ? "down" : "up")
      .member("connections", server.open)
      .member("idle", server.idle)
      .member("starting", server.starting)
      .member("waiting_statements", server.waiting)
      .member("failures_in_a_row", server.failures)
      .end_object();
}

void list_pools(const origin::OriginNode& origin, JsonText& text) {
  const std::vector<origin::ServerInfo> servers = origin.backends().servers();
  std::size_t at = 0;
  for (const origin::DatabaseConfig& database : origin.config().databases) {
    if (database.primary) write_server(servers[at++], database.branch, "primary", text);
    for (std::size_t i = 0; i < database.replicas.size(); ++i) {
      write_server(servers[at++], database.branch, "replica", text);
    }
  }
}

void list_backhaul(const origin::OriginNode& origin, JsonText& text) {
  const origin::OriginCensus census = origin.census();
  text.begin_object()
      .member("edge_connections", census.edge_connections)
      .member("requests", census.requests)
      .member("waiting", census.waiting)
      .end_object();
}

}  // namespace

const std::map<std::string, OriginListing>& origin_listings() {
  static const std::map<std::string, OriginListing> all{{"/pools", list_pools},
                                                        {"/backhaul", list_backhaul}};
  return all;
}

void measure_origin(const origin::OriginNode& origin, Metrics& metrics) {
  const origin::OriginCensus census = origin.census();
  const origin::OriginCounters& counted = origin.counters();
  const origin::Backends& backends = origin.backends();
  metrics.gauge("wanlab_requests_pending", "Requests received, waiting or running.",
                census.requests);
  metrics.gauge("wanlab_requests_waiting", "Of them, those that wait for a database connection.",
                census.waiting);
  metrics.gauge("wanlab_edge_connections", "Backhaul connections of edges.",
                census.edge_connections);
  metrics.gauge("wanlab_database_connections", "Connections to databases.",
                census.database_connections);
  metrics.gauge("wanlab_database_connections_busy", "Of them, those that run a statement.",
                backends.busy());
  metrics.gauge("wanlab_database_connections_limit", "As many there may be.", backends.capacity());
  metrics.gauge("wanlab_credentials", "Credentials known.", census.credentials);
  metrics.counter("wanlab_logins", "Logins granted.", counted.logins_granted);
  metrics.counter("wanlab_logins_refused", "Logins refused.", counted.logins_refused);
  metrics.counter("wanlab_grant_renewals", "Grants renewed for idle sessions.", counted.renewals);
  metrics.counter("wanlab_statements", "Statements answered by a database.", counted.statements);
  metrics.counter("wanlab_statements_refused", "Statements that were not executed.",
                  counted.statements_refused);
  metrics.counter("wanlab_statements_lost", "Statements lost with their database connection.",
                  counted.statements_lost);
  metrics.counter("wanlab_statements_cancelled", "Statements nobody waits for any more.",
                  counted.cancelled);
  metrics.counter("wanlab_pool_timeouts", "Statements that waited too long for a connection.",
                  backends.timeouts());
}

}  // namespace wanlab::hosting
