// A host to be built. All blueprints are collected first, because ranks follow names.
#pragma once

#include "sim/world/simulated_world.hpp"

#include <functional>
#include <memory>

namespace wanlab::world {

// The account with which origins log in to the databases of their region.
inline const std::string backend_user = "wanlab_origin";
inline const std::string backend_password = "origin-to-database-inside-one-region";

struct SimulatedWorld::Blueprint {
  trace::HostLabel label;
  std::uint32_t site = 0, zone = 0;
  scenario::HostShape shape{};
  std::function<std::unique_ptr<runtime::Component>(SimulatedHost&)> make{};
};

}  // namespace wanlab::world
