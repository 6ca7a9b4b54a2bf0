// What the configuration files of both daemons say about the process itself, and how they are read.
#pragma once

#include "real_components/control/store_client.hpp"
#include "real_components/hosting/config_node.hpp"
#include "real_components/hosting/etcd/etcd_options.hpp"
#include "real_components/hosting/log.hpp"
#include "real_components/hosting/runtime_options.hpp"
#include "real_components/hosting/tls_contexts.hpp"

#include <cstdint>
#include <string>

namespace wanlab::hosting {

// Where a node's records are: in etcd, or behind a store server that speaks this project's
// protocol.
struct StoreConfig {
  bool etcd = true;
  EtcdOptions etcd_options;
  control::StoreClientOptions node_options;
};

struct DaemonConfig {
  std::string name;
  std::uint32_t threads = 1;
  RuntimeOptions runtime;
  TlsOptions tls;
  StoreConfig store;
  std::string admin_address = "127.0.0.1";
  std::uint16_t admin_port = 0;  // 0: no admin port
  LogLevel log_level = LogLevel::info;
};

// Reads what both have in common; the rest of the keys are the caller's. `default_threads` 0 means
// one per core.
DaemonConfig read_daemon_config(const ConfigNode& root, std::uint32_t default_threads);

}  // namespace wanlab::hosting
