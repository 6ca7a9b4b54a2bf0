// wanlab-origin: an OriginNode as a process.
#include "real_components/hosting/daemon.hpp"
#include "real_components/hosting/daemon_main.hpp"
#include "real_components/hosting/node_configs.hpp"
#include "real_components/hosting/node_stores.hpp"
#include "real_components/hosting/origin_listings.hpp"
#include "real_components/origin/origin_node.hpp"

using namespace wanlab;
using namespace wanlab::hosting;

namespace {

const origin::OriginNode& origin_of(const runtime::Component& component) {
  return static_cast<const origin::OriginNode&>(component);
}

int serve(const std::filesystem::path& file) {
  const OriginDaemonConfig config = read_origin_config(file);
  set_log(config.daemon.name, config.daemon.log_level);
  NodeFunctions node;
  node.make = [&](AsioRuntime& runtime, std::uint32_t) {
    const std::shared_ptr<EtcdStore> store = make_store(config.daemon.store, runtime);
    return Shard::Hosted{std::make_unique<origin::OriginNode>(runtime, config.origin, store.get()),
                         store};
  };
  node.drain = [](runtime::Component& component) {
    static_cast<origin::OriginNode&>(component).drain();
  };
  node.drained = [](runtime::Component& component) { return origin_of(component).drained(); };
  node.ready = [](runtime::Component& component) { return origin_of(component).synchronised(); };
  node.measure = [](const runtime::Component& component, Metrics& metrics) {
    measure_origin(origin_of(component), metrics);
  };
  for (const auto& [path, list] : origin_listings()) {
    node.listings[path] = [list = list](const runtime::Component& component, JsonText& text) {
      list(origin_of(component), text);
    };
  }
  node.drain_limit = config.origin.backhaul.drain_deadline + std::chrono::seconds(10);
  return Daemon(config.daemon, std::move(node)).run();
}

void check(const std::filesystem::path& file) {
  const OriginDaemonConfig config = read_origin_config(file);
  const TlsContexts contexts(config.daemon.tls);
}

}  // namespace

int main(int argc, char** argv) {
  return daemon_main(
      argc, argv,
      {"wanlab-origin", "Judges logins and runs statements on a region's databases", check, serve});
}
