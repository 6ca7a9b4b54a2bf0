// `wanlab compare`: two plans on common random numbers, or two runs as they were.
#include "analysis/comparison_report.hpp"
#include "analysis/figures.hpp"
#include "analysis/report/compare_page.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/interruption.hpp"
#include "sim/app/kept_run.hpp"
#include "sim/app/load.hpp"
#include "sim/app/output_error.hpp"
#include "sim/app/parting.hpp"
#include "sim/app/run_folder.hpp"
#include "sim/app/sweep_progress.hpp"
#include "sim/app/sweep_runs.hpp"
#include "sim/app/sweep_workers.hpp"
#include "sim/app/version.hpp"
#include "sim/base/document_json.hpp"
#include "sim/trace/digest.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <memory>

namespace wanlab::app {

namespace {

namespace fs = std::filesystem;
using analysis::ComparedRun;
using analysis::ComparisonReport;
using base::InputError;

struct CompareOptions {
  fs::path a, b;
  std::vector<std::string> set, set_a, set_b, tolerances;
  std::uint32_t seeds = 10;
  std::optional<std::uint64_t> first_seed;
  std::size_t jobs = usual_jobs();
  std::uint32_t time_limit_s = 3600;
  fs::path page = "out/compare.html";
  bool all = false, json = false, quiet = false, no_history = false;
};

std::vector<analysis::Tolerance> tolerances_of(const CompareOptions& options) {
  std::vector<analysis::Tolerance> all = analysis::usual_tolerances();
  for (const std::string& text : options.tolerances) {
    if (text == "none") {
      all.clear();
      continue;
    }
    analysis::Tolerance own = analysis::read_tolerance(text);
    const auto same = [&](const analysis::Tolerance& each) { return each.metric == own.metric; };
    all.erase(std::remove_if(all.begin(), all.end(), same), all.end());
    all.push_back(std::move(own));
  }
  return all;
}

// --- Two run folders ---

KeptRun load_whole_run(const fs::path& folder) {
  KeptRun run = load_kept_run(folder);
  if (run.record.interrupted) {
    throw InputError(folder.string(), "",
                     "this run was interrupted: its figures cover only a part. Repeat it: "
                     "./wanlab run " +
                         (folder / "plan.json").string());
  }
  return run;
}

ComparedRun compared(const KeptRun& run) {
  return {run.plan.seed, trace::to_hex(run.record.digest),
          analysis::figures_in(*base::parse_json(run.summary_json))};
}

// The usual tolerances are for what there is: an older run may not know a figure.
std::vector<analysis::Tolerance> known_to(const ComparedRun& a,
                                          const std::vector<analysis::Tolerance>& tolerances,
                                          const CompareOptions& options) {
  std::vector<analysis::Tolerance> known;
  for (const analysis::Tolerance& each : tolerances) {
    const bool asked =
        std::any_of(options.tolerances.begin(), options.tolerances.end(),
                    [&](const std::string& text) { return text.starts_with(each.metric + "="); });
    if (asked || a.figures.contains(each.metric)) known.push_back(each);
  }
  return known;
}

// --- Two plans ---

class Sides {
 public:
  explicit Sides(const CompareOptions& options) : options_(options) {
    file_[0] = options.a;
    file_[1] = options.b.empty() ? options.a : options.b;
    sets_[0] = sets_[1] = options.set;
    sets_[0].insert(sets_[0].end(), options.set_a.begin(), options.set_a.end());
    sets_[1].insert(sets_[1].end(), options.set_b.begin(), options.set_b.end());
    first_seed_ = options.first_seed ? *options.first_seed : plan(0, {}).seed;
    plan(1, first_seed_);  // whatever is wrong with it is told before anything runs
  }

  scenario::Plan plan(int side, std::optional<std::uint64_t> seed) const {
    return load_checked_plan(file_[side], overrides(side, seed));
  }
  std::string name(int side) const {
    std::string text = file_[side].string();
    for (const std::string& set : sets_[side]) text += " --set " + set;
    return text;
  }
  // False: interrupted.
  bool run(std::vector<ComparedRun>& a, std::vector<ComparedRun>& b) const;

