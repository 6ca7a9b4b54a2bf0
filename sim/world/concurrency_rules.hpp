// How fast a serverless platform lets execution environments appear. Knows the two rules of AWS
// Lambda and nothing of what runs in the environments.
#pragma once

#include "sim/scenario/plan.hpp"

#include <vector>

namespace wanlab::world {

// For every group (of whatever kind), when each of its hosts may start, counted from the end of the
// warm-up and without the time of a cold start. Both rules are token buckets; under the one of 2022
// all functions of the account share one bucket, under the one of 2023 each function has its own
// (sources in plan.hpp).
std::vector<std::vector<Duration>> environment_starts(
    const std::vector<scenario::ClientGroup>& groups);

}  // namespace wanlab::world
