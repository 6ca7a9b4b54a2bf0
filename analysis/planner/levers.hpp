// What a capacity question varies: a plan with one quantity set to another value. Pure changes of
// plans; every result is a plan like any other and replays by itself.
#pragma once

#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::analysis {

enum class Quantity : std::uint8_t {
  edges,     // edge nodes of a POP
  backhaul,  // backhaul connections of each edge node to each region
  pool,      // connections of each origin node of a region to each database server
  memory,    // of each edge node of a POP, in steps of memory_step
  load,      // of the clients, in millionths of the scenario's
  pops,      // POPs added
};
inline constexpr std::uint64_t memory_step = std::uint64_t{16} << 20;
inline constexpr std::uint64_t whole_load = 1'000'000;

struct Lever {
  Quantity quantity = Quantity::edges;
  std::string place;  // edges, backhaul, memory: a POP; pool: a region. Empty: all
};

// Sets it. Quantity::pops is not for here: see placement.hpp.
void set_quantity(scenario::Plan& plan, const Lever& lever, std::uint64_t value);
// What it is now; the largest where places differ.
std::uint64_t quantity_of(const scenario::Plan& plan, const Lever& lever);
// "3 nodes at iad", "load 1.25".
std::string words_of(const Lever& lever, std::uint64_t value);
// The same beside a value in full: "2".
std::string brief_words_of(const Lever& lever, std::uint64_t value);
std::string name_of(Quantity quantity);   // "edges"
std::string unit_of(const Lever& lever);  // "edge nodes at iad"

// Every client group with `load` millionths of its connections: whole hosts and connections per
// host that come closest, and at least one.
void scale_load(scenario::Plan& plan, std::uint64_t load);
std::uint64_t connections_in(const scenario::Plan& plan);

// The regions fail, silently. With a moment: at that moment of the run, until its end. Without one:
// a minute before the first client comes, so that the run shows the world as it is without them and
// not the moment of their loss; everything else happens that much later.
void lose_regions(scenario::Plan& plan, const std::vector<std::string>& regions,
                  std::optional<Duration> at);

// All ways to take `count` of `of`, in their order.
std::vector<std::vector<std::string>> combinations(const std::vector<std::string>& of,
                                                   std::size_t count);

}  // namespace wanlab::analysis
