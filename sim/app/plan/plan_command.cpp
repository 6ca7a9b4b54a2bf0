// `wanlab plan`: capacity questions, answered by searching over runs. Reads the command line, asks
// one question after the other, and writes the answers down.
#include "analysis/expectations.hpp"
#include "analysis/numbers.hpp"
#include "analysis/planner/capacity_page.hpp"
#include "analysis/planner/levers.hpp"
#include "analysis/planner/objective.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/interruption.hpp"
#include "sim/app/load.hpp"
#include "sim/app/plan/plan_places.hpp"
#include "sim/app/plan/plan_search.hpp"
#include "sim/app/run_folder.hpp"
#include "sim/app/version.hpp"
#include "sim/scenario/fault_targets.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

namespace wanlab::app {

namespace {

namespace fs = std::filesystem;
using analysis::Answer;
using analysis::BracketSearch;
using analysis::Lever;
using analysis::Quantity;

constexpr const char* footer =
    R"(Each answer is proven by the runs on both sides: N passes, N - 1 fails. Both are kept and replay.

Examples:
  wanlab plan scenarios/lambda-storm-overload.json --find edges
  wanlab plan my.json --find edges,pool,memory --lose-regions 1 \
      --objective "p99 connect under 250ms, nothing refused" --prices prices.json
  wanlab plan my.json --find breaking-point --lose-regions 2 --markdown ticket.md
  wanlab plan my.json --find pops --cover 95 --within 50ms

Exit status: 0 answered, 1 some objective cannot be met within the bounds, 2 bad input, 3 a run broke,
130 stopped by Ctrl-C (what is known is kept).)";

struct PlanOptions {
  fs::path file;
  scenario::Overrides overrides;
  std::vector<std::string> find;
  std::vector<std::string> objectives;
  PlacesAsked places;
  std::uint32_t lose = 0;
  std::string lose_from = "*";
  std::optional<Duration> lose_at;
  std::string at = "*";
  std::optional<std::uint64_t> least, most;
  double tolerance_percent = 2;
  std::uint32_t seeds = 1;
  std::size_t jobs = std::max(1u, std::thread::hardware_concurrency());
  std::uint32_t time_limit_s = 3600;
  fs::path prices, markdown, out = "out/plan";
  bool json = false;
  bool quiet = false;
};

constexpr const char* default_objective = "p99 connect under 250ms, nothing refused";

// What else is known of a quantity: where a search ends that finds nothing.
std::uint64_t default_most(Quantity quantity) {
  switch (quantity) {
    case Quantity::edges:
      return 256;
    case Quantity::backhaul:
      return 256;
    case Quantity::pool:
      return 16'384;
    case Quantity::memory:
      return (std::uint64_t{1} << 40) / analysis::memory_step;
    case Quantity::load:
      return 1000 * analysis::whole_load;
    case Quantity::pops:
      return 1000;
  }
  return 1;
}

Quantity quantity_named(const std::string& name) {
  for (const Quantity quantity : {Quantity::edges, Quantity::backhaul, Quantity::pool,
                                  Quantity::memory, Quantity::load, Quantity::pops}) {
    if (analysis::name_of(quantity) == name) return quantity;
  }
  throw std::logic_error("no such quantity: " + name);
}

// As it was typed, the program as users call it.
std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string line = "./wanlab", word;
  std::getline(file, word, '\0');  // the program
  while (std::getline(file, word, '\0')) {
    const bool plain =
        !word.empty() && word.find_first_of(" \t\n\"'\\$`*?|&;<>(){}[]!#~") == std::string::npos;
    line += plain ? " " + word : " \"" + word + "\"";
  }
  return line;
}

class Planning {
 public:
  explicit Planning(const PlanOptions& options);
  ExitStatus run();

 private:
  void read_objective();
  void read_losses();
  // The places a question is asked for, one by one; one empty name: for all together.
  std::vector<std::string> places_of(Quantity quantity) const;
  PlanQuestion question_of(const Lever& lever) const;
  void answer(Quantity quantity, PlannedRuns& runs);
  void answer_places(Quantity quantity, PlannedRuns& runs);
  void answer_breaking_points(PlannedRuns& runs);
  void answer_pops(PlannedRuns& runs);
  void report();

