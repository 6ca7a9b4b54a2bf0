// From a scenario file (or the plan.json of an earlier run) to the plan of a run. Everything that
// can be wrong with the input is found here, before anything runs.
#pragma once

#include "sim/base/document_json.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::scenario {

using base::InputError;

// What a command line changes.
struct Overrides {
  std::optional<std::uint64_t> seed;
  // "path=value", applied in order before reading. The path is a JSON pointer ("/clients/0/hosts")
  // or dotted ("clients.fleet.hosts"), where an element of an array goes by its index or its name.
  // The value is JSON, or else taken as a string ("35ms"); null removes the key.
  std::vector<std::string> sets;
  //
  // The folder that holds topologies/; empty: the nearest folder above the scenario file, or above
  // the working directory, that has one.
  std::filesystem::path root;
  // A plan that needs more is refused. Empty: nine tenths of physical_memory_bytes(); 0: never.
  std::optional<std::uint64_t> memory_limit_bytes;
};

// Throws InputError for everything that is wrong with the file, the topology, the arrivals or the
// overrides.
Plan load_plan(const std::filesystem::path& path, const Overrides& overrides = {});

//

}  // namespace wanlab::scenario
