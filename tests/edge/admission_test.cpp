// Token buckets: a burst, then the rate, and nobody punished for others.
#include "real_components/edge/admission.hpp"

#include <gtest/gtest.h>

namespace wanlab::edge {
namespace {

using namespace std::chrono_literals;

Instant at(Duration since_start) {
  return Instant(since_start);
}

std::array<std::uint8_t, 16> address(std::uint32_t number) {
  std::array<std::uint8_t, 16> ip{};
  for (unsigned i = 0; i < 4; ++i) ip[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  return ip;
}

TEST(Admission, AdmitsTheBurstAndThenTheRate) {
  TenantAdmission admission({.per_second = 10, .burst = 5});
  int admitted = 0;
  for (int i = 0; i < 20; ++i) admitted += admission.admit(0, at(1s)) ? 1 : 0;
  EXPECT_EQ(admitted, 5);
  EXPECT_FALSE(admission.admit(0, at(1s + 99ms)));
  EXPECT_TRUE(admission.admit(0, at(1s + 100ms)));
  admitted = 0;
  for (int i = 0; i < 1000; ++i) admitted += admission.admit(0, at(2s + i * 10ms)) ? 1 : 0;
  EXPECT_NEAR(admitted, 100 + 5, 2);
}

TEST(Admission, GivesEveryTenantItsOwn) {
  TenantAdmission admission({.per_second = 1, .burst = 1});
  EXPECT_TRUE(admission.admit(0, at(0s)));
  EXPECT_FALSE(admission.admit(0, at(0s)));
  EXPECT_TRUE(admission.admit(7, at(0s)));
}

TEST(Admission, WithoutARateAdmitsAll) {
  TenantAdmission admission({});
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(admission.admit(3, at(0s)));
}

TEST(Admission, LimitsAnAddressAndNotItsNeighbour) {
  AddressAdmission admission({.per_second = 1, .burst = 3}, 12345);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(admission.admit(address(1), at(0s)));
  EXPECT_FALSE(admission.admit(address(1), at(0s)));
  EXPECT_TRUE(admission.admit(address(2), at(0s)));
  EXPECT_TRUE(admission.admit(address(1), at(1s)));
}

TEST(Admission, NeverRefusesAnAddressForTheLoadOfOthers) {
  AddressAdmission admission({.per_second = 1, .burst = 1}, 99, 8);
  for (std::uint32_t i = 0; i < 100'000; ++i) ASSERT_TRUE(admission.admit(address(i), at(1s))) << i;
}

}  // namespace
}  // namespace wanlab::edge
