// Reads GraphML as the Internet Topology Zoo writes it into a Topology: every node is a POP joined
// to a backbone node of the same name, every edge a cable.
#pragma once

#include "sim/network/topology.hpp"

#include <chrono>
#include <filesystem>
#include <istream>
#include <string>

namespace wanlab::network {

// GraphML of this kind states neither lengths nor delays. These stand in for them.
struct GraphmlOptions {
  // Kilometres of cable per kilometre of great circle; the same as for the land cables of the
  // default backbone.
  double detour = 1.2;
  // The pooled fit of cloud round trips over backbone kilometres (see topologies/README.md).
  Duration per_kilometre = std::chrono::nanoseconds(12'130);
  // Equipment at both ends. Assumed: no source.
  Duration intercept = std::chrono::milliseconds(1);
};

// A node is named by its "label"; labels that repeat get " #2", " #3" ... A node without "Latitude"
// and "Longitude" stands in the middle of its neighbours. Throws base::InputError for what is no
// GraphML, and where no node of a connected part has coordinates.
Topology load_graphml(const std::filesystem::path& path, const GraphmlOptions& options = {});
Topology read_graphml(std::istream& input, const std::string& file,
                      const GraphmlOptions& options = {});

}  // namespace wanlab::network
