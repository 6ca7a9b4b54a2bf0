// What an edge shows on its admin port.
#pragma once

#include "real_components/edge/edge_node.hpp"
#include "real_components/hosting/json_text.hpp"
#include "real_components/hosting/metrics.hpp"

#include <map>
#include <string>

namespace wanlab::hosting {

using EdgeListing = void (*)(const edge::EdgeNode&, JsonText&);
const std::map<std::string, EdgeListing>& edge_listings();
void measure_edge(const edge::EdgeNode& edge, Metrics& metrics);

}  // namespace wanlab::hosting
