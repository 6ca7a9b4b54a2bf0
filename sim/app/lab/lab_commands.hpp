// The commands of wanlab-lab. A new one is one function here, its file, and one line in
// lab_main.cpp.
#pragma once

#include "sim/app/exit_status.hpp"

#include <filesystem>
#include <functional>

namespace CLI {
class App;
}

namespace wanlab::app {

// A status of the shell: a command run against a laboratory may end with any.
using LabAction = std::function<int()>;

void add_up_command(CLI::App& app, LabAction& chosen);
void add_fault_command(CLI::App& app, LabAction& chosen);
void add_route_command(CLI::App& app, LabAction& chosen);
void add_credential_command(CLI::App& app, LabAction& chosen);

// Where `up` puts a laboratory unless told, and where the other commands look for it: $WANLAB_LAB,
// else wanlab-lab-UID in the system's temporary folder.
std::filesystem::path default_lab_folder();

}  // namespace wanlab::app
