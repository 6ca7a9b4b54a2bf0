// Worlds from numbers: topology, fleet, routes, workload and faults of a whole plan, drawn from a
// root seed and the world's number. A plan made here is an ordinary one; it runs, replays and is
// judged like any other.
//
// Every world has two phases: faults come and go, then all are healed; some time later (timing.hpp)
// everything has to be as if nothing had been, and clients that come only then prove it. Which
// kinds of faults, clients and extras there are at all is drawn per world (swarm testing: Groce et
// al., ISSTA 2012), so that each world goes deep into a few of them.
#pragma once

#include "sim/scenario/plan.hpp"

#include <cstdint>

namespace wanlab::fuzz {

// Throws base::InputError only if it made nonsense, which is a defect of this room.
scenario::Plan make_world(std::uint64_t root_seed, std::uint64_t number);

// Throws base::InputError if a name in the plan leads nowhere.
void check(const scenario::Plan& plan);

// The parts, in the order in which they build on each other.
class Dice;
void make_places(scenario::Plan& plan, Dice dice);
void make_fleet(scenario::Plan& plan, Dice dice);
void make_workload(scenario::Plan& plan, Dice dice);
void make_faults(scenario::Plan& plan, Dice dice);

}  // namespace wanlab::fuzz
