// Region names become small numbers, once and for all.
#include <gtest/gtest.h>

#include <string>

#include "real_components/routing/region_table.hpp"

namespace wanlab::routing {
namespace {

TEST(RegionTable, GivesOneNumberPerNameAndKeepsIt) {
  RegionTable regions;
  const RegionId first = regions.intern("us-east-1");
  const RegionId second = regions.intern("eu-west-1");
  EXPECT_NE(first, second);
  EXPECT_EQ(regions.intern(std::string("us-east-1")), first);
  EXPECT_EQ(regions.find("eu-west-1"), second);
  EXPECT_EQ(regions.name(second), "eu-west-1");
  EXPECT_EQ(regions.size(), 2u);
  EXPECT_EQ(regions.find("nowhere"), no_region);
}

TEST(RegionTable, KeepsNamesInPlaceWhileItGrowsAndRefusesBeyondItsRange) {
  RegionTable regions;
  const std::string_view first = regions.name(regions.intern("first"));
  for (int i = 0; i < 65'534; ++i)
    ASSERT_NE(regions.intern("region" + std::to_string(i)), no_region);
  EXPECT_EQ(regions.intern("one too many"), no_region);
  EXPECT_EQ(first, "first");
}

}  // namespace
}  // namespace wanlab::routing
