// When a made world heals, when it has to have recovered, and when its clients come and go. The
// bounds follow from the components' own policies, so that a world that misses them is a defect.
#pragma once

#include "sim/scenario/plan.hpp"

#include <string>

namespace wanlab::fuzz {

// Client groups whose name begins so come when the world has to have recovered.
inline const std::string proof_prefix = "proof-";

// When the last fault has healed, from the end of the warm-up.
Duration healed_by(const scenario::Plan& plan);
// How long after that everything may take to be well.
Duration recovery_bound(const scenario::Plan& plan);

// Sets settled_after, the stay of all client groups and the duration from the faults. Whoever
// changes faults of a made world calls it again.
void set_times(scenario::Plan& plan);

}  // namespace wanlab::fuzz