  const PlanOptions& options_;
  PlanSetting setting_;
  std::vector<std::string> regions_;
  std::optional<analysis::Prices> prices_;
  analysis::CapacityReport report_;
  fs::path folder_;
};

Planning::Planning(const PlanOptions& options) : options_(options) {
  setting_.plan = load_checked_plan(options.file, options.overrides);
  setting_.plan.settled_after.reset();  // the objective is what is judged
  setting_.plan.print_every_step = false;
  for (std::uint32_t i = 0; i < options.seeds; ++i) {
    setting_.seeds.push_back(setting_.plan.seed + i);
  }
  setting_.lose_at = options.lose_at;
  if (!options.prices.empty()) prices_ = analysis::read_prices(options.prices);
  setting_.prices = prices_ ? &*prices_ : nullptr;
  read_objective();
  read_losses();
  folder_ = options.out / folder_name(setting_.plan.name);
  report_.scenario = setting_.plan.name;
  report_.file = options.file.string();
  report_.why = setting_.plan.why;
  report_.topology = setting_.plan.topology_name;
  report_.connections = analysis::connections_in(setting_.plan);
  report_.seeds = setting_.seeds;
  report_.version = version_text();
  if (prices_) report_.currency = prices_->currency;
}

void Planning::read_objective() {
  setting_.plan.expectations.clear();
  std::vector<std::string> texts = options_.objectives;
  if (texts.empty()) texts.emplace_back(default_objective);
  for (const std::string& text : texts) {
    report_.objective.push_back(text);
    for (scenario::Expectation& expectation : analysis::read_objective(text)) {
      setting_.plan.expectations.push_back(std::move(expectation));
    }
  }
  const auto problems = analysis::problems_with_expectations(setting_.plan);
  if (!problems.empty()) {
    throw base::InputError("--objective", "", problems.front().message);
  }
}

void Planning::read_losses() {
  for (const scenario::OriginRegion& origin : setting_.plan.origins) {
    if (scenario::matches(options_.lose_from, origin.region)) regions_.push_back(origin.region);
  }
  if (options_.lose > regions_.size()) {
    throw base::InputError("--lose-regions", "",
                           "the scenario has " + std::to_string(regions_.size()) +
                               " regions that --lose-from allows to be lost, not " +
                               std::to_string(options_.lose));
  }
  setting_.losses = {{}};
  report_.loss = "none";
  if (options_.lose == 0) return;
  for (auto& lost : analysis::combinations(regions_, options_.lose)) {
    setting_.losses.push_back(std::move(lost));
  }
  report_.loss = "none, and any " + std::to_string(options_.lose) + " of";
  for (const std::string& region : regions_) report_.loss += " " + region;
}

std::vector<std::string> Planning::places_of(Quantity quantity) const {
  std::vector<std::string> places;
  const auto add = [&](const std::string& place) {
    if (scenario::matches(options_.at, place)) places.push_back(place);
  };
  if (quantity == Quantity::edges || quantity == Quantity::memory) {
    for (const scenario::EdgePop& pop : setting_.plan.edges) add(pop.name);
  } else if (quantity == Quantity::pool) {
    for (const scenario::OriginRegion& origin : setting_.plan.origins) add(origin.region);
  } else if (quantity == Quantity::backhaul && options_.at != "*") {
    for (const scenario::EdgePop& pop : setting_.plan.edges) add(pop.name);
  } else {
    return {""};
  }
  if (places.empty()) {
    throw base::InputError("--at", "", "no place of the scenario is called " + options_.at);
  }
  return places;
}

