// What a batch of scenarios came to: lines for people, JSON for programs, JUnit XML for CI viewers.
// Plain values in, text out; runs nothing.
#pragma once

#include "sim/base/units.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::analysis {

enum class CheckVerdict : std::uint8_t {
  passed,
  failed,       // an expectation, the baseline or the second run
  bad_input,    // the scenario or its baseline is no good
  broken,       // crashed, was stopped for taking too long, or said nothing sensible
  interrupted,  // not run, or not to its end
};
std::string_view to_string(CheckVerdict verdict);

struct CheckedScenario {
  std::string label;  // "failover/black-hole"
  std::string file;
  std::uint64_t seed = 1;
  CheckVerdict verdict = CheckVerdict::interrupted;
  std::vector<std::string> problems;  // sentences, the telling one first; empty when passed
  std::vector<std::string> changes;   // against the baseline, within its tolerance
  std::vector<std::string> figures;   // "query latency p99 84.2 ms"; zeros end in " 0"
  bool has_baseline = false;
  bool baseline_written = false;
  bool ran_twice = false;
  std::string digest;
  std::string replay;  // the command that shows it again
  std::string output;  // what the run printed to standard error
  Duration wall{};     // both runs together

  std::string folder() const;  // "failover"; "scenarios" where the label has none
  std::string name() const;    // "black-hole"
};

struct CheckTotals {
  std::size_t passed = 0, failed = 0, bad_input = 0, broken = 0, interrupted = 0;
  std::size_t twice = 0, without_baseline = 0;

  std::size_t all() const { return passed + failed + bad_input + broken + interrupted; }
};
CheckTotals totals_of(const std::vector<CheckedScenario>& scenarios);

// The line of a scenario, and below it what is wrong with it. `label_width`: of the label's column.
std::string check_lines(const CheckedScenario& scenario, std::size_t label_width, bool color);
std::string check_summary(const std::vector<CheckedScenario>& scenarios, Duration wall);
std::string check_json(const std::vector<CheckedScenario>& scenarios, Duration wall);
// testsuites / testsuite (one per folder) / testcase, as Jenkins, GitLab and GitHub's viewers read
// it.
std::string check_junit(const std::vector<CheckedScenario>& scenarios, Duration wall);

}  // namespace wanlab::analysis
