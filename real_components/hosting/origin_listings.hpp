// What an origin shows on its admin port.
#pragma once

#include "real_components/hosting/json_text.hpp"
#include "real_components/hosting/metrics.hpp"
#include "real_components/origin/origin_node.hpp"

#include <map>
#include <string>

namespace wanlab::hosting {

using OriginListing = void (*)(const origin::OriginNode&, JsonText&);
const std::map<std::string, OriginListing>& origin_listings();
void measure_origin(const origin::OriginNode& origin, Metrics& metrics);

}  // namespace wanlab::hosting
