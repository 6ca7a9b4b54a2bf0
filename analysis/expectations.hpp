// The expectations of a scenario: checked for sense before the run, judged after it.
#pragma once

#include "analysis/summary.hpp"
#include "sim/scenario/plan.hpp"

#include <string>
#include <vector>

namespace wanlab::analysis {

// An expectation names one metric of metrics.hpp, or the difference or ratio of two of them:
//   "connect_latency_ms.p99"
//   "groups.direct.first_answer_latency_ms.p50 - groups.edge.first_answer_latency_ms.p50"
//   "groups.two.connections.established_per_s / groups.one.connections.established_per_s"
// The operator stands between spaces, so that names may contain "-" and "/".

// Something wrong with an expectation that can be known before running it, and its JSON pointer in
// the plan. An unknown metric comes with the nearest known one.
struct ExpectationProblem {
  std::string pointer, message;
};
std::vector<ExpectationProblem> problems_with_expectations(const scenario::Plan& plan);

// One verdict per bound. A metric without a value fails every bound.
std::vector<Verdict> judge(const scenario::Expectation& expectation, const Summary& summary);
// The same of all expectations on the whole run, in the order of the plan. Those with a window need a
// Witness, which has them judged too.
std::vector<Verdict> judge(const scenario::Plan& plan, const Summary& summary);

}  // namespace wanlab::analysis
