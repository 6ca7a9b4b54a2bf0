#include "sim/scenario/find_topology.hpp"

#include <algorithm>
#include <string>
#include <system_error>
#include <vector>

#include "sim/base/nearest_name.hpp"

namespace wanlab::scenario {
namespace {

using base::Value;
namespace fs = std::filesystem;

// The topologies that can be named, for a message.
std::vector<std::string> topologies_in(const std::vector<fs::path>& folders) {
  std::vector<std::string> names;
  for (const auto& folder : folders) {
    std::error_code error;
    if (folder.filename() != "topologies") continue;
    for (const auto& entry : fs::directory_iterator(folder, error))
      if (entry.path().extension() == ".json" && entry.path().stem().extension() != ".schema")
        names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Folders named "topologies" above `start`, the nearest first.
void add_folders_above(const fs::path& start, std::vector<fs::path>& folders) {
  std::error_code error;
  for (fs::path folder = fs::absolute(start, error);; folder = folder.parent_path()) {
    if (fs::is_directory(folder / "topologies", error)) folders.push_back(folder / "topologies");
    if (folder == folder.parent_path()) return;
  }
}

}  // namespace

fs::path find_topology(const Value& value, const fs::path& root) {
  const std::string name = value.text();
  std::error_code error;
  const fs::path here = fs::path(value.file()).parent_path();
  const bool is_path =
      name.find('/') != std::string::npos || name.ends_with(".json") || name.ends_with(".graphml");
  if (is_path) {
    if (!fs::exists(here / name, error))
      value.refuse("missing file: " + (here / name).string() + " does not exist");
    return here / name;
  }
  std::vector<fs::path> folders{here};
  if (!root.empty()) {
    folders.push_back(root / "topologies");
  } else {
    add_folders_above(here.empty() ? fs::path(".") : here, folders);
    add_folders_above(".", folders);
    // Where the program stands: a scenario may lie anywhere.
    add_folders_above(fs::read_symlink("/proc/self/exe", error).parent_path(), folders);
  }
  for (const auto& folder : folders)
    if (fs::exists(folder / (name + ".json"), error)) return folder / (name + ".json");
  const auto known = topologies_in(folders);
  std::string all = base::did_you_mean(name, known);
  if (all.empty()) {
    for (const auto& each : known) all += (all.empty() ? "; there are " : ", ") + each;
  }
  value.refuse("no topology \"" + name + "\"" + all);
}

}  // namespace wanlab::scenario
