// Figures as people read them. For display only: nothing here is parsed back.
#pragma once

#include "sim/base/units.hpp"

#include <cstdint>
#include <string>

namespace wanlab::analysis {

std::string grouped(std::uint64_t value);          // "1,234,567"
std::string decimals(double value, int places);    // "12.35"; large values are grouped
std::string percent(double share);                 // 0.973: "97.3 %"
std::string duration_text(Duration duration);      // "850 us", "12.3 ms", "1 min 52.3 s"
std::string milliseconds_text(Duration duration);  // "1,234.568", for columns in ms
std::string bytes_text(std::uint64_t bytes);       // "512 B", "1.43 GiB"

inline double milliseconds_of(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}
inline double seconds_of(Duration duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

}  // namespace wanlab::analysis
