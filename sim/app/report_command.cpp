// `wanlab report`: writes the page of a run again, from what the run left in its folder.
#include "analysis/report/run_page.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/kept_run.hpp"
#include "sim/app/run_folder.hpp"
#include "sim/app/version.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace wanlab::app {

namespace {

constexpr const char* examples = R"(
Example:
  wanlab report out/latest

Exit status: 0 good, 2 no such run, 3 internal error.)";

ExitStatus report(const std::filesystem::path& folder) {
  const KeptRun run = load_kept_run(folder);
  const std::filesystem::path page = run.folder / "report.html";
  write_atomically(page,
                   analysis::run_page({run.plan, run.record, run.summary_json, run.summary_text,
                                       version_text(), run.folder.string()}));
  std::cerr << page.string() << '\n';
  return ExitStatus::good;
}

}  // namespace

void add_report_command(CLI::App& app, Action& chosen) {
  auto folder = std::make_shared<std::filesystem::path>();
  CLI::App* command = app.add_subcommand("report", "Write the page of an earlier run again");
  command->footer(examples);
  command->add_option("run", *folder, "The folder of the run, e.g. out/latest")
      ->required()
      ->type_name("RUN");
  command->callback([=, &chosen] { chosen = [=] { return report(*folder); }; });
}

}  // namespace wanlab::app
