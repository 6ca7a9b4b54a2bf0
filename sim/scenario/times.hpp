// When things of a plan are due. Moments count from the end of the warm-up.
#pragma once

#include "sim/scenario/plan.hpp"

namespace wanlab::scenario {

// When the last connection of the group is closed if every attempt succeeds at once.
Duration done_by(const ClientGroup& group);

// When a run of the plan ends if all goes well; plan.duration leaves time for timeouts and retries
// besides. Counts from the start of the run, unlike the rest.
Duration likely_end(const Plan& plan);

}  // namespace wanlab::scenario
