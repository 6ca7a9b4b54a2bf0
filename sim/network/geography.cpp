// Great circles through the chord: two unit vectors, their distance, and the arc above it. The
// series below are exact to about 1e-15, which is nanometres on the ground.
#include "sim/network/geography.hpp"

#include <array>
#include <cmath>

namespace wanlab::network {
namespace {

constexpr double earth_radius_kilometres = 6371.0088;
constexpr double half_pi = 1.57079632679489661923;
constexpr double radians_per_degree = half_pi / 90;

// Taylor series about 0, for |x| <= pi/4.
double small_sine(double x) {
  const double square = x * x;
  double term = x;
  double sum = x;
  for (int n = 2; n <= 18; n += 2) {
    term *= -square / (n * (n + 1));
    sum += term;
  }
  return sum;
}

double small_cosine(double x) {
  const double square = x * x;
  double term = 1;
  double sum = 1;
  for (int n = 1; n <= 19; n += 2) {
    term *= -square / (n * (n + 1));
    sum += term;
  }
  return sum;
}

// Reduced in degrees, where multiples of 90 are exact.
double sine(double degrees) {
  while (degrees < 0) degrees += 360;
  while (degrees >= 360) degrees -= 360;
  const int octant = static_cast<int>(degrees / 45);
  switch (octant) {
    case 0:
      return small_sine(degrees * radians_per_degree);
    case 1:
    case 2:
      return small_cosine((degrees - 90) * radians_per_degree);
    case 3:
    case 4:
      return -small_sine((degrees - 180) * radians_per_degree);
    case 5:
    case 6:
      return -small_cosine((degrees - 270) * radians_per_degree);
    default:
      return small_sine((degrees - 360) * radians_per_degree);
  }
}

double cosine(double degrees) {
  return sine(degrees + 90);
}

// For 0 <= x <= 1. Above one half by asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)), where the series
// converges.
double arc_sine(double x) {
  if (x > 0.5) return half_pi - 2 * arc_sine(std::sqrt((1 - x) / 2));
  const double square = x * x;
  double term = x;
  double sum = x;
  for (int n = 1; n <= 60; n += 2) {
    term *= square * n / (n + 1);
    sum += term / (n + 2);
  }
  return sum;
}

std::array<double, 3> unit_vector(double latitude, double longitude) {
  const double ring = cosine(latitude);
  return {ring * cosine(longitude), ring * sine(longitude), sine(latitude)};
}

}  // namespace

double great_circle_kilometres(double latitude_a, double longitude_a, double latitude_b,
                               double longitude_b) {
  const auto a = unit_vector(latitude_a, longitude_a);
  const auto b = unit_vector(latitude_b, longitude_b);
  double square = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    square += (a[axis] - b[axis]) * (a[axis] - b[axis]);
  }
  const double half_chord = std::sqrt(square) / 2;
  return 2 * earth_radius_kilometres * arc_sine(half_chord < 1 ? half_chord : 1);
}

}  // namespace wanlab::network
