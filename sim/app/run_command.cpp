// `wanlab run`: from a file to a judged, reported and stored run.
#include "analysis/expectations.hpp"
#include "analysis/report/run_page.hpp"
#include "analysis/settling.hpp"
#include "analysis/summary.hpp"
#include "analysis/summary_json.hpp"
#include "analysis/summary_text.hpp"
#include "analysis/timeseries.hpp"
#include "analysis/witness.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/interruption.hpp"
#include "sim/app/load.hpp"
#include "sim/app/process_cost.hpp"
#include "sim/app/progress_display.hpp"
#include "sim/app/run_folder.hpp"
#include "sim/app/version.hpp"
#include "sim/base/json_tree.hpp"
#include "sim/scenario/plan_json.hpp"
#include "sim/scenario/times.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/trace/run_record_json.hpp"
#include "sim/trace/step_printer.hpp"
#include "sim/world/simulated_world.hpp"

#include <CLI/CLI.hpp>
#include <charconv>

#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>

#include <unistd.h>

namespace wanlab::app {

namespace {

struct RunOptions {
  std::filesystem::path file;
  scenario::Overrides overrides;
  std::filesystem::path out = "out";
  bool json = false;
  bool no_color = false;
  bool quiet = false;
  bool no_folder = false;
  std::optional<Duration> trace_from, trace_to;
};

// Steps are for people: not among the JSON, and not when asked for silence.
bool prints_steps(const scenario::Plan& plan, const RunOptions& options) {
  const bool asked = options.trace_from || options.trace_to;
  return (plan.print_every_step || asked) && !options.json && !options.quiet;
}

trace::RunRecord simulate(const scenario::Plan& plan, const RunOptions& options, ProcessCost& cost,
                          analysis::Settling& settling, analysis::Witness& witness) {
  trace::Recorder recorder({.series_interval = analysis::series_interval(plan),
                            .target_open = analysis::target_connections(plan),
                            .timeline_interval = analysis::timeline_interval(plan)});
  std::optional<trace::StepPrinter> steps;
  if (prints_steps(plan, options)) {
    steps.emplace(std::cout,
                  trace::StepPrinterOptions{
                      .origin = plan.warm_up, .from = options.trace_from, .to = options.trace_to});
    recorder.add_observer(*steps);
  }
  if (plan.settled_after) recorder.add_observer(settling, analysis::Settling::kinds());
  witness.attach(recorder);
  const Interruption interruption;
  world::SimulatedWorld world(plan, recorder);
  {
    ProgressDisplay display(std::cerr, progress_style(options.quiet), plan.name);
    const Duration likely = scenario::likely_end(plan);
    world.run([&](const world::Progress& progress) {
      cost.pass(progress.now);
      const Duration now = progress.now.time_since_epoch();
      display.show(now, now < likely ? likely : progress.ends.time_since_epoch(),
                   progress.open_connections);
      return !Interruption::requested();
    });
  }
  trace::RunRecord record;
  world.finish(record);
  recorder.finish(Instant(record.simulated), record);
  record.interrupted = Interruption::requested();
  record.cost = cost.total();
  return record;
}

void store(RunFolder& folder, const scenario::Plan& plan, const analysis::Summary& summary,
           const trace::RunRecord& record) {
  const std::string summary_json = analysis::summary_json(summary);
  const std::string summary_text = analysis::summary_text(summary);
  folder.stage("summary.json", summary_json);
  folder.stage("summary.txt", summary_text);
  folder.stage("timeseries.csv", analysis::timeseries_csv(record));
  folder.stage("record.json", to_line(trace::to_json(record)) + "\n");
  folder.stage("report.html", analysis::run_page({plan, record, summary_json, summary_text,
                                                  version_text(), folder.path().string()}));
  folder.publish();
  folder.link_as_latest();
}

void print(const analysis::Summary& summary, const RunOptions& options) {
  if (options.json) {
    std::cout << analysis::summary_json(summary);
  } else if (!options.quiet) {
    const bool color = !options.no_color && ::isatty(STDOUT_FILENO) != 0 &&
                       std::getenv("NO_COLOR") == nullptr;  // https://no-color.org
    std::cout << '\n' << analysis::summary_text(summary, {.color = color});
  }
  std::cout.flush();
  if (!std::cout) throw OutputError("standard output", {errno, std::generic_category()});
}

ExitStatus run(const RunOptions& options) {
  ProcessCost cost;
  const scenario::Plan plan = load_checked_plan(options.file, options.overrides);
  std::optional<RunFolder> folder;
  if (!options.no_folder) {
    folder.emplace(options.out, plan.name, plan.seed);
    // A full disk shows before the run.
    folder->stage("plan.json", to_text(scenario::to_json(plan)));
  }

  analysis::Settling settling(plan);
  analysis::Witness witness(plan);
  const trace::RunRecord record = simulate(plan, options, cost, settling, witness);
  analysis::Summary summary = analysis::summarize(plan, record);
  if (folder) summary.plan_file = (folder->path() / "plan.json").string();
  witness.complete(summary, record);
  if (!record.interrupted) settling.add_verdicts(record, summary);

  // Printed whether or not it could be stored: a long run must not be lost to a full disk.
  std::optional<OutputError> trouble;
  try {
    if (folder) store(*folder, plan, summary, record);
  } catch (const OutputError& error) {
    trouble = error;
  }
  print(summary, options);
  if (trouble) throw *trouble;
  if (folder && !options.quiet) std::cerr << "results in " << folder->path().string() << '\n';
  if (record.interrupted) return ExitStatus::interrupted;
  return summary.passed() ? ExitStatus::good : ExitStatus::expectation_failed;
}

}  // namespace

void add_run_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Run a scenario, or replay the plan.json of a run");
  command->add_option("file", options->file, "Scenario file, or the plan.json of an earlier run")
      ->required()
      ->type_name("FILE");
  command->add_option("--seed", options->overrides.seed, "Another seed than the scenario's own")
      ->type_name("N")
      // The library would wrap a negative number and clip a large one.
      ->check([](const std::string& text) {
        std::uint64_t number = 0;
        const char* const end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, number);
        const bool good = read.ec == std::errc() && read.ptr == end;
        return good ? std::string() : "expected a whole number from 0 to 2^64 - 1, got " + text;
      });
  command
      ->add_option("--set", options->overrides.sets,
                   "Change a value before the run, e.g. clients.fleet.hosts=500 (repeatable)")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command->add_option("--out", options->out, "Where run folders go: DIR/<scenario>/<seed>/")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_flag("--no-folder", options->no_folder, "Keep nothing; print only");
  const auto moment = [command](const char* name, std::optional<Duration>& into, const char* help) {
    command
        ->add_option_function<std::string>(
            name, [&into](const std::string& text) { into = base::parse_duration(text).value; },
            help)
        ->type_name("TIME")
        ->check([](const std::string& text) { return base::parse_duration(text).error; });
  };
  moment("--trace-from", options->trace_from,
         "Print what happens from this moment on, e.g. 12.5s after the warm-up");
  moment("--trace-to", options->trace_to, "... and up to this one");
  command->add_flag("--json", options->json, "Print the summary as one JSON object, nothing else");
  command->add_flag("--no-color", options->no_color, "No colors (nor with NO_COLOR set)");
  command->add_flag("--quiet,-q", options->quiet, "No progress and no summary; errors only");
  command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace wanlab::app
