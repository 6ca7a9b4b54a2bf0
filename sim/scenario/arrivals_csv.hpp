// Recorded arrivals: a CSV file of time, place and count, with a header line "time,site,count".
#pragma once

#include "sim/network/topology.hpp"
#include "sim/scenario/plan.hpp"

#include <filesystem>
#include <vector>

namespace wanlab::scenario {

// Times are durations ("1.5s") that never decrease; empty lines and lines that start with '#' are
// skipped. Throws InputError whose file is "FILE:LINE".
std::vector<ClientGroup::Arrival> read_arrivals(const std::filesystem::path& path,
                                                const network::Topology& topology);

}  // namespace wanlab::scenario
