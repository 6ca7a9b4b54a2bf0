#include "real_components/hosting/daemon_config.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <thread>

namespace wanlab::hosting {
namespace {

void require_literal(const ConfigNode& node, std::string_view key, const std::string& address) {
  boost::system::error_code error;
  boost::asio::ip::make_address(address, error);
  if (error) node.fail(key, "must be a literal IP address");
}

// Runs what complains without a place, and adds the place.
template <typename Action>
auto at(const ConfigNode& node, std::string_view key, Action action) {
  try {
    return action();
  } catch (const ConfigError& error) {
    node.fail(key, error.what());
  } catch (const BadStoreAddress& error) {
    node.fail(key, error.what());
  }
}

TlsFiles read_files(const ConfigNode& node) {
  return {node.path("certificate", true), node.path("key", true)};
}

StoreConfig read_store(const ConfigNode& node) {
  StoreConfig store;
  const std::vector<std::string> members = node.texts("members");
  if (members.empty()) node.fail("members", "must name at least one member");
  store.etcd = node.choice("kind", {"etcd", "node"}, 0) == 0;
  if (!store.etcd) {
    for (const std::string& member : members) {
      const auto [host, port] = at(node, "members", [&] { return parse_host_port(member, 2379); });
      store.node_options.members.push_back({host, port});
    }
    return store;
  }
  EtcdOptions& options = store.etcd_options;
  at(node, "members", [&] {
    for (const std::string& member : members) add_member(options, member);
  });
  options.user = node.text("user", {});
  if (const std::string file = node.path("password_file"); !file.empty()) {
    options.password = at(node, "password_file", [&] { return read_line(file); });
  }
  const ConfigNode tls = node.object("tls");
  options.tls.ca_file = tls.path("authority");
  options.tls.certificate_file = tls.path("certificate");
  options.tls.key_file = tls.path("key");
  options.tls.server_name = tls.text("server_name", {});
  if (node.has("tls") && !options.tls.enabled) {
    node.fail("tls", "is given, but the members' addresses begin with http:// and not https://");
  }
  if (options.tls.certificate_file.empty() != options.tls.key_file.empty()) {
    tls.fail({}, "a certificate and its key go together");
  }
  return store;
}

}  // namespace

DaemonConfig read_daemon_config(const ConfigNode& root, std::uint32_t default_threads) {
  DaemonConfig config;
  config.name = root.text("name");
  // As in certificates and in the store's keys.
  if (config.name.empty() || config.name.size() > 255 ||
      config.name.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") !=
          std::string::npos) {
    root.fail("name", "must consist of letters, digits, '-', '.' and '_'");
  }
  const std::uint32_t cores = std::max(1u, std::thread::hardware_concurrency());
  config.threads = static_cast<std::uint32_t>(
      root.number("threads", default_threads != 0 ? default_threads : cores, 1, 256));
  config.runtime.share_ports = config.threads > 1;

  const ConfigNode listen = root.object("listen");
  config.runtime.bind_address = listen.text("address", {});
  if (!config.runtime.bind_address.empty()) {
    require_literal(listen, "address", config.runtime.bind_address);
  }
  config.runtime.backlog =
      static_cast<std::uint32_t>(listen.number("backlog", config.runtime.backlog, 1, 65'535));

  auto hosts = std::make_shared<HostTable>();
  for (const auto& [name, address] : root.table("hosts")) {
    boost::system::error_code error;
    boost::asio::ip::make_address(address, error);
    if (!error) {
      (*hosts)[name] = {address, 0};
      continue;
    }
    const auto [literal, port] =
        at(root, "hosts", [&, &to = address] { return parse_host_port(to, 0); });
    boost::asio::ip::make_address(literal, error);
    if (error)
      root.fail("hosts", "\"" + name + "\" must be a literal IP address, or one with a port");
    (*hosts)[name] = {literal, port};
  }
  config.runtime.hosts = std::move(hosts);

  const ConfigNode tls = root.object("tls");
  if (tls.has("clients")) config.tls.service = read_files(tls.object("clients"));
  const ConfigNode identity = tls.object("identity");
  config.tls.identity = read_files(identity);
  config.tls.identity_authority = identity.path("authority", true);
  config.tls.database_authority = tls.path("database_authority");

  const ConfigNode limits = root.object("limits");
  RuntimeOptions& runtime = config.runtime;
  runtime.maximum_unsent =
      limits.number("unsent_bytes", runtime.maximum_unsent, 1'048'576, std::uint64_t{1} << 40);
  runtime.stranger_timeout = limits.duration("client_timeout", runtime.stranger_timeout);
  runtime.peer_timeout = limits.duration("peer_timeout", runtime.peer_timeout);
  runtime.keepalive = limits.duration("keepalive", runtime.keepalive);

  config.store = read_store(root.object("store"));

  const ConfigNode admin = root.object("admin");
  config.admin_address = admin.text("address", config.admin_address);
  require_literal(admin, "address", config.admin_address);
  config.admin_port = static_cast<std::uint16_t>(admin.number("port", 0, 1, 65'535));

  const ConfigNode log = root.object("log");
  config.log_level =
      static_cast<LogLevel>(log.choice("level", {"fatal", "error", "warning", "info", "debug"}, 3));
  return config;
}

}  // namespace wanlab::hosting
