// A shard's own way to its store, as the configuration says.
#pragma once

#include "real_components/control/store.hpp"
#include "real_components/hosting/asio_runtime.hpp"
#include "real_components/hosting/daemon_config.hpp"
#include "real_components/hosting/etcd/etcd_store.hpp"
#include "real_components/hosting/log.hpp"

#include <memory>
#include <utility>

namespace wanlab::hosting {

// Null where the node is to connect to a store server by itself.
inline std::shared_ptr<EtcdStore> make_store(const StoreConfig& config, AsioRuntime& runtime) {
  if (!config.etcd) return nullptr;
  EtcdOptions options = config.etcd_options;
  options.tell = [](std::string_view what) { log(LogLevel::info, "store", {{"etcd", what}}); };
  return std::make_shared<EtcdStore>(std::move(options), [&runtime](std::function<void()> task) {
    runtime.post(std::move(task));
  });
}

}  // namespace wanlab::hosting
