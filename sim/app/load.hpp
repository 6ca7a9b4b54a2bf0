// Loading with every check that needs no run.
#pragma once

#include "sim/scenario/load_plan.hpp"
#include "sim/scenario/plan.hpp"

#include <filesystem>

namespace wanlab::app {

// scenario::load_plan, and the expectations name metrics that exist. Throws base::InputError.
scenario::Plan load_checked_plan(const std::filesystem::path& file,
                                 const scenario::Overrides& overrides);

}  // namespace wanlab::app
