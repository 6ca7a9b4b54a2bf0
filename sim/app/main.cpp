// The wanlab command: reads the command line and does what was chosen.
#include "sim/app/commands.hpp"
#include "sim/app/perform.hpp"

#include <CLI/CLI.hpp>

namespace wanlab::app {
namespace {

constexpr const char* description =
    "A laboratory for global database connectivity: real components in a simulated WAN.";

constexpr const char* footer = R"(
Examples:
  wanlab run scenarios/hello.json
  wanlab run scenarios/lambda-1m-ramp.json --seed 7 --set clients.fleet.hosts=500
  wanlab run scenarios/hello.json --json | jq .connect_latency_ms
  wanlab run out/hello/1/plan.json        (replays: same plan, same digest)
  wanlab validate scenarios/*.json
  wanlab check --junit results.xml
  wanlab sweep scenarios/lambda-storm-overload.json --vary edges.0.nodes=1..4 --seeds 5

Exit status: 0 good, 1 an expectation failed, 2 bad input, 3 internal error,
130 stopped by Ctrl-C (partial results are kept).)";

ExitStatus main_command(int argc, char** argv) {
  CLI::App app(description, "wanlab");
  app.footer(footer);
  app.require_subcommand(1);
  Action chosen;
  add_run_command(app, chosen);
  add_check_command(app, chosen);
  add_compare_command(app, chosen);
  add_sweep_command(app, chosen);
  add_fuzz_command(app, chosen);
  add_plan_command(app, chosen);
  add_report_command(app, chosen);
  add_explain_command(app, chosen);
  add_export_command(app, chosen);
  add_validate_command(app, chosen);
  add_schema_command(app, chosen);
  add_bench_command(app, chosen);
  add_version_command(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked_for_help = error.get_exit_code() == 0;
    app.exit(error);
    return asked_for_help ? ExitStatus::good : ExitStatus::bad_input;
  }
  return perform(chosen);
}

}  // namespace
}  // namespace wanlab::app

int main(int argc, char** argv) {
  return static_cast<int>(wanlab::app::main_command(argc, argv));
}