PlanQuestion Planning::question_of(const Lever& lever) const {
  PlanQuestion question;
  const std::string name = analysis::name_of(lever.quantity);
  question.name = lever.place.empty() ? name : name + "-" + lever.place;
  question.question = lever.quantity == Quantity::load ? "breaking point of the load"
                      : lever.quantity == Quantity::memory
                          ? "memory of each edge node at " + lever.place
                          : analysis::unit_of(lever);
  question.wanted = lever.quantity == Quantity::load ? BracketSearch::Wanted::largest
                                                     : BracketSearch::Wanted::smallest;
  question.bounds.start = analysis::quantity_of(setting_.plan, lever);
  question.bounds.least = options_.least.value_or(1);
  question.bounds.most =
      options_.most.value_or(std::max(default_most(lever.quantity), question.bounds.start));
  if (lever.quantity == Quantity::load) {
    question.bounds.tolerance = options_.tolerance_percent / 100;
    question.bounds.least = options_.least.value_or(1) * (analysis::whole_load / 1000);
    if (options_.most) question.bounds.most = *options_.most * analysis::whole_load;
  }
  question.set = [lever](scenario::Plan& plan, std::uint64_t value) {
    analysis::set_quantity(plan, lever, value);
  };
  question.words = [this, lever](std::uint64_t value) {
    if (lever.quantity != Quantity::load) return analysis::words_of(lever, value);
    scenario::Plan plan;
    plan.clients = setting_.plan.clients;
    analysis::scale_load(plan, value);
    return analysis::grouped(analysis::connections_in(plan)) + " connections (" +
           analysis::words_of(lever, value) + ")";
  };
  question.brief = [lever, words = question.words](std::uint64_t value) {
    return lever.quantity == Quantity::load ? words(value) : analysis::brief_words_of(lever, value);
  };
  return question;
}

// One place after the other, each with the others as large as they need to be at most, then as they
// were found; in the end all are at their smallest together.
void Planning::answer_places(Quantity quantity, PlannedRuns& runs) {
  const std::vector<std::string> places = places_of(quantity);
  const scenario::Plan original = setting_.plan;
  std::vector<Answer> answers;
  for (const std::string& place : places) {
    const Lever lever{quantity, place};
    Answer answer = answer_question(setting_, question_of(lever), runs);
    const bool known = answer.value && answer.outcome != Answer::Outcome::interrupted;
    if (known) analysis::set_quantity(setting_.plan, lever, *answer.value);
    answers.push_back(std::move(answer));
    if (!known) break;
  }
  for (Answer& answer : answers) {
    if (answers.size() > 1) {
      answer.notes.push_back(
          "found with the places before it at their smallest and those after it "
          "as the scenario has them");
    }
    report_.answers.push_back(std::move(answer));
  }
  // What was found holds for the questions that follow only if they are about the same world.
  setting_.plan = original;
}

void Planning::answer_breaking_points(PlannedRuns& runs) {
  const auto losses = setting_.losses;
  const Lever lever{Quantity::load, ""};
  for (std::uint32_t lost = 0; lost <= options_.lose && !Interruption::requested(); ++lost) {
    setting_.losses = lost == 0 ? std::vector<std::vector<std::string>>{{}}
                                : analysis::combinations(regions_, lost);
    PlanQuestion question = question_of(lever);
    if (lost > 0) {
      question.name += "-lost-" + std::to_string(lost);
      question.question += ", N-" + std::to_string(lost) + " (the worst of " +
                           std::to_string(setting_.losses.size()) + " ways to lose " +
                           std::to_string(lost) + ")";
    }
    if (options_.at == "*") {
      report_.answers.push_back(answer_question(setting_, question, runs));
      continue;
    }
    // The load grows everywhere; what is judged is each of these POPs by itself.
    const std::vector<scenario::Expectation> objective = setting_.plan.expectations;
    for (const std::string& pop : places_of(Quantity::edges)) {
      PlanQuestion of_pop = question;
      of_pop.name += "-" + pop;
      of_pop.question =
          "breaking point of " + pop +
          question.question.substr(std::string_view("breaking point of the load").size());
      setting_.plan.expectations = analysis::at_pop(objective, pop);
      if (setting_.plan.expectations.empty()) {
        throw base::InputError("--at", "",
                               "the objective has no part that a POP has figures for by itself: "
                               "connections, queries and their latencies");
      }
      report_.answers.push_back(answer_question(setting_, of_pop, runs));
      if (Interruption::requested()) break;
    }
    setting_.plan.expectations = objective;
  }
  setting_.losses = losses;
}

