// Beside what the simulator found, what theory expects of the same plan: Erlang's C formula and
// M/M/c for the pools, the utilization law for edge CPUs, Little's law for what is open and under
// way. And in words where the two part, and what is known of why.
#pragma once

#include "sim/scenario/plan.hpp"
#include "sim/trace/run_record.hpp"

#include <string>
#include <vector>

namespace wanlab::analysis {

struct CrossCheck {
  std::string subject;   // "pool of origin-1.us-east-1"
  std::string quantity;  // "share of statements that wait"
  std::string simulated, theory;
  std::string method;       // "Erlang C, 4 servers, 3.60 Erlangs"
  std::string explanation;  // where they part and why; or that they agree
};

// Empty where nothing was under way.
std::vector<CrossCheck> cross_checks(const scenario::Plan& plan, const trace::RunRecord& record);

}  // namespace wanlab::analysis
