// Hosts of the simulator, each a millisecond from every other.
#pragma once

#include "sim/world/host.hpp"
#include "tests/hosting/two_worlds.hpp"

#include <map>

namespace wanlab::testing {

class SimulatedTestWorld final : public World {
 public:
  SimulatedTestWorld();
  ~SimulatedTestWorld() override;

  runtime::Runtime& host(const std::string& name) override { return simulated(name); }
  void run(const std::string& name, runtime::Component& component) override;
  void crash(const std::string& name) override { simulated(name).crash(); }
  void act(const std::string& name, const std::function<void()>& action) override {
    simulated(name).act(action);
  }
  void silence(const std::string& name, std::uint16_t) override { simulated(name).freeze(); }
  using World::run_until;
  bool run_until(const std::function<bool()>& done, Duration limit) override;

 private:
  world::SimulatedHost& simulated(const std::string& name);

  network::Topology topology_;
  network::Wan wan_;
  kernel::Simulation simulation_;
  network::Transport transport_;
  trace::Recorder recorder_;
  world::Surroundings surroundings_;
  std::map<std::string, std::unique_ptr<world::SimulatedHost>, std::less<>> hosts_;
  std::vector<world::SimulatedHost*> by_origin_;
};

}  // namespace wanlab::testing
