#include "sim/fuzz/shrinker.hpp"

#include "sim/base/document_json.hpp"
#include "sim/fuzz/timing.hpp"
#include "sim/fuzz/world_maker.hpp"

namespace wanlab::fuzz {

namespace {

bool makes_sense(const scenario::Plan& plan) {
  if (plan.edges.empty() || plan.clients.empty() || plan.credentials.empty()) return false;
  try {
    check(plan);
  } catch (const base::InputError&) {
    return false;
  }
  return true;
}

}  // namespace

// Greedy: what held is kept, and the list is made anew from the place it was at, because what was
// behind it is still worth trying. It ends after a whole list without any success.
Shrunk shrink(const scenario::Plan& failing,
              const std::function<bool(const scenario::Plan&)>& still_fails,
              const std::function<bool()>& may_go_on) {
  Shrunk result;
  result.plan = failing;
  std::size_t at = 0, since_success = 0;
  for (std::vector<Reduction> list = reductions(result.plan); since_success < list.size();) {
    if (at >= list.size()) at = 0;
    const Reduction& reduction = list[at];
    scenario::Plan candidate = result.plan;
    reduction.apply(candidate);
    set_times(candidate);
    bool smaller = false;
    if (makes_sense(candidate)) {
      if (!may_go_on()) break;
      ++result.runs;
      smaller = still_fails(candidate);
    }
    if (!smaller) {
      ++at;
      ++since_success;
      continue;
    }
    result.plan = std::move(candidate);
    result.reductions.push_back(reduction.what);
    list = reductions(result.plan);
    since_success = 0;
  }
  return result;
}

}  // namespace wanlab::fuzz
