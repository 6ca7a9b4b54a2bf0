// The ways in which a scenario can break a component on purpose, to show that an oracle sees it.
// sim/world/sabotage.cpp does it.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::scenario {

inline constexpr std::array<std::string_view, 10> sabotage_names{
    "endless-doubt",        // edges that doubt themselves for minutes go on sending to dead regions
    "no-hysteresis",        // edges follow every millisecond
    "stale-results",        // databases send a result once more in the place of the next one
    "verifiers-in-routes",  // an operator's tool writes Credentials where edges watch
    "revocation-forgotten",  // an operator's tool does not delete what it says it has revoked
    "mute-store",            // the global store stops speaking to anybody
    "credit-from-nowhere",   // origins allow their peers more than they count on
    "wordless-clients",      // clients' machines go without telling anybody
    "timers-kept",           // edges' timers cannot be called off
    "tied-sessions",         // edges end their clients' sessions with a backhaul connection
};

inline bool sabotaged(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace wanlab::scenario
