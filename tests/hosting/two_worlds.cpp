#include "tests/hosting/two_worlds.hpp"

#include "tests/hosting/loopback_world.hpp"
#include "tests/hosting/simulated_world.hpp"

namespace wanlab::testing {

std::string to_string(WorldKind kind) {
  return kind == WorldKind::simulated ? "Simulated" : "Loopback";
}

std::unique_ptr<World> make_world(WorldKind kind) {
  if (kind == WorldKind::simulated) return std::make_unique<SimulatedTestWorld>();
  return std::make_unique<LoopbackWorld>();
}

}  // namespace wanlab::testing
