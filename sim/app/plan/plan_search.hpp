// Answers a capacity question by searching over runs: brackets the place where the objective turns
// from kept to broken, and proves it by the runs on both sides.
#pragma once

#include "analysis/planner/bracket_search.hpp"
#include "analysis/planner/capacity_report.hpp"
#include "sim/app/plan/planned_runs.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::app {

// What holds for all questions.
struct PlanSetting {
  scenario::Plan plan;                           // with the objective as its expectations
  std::vector<std::vector<std::string>> losses;  // sets of regions; one empty set: none is lost
  std::optional<Duration> lose_at;
  std::vector<std::uint64_t> seeds;
  const analysis::Prices* prices = nullptr;  // null: none given
};

struct PlanQuestion {
  std::string name;      // for labels: "edges-iad"
  std::string question;  // for people
  analysis::BracketSearch::Wanted wanted{};
  analysis::BracketSearch::Bounds bounds;
  std::function<void(scenario::Plan&, std::uint64_t)> set;
  std::function<std::string(std::uint64_t)> words, brief;  // "3 edge nodes", "3"
};

// Runs until the answer is proven, or Ctrl-C.
analysis::Answer answer_question(const PlanSetting& setting, const PlanQuestion& question,
                                 PlannedRuns& runs);

// "without us-east-1 and eu-west-1"; empty for none.
std::string without(const std::vector<std::string>& regions);

}  // namespace wanlab::app
