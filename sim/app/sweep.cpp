// From a grid to its results: what is left to run is started, what ends is kept, and at the end
// (or at Ctrl-C) all that is known is reported.
#include "sim/app/sweep.hpp"

#include "analysis/report/sweep_page.hpp"
#include "analysis/sweep_report.hpp"
#include "real_components/crypto/digest.hpp"
#include "sim/app/interruption.hpp"
#include "sim/app/load.hpp"
#include "sim/app/output_error.hpp"
#include "sim/app/run_folder.hpp"
#include "sim/app/sweep_progress.hpp"
#include "sim/app/sweep_runs.hpp"
#include "sim/app/version.hpp"
#include "sim/base/nearest_name.hpp"
#include "sim/scenario/plan_json.hpp"
#include "sim/sweep/axis.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <iostream>
#include <limits>

namespace wanlab::app {

namespace {

namespace fs = std::filesystem;
using base::InputError;
using Clock = std::chrono::steady_clock;

// A process that is killed, or finds the disk full, loses no more than this of what was done.
constexpr auto between_commits = std::chrono::milliseconds(500);
constexpr std::uint32_t runs_between_commits = 10;
constexpr std::size_t verification = std::numeric_limits<std::size_t>::max();

sweep::Grid grid_of(const SweepOptions& options) {
  std::vector<sweep::Axis> axes, together;
  for (const std::string& text : options.vary) axes.push_back(sweep::read_axis("--vary", text));
  for (const std::string& text : options.zip) together.push_back(sweep::read_axis("--zip", text));
  if (!together.empty()) axes.push_back(sweep::zipped(together));
  return sweep::Grid(std::move(axes));
}

std::string hex(const crypto::Digest256& digest) {
  std::string text;
  for (const std::byte byte : digest) {
    constexpr const char* digits = "0123456789abcdef";
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : "  ") + text;
  return all.empty() ? "nothing" : all;
}

std::string parameters_text(const sweep::Grid& grid) {
  std::vector<std::string> axes;
  for (const sweep::Axis& axis : grid.axes()) {
    for (std::size_t path = 0; path < axis.paths.size(); ++path) {
      std::string text = (path == 0 ? "" : "with ") + axis.paths[path] + "=";
      for (const std::vector<std::string>& step : axis.steps) {
        text += (&step == &axis.steps.front() ? "" : ",") + step[path];
      }
      axes.push_back(std::move(text));
    }
  }
  return joined(axes);
}

class Sweep {
 public:
  explicit Sweep(const SweepOptions& options) : options_(options), grid_(grid_of(options)) {
    check_values();
    design();
  }
  ExitStatus run(const MakeWorkers& make_workers);

 private:
  scenario::Overrides overrides(std::size_t point, std::uint64_t seed) const;
  SweepJob job(std::size_t number) const;
  void check_values();
  void design();
  bool simulates_as_before(SweepWorkers& workers, const std::vector<sweep::Run>& before);
  void work(SweepWorkers& workers);
  void keep(const EndedRun& ended);
  void commit();
  ExitStatus report();
  analysis::SweepResults frame() const;

