// Distances must be right to the metre and the same on every machine to the millimetre.
#include "sim/network/geography.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace wanlab::network {
namespace {

// The textbook formula with the mathematics library, which the code under test must not use.
double haversine(double lat_a, double lon_a, double lat_b, double lon_b) {
  const double radians = std::acos(-1.0) / 180;
  const double p = std::sin((lat_b - lat_a) * radians / 2);
  const double q = std::sin((lon_b - lon_a) * radians / 2);
  const double h = p * p + std::cos(lat_a * radians) * std::cos(lat_b * radians) * q * q;
  return 2 * 6371.0088 * std::asin(std::min(1.0, std::sqrt(h)));
}

TEST(GreatCircle, AgreesWithTheHaversineFormulaEverywhere) {
  std::mt19937_64 random(7);  // seed 7
  const auto unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  for (int i = 0; i < 20'000; ++i) {
    const double lat_a = unit() * 180 - 90, lon_a = unit() * 360 - 180;
    const double lat_b = unit() * 180 - 90, lon_b = unit() * 360 - 180;
    const double expected = haversine(lat_a, lon_a, lat_b, lon_b);
    // Near the antipode the haversine itself loses digits, hence 1 cm and not 1 mm.
    ASSERT_NEAR(great_circle_kilometres(lat_a, lon_a, lat_b, lon_b), expected, 1e-5)
        << lat_a << ' ' << lon_a << ' ' << lat_b << ' ' << lon_b;
  }
}

TEST(GreatCircle, KnowsTheSpecialPlaces) {
  constexpr double half_turn = 6371.0088 * 3.14159265358979323846;
  EXPECT_EQ(great_circle_kilometres(50.11, 8.68, 50.11, 8.68), 0);
  EXPECT_NEAR(great_circle_kilometres(90, 0, -90, 0), half_turn, 1e-6);
  EXPECT_NEAR(great_circle_kilometres(0, 0, 0, 180), half_turn, 1e-4);
  EXPECT_NEAR(great_circle_kilometres(0, 179.5, 0, -179.5), half_turn / 180, 1e-6);
  EXPECT_NEAR(great_circle_kilometres(90, 10, 90, -120), 0, 1e-6);
}

// Fixed on one machine; another compiler, optimization level or processor must give the same
// millimetres.
TEST(GreatCircle, IsTheSameNumberOfMillimetresOnEveryMachine) {
  EXPECT_EQ(to_millimetres(great_circle_kilometres(39.0438, -77.4874, 35.6762, 139.6503)),
            Millimetres{10'874'010'636});
  EXPECT_EQ(to_millimetres(great_circle_kilometres(-33.9249, 18.4241, 59.3293, 18.0686)),
            Millimetres{10'369'460'242});
}

}  // namespace
}  // namespace wanlab::network
