#include "tests/hosting/simulated_world.hpp"

namespace wanlab::testing {
namespace {

constexpr kernel::Kind network_kind = 0;  // and 1
constexpr kernel::Kind timer_kind = 2;

network::Topology one_site() {
  network::Topology topology;
  topology.name = "two worlds";
  topology.sites.resize(1);
  topology.sites[0].name = "here";
  topology.paths = {{.source = "here", .target = "here", .round_trip = 2ms}};
  return topology;
}

// The host owns its component, the test keeps it.
class Lent final : public runtime::Component {
 public:
  explicit Lent(runtime::Component& component) : component_(component) {}
  void start() override { component_.start(); }
  void on_timer(runtime::Cookie cookie) override { component_.on_timer(cookie); }
  runtime::Cookie on_accept(std::uint16_t port, runtime::ConnectionId connection,
                            const runtime::PeerInfo& peer) override {
    return component_.on_accept(port, connection, peer);
  }
  void on_connect(runtime::ConnectionId connection, runtime::Cookie cookie) override {
    component_.on_connect(connection, cookie);
  }
  void on_secure(runtime::ConnectionId connection, runtime::Cookie cookie) override {
    component_.on_secure(connection, cookie);
  }
  void on_data(runtime::ConnectionId connection, runtime::Cookie cookie, ByteView bytes) override {
    component_.on_data(connection, cookie, bytes);
  }
  void on_writable(runtime::ConnectionId connection, runtime::Cookie cookie) override {
    component_.on_writable(connection, cookie);
  }
  void on_close(runtime::ConnectionId connection, runtime::Cookie cookie,
                runtime::CloseReason reason) override {
    component_.on_close(connection, cookie, reason);
  }

 private:
  runtime::Component& component_;
};

}  // namespace

SimulatedTestWorld::SimulatedTestWorld()
    : topology_(one_site()),
      wan_(topology_),
      transport_(simulation_, wan_, {}, network_kind),
      surroundings_{
          simulation_, transport_, recorder_, 1, timer_kind, [this](std::string_view name) {
            const auto found = hosts_.find(name);
            return found == hosts_.end() ? nullptr : found->second.get();
          }} {
  simulation_.set_handler(timer_kind, this, [](void* self, const kernel::Event& event) {
    static_cast<SimulatedTestWorld*>(self)->by_origin_[event.origin()]->handle_timer(
        event.target, event.argument());
  });
}

SimulatedTestWorld::~SimulatedTestWorld() {
  for (auto& [name, host] : hosts_) host->crash();
}

world::SimulatedHost& SimulatedTestWorld::simulated(const std::string& name) {
  auto& slot = hosts_[name];
  if (slot == nullptr) {
    slot = std::make_unique<world::SimulatedHost>(
        surroundings_, trace::HostLabel{name, trace::HostRole::client, "here", {}}, 0, 0,
        scenario::HostShape{});
    by_origin_.push_back(slot.get());
  }
  return *slot;
}

void SimulatedTestWorld::run(const std::string& name, runtime::Component& component) {
  world::SimulatedHost& host = simulated(name);
  host.install(std::make_unique<Lent>(component));
  host.start();
}

bool SimulatedTestWorld::run_until(const std::function<bool()>& done, Duration limit) {
  const Instant end = simulation_.now() + limit;
  const bool reached = simulation_.run_until(done, end);
  if (!reached) simulation_.run_until(end);
  return reached;
}

}  // namespace wanlab::testing
