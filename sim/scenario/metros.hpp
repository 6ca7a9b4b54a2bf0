// Load that follows the sun: the metros of a topology become rows of arrivals.
#pragma once

#include "sim/network/topology.hpp"
#include "sim/scenario/plan.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace wanlab::scenario {

struct MetroLoad {
  std::uint64_t connections = 0;           // in all, over the day
  Duration day = std::chrono::minutes(8);  // the length of the (compressed) day
  std::uint32_t steps = 96;                // rows per metro; 96 stand for quarter hours
  double utc_hour = 0;                     // the hour in Greenwich when the day starts
  std::uint32_t count = 0;                 // only the metros with most users; 0: all
  // Relative load by hour of local solar time, linear between the hours. The shape of home and
  // mobile use as network operators describe it (lowest before dawn, highest in the evening, about
  // 4 to 1); the figures are assumptions.
  std::array<double, 24> load_by_local_hour{45, 34, 28, 25, 25, 28, 36, 48, 58,  64, 68, 70,
                                            72, 72, 72, 74, 78, 82, 88, 95, 100, 98, 84, 62};
};

// Rows in order of time whose counts sum to `connections`, shared out by internet users and local
// hour without any chance. Empty when the topology has no metros.
std::vector<ClientGroup::Arrival> metro_arrivals(const MetroLoad& load,
                                                 const network::Topology& topology);

}  // namespace wanlab::scenario
