// `wanlab validate`: everything that can be known to be wrong without running.
#include "analysis/numbers.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/load.hpp"
#include "sim/scenario/memory_estimate.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <vector>

namespace wanlab::app {

namespace {

// So that `validate scenarios/*.json` may be typed although the schema and baselines lie among the
// scenarios.
bool is_no_scenario(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name.ends_with(".schema.json") || name.ends_with(".baseline.json");
}

bool validate(const std::filesystem::path& file, const scenario::Overrides& overrides) {
  try {
    const scenario::Plan plan = load_checked_plan(file, overrides);
    std::cout << "ok: " << file.string() << " (" << plan.name << ", up to "
              << analysis::grouped(scenario::peak_connections(plan)) << " connections, about "
              << analysis::bytes_text(scenario::estimate_memory_bytes(plan)) << " of memory)\n";
    return true;
  } catch (const base::InputError& error) {
    std::cerr << "wanlab: " << error.what() << '\n';
    return false;
  }
}

}  // namespace

void add_validate_command(CLI::App& app, Action& chosen) {
  auto files = std::make_shared<std::vector<std::filesystem::path>>();
  auto overrides = std::make_shared<scenario::Overrides>();
  CLI::App* command = app.add_subcommand("validate", "Check scenario files without running them");
  command->add_option("files", *files, "Scenario files or plans")->required()->type_name("FILE");
  command->add_option("--set", overrides->sets, "As for run")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command->callback([=, &chosen] {
    chosen = [=] {
      bool all_good = true;
      for (const auto& file : *files)
        all_good &= is_no_scenario(file) || validate(file, *overrides);
      return all_good ? ExitStatus::good : ExitStatus::bad_input;
    };
  });
}

}  // namespace wanlab::app
