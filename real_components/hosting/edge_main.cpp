// wanlab-edge: an EdgeNode per core, as a process.
#include "real_components/edge/edge_node.hpp"
#include "real_components/hosting/daemon.hpp"
#include "real_components/hosting/daemon_main.hpp"
#include "real_components/hosting/edge_listings.hpp"
#include "real_components/hosting/node_configs.hpp"
#include "real_components/hosting/node_stores.hpp"

using namespace wanlab;
using namespace wanlab::hosting;

namespace {

const edge::EdgeNode& edge_of(const runtime::Component& component) {
  return static_cast<const edge::EdgeNode&>(component);
}

int serve(const std::filesystem::path& file) {
  const EdgeDaemonConfig config = read_edge_config(file);
  set_log(config.daemon.name, config.daemon.log_level);
  NodeFunctions node;
  node.make = [&](AsioRuntime& runtime, std::uint32_t shard) {
    const std::shared_ptr<EtcdStore> store = make_store(config.daemon.store, runtime);
    edge::EdgeConfig mine = config.edge;
    mine.shards = config.daemon.threads;
    mine.shard = shard;
    return Shard::Hosted{std::make_unique<edge::EdgeNode>(runtime, mine, store.get()), store};
  };
  node.drain = [](runtime::Component& component) {
    static_cast<edge::EdgeNode&>(component).drain();
  };
  node.drained = [](runtime::Component& component) { return edge_of(component).drained(); };
  node.ready = [](runtime::Component& component) {
    return edge_of(component).upstream().synchronised();
  };
  node.measure = [](const runtime::Component& component, Metrics& metrics) {
    measure_edge(edge_of(component), metrics);
  };
  for (const auto& [path, list] : edge_listings()) {
    node.listings[path] = [list = list](const runtime::Component& component, JsonText& text) {
      list(edge_of(component), text);
    };
  }
  node.drain_limit = config.edge.drain_period + std::chrono::seconds(10);
  return Daemon(config.daemon, std::move(node)).run();
}

void check(const std::filesystem::path& file) {
  const EdgeDaemonConfig config = read_edge_config(file);
  const TlsContexts contexts(config.daemon.tls);
}

}  // namespace

int main(int argc, char** argv) {
  return daemon_main(argc, argv,
                     {"wanlab-edge",
                      "Completes database handshakes near clients and sends each "
                      "statement to the best region",
                      check, serve});
}