// The places by arithmetic; how many of them an objective needs, if there is one, by runs.
void Planning::answer_pops(PlannedRuns& runs) {
  const PlanPlaces places(setting_.plan, options_.places);
  report_.answers.push_back(places.answer());
  if (options_.objectives.empty() || places.added().empty()) return;
  PlanQuestion question;
  question.name = "pops";
  question.question = "POPs to be added, in that order, for the objective";
  question.wanted = BracketSearch::Wanted::smallest;
  question.bounds.least = 0;
  question.bounds.most =
      std::min<std::uint64_t>(options_.most.value_or(places.added().size()), places.added().size());
  question.bounds.start = question.bounds.most / 2;
  question.set = [&places](scenario::Plan& plan, std::uint64_t value) {
    places.add_to(plan, static_cast<std::size_t>(value));
  };
  const Lever lever{Quantity::pops, ""};
  question.words = [lever](std::uint64_t value) { return analysis::words_of(lever, value); };
  question.brief = [](std::uint64_t value) { return analysis::grouped(value); };
  report_.answers.push_back(answer_question(setting_, question, runs));
}

void Planning::answer(Quantity quantity, PlannedRuns& runs) {
  if (quantity == Quantity::load) return answer_breaking_points(runs);
  if (quantity == Quantity::pops) return answer_pops(runs);
  answer_places(quantity, runs);
}

void Planning::report() {
  const std::string json = analysis::capacity_json(report_);
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw OutputError(folder_.string(), error);
  write_atomically(folder_ / "capacity.json", json);
  write_atomically(folder_ / "capacity.md", analysis::capacity_markdown(report_));
  write_atomically(folder_ / "capacity.html", analysis::capacity_page(report_));
  if (!options_.markdown.empty()) {
    write_atomically(options_.markdown, analysis::capacity_markdown(report_));
  }
  std::cout << (options_.json ? json : options_.quiet ? "" : analysis::capacity_text(report_));
  std::cout.flush();
  if (!std::cout) throw OutputError("standard output", {errno, std::generic_category()});
  if (!options_.quiet) std::cerr << "results in " << folder_.string() << '\n';
}

ExitStatus Planning::run() {
  const auto started = std::chrono::steady_clock::now();
  report_.command = command_line();
  {
    const Interruption interruption;
    PlannedRuns runs(folder_ / "runs", options_.jobs, std::chrono::seconds(options_.time_limit_s),
                     options_.quiet);
    for (const std::string& name : options_.find) {
      if (Interruption::requested()) break;
      answer(quantity_named(name), runs);
    }
    report_.interrupted = Interruption::requested();
    report_.runs = runs.started();
  }
  report_.wall = std::chrono::steady_clock::now() - started;
  report();
  if (report_.interrupted) return ExitStatus::interrupted;
  return report_.met() ? ExitStatus::good : ExitStatus::expectation_failed;
}

ExitStatus plan(const PlanOptions& options) {
  return Planning(options).run();
}

