// The loop between BracketSearch, which knows what to ask, and the runs, which answer.
#include "sim/app/plan/plan_search.hpp"

#include "analysis/planner/levers.hpp"
#include "sim/app/interruption.hpp"
#include "sim/app/kept_run.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <system_error>

namespace wanlab::app {

namespace {

namespace fs = std::filesystem;
using analysis::Answer;
using analysis::BracketSearch;
using analysis::PlannedRun;
using analysis::TriedValue;

struct Pending {
  std::uint64_t value = 0;
  std::size_t loss = 0;
  std::uint64_t seed = 0;
};

class Search {
 public:
  Search(const PlanSetting& setting, const PlanQuestion& question, PlannedRuns& runs)
      : setting_(setting),
        question_(question),
        runs_(runs),
        search_(question.wanted, question.bounds) {}

  Answer run();

 private:
  void ask();
  void start();
  void note(PlannedRuns::Ended ended);
  void conclude(Answer& answer);
  void note_losses(const TriedValue& bad, Answer& answer) const;
  void check_theory(Answer& answer) const;
  void drop_other_runs(const Answer& answer) const;

  std::size_t runs_per_value() const { return setting_.losses.size() * setting_.seeds.size(); }

  const PlanSetting& setting_;
  const PlanQuestion& question_;
  PlannedRuns& runs_;
  BracketSearch search_;
  std::deque<Pending> waiting_;
  std::map<std::size_t, Pending> running_;
  std::map<std::uint64_t, TriedValue> tried_;
  std::map<std::string, fs::path> folders_;  // by replay command
  std::size_t next_ = 0;
  bool interrupted_ = false;
};

void Search::ask() {
  if (!waiting_.empty()) return;
  const std::size_t room = std::max<std::size_t>(runs_.jobs() / runs_per_value(), 1);
  for (const std::uint64_t value : search_.ask(room)) {
    TriedValue& tried = tried_[value];
    tried.value = value;
    tried.words = question_.words(value);
    for (std::size_t loss = 0; loss < setting_.losses.size(); ++loss) {
      for (const std::uint64_t seed : setting_.seeds) waiting_.push_back({value, loss, seed});
    }
  }
}

void Search::start() {
  while (!waiting_.empty() && !runs_.full()) {
    const Pending pending = waiting_.front();
    waiting_.pop_front();
    const std::vector<std::string>& lost = setting_.losses[pending.loss];
    scenario::Plan plan = setting_.plan;
    plan.seed = pending.seed;
    question_.set(plan, pending.value);
    analysis::lose_regions(plan, lost, setting_.lose_at);
    std::string label =
        setting_.plan.name + "-" + question_.name + "-" + std::to_string(pending.value);
    for (const std::string& region : lost) label += "-without-" + region;
    std::string what = question_.words(pending.value);
    if (!lost.empty()) what += ", " + without(lost);
    if (setting_.seeds.size() > 1) what += ", seed " + std::to_string(pending.seed);
    running_[next_] = pending;
    runs_.start(next_++, std::move(plan), label, what);
  }
}

void Search::note(PlannedRuns::Ended ended) {
  const Pending pending = running_.at(ended.id);
  running_.erase(ended.id);
  if (ended.interrupted) {
    interrupted_ = true;
    return;
  }
  TriedValue& tried = tried_.at(pending.value);
  folders_[ended.run.replay] = ended.folder;
  tried.runs.push_back(std::move(ended.run));
  const bool failed = !tried.runs.back().passed;
  if (failed) {  // what else was to be run of this value changes nothing
    std::erase_if(waiting_, [&](const Pending& other) { return other.value == pending.value; });
  }
  const bool any_failed = std::any_of(tried.runs.begin(), tried.runs.end(),
                                      [](const PlannedRun& run) { return !run.passed; });
  if (any_failed) {
    search_.tell(pending.value, false);
  } else if (tried.runs.size() == runs_per_value()) {
    tried.good = true;
    search_.tell(pending.value, true);
  }
}

Answer Search::run() {
  bool told = false;
  while (!search_.finished() || !running_.empty()) {
    if (Interruption::requested()) interrupted_ = true;
    if (interrupted_ && !told) {
      told = true;
      runs_.stop();
    }
    if (interrupted_ && running_.empty()) break;
    if (!interrupted_ && !search_.finished()) {
      ask();
      start();
    }
    runs_.show(question_.question);
    if (auto ended = runs_.wait()) note(std::move(*ended));
    // The answer is known: what still runs is of no use.
    if (search_.finished() && !interrupted_ && !running_.empty() && !told) {
      waiting_.clear();
    }
  }
  Answer answer;
  answer.name = question_.name;
  answer.question = question_.question;
  conclude(answer);
  return answer;
}

void Search::conclude(Answer& answer) {
  const auto good = search_.good(), bad = search_.bad();
  for (auto& [value, tried] : tried_) {
    std::sort(tried.runs.begin(), tried.runs.end(),
              [](const PlannedRun& one, const PlannedRun& other) { return one.what < other.what; });
    if (!tried.runs.empty()) answer.tried.push_back(tried);
  }
  answer.value = good;
  if (good) answer.proof.push_back(tried_.at(*good));
  if (bad) answer.proof.push_back(tried_.at(*bad));
  if (interrupted_ && !search_.finished()) {
    answer.outcome = Answer::Outcome::interrupted;
    answer.headline = "interrupted";
    if (good) answer.headline += "; known so far: " + question_.words(*good) + " pass";
    if (bad)
      answer.headline += (good ? ", " : "; known so far: ") + question_.words(*bad) + " fail";
  } else if (!good) {
    answer.outcome = Answer::Outcome::impossible;
    answer.headline = "cannot be met: even " + question_.words(*bad) + " fail";
  } else if (!bad) {
    answer.outcome = Answer::Outcome::at_bound;
    answer.headline = question_.words(*good) + " pass, and no " +
                      (question_.wanted == BracketSearch::Wanted::smallest ? "fewer" : "more") +
                      " were allowed to be tried";
  } else {
    answer.outcome = Answer::Outcome::proven;
    answer.headline = question_.words(*good) + (*good == 1 ? " passes, " : " pass, ") +
                      question_.brief(*bad) + (*bad == 1 ? " fails" : " fail");
  }
  if (search_.contradicted()) {
    answer.notes.push_back(
        "the objective is not broken on one side and kept on the other: some easier value fails "
        "too. "
        "The two neighbours named are what they are, but there may be others");
  }
  if (bad) note_losses(tried_.at(*bad), answer);
  check_theory(answer);
  drop_other_runs(answer);
}

// Which loss was the worst: of the value that fails, what failed.
void Search::note_losses(const TriedValue& bad, Answer& answer) const {
  for (const PlannedRun& run : bad.runs) {
    if (run.passed) continue;
    std::string note = run.what + " fails";
    for (std::size_t i = 0; i < run.failures.size() && i < 2; ++i) {
      note += (i == 0 ? ": " : "; ") + run.failures[i];
    }
    answer.notes.push_back(note);
    break;
  }
}

void Search::check_theory(Answer& answer) const {
  if (answer.proof.empty()) return;
  // Of the value that passes, of the run where most is lost.
  const TriedValue& best = answer.proof.front();
  if (best.runs.empty()) return;
  const auto folder = folders_.find(best.runs.back().replay);
  if (folder == folders_.end()) return;
  const KeptRun kept = load_kept_run(folder->second);
  answer.checks = analysis::cross_checks(kept.plan, kept.record);
  if (setting_.prices != nullptr && best.good) {
    answer.cost = analysis::monthly_cost(kept.plan, kept.record, *setting_.prices);
  }
}

// Only the runs that prove something are kept.
void Search::drop_other_runs(const Answer& answer) const {
  std::map<std::string, fs::path> others = folders_;
  for (const TriedValue& value : answer.proof) {
    for (const PlannedRun& run : value.runs) others.erase(run.replay);
  }
  std::error_code ignored;
  for (const auto& [replay, folder] : others) {
    fs::remove_all(folder, ignored);
    fs::remove(folder.parent_path(), ignored);  // if it is empty
  }
}

}  // namespace

Answer answer_question(const PlanSetting& setting, const PlanQuestion& question,
                       PlannedRuns& runs) {
  Answer answer = Search(setting, question, runs).run();
  for (TriedValue& value : answer.tried) {
    const bool kept =
        std::any_of(answer.proof.begin(), answer.proof.end(),
                    [&](const TriedValue& each) { return each.value == value.value; });
    if (kept) continue;
    for (PlannedRun& run : value.runs) run.replay.clear();
  }
  return answer;
}

std::string without(const std::vector<std::string>& regions) {
  std::string text;
  for (const std::string& region : regions) text += (text.empty() ? "without " : " and ") + region;
  return text;
}

}  // namespace wanlab::app
