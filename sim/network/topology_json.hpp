// Topology files: reading them with errors that point at their place, and writing a resolved
// topology. The format is described by topologies/topology.schema.json.
#pragma once

#include "sim/base/document_json.hpp"
#include "sim/network/topology.hpp"

#include <filesystem>

namespace wanlab::network {

// What is wrong and where; the same type as for every other input file.
using TopologyError = base::InputError;

// Reads a topology file with everything it includes (paths relative to the including file). A file
// named
// *.graphml is read as GraphML. Throws TopologyError.
Topology load_topology(const std::filesystem::path& path);

// A topology inside another document, such as a plan. Its includes are looked up in `folder`; when
// that is empty there must be none. Throws TopologyError.
Topology read_topology(const base::Value& value, const std::filesystem::path& folder = {});

// The resolved form: no includes, every path spelled out. read_topology(to_json(t)) is t, exactly.
base::Json to_json(const Topology& topology);

}  // namespace wanlab::network