std::string objective_problem(const std::string& text) {
  try {
    analysis::read_objective(text);
    return {};
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

}  // namespace

void add_plan_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command = app.add_subcommand(
      "plan",
      "How much is needed: the smallest fleet that keeps an objective, or the largest load");
  command->footer(footer);
  command->add_option("file", options->file, "Scenario file, or the plan.json of a run")
      ->required()
      ->type_name("FILE");
  command
      ->add_option(
          "--find", options->find,
          "What is looked for (repeatable, or separated by commas): edges (nodes per POP), "
          "backhaul (connections per peer), pool (connections per database server, by "
          "region), memory (per edge node), breaking-point (the largest load), pops (where to add "
          "some; how many, if an --objective is given)")
      ->required()
      ->delimiter(',')
      ->type_name("WHAT")
      ->check(CLI::IsMember({"edges", "backhaul", "pool", "memory", "breaking-point", "pops"}));
  command
      ->add_option("--objective", options->objectives,
                   "What has to hold, e.g. \"p99 connect under 250ms, nothing refused\" (the "
                   "default), or any metric with <=, >= or = (repeatable)")
      ->type_name("TEXT")
      ->allow_extra_args(false)
      ->check(objective_problem);
  command
      ->add_option("--lose-regions", options->lose,
                   "It has to hold with any so many regions lost, too: all combinations are run")
      ->type_name("N")
      ->check(CLI::Range(0, 2));
  command
      ->add_option("--lose-from", options->lose_from,
                   "The regions that may be lost, e.g. \"us-*\"; default: all with an origin")
      ->type_name("PATTERN");
  command
      ->add_option_function<std::string>(
          "--lose-at",
          [options](const std::string& text) {
            options->lose_at = base::parse_duration(text).value;
          },
          "Lose them at this moment of the run; default: a minute before the first client comes")
      ->type_name("TIME")
      ->check([](const std::string& text) { return base::parse_duration(text).error; });
  command
      ->add_option("--at", options->at,
                   "Only these POPs or regions, e.g. \"iad|fra\"; breaking-point: of each of these "
                   "POPs by itself")
      ->type_name("PATTERN");
  command
      ->add_option("--least", options->least,
                   "The smallest value tried (memory: times 16 MiB; breaking-point: thousandths)")
      ->type_name("N");
  command
      ->add_option("--most", options->most,
                   "The largest value tried (memory: times 16 MiB; breaking-point: times the load)")
      ->type_name("N");
  command
      ->add_option("--tolerance", options->tolerance_percent,
                   "How far apart the two sides of a breaking point may be, in per cent")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.1, 50.0))
      ->capture_default_str();
  command
      ->add_option("--seeds", options->seeds,
                   "Each value has to pass under so many seeds, from the scenario's own on")
      ->type_name("N")
      ->check(CLI::Range(1, 1000));
  command->add_option("--add", options->places.count, "pops: how many to add at most")
      ->type_name("K")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command
      ->add_option_function<std::string>(
          "--within",
          [options](const std::string& text) {
            options->places.within = base::parse_duration(text).value;
          },
          "pops: users nearer than this round trip are covered; default 50ms")
      ->type_name("TIME")
      ->check([](const std::string& text) { return base::parse_duration(text).error; });
  command
      ->add_option_function<double>(
          "--cover", [options](const double& percent) { options->places.cover = percent / 100; },
          "pops: as few as cover so many per cent of the users, instead of --add")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.0, 100.0));
  command->add_flag_callback(
      "--nearest", [options] { options->places.goal = analysis::PlacementGoal::nearness; },
      "pops: bring the mean round trip down, instead of covering users");
  command
      ->add_option("--sites", options->places.sites,
                   "pops: where one may be added; default: every POP and region of the topology")
      ->type_name("PATTERN");
  command
      ->add_option("--set", options->overrides.sets,
                   "Change a value of the scenario first, as for run (repeatable)")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--prices", options->prices,
                   "A JSON file with edge_node_hour, edge_core_hour, edge_gib_hour, "
                   "origin_node_hour, database_node_hour, backhaul_gb, currency, pops (factors)")
      ->type_name("FILE");
  command->add_option("--jobs,-j", options->jobs, "Runs at a time; default: as many as cores")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1024}));
  command->add_option("--time-limit", options->time_limit_s, "Seconds that a run may take")
      ->type_name("S")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_option("--out", options->out, "Where results go: DIR/<scenario>/")
      ->type_name("DIR")
      ->capture_default_str();
  command
      ->add_option("--markdown", options->markdown, "Write the answers for a ticket to this file")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print the answers as one JSON object, nothing else");
  command->add_flag("--quiet,-q", options->quiet, "No progress and no text; errors only");
  command->callback([options, &chosen] { chosen = [options] { return plan(*options); }; });
}

}  // namespace wanlab::app
