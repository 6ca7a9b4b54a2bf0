// Components broken on purpose, at their seams: the runtime that a component speaks through does
// not do as it is told, or a component gets a wrong configuration. For negative scenarios, which
// show that an oracle sees; nothing is done in a plan without sabotage.
#pragma once

#include "real_components/edge/config.hpp"
#include "real_components/runtime/runtime.hpp"
#include "sim/trace/host_label.hpp"

#include <memory>
#include <string>
#include <vector>

namespace wanlab::world {

// What a component of this host is to speak through; null: the host itself, because no sabotage of
// the list concerns it.
std::unique_ptr<runtime::Runtime> broken_runtime(const std::vector<std::string>& sabotage,
                                                 const trace::HostLabel& host,
                                                 runtime::Runtime& sound);

// Wrong settings of edges.
void sabotage_edge(const std::vector<std::string>& sabotage, edge::EdgeConfig& config);

}  // namespace wanlab::world
