// What a plan has to keep, in the words of a command line, as expectations of a scenario.
#pragma once

#include "sim/scenario/plan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace wanlab::analysis {

// One or several, separated by commas:
//   p99 connect under 250ms     p50, p90, p99, p999, max or mean of connect, query or first answer
//   nothing refused             no connection or statement failed, no limit of a machine was hit
//   nothing lost                no open connection was lost
//   connections.failed <= 10    any metric of a summary, with <=, >= or =
// Throws std::invalid_argument with what is understood.
std::vector<scenario::Expectation> read_objective(std::string_view text);

// The same of one POP alone; those that a POP has no figures for are left out.
std::vector<scenario::Expectation> at_pop(const std::vector<scenario::Expectation>& objective,
                                          const std::string& pop);

}  // namespace wanlab::analysis
