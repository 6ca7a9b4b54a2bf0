// What a figure of a summary means where runs are compared: which way is worse, and whether it
// measures the run or the machine that ran it. Knows figures by their paths.
#pragma once

#include <cstdint>
#include <string_view>

namespace wanlab::analysis {

enum class Worse : std::uint8_t {
  neither,  // a matter of what was asked for: hosts, attempts, samples
  more,     // latencies, failures, use of finite resources
  less,     // what was achieved
};
Worse worse_when(std::string_view path);
std::string_view to_string(Worse worse);  // "more is worse"

// Time, memory and speed of the simulating machine: never the same twice.
bool measures_machine(std::string_view path);

}  // namespace wanlab::analysis
