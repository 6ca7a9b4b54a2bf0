// Finds the first moment at which the histories of two plans part, and what led there, by running
// both and listening. Each runs twice: once to find about where, once to hear what happened there.
#pragma once

#include "analysis/comparison_report.hpp"
#include "sim/scenario/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace wanlab::app {

struct PartingSearch {
  std::optional<analysis::Parting> parting;
  std::string note;  // why there is none
  bool interrupted = false;
};
// `quiet`: without showing how far it is.
PartingSearch find_parting(const scenario::Plan& a, const scenario::Plan& b, bool quiet);

// What the second plan says otherwise, as "path: before -> after".
std::vector<std::string> differences_of(const scenario::Plan& a, const scenario::Plan& b);

}  // namespace wanlab::app
