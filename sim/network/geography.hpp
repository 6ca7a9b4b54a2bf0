// Distances on the globe in integer millimetres. Must give the same bits on every machine, so it
// uses IEEE + - * / and sqrt only, never the mathematics library.
#pragma once

#include <cstdint>

namespace wanlab::network {

using Millimetres = std::int64_t;

inline constexpr double millimetres_per_kilometre = 1e6;

// Rounds to the nearest millimetre. Kilometres must not be negative.
constexpr Millimetres to_millimetres(double kilometres) {
  return static_cast<Millimetres>(kilometres * millimetres_per_kilometre + 0.5);
}

// The great circle between two places in degrees, on a sphere of the mean Earth radius 6371.0088 km
// (IUGG).
double great_circle_kilometres(double latitude_a, double longitude_a, double latitude_b,
                               double longitude_b);

}  // namespace wanlab::network
