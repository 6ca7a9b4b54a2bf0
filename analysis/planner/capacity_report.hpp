// The answers to capacity questions, as plain values, and their forms for people and programs.
#pragma once

#include "analysis/planner/cross_check.hpp"
#include "analysis/planner/prices.hpp"
#include "sim/base/units.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::analysis {

// One run that was made for a question.
struct PlannedRun {
  std::string what;  // "3 edge nodes at iad, without us-east-1"
  bool passed = false;
  std::vector<std::string> failures;  // "connections.failed: expected equal to 0, got 12"
  std::uint64_t seed = 0;
  std::uint64_t established = 0, failed = 0;
  std::optional<double> connect_p99_ms, query_p99_ms;
  std::string replay;  // the command; empty: the run was not kept
};

// One value of what was varied, and whether the objective held in all its runs.
struct TriedValue {
  std::uint64_t value = 0;
  std::string words;
  bool good = false;
  std::vector<PlannedRun> runs;
};

// A place that was considered for a POP.
struct PlannedPlace {
  std::string site;
  double latitude = 0, longitude = 0;
  bool existing = false;
  double covered = 0;      // share of users within the limit, with this and those before
  double mean_rtt_ms = 0;  // of all users to their nearest, likewise
};

struct Answer {
  enum class Outcome : std::uint8_t {
    proven,      // the value passes, its neighbour fails
    at_bound,    // the best value allowed passes, so there is no neighbour to fail
    impossible,  // no value within the bounds passes
    computed,    // from the topology alone, without runs
    interrupted,
  };
  std::string question;  // "edge nodes at iad"
  std::string headline;  // "3 edge nodes at iad pass, 2 fail"
  std::string name;      // "edges"
  Outcome outcome = Outcome::interrupted;
  std::optional<std::uint64_t> value;  // in the question's unit; load in millionths
  std::vector<TriedValue> tried;       // in order of value
  std::vector<TriedValue> proof;       // what passes, then what fails
  std::vector<std::string> notes;
  std::vector<CrossCheck> checks;  // of the run that passes
  std::vector<CostLine> cost;      // of the same
  std::vector<PlannedPlace> places;
};

struct CapacityReport {
  std::string scenario, file, why, topology;
  std::uint64_t connections = 0;       // that the scenario's clients open
  std::vector<std::string> objective;  // in words
  std::string loss;                    // "none", "any 1 of us-east-1, eu-west-1"
  std::vector<std::uint64_t> seeds;
  std::string command;  // as typed
  std::string version;
  std::string currency;  // empty: no prices given
  bool interrupted = false;
  std::uint64_t runs = 0;
  Duration wall{};
  std::vector<Answer> answers;

  // Every question has an answer within its bounds.
  bool met() const;
};

std::string_view to_string(Answer::Outcome outcome);

std::string capacity_text(const CapacityReport& report);
std::string capacity_markdown(const CapacityReport& report);
std::string capacity_json(const CapacityReport& report);

}  // namespace wanlab::analysis
