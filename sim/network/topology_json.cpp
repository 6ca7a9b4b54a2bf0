// The door to topology files; the work is done by TopologyLoader.
#include "sim/network/topology_json.hpp"

#include "sim/network/topology_loader.hpp"

namespace wanlab::network {

Topology load_topology(const std::filesystem::path& path) {
  TopologyLoader loader;
  loader.read_main_file(path);
  return loader.finish(FilePlace(path.string(), ""));
}

Topology read_topology(const base::Value& value, const std::filesystem::path& folder) {
  TopologyLoader loader;
  loader.read(value, folder);
  return loader.finish(FilePlace(value));
}

}  // namespace wanlab::network
