// `wanlab up`: a small scenario as real processes on loopback, until Ctrl-C or the end of a
// command.
#include "sim/app/lab/lab_commands.hpp"
#include "sim/base/document_json.hpp"
#include "sim/emulation/control_socket.hpp"
#include "sim/emulation/lab_session.hpp"
#include "sim/scenario/load_plan.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace wanlab::app {
namespace {

namespace fs = std::filesystem;

struct UpOptions {
  fs::path scenario;
  fs::path folder;
  std::vector<std::string> sets;
  std::string command;
  std::uint16_t port = 0;
  bool keep = false;
  bool quiet = false;
};

fs::path programs_folder() {
  return fs::read_symlink("/proc/self/exe").parent_path();
}

fs::path default_scenario() {
  // build/PRESET/wanlab-lab lies two folders below the repository.
  return programs_folder().parent_path().parent_path() / "scenarios" / "lab" / "two-regions.json";
}

// A folder of an earlier laboratory may be used again when nobody lives there any more.
void take_folder(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder / "control")) {
    try {
      emulation::ask_laboratory(folder / "control", "list");
    } catch (const std::exception&) {
      fs::remove_all(folder, ignored);
      return;
    }
    throw base::InputError(folder.string(), "",
                           "a laboratory is up there already; end it, or give another --folder");
  }
  if (!fs::exists(folder) || fs::is_empty(folder)) return;
  if (!fs::exists(folder / "config")) {
    throw base::InputError(folder.string(), "", "is not empty and not of a laboratory");
  }
  fs::remove_all(folder);
}

int up(UpOptions options) {
  if (options.scenario.empty()) options.scenario = default_scenario();
  if (options.folder.empty()) options.folder = default_lab_folder();
  scenario::Overrides overrides;
  overrides.sets = options.sets;
  const scenario::Plan plan = scenario::load_plan(options.scenario, overrides);
  take_folder(options.folder);
  const bool keep = options.keep;
  const fs::path folder = options.folder;
  int status = 0;
  try {
    emulation::SessionOptions session;
    session.lab = {options.scenario, options.folder, programs_folder(), options.port};
    session.command = options.command;
    session.quiet = options.quiet;
    status = emulation::run_session(plan, session);
  } catch (...) {
    std::cerr << "wanlab: what was started is in " << folder.string() << '\n';
    throw;
  }
  if (!keep) {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  return status;
}

}  // namespace

void add_up_command(CLI::App& app, LabAction& chosen) {
  auto options = std::make_shared<UpOptions>();
  CLI::App* command = app.add_subcommand(
      "up",
      "Run a small scenario as real processes: etcd, MariaDB, origins, edges, and a relay with the "
      "topology's delay for each path between them");
  command->add_option("FILE", options->scenario,
                      "Scenario; its edges, origins, databases and credentials count "
                      "(default: scenarios/lab/two-regions.json)");
  command->add_option("--set", options->sets, "Override a value of the scenario, PATH=VALUE");
  command->add_option(
      "--exec", options->command,
      "Run this command against it (WANLAB_HOST, WANLAB_PORT, WANLAB_USER, "
      "WANLAB_PASSWORD, WANLAB_DATABASE, WANLAB_CA are set), take everything down, and "
      "end with its status");
  command->add_option("--port", options->port, "First port of the edges (default: free ones)");
  command->add_option(
      "--folder", options->folder,
      "Data, configurations and logs (default: $WANLAB_LAB, else a temporary folder)");
  command->add_flag("--keep", options->keep, "Leave the folder behind");
  command->add_flag("--quiet", options->quiet, "Say nothing while all goes well");
  command->callback([options, &chosen] { chosen = [options] { return up(*options); }; });
}

}  // namespace wanlab::app
