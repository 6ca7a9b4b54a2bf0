// Finds the scenario files that a command line means. Reads only what is needed to choose among
// them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace wanlab::app {

struct ScenarioFile {
  std::filesystem::path path;
  std::string label;  // the path below "scenarios/" without its ending: "failover/black-hole"
  std::uint64_t seed = 1;
};

// Files as they are, folders with everything below them, in the order of labels and each once. In
// folders, files that belong to scenarios (*.schema.json, *.baseline.json) are passed over, and so
// are scenarios that call themselves large, unless `with_large`. Nothing named: the nearest folder
// "scenarios" above the working directory. Throws base::InputError for a place that is not there.
std::vector<ScenarioFile> find_scenarios(const std::vector<std::filesystem::path>& places,
                                         bool with_large);

}  // namespace wanlab::app
