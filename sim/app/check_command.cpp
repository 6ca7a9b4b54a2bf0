// `wanlab check`: runs a batch of scenarios, each in a process of its own, compares them with what
// was recorded, and reports. Whether a run is good is said by `wanlab run`; the rest by analysis.
#include "analysis/check_report.hpp"
#include "sim/app/check_judgement.hpp"
#include "sim/app/child_runs.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/interruption.hpp"
#include "sim/app/output_error.hpp"
#include "sim/app/run_folder.hpp"
#include "sim/app/scenario_files.hpp"
#include "sim/base/document_json.hpp"
#include "sim/base/hash.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <memory>
#include <optional>
#include <regex>
#include <thread>

#include <unistd.h>

namespace wanlab::app {

namespace {

constexpr const char* examples = R"(
Examples:
  wanlab check                                   all but the large, on all cores
  wanlab check scenarios/failover --junit results.xml
  wanlab check --filter dns --twice all --seeds 10
  wanlab check my.json --update-baseline         what my.json does now is what is meant

Exit status: 0 all passed, 1 one failed or moved beyond its baseline, 2 bad input, 3 internal error,
130 stopped by Ctrl-C.)";

namespace fs = std::filesystem;
using analysis::CheckedScenario;

// One scenario in so many runs twice, chosen by its name so that it is always the same ones.
constexpr std::uint64_t twice_share = 5;

struct CheckOptions {
  std::vector<fs::path> places;
  std::size_t jobs = std::max(1u, std::thread::hardware_concurrency());
  std::uint32_t seeds = 1;
  std::string filter;
  std::string twice = "share";
  fs::path junit;
  fs::path out = "out/check";
  std::uint32_t time_limit_s = 300;
  bool large = false;
  bool json = false;
  bool update_baseline = false;
  bool no_color = false;
};

// One scenario under one seed, its runs, and what became of them.
struct Item {
  ScenarioFile file;
  bool own_seed = true;
  bool twice = false;
  std::optional<EndedRun> first, second;
  CheckedScenario result;

  bool complete() const { return first && (!twice || second); }
};

class Batch {
 public:
  explicit Batch(const CheckOptions& options)
      : options_(options),
        color_(!options.no_color && ::isatty(STDOUT_FILENO) != 0 &&
               std::getenv("NO_COLOR") == nullptr),  // https://no-color.org
        status_line_(::isatty(STDERR_FILENO) != 0 && !options.json) {
    choose();
  }

  ExitStatus run();

 private:
  struct Job {
    std::size_t item = 0;
    bool again = false;
  };

  void choose();
  void start(ChildRuns& children, const Job& job);
  void note(EndedRun run);
  void judge(Item& item);
  void print_finished();
  void show_status(const ChildRuns& children);
  std::vector<CheckedScenario> results() const;
  ExitStatus report(Duration wall);

