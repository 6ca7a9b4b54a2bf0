// `wanlab fuzz`: makes worlds, runs each in a process of its own, makes those that fail small, and
// reports them by kind of failure. Which worlds there are is sim/fuzz's business.
#include "sim/app/commands.hpp"
#include "sim/app/fuzz_findings.hpp"
#include "sim/app/interruption.hpp"
#include "sim/app/output_error.hpp"
#include "sim/app/run_folder.hpp"
#include "sim/app/trials.hpp"
#include "sim/base/document_json.hpp"
#include "sim/fuzz/shrinker.hpp"
#include "sim/fuzz/world_maker.hpp"
#include "sim/scenario/load_plan.hpp"
#include "sim/scenario/plan_json.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <thread>

#include <unistd.h>

namespace wanlab::app {

namespace {

constexpr const char* examples = R"(
Examples:
  wanlab fuzz --budget 10m                       fresh worlds; the root seed is printed
  wanlab fuzz --seed 7 --runs 2000               always the same worlds
  wanlab fuzz --seed 7 --first 519 --runs 1      one of them
  wanlab fuzz tests/fuzz/failed                  worlds that failed once

Exit status: 0 no failure, 1 some world failed, 2 bad input, 3 internal error, 130 stopped by Ctrl-C.)";

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// CPU time of one run of a world; an ordinary one takes a fraction of a second.
constexpr Duration cpu_limit = std::chrono::seconds(20);
// For making one world small.
constexpr std::uint32_t most_shrinking_runs = 600;
constexpr Duration longest_shrinking = std::chrono::seconds(120);

struct FuzzOptions {
  std::vector<fs::path> files;
  std::optional<std::uint64_t> seed;
  std::uint64_t first = 0;
  std::optional<std::uint64_t> runs;
  std::string budget;
  std::size_t jobs = std::max(1u, std::thread::hardware_concurrency());
  std::uint64_t twice_each = 20;
  fs::path out = "out/fuzz";
  bool no_shrink = false;
  bool write_worlds = false;
  bool stop_at_first = false;
  bool quiet = false;
};

// What is to be run: a world of the seed, or a file.
struct World {
  std::uint64_t number = 0;
  fs::path file;
};

class Hunt {
 public:
  Hunt(const FuzzOptions& options, std::uint64_t seed) : options_(options), seed_(seed) {}
  ExitStatus run();

 private:
  struct Running {
    World world;
    bool again = false;        // for the digest
    std::uint64_t digest = 0;  // of the first run
  };

  scenario::Plan plan_of(const World& world) const {
    return world.file.empty() ? fuzz::make_world(seed_, world.number)
                              : scenario::load_plan(world.file);
  }
  std::string name_of(const World& world) const {
    return world.file.empty() ? "world " + std::to_string(world.number) : world.file.string();
  }
  bool more_to_do() const;
  std::optional<World> next();
  void note(const Running& running, const Outcome& outcome);
  void keep(const World& world, const Outcome& outcome);
  void shrink_new_findings();
  Outcome try_alone(const scenario::Plan& plan);
  void show_status();
  ExitStatus report();

