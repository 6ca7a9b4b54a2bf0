// The configuration files of the two daemons as their nodes' options. Every key is explained in
// examples/.
#pragma once

#include "real_components/edge/config.hpp"
#include "real_components/hosting/config_node.hpp"
#include "real_components/hosting/daemon_config.hpp"
#include "real_components/origin/config.hpp"

#include <filesystem>

namespace wanlab::hosting {

struct EdgeDaemonConfig {
  DaemonConfig daemon;
  edge::EdgeConfig edge;
};
struct OriginDaemonConfig {
  DaemonConfig daemon;
  origin::OriginConfig origin;
};

// Throw ConfigError, which names the file and the place.
EdgeDaemonConfig read_edge_config(const std::filesystem::path& file);
OriginDaemonConfig read_origin_config(const std::filesystem::path& file);
// The same of a file that was read.
EdgeDaemonConfig read_edge_config(const ConfigNode& root);
OriginDaemonConfig read_origin_config(const ConfigNode& root);

}  // namespace wanlab::hosting
