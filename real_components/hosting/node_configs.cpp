#include "real_components/hosting/node_configs.hpp"

#include <algorithm>
#include <limits>

namespace wanlab::hosting {
namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();

std::uint32_t count(const ConfigNode& node, std::string_view key, std::uint32_t otherwise,
                    std::uint64_t least = 0) {
  return static_cast<std::uint32_t>(node.number(key, otherwise, least, most));
}

std::uint16_t port(const ConfigNode& node, std::uint16_t otherwise) {
  return static_cast<std::uint16_t>(node.number("port", otherwise, 1, 65'535));
}

crypto::Digest256 secret(const ConfigNode& node, std::string_view key) {
  const std::string file = node.path(key, true);
  crypto::Digest256 bytes{};
  try {
    const std::vector<std::byte> read = read_secret(file, bytes.size());
    std::copy(read.begin(), read.end(), bytes.begin());
  } catch (const ConfigError& error) {
    node.fail(key, error.what());
  }
  return bytes;
}

runtime::Address address(const ConfigNode& node, std::string_view key, std::string_view text) {
  try {
    const auto [host, number] = parse_host_port(text, 3306);
    return {host, number};
  } catch (const ConfigError& error) {
    node.fail(key, error.what());
  }
}

origin::DatabaseConfig read_database(const ConfigNode& node) {
  origin::DatabaseConfig database;
  database.branch = node.text("branch");
  if (const std::string primary = node.text("primary", {}); !primary.empty()) {
    database.primary = address(node, "primary", primary);
  }
  for (const std::string& replica : node.texts("replicas")) {
    database.replicas.push_back(address(node, "replicas", replica));
  }
  if (!database.primary && database.replicas.empty()) {
    node.fail({}, "names neither a primary nor a replica");
  }
  database.user = node.text("user", database.user);
  if (const std::string file = node.path("password_file"); !file.empty()) {
    try {
      database.password = read_line(file);
    } catch (const ConfigError& error) {
      node.fail("password_file", error.what());
    }
  }
  constexpr std::array versions{runtime::TlsVersion::none, runtime::TlsVersion::tls12,
                                runtime::TlsVersion::tls13};
  database.tls = versions[node.choice("tls", {"none", "tls1.2", "tls1.3"}, 0)];
  return database;
}

}  // namespace

EdgeDaemonConfig read_edge_config(const std::filesystem::path& file) {
  return read_edge_config(ConfigNode::read_file(file));
}

EdgeDaemonConfig read_edge_config(const ConfigNode& root) {
  EdgeDaemonConfig config;
  config.daemon = read_daemon_config(root, 0);
  edge::EdgeConfig& edge = config.edge;
  edge.name = config.daemon.name;
  edge.store = config.daemon.store.node_options;
  edge.port = port(root.object("listen"), edge.port);
  edge.nonce_key = secret(root, "nonce_key_file");
  edge.server_version = root.text("server_version", edge.server_version);
  edge.require_tls = root.flag("require_tls", edge.require_tls);
  edge.allow_native = root.flag("allow_native", edge.allow_native);
  edge.handshake_timeout = root.duration("handshake_timeout", edge.handshake_timeout);
  edge.drain_period = root.duration("drain_period", edge.drain_period);
  if (edge.require_tls && !config.daemon.tls.service.given()) {
    root.object("tls").fail("clients", "is missing, but clients are required to use TLS");
  }

  const ConfigNode limits = root.object("limits");
  edge.maximum_sessions = count(limits, "sessions", edge.maximum_sessions, 1);
  edge.maximum_sessions_per_tenant =
      count(limits, "sessions_per_tenant", edge.maximum_sessions_per_tenant);
  edge.tenant_rate.per_second = count(limits, "tenant_rate", edge.tenant_rate.per_second);
  edge.tenant_rate.burst = count(limits, "tenant_burst", edge.tenant_rate.burst, 1);
  edge.address_rate.per_second = count(limits, "address_rate", edge.address_rate.per_second);
  edge.address_rate.burst = count(limits, "address_burst", edge.address_rate.burst, 1);
  edge.maximum_statement = count(limits, "statement_bytes", edge.maximum_statement, 1024);

  const ConfigNode backhaul = root.object("backhaul");
  edge.backhaul.connections =
      static_cast<std::uint32_t>(backhaul.number("connections", edge.backhaul.connections, 1, 64));
  edge.backhaul.on_demand = backhaul.flag("on_demand", edge.backhaul.on_demand);
  edge.backhaul.connect_timeout =
      backhaul.duration("connect_timeout", edge.backhaul.connect_timeout);
  root.finish();
  return config;
}

OriginDaemonConfig read_origin_config(const std::filesystem::path& file) {
  return read_origin_config(ConfigNode::read_file(file));
}

OriginDaemonConfig read_origin_config(const ConfigNode& root) {
  OriginDaemonConfig config;
  // Nonces and failures are remembered per shard: what one has seen the others have not.
  config.daemon = read_daemon_config(root, 1);
  origin::OriginConfig& origin = config.origin;
  origin.name = config.daemon.name;
  origin.region = root.text("region");
  origin.store = config.daemon.store.node_options;
  origin.backhaul.port = port(root.object("listen"), origin.backhaul.port);
  origin.fleet_nonce_key = secret(root, "fleet_nonce_key_file");
  origin.grant_lifetime = root.duration("grant_lifetime", origin.grant_lifetime);
  origin.backhaul.drain_deadline = root.duration("drain_period", origin.backhaul.drain_deadline);
  for (const ConfigNode& database : root.objects("databases")) {
    origin.databases.push_back(read_database(database));
  }
  if (origin.databases.empty()) root.fail("databases", "must name at least one");

  const ConfigNode limits = root.object("limits");
  origin.backhaul.max_connections =
      count(limits, "edge_connections", origin.backhaul.max_connections, 1);

  const ConfigNode pool = root.object("pool");
  origin.pool.connections = count(pool, "connections", origin.pool.connections, 1);
  origin.pool.warm = count(pool, "warm", std::min(origin.pool.warm, origin.pool.connections));
  origin.pool.waiters = count(pool, "waiters", origin.pool.waiters);
  origin.pool.wait = pool.duration("wait", origin.pool.wait);
  origin.pool.connect_timeout = pool.duration("connect_timeout", origin.pool.connect_timeout);
  origin.pool.login_timeout = pool.duration("login_timeout", origin.pool.login_timeout);
  origin.pool.statement_timeout = pool.duration("statement_timeout", origin.pool.statement_timeout);
  root.finish();
  return config;
}

}  // namespace wanlab::hosting