 private:
  scenario::Overrides overrides(int side, std::optional<std::uint64_t> seed) const {
    scenario::Overrides overrides;
    overrides.sets = sets_[side];
    overrides.seed = seed;
    return overrides;
  }
  ComparedRun result(const EndedRun& ended, int side, std::uint64_t seed) const;

  const CompareOptions& options_;
  fs::path file_[2];
  std::vector<std::string> sets_[2];
  std::uint64_t first_seed_ = 1;
};

ComparedRun Sides::result(const EndedRun& ended, int side, std::uint64_t seed) const {
  const auto run = result_of(ended, true);
  const std::string whose =
      std::string("side ") + (side == 0 ? "A" : "B") + " with seed " + std::to_string(seed);
  if (!run) throw std::runtime_error(whose + " was interrupted from outside");
  if (run->status == sweep::Status::refused) throw InputError(whose, "", run->message);
  if (run->digest.empty()) throw std::runtime_error(whose + ": " + run->message);
  ComparedRun compared{seed, run->digest, {}};
  for (const sweep::Figure& figure : run->metrics) {
    compared.figures.emplace(figure.name, figure.value);
  }
  return compared;
}

bool Sides::run(std::vector<ComparedRun>& a, std::vector<ComparedRun>& b) const {
  const std::size_t runs = std::size_t{2} * options_.seeds;
  a.resize(options_.seeds);
  b.resize(options_.seeds);
  const Interruption interruption;
  LocalWorkers workers(options_.jobs, std::chrono::seconds(options_.time_limit_s));
  SweepProgress progress(std::cerr, progress_style(options_.quiet || options_.json), "compare",
                         runs, 0);
  std::size_t started = 0, done = 0;
  while (done < runs) {
    if (Interruption::requested()) return false;  // and the workers end theirs
    for (; started < runs && workers.has_room(); ++started) {
      const int side = static_cast<int>(started % 2);
      workers.start({started, file_[side], overrides(side, first_seed_ + started / 2)});
    }
    if (const auto ended = workers.wait(std::chrono::milliseconds(200))) {
      if (Interruption::requested()) return false;
      const int side = static_cast<int>(ended->id % 2);
      const std::size_t at = ended->id / 2;
      (side == 0 ? a : b)[at] = result(*ended, side, first_seed_ + at);
      ++done;
    }
    progress.show(done, workers.running(), 0);
  }
  return true;
}

// --- Both ---

ExitStatus tell(const ComparisonReport& report, const CompareOptions& options) {
  if (options.json) {
    std::cout << to_text(comparison_json(report)) << '\n';
  } else {
    std::cout << comparison_text(report, options.all);
  }
  std::cout.flush();
  if (!std::cout) throw OutputError("standard output", {errno, std::generic_category()});
  std::error_code reason;
  if (options.page.has_parent_path()) fs::create_directories(options.page.parent_path(), reason);
  if (reason) throw OutputError(options.page.string(), reason);
  write_atomically(options.page, analysis::compare_page(report, version_text()));
  if (!options.quiet) std::cerr << "page in " << options.page.string() << '\n';
  return report.comparison.beyond() > 0 ? ExitStatus::expectation_failed : ExitStatus::good;
}

// False: interrupted.
bool add_history(const scenario::Plan& a, const scenario::Plan& b, const CompareOptions& options,
                 ComparisonReport& report) {
  report.plan_differences = differences_of(a, b);
  if (options.no_history) return true;
  const PartingSearch search = find_parting(a, b, options.quiet);
  report.parting = search.parting;
  report.parting_note = search.note;
  return !search.interrupted;
}

ExitStatus compare_folders(const CompareOptions& options) {
  const KeptRun a = load_whole_run(options.a), b = load_whole_run(options.b);
  ComparisonReport report;
  report.a = options.a.string();
  report.b = options.b.string();
  const ComparedRun of_a = compared(a);
  report.comparison =
      analysis::compare({of_a}, {compared(b)}, known_to(of_a, tolerances_of(options), options));
  if (!report.comparison.all_identical() && !add_history(a.plan, b.plan, options, report)) {
    return ExitStatus::interrupted;
  }
  return tell(report, options);
}

ExitStatus compare_plans(const CompareOptions& options) {
  const Sides sides(options);
  std::vector<ComparedRun> a, b;
  if (!sides.run(a, b)) return ExitStatus::interrupted;
  ComparisonReport report;
  report.a = sides.name(0);
  report.b = sides.name(1);
  report.comparison = analysis::compare(a, b, tolerances_of(options));
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].digest == b[i].digest) continue;
    if (!add_history(sides.plan(0, a[i].seed), sides.plan(1, a[i].seed), options, report)) {
      return ExitStatus::interrupted;
    }
    break;
  }
  return tell(report, options);
}

