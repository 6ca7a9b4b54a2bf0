// Makes a failing world smaller as long as it still fails. Knows how plans can be reduced, not how
// they are run or judged.
#pragma once

#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace wanlab::fuzz {

// One way to make a plan smaller. It may leave names that lead nowhere: such a plan is skipped.
struct Reduction {
  std::string what;  // "without fault slow-2"
  std::function<void(scenario::Plan&)> apply;
};

// Everything that could be left out of or made shorter in this plan, what saves most first.
std::vector<Reduction> reductions(const scenario::Plan& plan);

struct Shrunk {
  scenario::Plan plan;
  std::uint32_t runs = 0;               // trials made
  std::vector<std::string> reductions;  // that held
};

// `still_fails` runs a plan and says whether it fails in the same way. `may_go_on` is asked before
// each run.
Shrunk shrink(const scenario::Plan& failing,
              const std::function<bool(const scenario::Plan&)>& still_fails,
              const std::function<bool()>& may_go_on);

}  // namespace wanlab::fuzz
