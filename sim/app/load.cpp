// Plans fit to run.
#include "sim/app/load.hpp"

#include "analysis/expectations.hpp"

namespace wanlab::app {

scenario::Plan load_checked_plan(const std::filesystem::path& file,
                                 const scenario::Overrides& overrides) {
  scenario::Plan plan = scenario::load_plan(file, overrides);
  const auto problems = analysis::problems_with_expectations(plan);
  if (!problems.empty()) {
    throw base::InputError(file.string(), problems.front().pointer, problems.front().message);
  }
  return plan;
}

}  // namespace wanlab::app