  const SweepOptions& options_;
  sweep::Grid grid_;
  sweep::Design design_;
  scenario::Plan plan_;  // of the first point
  fs::path file_;
  std::optional<sweep::Ledger> ledger_;
  std::deque<std::size_t> waiting_;
  Clock::time_point committed_ = Clock::now();
  std::uint32_t uncommitted_ = 0;
  std::uint64_t kept_ = 0, unlucky_ = 0;
};

scenario::Overrides Sweep::overrides(std::size_t point, std::uint64_t seed) const {
  scenario::Overrides overrides;
  overrides.seed = seed;
  overrides.sets = options_.sets;
  for (const sweep::Assignment& assignment : grid_.at(point)) {
    overrides.sets.push_back(assignment.text());
  }
  return overrides;
}

SweepJob Sweep::job(std::size_t number) const {
  return {number, options_.file,
          overrides(number / design_.seeds, design_.first_seed + number % design_.seeds)};
}

// Every value once, with the first ones of the other axes: a misspelt path or an impossible value
// is told before anything runs. What only cannot be together is a row of the results.
void Sweep::check_values() {
  scenario::Overrides own;
  own.sets = options_.sets;
  own.seed = options_.first_seed;
  for (const sweep::Assignment& assignment : grid_.at(0)) own.sets.push_back(assignment.text());
  plan_ = load_checked_plan(options_.file, own);
  std::size_t stride = grid_.points();
  for (const sweep::Axis& axis : grid_.axes()) {
    stride /= axis.size();
    for (std::size_t step = 1; step < axis.size(); ++step) {
      load_checked_plan(options_.file, overrides(step * stride, plan_.seed));
    }
  }
}

void Sweep::design() {
  design_.grid = &grid_;
  design_.seeds = options_.seeds;
  design_.first_seed = plan_.seed;
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (plan_.seed > most - options_.seeds) {
    throw InputError("--first-seed", "", "a sweep counts its seeds up to 2^63 - 1");
  }
  constexpr std::uint64_t most_runs = 10'000'000;
  if (design_.seeds > most_runs / grid_.points()) {
    throw InputError("--seeds", "", "makes more than ten million runs");
  }
  std::string plans = to_line(scenario::to_json(plan_));
  try {
    plans += to_line(scenario::to_json(
        load_checked_plan(options_.file, overrides(grid_.points() - 1, plan_.seed))));
  } catch (const InputError&) {  // its row will say so
  }
  design_.facts = {{"scenario", plan_.name},
                   {"plan_sha256", hex(crypto::sha256(as_bytes(plans)))},
                   {"parameters", parameters_text(grid_)},
                   {"set", joined(options_.sets)},
                   {"seeds", std::to_string(design_.seeds)},
                   {"first seed", std::to_string(design_.first_seed)},
                   {"figures", options_.per_pop ? "of each POP too" : "not of each POP"},
                   {"version", version_text()}};
  file_ = options_.out.empty() ? fs::path("out") / (folder_name(plan_.name) + ".sweep.sqlite")
                               : options_.out;
}

ExitStatus Sweep::run(const MakeWorkers& make_workers) {
  std::error_code reason;
  if (file_.has_parent_path()) fs::create_directories(file_.parent_path(), reason);
  if (reason) throw OutputError(file_.string(), reason);
  try {
    ledger_.emplace(file_, design_);
    if (options_.retry) ledger_->forget_unlucky();
    const std::vector<bool> done = ledger_->done();
    // The first seed at every point, then the second: whoever stops early has seen the whole grid.
    for (std::uint64_t seed = 0; seed < design_.seeds; ++seed) {
      for (std::size_t point = 0; point < grid_.points(); ++point) {
        const std::size_t number = point * design_.seeds + seed;
        if (!done[number]) waiting_.push_back(number);
      }
    }
    if (!waiting_.empty()) {
      const Interruption interruption;
      const auto workers = make_workers(options_);
      const std::vector<sweep::Run> before = ledger_->outlines();
      if (!before.empty() && !options_.quiet) {
        std::cerr << file_.string() << " has " << before.size() << " of " << design_.runs()
                  << " runs; going on from there\n";
      }
      if (simulates_as_before(*workers, before)) work(*workers);
      if (Interruption::requested()) {
        report();
        return ExitStatus::interrupted;
      }
    }
    return report();
  } catch (const sweep::StorageError& error) {
    if (kept_ > 0) {
      std::cerr << "wanlab: what was kept until then stays in " << file_.string()
                << "; the same command goes on from there\n";
    }
    throw OutputError(file_.string(), error.code());
  }
}

// One run that is kept is done again: results of two different simulators must not share a file.
// False: interrupted.
bool Sweep::simulates_as_before(SweepWorkers& workers, const std::vector<sweep::Run>& before) {
  const auto sample = std::find_if(before.begin(), before.end(),
                                   [](const sweep::Run& run) { return !run.digest.empty(); });
  if (sample == before.end()) return true;
  SweepJob again = job(sample->number);
  again.number = verification;
  workers.start(again);
  while (true) {
    const auto ended = workers.wait(std::chrono::milliseconds(200));
    if (Interruption::requested()) {
      workers.interrupt();
      return false;
    }
    if (!ended) continue;
    const auto result = result_of(*ended, options_.per_pop);
    if (result && result->digest == sample->digest) return true;
    throw InputError(file_.string(), "",
                     "was begun by a program that simulates differently (run " +
                         std::to_string(sample->number) + " gave digest " + sample->digest +
                         " then and " + (result ? result->digest : "none") +
                         " now); it was left as it is. Give another --out");
  }
}

void Sweep::work(SweepWorkers& workers) {
  const std::uint64_t before = design_.runs() - waiting_.size();
  SweepProgress progress(std::cerr, progress_style(options_.quiet || options_.json), plan_.name,
                         design_.runs(), before);
  bool told = false;
  while (workers.running() > 0 || !waiting_.empty()) {
    if (Interruption::requested() && !told) {
      told = true;
      waiting_.clear();
      workers.interrupt();
    }
    while (!waiting_.empty() && workers.has_room()) {
      workers.start(job(waiting_.front()));
      waiting_.pop_front();
    }
    if (const auto ended = workers.wait(std::chrono::milliseconds(100))) keep(*ended);
    if (Clock::now() - committed_ >= between_commits) commit();
    progress.show(before + kept_, workers.running(), unlucky_);
  }
  commit();
}

void Sweep::keep(const EndedRun& ended) {
  auto run = result_of(ended, options_.per_pop);
  if (!run) return;
  // What a signal ended while everything is being stopped may have been stopped by it.
  if (Interruption::requested() && !ended.status) return;
  run->number = ended.id;
  run->point = ended.id / design_.seeds;
  run->seed = design_.first_seed + ended.id % design_.seeds;
  ledger_->keep(*run);
  ++kept_;
  if (run->digest.empty()) ++unlucky_;
  if (++uncommitted_ >= runs_between_commits) commit();
}

void Sweep::commit() {
  ledger_->commit();
  committed_ = Clock::now();
  uncommitted_ = 0;
}

analysis::SweepResults Sweep::frame() const {
  analysis::SweepResults frame;
  frame.scenario = plan_.name;
  frame.why = plan_.why;
  frame.file = options_.file.string();
  frame.seeds = design_.seeds;
  frame.first_seed = design_.first_seed;
  frame.common = options_.sets;
  for (const sweep::Axis& axis : grid_.axes()) {
    analysis::SweepAxis& shown = frame.axes.emplace_back();
    for (const std::string& path : axis.paths) {
      shown.name += (shown.name.empty() ? "" : " + ") + path;
    }
    for (const std::vector<std::string>& step : axis.steps) {
      std::string& value = shown.values.emplace_back();
      for (const std::string& part : step) value += (value.empty() ? "" : " + ") + part;
    }
  }
  for (std::size_t i = 0; i < grid_.points(); ++i) {
    analysis::SweepPoint& point = frame.points.emplace_back();
    point.steps = grid_.steps(i);
    for (const sweep::Assignment& assignment : grid_.at(i)) {
      point.settings.push_back(assignment.text());
    }
  }
  return frame;
}

ExitStatus Sweep::report() {
  const analysis::SweepResults results = results_in(*ledger_, frame());
  for (const std::string& metric : options_.show) {
    if (std::binary_search(results.metrics.begin(), results.metrics.end(), metric)) continue;
    const std::vector<std::string_view> names(results.metrics.begin(), results.metrics.end());
    throw InputError("--show", "",
                     "there is no figure " + metric + base::did_you_mean(metric, names) +
                         ". The results are in " + file_.string());
  }
  std::cout << (options_.json ? sweep_json(results) : sweep_text(results, options_.show));
  std::cout.flush();
  if (!std::cout) throw OutputError("standard output", {errno, std::generic_category()});
  fs::path page = file_;
  page.replace_extension(".html");
  write_atomically(page, analysis::sweep_page(results, version_text(), file_.string()));
  if (!options_.quiet) {
    std::cerr << "results in " << file_.string() << ", page in " << page.string() << '\n';
  }
  std::uint64_t crashed = 0;
  for (const analysis::SweepPoint& point : results.points)
    crashed += point.crashed + point.timed_out;
  return crashed > 0 ? ExitStatus::internal_error : ExitStatus::good;
}

}  // namespace

ExitStatus sweep_all(const SweepOptions& options, const MakeWorkers& make_workers) {
  return Sweep(options).run(make_workers);
}

}  // namespace wanlab::app
