// Where the topology a scenario names is stored.
#pragma once

#include "sim/base/document_json.hpp"

#include <filesystem>

namespace wanlab::scenario {

// `name` is a file relative to the one it stands in ("./mine.json", "zoo.graphml"), or the name of
// a topology beside that file or in a topologies/ folder: of `root`, or without one in the nearest
// folder above the file or above the working directory that has it. Refuses what does not exist.
std::filesystem::path find_topology(const base::Value& name, const std::filesystem::path& root);

}  // namespace wanlab::scenario
