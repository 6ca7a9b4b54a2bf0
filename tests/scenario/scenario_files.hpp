// Scenario files for tests: written into a folder of their own that goes away with the test.
#pragma once

#include "sim/scenario/load_plan.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace wanlab::scenario {

class ScenarioFiles : public ::testing::Test {
 protected:
  ScenarioFiles() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              ("wanlab-" + std::to_string(getpid()) + "-" + test->name());
    std::filesystem::create_directories(folder_);
  }
  ~ScenarioFiles() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  static Overrides in_source_tree() {
    Overrides overrides;
    overrides.root = WANLAB_SOURCE_DIR;
    return overrides;
  }

  Plan load(const std::string& text, const Overrides& overrides = in_source_tree()) const {
    return load_plan(write("x.json", text), overrides);
  }

  // The message with the folder taken out, or "accepted".
  template <typename Action>
  std::string refusal_of(const Action& action) const {
    try {
      action();
    } catch (const InputError& error) {
      std::string text = error.what();
      const std::string prefix = folder_.string() + "/";
      for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
        text.erase(at, prefix.size());
      return text;
    }
    return "accepted";
  }
  std::string refusal(const std::string& text,
                      const Overrides& overrides = in_source_tree()) const {
    return refusal_of([&] { load(text, overrides); });
  }

  // A small good scenario with one section replaced: key and value as they stand in the file.
  static std::string with(const std::string& key, const std::string& value) {
    const std::pair<const char*, const char*> sections[] = {
        {"topology", "\"aws-3-us\""},
        {"edges",
         R"([{"site": "us-east-1", "name": "iad"}, {"site": "us-west-2", "name": "pdx"}])"},
        {"databases", R"([{"region": "us-east-1"}])"},
        {"clients", R"([{"name": "fleet", "site": "us-west-2", "endpoint": "iad.direct"}])"}};
    std::string text = "{";
    bool replaced = false;
    for (const auto& [section, standard] : sections) {
      if (text.size() > 1) text += ", ";
      replaced |= section == key;
      text.append("\"").append(section).append("\": ");
      text += section == key ? value : standard;
    }
    if (!replaced) text.append(", \"").append(key).append("\": ").append(value);
    return text.append("}");
  }

  std::filesystem::path folder_;
};

}  // namespace wanlab::scenario
