// Faults of machines and of what runs on them.
#include "real_components/control/store_node.hpp"
#include "real_components/edge/edge_node.hpp"
#include "real_components/origin/origin_node.hpp"
#include "sim/world/database_service.hpp"
#include "sim/world/fault_director.hpp"

#include <algorithm>

namespace wanlab::world {

using scenario::Fault;
using trace::HostRole;

std::vector<SimulatedHost*> FaultDirector::hosts_of(const Fault& fault) {
  std::vector<SimulatedHost*> hosts;
  for (const std::string& name : scenario::hosts_meant(plan_, fault)) {
    if (SimulatedHost* host = world_.find_host(name)) hosts.push_back(host);
  }
  return hosts;
}

void FaultDirector::take_down(SimulatedHost& host) {
  if (downs_[&host]++ != 0 || host.component() == nullptr) return;
  if (host.label().role == HostRole::edge) {
    // Nobody is left to say that they ended.
    const auto& node = static_cast<const edge::EdgeNode&>(*host.component());
    world_.recorder_.drop_sessions(host.recorded_as(), node.census().sessions);
  }
  world_.save_disk(host);
  host.crash();
}

void FaultDirector::bring_back(SimulatedHost& host) {
  if (--downs_[&host] != 0 || host.component() != nullptr) return;
  const auto maker = world_.makers_.find(host.label().name);
  if (maker == world_.makers_.end()) return;
  host.install(maker->second(host));
  host.start();
}

// The power or all links of a place are gone: silence, and what ran there is lost. Or its machines
// stand but nothing runs on them.
void FaultDirector::fail(SimulatedHost& host, bool refuses, bool begins) {
  if (refuses) {
    begins ? take_down(host) : bring_back(host);
  } else if (begins) {
    host.freeze();
  } else {
    take_down(host);
    host.thaw();
    bring_back(host);
  }
}

void FaultDirector::drain(SimulatedHost& host, bool begins) {
  if (host.component() == nullptr) return;
  host.act([&] {
    if (host.label().role == HostRole::edge) {
      auto& node = static_cast<edge::EdgeNode&>(*host.component());
      begins ? node.drain() : node.undrain();
    } else if (host.label().role == HostRole::origin) {
      auto& node = static_cast<origin::OriginNode&>(*host.component());
      begins ? node.drain() : node.undrain();
    }
  });
}

// What several faults leave of a machine is the product of what each leaves.
void FaultDirector::starve(std::uint32_t number) {
  for (SimulatedHost* host : states_[number].hosts) {
    double left = 1;
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
      const State& state = states_[i];
      if (plan_.faults[i].kind != scenario::FaultKind::starve_cpu || state.strength == 0 ||
          std::find(state.hosts.begin(), state.hosts.end(), host) == state.hosts.end()) {
        continue;
      }
      left *= 1 - plan_.faults[i].share * state.strength / 1000;
    }
    host->slow_down(1 / left);
  }
}

void FaultDirector::skew_clocks(std::uint32_t number, Duration skew) {
  State& state = states_[number];
  for (SimulatedHost* host : state.hosts) host->shift_clock(skew - state.skew);
  state.skew = skew;
}

void FaultDirector::lag_replicas(std::uint32_t number) {
  for (SimulatedHost* host : states_[number].hosts) {
    Duration lag{};
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
      const State& state = states_[i];
      if (plan_.faults[i].kind == scenario::FaultKind::replica_lag &&
          std::find(state.hosts.begin(), state.hosts.end(), host) != state.hosts.end()) {
        lag = std::max(lag, plan_.faults[i].extra_delay * state.strength / 1000);
      }
    }
    if (host->component() != nullptr) {
      static_cast<DatabaseService&>(*host->component()).set_lag(lag);
    }
  }
}

}  // namespace wanlab::world
