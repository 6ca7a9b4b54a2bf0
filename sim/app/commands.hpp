// The subcommands. Each function describes one to CLI11 and, when the user chose it, leaves in
// `chosen` what is to be done. A new subcommand is one function here, its file, and one line in
// main.cpp.
#pragma once

#include "sim/app/exit_status.hpp"

#include <functional>

namespace CLI {
class App;
}

namespace wanlab::app {

using Action = std::function<ExitStatus()>;

void add_run_command(CLI::App& app, Action& chosen);
void add_check_command(CLI::App& app, Action& chosen);
void add_compare_command(CLI::App& app, Action& chosen);
void add_sweep_command(CLI::App& app, Action& chosen);
void add_fuzz_command(CLI::App& app, Action& chosen);
void add_plan_command(CLI::App& app, Action& chosen);
void add_report_command(CLI::App& app, Action& chosen);
void add_explain_command(CLI::App& app, Action& chosen);
void add_export_command(CLI::App& app, Action& chosen);
void add_validate_command(CLI::App& app, Action& chosen);
void add_schema_command(CLI::App& app, Action& chosen);
void add_bench_command(CLI::App& app, Action& chosen);
void add_version_command(CLI::App& app, Action& chosen);

}  // namespace wanlab::app
