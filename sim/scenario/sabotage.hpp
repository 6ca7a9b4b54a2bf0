// The ways in which a scenario can break a component on purpose, to show that an oracle sees it.
// sim/world/sabotage.cpp does it.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::scenario {

inline constexpr std::array<std::string_view, 9> sabotage_names{
    "endless-doubt",        // edges that doubt themselves for minutes go on sending to dead regions
    "no-hysteresis",        // edges follow every millisecond
    "swapped-answers",      // an origin gives the bytes of one database connection to another
    "verifiers-in-routes",  // an operator's tool writes Credentials where edges watch
    "revocation-forgotten",  // stores acknowledge the deletion of Credentials and keep them
    "mute-store",            // the store stops speaking to one edge
    "credit-from-nowhere",   // origins allow their peers more than they have room for
    "deaf-to-goodbyes",      // an edge does not hear that clients have gone
    "tied-sessions",         // an edge ends its clients' sessions with a backhaul connection
};

inline bool sabotaged(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace wanlab::scenario
