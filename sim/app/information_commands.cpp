// `wanlab schema` and `wanlab version`: what the binary knows of itself.
#include "sim/app/commands.hpp"
#include "sim/app/schemas.hpp"
#include "sim/app/version.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace wanlab::app {

namespace {

ExitStatus print_schema(const std::string& kind) {
  const auto found = std::find_if(schemas().begin(), schemas().end(),
                                  [&](const Schema& schema) { return schema.kind == kind; });
  if (found == schemas().end()) {
    std::cerr << "wanlab: this build has no schema for \"" << kind << "\"\n";
    return ExitStatus::bad_input;
  }
  std::cout << found->text;
  return ExitStatus::good;
}

}  // namespace

void add_schema_command(CLI::App& app, Action& chosen) {
  auto kind = std::make_shared<std::string>("scenario");
  CLI::App* command =
      app.add_subcommand("schema", "Print the JSON Schema of scenario or topology files");
  command->add_option("kind", *kind, "scenario or topology")
      ->check(CLI::IsMember({"scenario", "topology"}))
      ->capture_default_str();
  command->callback([=, &chosen] { chosen = [=] { return print_schema(*kind); }; });
}

std::string version_text() {
  return "wanlab 0.1.0 (" __VERSION__ ")";
}

void add_version_command(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("version", "Print the version");
  command->callback([&chosen] {
    chosen = [] {
      std::cout << version_text() << '\n';
      return ExitStatus::good;
    };
  });
}

}  // namespace wanlab::app
