// What the world adds to the timeline of its run: how busy its machines and backhauls are. Reads
// only; must not act on any host.
#pragma once

#include "sim/trace/timeline.hpp"
#include "sim/world/host.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace wanlab::edge {
class EdgeNode;
}

namespace wanlab::world {

class TimelineSampler {
 public:
  // The hosts must outlive it. Clients, stores and idle hosts are left out.
  TimelineSampler(trace::Timeline& timeline,
                  const std::vector<std::unique_ptr<SimulatedHost>>& hosts);

  // Brings its columns up to date.
  void sample();

 private:
  using Column = trace::Timeline::Column;
  struct Backhaul {
    std::string region;
    Column requests = 0, bytes = 0, in_flight = 0, ready = 0;
    struct Sum {
      std::uint64_t requests = 0, bytes = 0, in_flight = 0, ready = 0;
    } now;
  };
  // Those of one role in one place.
  struct Machines {
    trace::HostRole role{};
    std::string place;
    std::vector<SimulatedHost*> hosts;
    Column cpu = 0, connections = 0, backlog = 0, pool_busy = 0, pool_waiting = 0;
    std::vector<Backhaul> backhauls;
  };

  void add_columns(Machines& machines, const std::string& place);
  void sum_traffic(Machines& pop, const edge::EdgeNode& node);
  void set_traffic(Machines& pop);

  trace::Timeline& timeline_;
  std::vector<Machines> machines_;
};

}  // namespace wanlab::world
