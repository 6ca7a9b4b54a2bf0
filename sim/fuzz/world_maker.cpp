#include "sim/fuzz/world_maker.hpp"

#include "sim/base/document_json.hpp"
#include "sim/fuzz/dice.hpp"
#include "sim/fuzz/timing.hpp"
#include "sim/scenario/check_references.hpp"

#include <string>

namespace wanlab::fuzz {

scenario::Plan make_world(std::uint64_t root_seed, std::uint64_t number) {
  scenario::Plan plan;
  plan.name = "world-" + std::to_string(root_seed) + "-" + std::to_string(number);
  plan.why = "World " + std::to_string(number) + " of root seed " + std::to_string(root_seed) +
             ": nothing in it may break a rule, and all of it has to recover.";
  const auto dice = [&](std::string_view part) {
    return Dice(root_seed, "world/" + std::to_string(number) + "/" + std::string(part));
  };
  plan.seed = number;
  make_places(plan, dice("places"));
  make_fleet(plan, dice("fleet"));
  make_workload(plan, dice("workload"));
  make_faults(plan, dice("faults"));
  set_times(plan);
  check(plan);
  return plan;
}

void check(const scenario::Plan& plan) {
  const base::Document nowhere(plan.name, base::Json::make_object());
  scenario::check_references(
      plan, [&](std::string_view, std::size_t, std::string_view) { return nowhere.root(); });
}

}  // namespace wanlab::fuzz
