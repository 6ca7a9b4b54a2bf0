// How much memory a run will need, before it starts.
#pragma once

#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace wanlab::scenario {

// Most client connections open at the same time, when none fails.
std::uint64_t peak_connections(const Plan& plan);

// Memory of the whole process, in bytes; rather too much than too little.
std::uint64_t estimate_memory_bytes(const Plan& plan);

// What this process may use: physical memory, or the limit of its control group when that is lower.
std::uint64_t physical_memory_bytes();

// Why the plan must not run with `limit_bytes` of memory, with the estimate; empty when it fits.
std::optional<std::string> too_large_for(const Plan& plan, std::uint64_t limit_bytes);

}  // namespace wanlab::scenario
