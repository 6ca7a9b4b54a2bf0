// wanlab-lab: the commands of `./wanlab` that work with real processes.
#include "sim/app/lab/lab_commands.hpp"
#include "sim/base/document_json.hpp"
#include "sim/emulation/child_process.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>

namespace wanlab::app {

std::filesystem::path default_lab_folder() {
  if (const char* folder = std::getenv("WANLAB_LAB"); folder != nullptr && *folder != '\0') {
    return folder;
  }
  return std::filesystem::temp_directory_path() / ("wanlab-lab-" + std::to_string(::getuid()));
}

namespace {

int complain(const std::string& message, ExitStatus status) {
  std::cerr << "wanlab: " << message << '\n';
  return static_cast<int>(status);
}

int main_command(int argc, char** argv) {
  CLI::App app(
      "The same components as real processes: etcd, MariaDB, origins and edges on loopback.",
      "wanlab");
  app.require_subcommand(1);
  LabAction chosen;
  add_up_command(app, chosen);
  add_fault_command(app, chosen);
  add_route_command(app, chosen);
  add_credential_command(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked_for_help = error.get_exit_code() == 0;
    app.exit(error);
    return static_cast<int>(asked_for_help ? ExitStatus::good : ExitStatus::bad_input);
  }
  try {
    return chosen();
  } catch (const base::InputError& error) {
    return complain(error.what(), ExitStatus::bad_input);
  } catch (const emulation::ProcessError& error) {
    return complain(error.what(), ExitStatus::internal_error);
  } catch (const std::exception& error) {
    return complain(error.what(), ExitStatus::internal_error);
  }
}

}  // namespace
}  // namespace wanlab::app

int main(int argc, char** argv) {
  return wanlab::app::main_command(argc, argv);
}