  const CheckOptions& options_;
  bool color_, status_line_;
  std::vector<Item> items_;
  std::deque<Job> waiting_;
  std::size_t label_width_ = 0, printed_ = 0;
};

void Batch::choose() {
  const std::regex filter(options_.filter);
  for (const ScenarioFile& file : find_scenarios(options_.places, options_.large)) {
    if (!options_.filter.empty() && !std::regex_search(file.label, filter)) continue;
    for (std::uint32_t i = 0; i < options_.seeds; ++i) {
      Item item;
      item.file = file;
      item.own_seed = i == 0;
      item.file.seed += i;
      item.twice = options_.twice == "all" ||
                   (options_.twice == "share" && mix(hash_name(file.label), i) % twice_share == 0);
      item.result.label = file.label;
      if (options_.seeds > 1) item.result.label += " (seed " + std::to_string(item.file.seed) + ")";
      item.result.file = file.path.string();
      item.result.seed = item.file.seed;
      item.result.replay = "./wanlab run " + file.path.string();
      if (!item.own_seed) item.result.replay += " --seed " + std::to_string(item.file.seed);
      label_width_ = std::max(label_width_, item.result.label.size());
      items_.push_back(std::move(item));
    }
  }
  if (items_.empty()) {
    throw base::InputError(
        options_.places.empty() ? "scenarios" : options_.places.front().string(), "",
        options_.filter.empty() ? "there are no scenarios to check (large ones need --large)"
                                : "no scenario matches --filter " + options_.filter);
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    waiting_.push_back({i, false});
    if (items_[i].twice) waiting_.push_back({i, true});
  }
}

void Batch::start(ChildRuns& children, const Job& job) {
  const Item& item = items_[job.item];
  // The second run has its own folder, so that two that differ can be compared.
  const fs::path out = options_.out / (job.again ? "again" : "first") / item.file.label;
  std::vector<std::string> arguments{
      "run", item.file.path.string(), "--json", "--quiet", "--out", out.string()};
  if (!item.own_seed) {
    arguments.insert(arguments.end(), {"--seed", std::to_string(item.file.seed)});
  }
  children.start(2 * job.item + (job.again ? 1 : 0), arguments);
}

void Batch::note(EndedRun run) {
  Item& item = items_[run.id / 2];
  (run.id % 2 == 0 ? item.first : item.second) = std::move(run);
  if (item.complete()) judge(item);
}

void Batch::judge(Item& item) {
  item.result.ran_twice = item.twice;
  const auto figures = judge_runs(*item.first, item.second, options_.time_limit_s, item.result);
  if (!figures) return;
  // Baselines hold for the scenario's own seed.
  if (item.own_seed) {
    compare_with_baseline(item.file.path, *figures, options_.update_baseline, item.result);
  } else {
    show_figures(std::nullopt, *figures, item.result);
  }
}

// In the order of their names, each as soon as those before it are done.
void Batch::print_finished() {
  if (options_.json) return;
  while (printed_ < items_.size() && items_[printed_].complete()) {
    std::cout << analysis::check_lines(items_[printed_++].result, label_width_, color_);
  }
  std::cout.flush();
}

void Batch::show_status(const ChildRuns& children) {
  if (!status_line_) return;
  const auto done = static_cast<std::size_t>(std::count_if(
      items_.begin(), items_.end(), [](const Item& item) { return item.complete(); }));
  std::cerr << "\r\033[K" << done << " of " << items_.size() << " done, " << children.running()
            << " running\r" << std::flush;
}

std::vector<CheckedScenario> Batch::results() const {
  std::vector<CheckedScenario> all;
  for (const Item& item : items_) all.push_back(item.result);
  return all;
}

ExitStatus Batch::run() {
  const auto started = std::chrono::steady_clock::now();
  {
    const Interruption interruption;
    ChildRuns children(std::chrono::seconds(options_.time_limit_s));
    bool told = false;
    while (children.running() > 0 || !waiting_.empty()) {
      if (Interruption::requested() && !told) {
        told = true;
        waiting_.clear();
        children.interrupt();
      }
      while (!waiting_.empty() && children.running() < options_.jobs) {
        start(children, waiting_.front());
        waiting_.pop_front();
      }
      show_status(children);
      if (auto ended = children.wait(std::chrono::milliseconds(200))) note(std::move(*ended));
      if (status_line_) std::cerr << "\033[K" << std::flush;
      print_finished();
    }
  }
  // After an interruption those that are done may stand behind some that are not.
  if (!options_.json) {
    for (; printed_ < items_.size(); ++printed_) {
      if (!items_[printed_].complete()) continue;
      std::cout << analysis::check_lines(items_[printed_].result, label_width_, color_);
    }
  }
  return report(std::chrono::steady_clock::now() - started);
}

ExitStatus Batch::report(Duration wall) {
  const std::vector<CheckedScenario> all = results();
  // Printed whether or not the file can be written.
  std::cout << (options_.json ? check_json(all, wall) : '\n' + check_summary(all, wall));
  std::cout.flush();
  if (!std::cout) throw OutputError("standard output", {errno, std::generic_category()});
  if (!options_.junit.empty()) write_atomically(options_.junit, check_junit(all, wall));
  const analysis::CheckTotals totals = totals_of(all);
  if (totals.interrupted > 0) return ExitStatus::interrupted;
  if (totals.broken > 0) return ExitStatus::internal_error;
  if (totals.bad_input > 0) return ExitStatus::bad_input;
  return totals.failed > 0 ? ExitStatus::expectation_failed : ExitStatus::good;
}

std::string regex_problem(const std::string& text) {
  try {
    const std::regex tried(text);
    return {};
  } catch (const std::regex_error& error) {
    return "\"" + text + "\" is no regular expression: " + error.what();
  }
}

}  // namespace

void add_check_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = app.add_subcommand(
      "check", "Run many scenarios and compare them with what was recorded before");
  command->footer(examples);
  command
      ->add_option("places", options->places,
                   "Scenario files, or folders of them. Default: the folder scenarios")
      ->type_name("FILE|FOLDER");
  command->add_option("--jobs,-j", options->jobs, "Runs at a time; default: as many as cores")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1024}));
  command
      ->add_option("--filter", options->filter,
                   "Only scenarios whose name (failover/black-hole) matches")
      ->type_name("REGEX")
      ->check(regex_problem);
  command
      ->add_option("--twice", options->twice,
                   "Which run twice and must give the same digest: all, none, or a share of one in "
                   "five")
      ->check(CLI::IsMember({"all", "share", "none"}))
      ->capture_default_str();
  command
      ->add_option("--seeds", options->seeds,
                   "Each with so many seeds, from its own upwards; the baseline is for its own")
      ->type_name("N")
      ->check(CLI::Range(1u, 100'000u))
      ->capture_default_str();
  command->add_option("--junit", options->junit, "Write JUnit XML there as well")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print one JSON object, nothing else");
  command->add_flag("--update-baseline", options->update_baseline,
                    "Record the figures of those that pass, beside their files");
  command->add_flag("--large", options->large, "Also the large scenarios found in folders");
  command->add_option("--time-limit", options->time_limit_s, "End a run that takes longer")
      ->type_name("SECONDS")
      ->check(CLI::Range(1u, 86'400u))
      ->capture_default_str();
  command->add_option("--out", options->out, "Where the runs leave their folders")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_flag("--no-color", options->no_color, "No colors (nor with NO_COLOR set)");
  command->callback([options, &chosen] { chosen = [options] { return Batch(*options).run(); }; });
}

}  // namespace wanlab::app
