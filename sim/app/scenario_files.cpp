// Walking folders, in an order that no file system decides.
#include "sim/app/scenario_files.hpp"

#include "sim/base/document_json.hpp"
#include "sim/scenario/scenario_document.hpp"

#include <algorithm>
#include <system_error>

namespace wanlab::app {

namespace {

namespace fs = std::filesystem;

bool is_scenario_name(const fs::path& file) {
  const std::string ending = file.stem().extension().string();
  return file.extension() == ".json" && ending != ".schema" && ending != ".baseline";
}

fs::path library() {
  std::error_code error;
  for (fs::path folder = fs::current_path();; folder = folder.parent_path()) {
    const bool here = folder == fs::current_path();
    if (fs::is_directory(folder / "scenarios", error)) {
      return here ? fs::path("scenarios") : folder / "scenarios";
    }
    if (folder == folder.parent_path()) break;
  }
  throw base::InputError("scenarios", "",
                         "there is no such folder here or above; name files or folders to check");
}

std::string label_of(const fs::path& path, const fs::path& named) {
  std::vector<std::string> steps;
  for (const fs::path& step : path.lexically_normal().parent_path()) steps.push_back(step.string());
  const auto last = std::find(steps.rbegin(), steps.rend(), "scenarios");
  const fs::path below = named == path ? path.filename() : path.lexically_relative(named);
  fs::path label = last == steps.rend() ? below : fs::path();
  if (last != steps.rend()) {
    for (auto step = last.base(); step != steps.end(); ++step) label /= *step;
    label /= path.filename();
  }
  return label.replace_extension().generic_string();
}

// What a file says of itself. One that cannot be read is kept: running it tells what is wrong.
struct About {
  std::uint64_t seed = 1;
  bool large = false;
};
About about(const fs::path& path) {
  About found;
  try {
    const base::Document document = scenario::open_scenario(path);
    const base::Json& root = document.root().json();
    if (const base::Json* seed = root.find("seed")) found.seed = seed->natural;
    if (const base::Json* large = root.find("large")) found.large = large->boolean;
  } catch (const base::InputError&) {
  }
  return found;
}

}  // namespace

std::vector<ScenarioFile> find_scenarios(const std::vector<fs::path>& places, bool with_large) {
  std::vector<ScenarioFile> files;
  const auto add = [&](const fs::path& path, const fs::path& named) {
    const About is = about(path);
    if (is.large && !with_large && path != named) return;
    files.push_back({path, label_of(path, named), is.seed});
  };
  for (const fs::path& place : places.empty() ? std::vector{library()} : places) {
    std::error_code error;
    if (!fs::is_directory(place, error)) {
      if (!fs::exists(place, error)) {
        throw base::InputError(place.string(), "", "No such file or folder");
      }
      add(place, place);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(place, error)) {
      if (entry.is_regular_file(error) && is_scenario_name(entry.path())) add(entry.path(), place);
    }
    if (error) throw base::InputError(place.string(), "", error.message());
  }
  const auto by_label = [](const ScenarioFile& left, const ScenarioFile& right) {
    return std::pair(left.label, left.path) < std::pair(right.label, right.path);
  };
  std::sort(files.begin(), files.end(), by_label);
  const auto same = [](const ScenarioFile& left, const ScenarioFile& right) {
    return left.path.lexically_normal() == right.path.lexically_normal();
  };
  files.erase(std::unique(files.begin(), files.end(), same), files.end());
  return files;
}

}  // namespace wanlab::app