  const FuzzOptions& options_;
  std::uint64_t seed_;
  Clock::time_point started_ = Clock::now();
  std::optional<Clock::time_point> until_;
  std::deque<World> files_;
  std::uint64_t next_number_ = 0, made_ = 0;
  std::map<std::uint64_t, Running> running_;
  std::uint64_t next_id_ = 0;
  std::deque<Running> again_;
  Findings findings_;
  Clock::time_point last_status_{};
};

bool Hunt::more_to_do() const {
  if (Interruption::requested()) return false;
  if (options_.stop_at_first && !findings_.empty()) return false;
  if (!files_.empty() || !again_.empty()) return true;
  if (options_.runs) return made_ < *options_.runs;
  return until_ && Clock::now() < *until_;
}

std::optional<World> Hunt::next() {
  if (!files_.empty()) {
    World world = files_.front();
    files_.pop_front();
    return world;
  }
  if (options_.runs ? made_ >= *options_.runs : !until_ || Clock::now() >= *until_) {
    return std::nullopt;
  }
  ++made_;
  return World{.number = next_number_++, .file = {}};
}

ExitStatus Hunt::run() {
  next_number_ = options_.first;
  for (const fs::path& file : options_.files) files_.push_back({.number = 0, .file = file});
  if (!options_.budget.empty()) until_ = started_ + base::parse_duration(options_.budget).value;
  const Interruption interruption;
  Trials trials(cpu_limit);
  while (more_to_do() || trials.running() > 0) {
    while (more_to_do() && trials.running() < options_.jobs) {
      Running running;
      if (!again_.empty()) {
        running = again_.front();
        again_.pop_front();
      } else if (const std::optional<World> world = next()) {
        running.world = *world;
      } else {
        break;
      }
      running_[next_id_] = running;
      trials.start(next_id_++, [this, &running] { return plan_of(running.world); });
    }
    show_status();
    if (Interruption::requested()) break;
    if (const auto ended = trials.wait(std::chrono::milliseconds(200))) {
      const auto found = running_.extract(ended->id);
      note(found.mapped(), ended->outcome);
    }
  }
  if (!options_.no_shrink) shrink_new_findings();
  return report();
}

void Hunt::note(const Running& running, const Outcome& outcome) {
  if (running.again) {
    if (outcome.digest == running.digest) return;
    Outcome differs = outcome;
    differs.failure = "two runs of the same plan differ";
    differs.text = "the first ended with digest " + std::to_string(running.digest) +
                   ", the second with " + std::to_string(outcome.digest);
    keep(running.world, differs);
    return;
  }
  findings_.count(outcome);
  const bool twice = options_.twice_each != 0 && running.world.number % options_.twice_each == 0;
  if (!outcome.failure.empty()) {
    keep(running.world, outcome);
  } else if (twice) {
    again_.push_back({running.world, true, outcome.digest});
  }
}

void Hunt::keep(const World& world, const Outcome& outcome) {
  Finding& finding = findings_.add(outcome.failure);
  ++finding.times;
  finding.worlds.push_back(name_of(world));
  if (!options_.quiet) {
    std::cerr << "\r\033[K" << name_of(world) << ": " << outcome.failure << '\n';
  }
  if (finding.times > 1 && outcome.cpu >= finding.outcome.cpu) return;
  finding.outcome = outcome;
  finding.number = world.number;
  if (!world.file.empty()) {
    finding.file = world.file;
    return;
  }
  finding.file = options_.out / (folder_name(finding.failure) + ".json");
  fs::create_directories(options_.out);
  write_atomically(finding.file, to_text(scenario::to_brief_json(plan_of(world))));
}

Outcome Hunt::try_alone(const scenario::Plan& plan) {
  Trials trials(cpu_limit);
  trials.start(0, [&plan] { return plan; });
  for (;;) {
    if (const auto ended = trials.wait(std::chrono::milliseconds(500))) return ended->outcome;
    if (Interruption::requested()) return {};
  }
}

// Those that fail fastest first: they are the quickest to make small, and the most welcome.
void Hunt::shrink_new_findings() {
  for (Finding* finding : findings_.ranked()) {
    if (Interruption::requested()) return;
    if (finding->failure.starts_with("no world")) continue;
    const scenario::Plan whole = scenario::load_plan(finding->file);
    const Clock::time_point give_up = Clock::now() + longest_shrinking;
    std::uint32_t runs = 0;
    Outcome smallest = finding->outcome;
    const fuzz::Shrunk shrunk = fuzz::shrink(
        whole,
        [&](const scenario::Plan& candidate) {
          const Outcome outcome = try_alone(candidate);
          if (outcome.failure != finding->failure) return false;
          smallest = outcome;
          return true;
        },
        [&] {
          if (!options_.quiet && ::isatty(STDERR_FILENO) != 0) {
            std::cerr << "\r\033[Kmaking it small: " << finding->failure << ", run " << runs
                      << std::flush;
          }
          return ++runs <= most_shrinking_runs && Clock::now() < give_up &&
                 !Interruption::requested();
        });
    if (shrunk.reductions.empty()) continue;
    scenario::Plan plan = shrunk.plan;
    plan.name = folder_name(finding->failure);
    plan.why = "Found by fuzzing: " + finding->failure + ". Made small from " + whole.name + ".";
    finding->outcome = smallest;
    finding->shrinking_runs = shrunk.runs;
    finding->reductions = shrunk.reductions.size();
    finding->file = options_.out / (plan.name + ".json");
    fs::create_directories(options_.out);
    write_atomically(finding->file, to_text(scenario::to_brief_json(plan)));
  }
}

void Hunt::show_status() {
  if (options_.quiet || ::isatty(STDERR_FILENO) == 0) return;
  const Clock::time_point now = Clock::now();
  if (now - last_status_ < std::chrono::milliseconds(200)) return;
  last_status_ = now;
  std::cerr << "\r\033[K" << findings_.status_line(now - started_) << std::flush;
}

ExitStatus Hunt::report() {
  if (!options_.quiet && ::isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K" << std::flush;
  std::cout << findings_.report(seed_, options_.first, made_, Clock::now() - started_);
  std::cout.flush();
  if (!std::cout) throw OutputError("standard output", {errno, std::generic_category()});
  if (Interruption::requested()) return ExitStatus::interrupted;
  return findings_.empty() ? ExitStatus::good : ExitStatus::expectation_failed;
}

// Files as they are, folders with the worlds in them.
std::vector<fs::path> files_in(const std::vector<fs::path>& places) {
  std::vector<fs::path> files;
  for (const fs::path& place : places) {
    std::error_code error;
    if (!fs::is_directory(place, error)) {
      files.push_back(place);
      continue;
    }
    std::vector<fs::path> inside;
    for (const auto& entry : fs::directory_iterator(place))
      if (entry.path().extension() == ".json") inside.push_back(entry.path());
    std::sort(inside.begin(), inside.end());
    files.insert(files.end(), inside.begin(), inside.end());
  }
  return files;
}

ExitStatus hunt(FuzzOptions options) {
  options.files = files_in(options.files);
  const bool only_files = !options.files.empty() && !options.runs && options.budget.empty();
  if (only_files) {
    options.runs = 0;
  } else if (!options.runs && options.budget.empty()) {
    options.budget = "60s";
  }
  std::random_device entropy;
  const std::uint64_t fresh = entropy() % 1'000'000;
  const std::uint64_t seed = options.seed.value_or(fresh);
  if (options.write_worlds) {
    fs::create_directories(options.out);
    for (std::uint64_t i = 0; i < options.runs.value_or(1); ++i) {
      const scenario::Plan plan = fuzz::make_world(seed, options.first + i);
      const fs::path file = options.out / (plan.name + ".json");
      write_atomically(file, to_text(scenario::to_brief_json(plan)));
      std::cout << file.string() << '\n';
    }
    return ExitStatus::good;
  }
  return Hunt(options, seed).run();
}

}  // namespace

void add_fuzz_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<FuzzOptions>();
  CLI::App* command = app.add_subcommand(
      "fuzz", "Make worlds with faults, and see whether any breaks a rule or does not recover");
  command->footer(examples);
  command
      ->add_option("files", options->files,
                   "Worlds to run first: files, or folders of them; without --runs and --budget "
                   "nothing else")
      ->type_name("FILE|FOLDER")
      ->check(CLI::ExistingPath);
  command
      ->add_option("--seed", options->seed, "Root seed of the worlds; default: a new one each time")
      ->type_name("N");
  command->add_option("--first", options->first, "Number of the first world")->type_name("N");
  command->add_option("--runs", options->runs, "So many worlds")->type_name("N");
  command->add_option("--budget", options->budget, "As many worlds as fit in; default 60s")
      ->type_name("TIME")
      ->check([](const std::string& text) { return base::parse_duration(text).error; });
  command->add_option("--jobs,-j", options->jobs, "Runs at a time; default: as many as cores")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1024}));
  command
      ->add_option("--twice-each", options->twice_each,
                   "Every so manyth world runs twice and must give the same digest; 0: none")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--out", options->out, "Where failing worlds are written to")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_flag("--no-shrink", options->no_shrink, "Leave failing worlds as large as they are");
  command->add_flag("--stop-at-first", options->stop_at_first, "End with the first failure");
  command->add_flag("--write-worlds", options->write_worlds,
                    "Run nothing: write the worlds (--first, --runs) to --out");
  command->add_flag("--quiet,-q", options->quiet, "No progress");
  command->callback([options, &chosen] { chosen = [options] { return hunt(*options); }; });
}

}  // namespace wanlab::app