ExitStatus compare(const CompareOptions& options) {
  const bool folder_a = fs::is_directory(options.a);
  const bool folder_b = !options.b.empty() && fs::is_directory(options.b);
  if (folder_a && folder_b) {
    if (!options.set.empty() || !options.set_a.empty() || !options.set_b.empty()) {
      throw InputError("--set", "",
                       "changes plans, not runs that are over; compare their plan.json");
    }
    return compare_folders(options);
  }
  if (folder_a || folder_b) {
    throw InputError((folder_a ? options.a : options.b).string(), "",
                     "compare two run folders, or two scenario files (the plan.json of a run is "
                     "one), not one of each");
  }
  return compare_plans(options);
}

constexpr const char* examples = R"(
Examples:
  wanlab compare scenarios/failover/nearest-turns-slow.json --set-b edges.0.nodes=3 --seeds 20
  wanlab compare before.json after.json --tolerance query_latency_ms.p99=5% --json
  wanlab compare out/hello/1 out-of-yesterday/hello/1

B is held against A, both with the same seeds, so that chance is the same on both sides. Without
--tolerance, connections and statements that fail or are lost may not become more, median query
latency may grow by 5 %, p99 of query and connect by 10 %. --tolerance none drops these.

Exit status: 0 nothing got worse than tolerated, 1 something did, 2 bad input, 130 stopped.)";

}  // namespace

void add_compare_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command = app.add_subcommand(
      "compare",
      "What differs between two scenarios, variants or runs, how surely, and since when");
  command->footer(examples);
  command->add_option("a", options->a, "Scenario file, or the folder of a run")
      ->required()
      ->type_name("A");
  command->add_option("b", options->b, "The same; default: A's file, with --set-b")->type_name("B");
  const auto repeatable = [command](const char* name, std::vector<std::string>& into,
                                    const char* help, const char* type) {
    command->add_option(name, into, help)->type_name(type)->allow_extra_args(false);
  };
  repeatable("--set", options->set, "Change a value on both sides (repeatable)", "PATH=VALUE");
  repeatable("--set-a", options->set_a, "... on side A", "PATH=VALUE");
  repeatable("--set-b", options->set_b, "... on side B", "PATH=VALUE");
  repeatable("--tolerance", options->tolerances,
             "How much worse a figure may get: a share (5%) or an amount in its own unit "
             "(repeatable)",
             "METRIC=N");
  command->add_option("--seeds", options->seeds, "So many runs on each side")
      ->type_name("N")
      ->check(CLI::Range(1u, 100'000u))
      ->capture_default_str();
  command->add_option("--first-seed", options->first_seed, "Default: the own seed of A")
      ->type_name("N");
  command->add_option("--jobs,-j", options->jobs, "Runs at a time; default: as many as cores")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1024}));
  command->add_option("--time-limit", options->time_limit_s, "End a run that takes longer")
      ->type_name("SECONDS")
      ->check(CLI::Range(1u, 2'592'000u))
      ->capture_default_str();
  command->add_option("--page", options->page, "Where the page goes")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_flag("--no-history", options->no_history,
                    "Do not look for the moment where the histories part (each side runs twice "
                    "more for it)");
  command->add_flag("--all", options->all, "Every figure that differs, not only the foremost");
  command->add_flag("--json", options->json, "Print one JSON object, nothing else");
  command->add_flag("--quiet,-q", options->quiet, "No progress");
  command->callback([options, &chosen] {
    if (options->b.empty() && options->set_a.empty() && options->set_b.empty()) {
      throw CLI::RequiredError("B, or --set-a or --set-b");
    }
    chosen = [options] { return compare(*options); };
  });
}

}  // namespace wanlab::app
