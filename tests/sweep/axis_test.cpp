// Values as a command line states them, and the grid they span.
#include "sim/sweep/axis.hpp"

#include <gtest/gtest.h>

namespace wanlab::sweep {
namespace {

std::string values(const std::string& text) {
  std::string all;
  for (const auto& step : read_axis("--vary", "x=" + text).steps) {
    all += (all.empty() ? "" : " ") + step.front();
  }
  return all;
}

std::string complaint(const std::string& text) {
  try {
    read_axis("--vary", text);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "none";
}

TEST(Axis, TakesListsAsTheyAre) {
  EXPECT_EQ(values("1,2,4"), "1 2 4");
  EXPECT_EQ(values("10ms"), "10ms");
  EXPECT_EQ(values("true,false,null"), "true false null");
}

TEST(Axis, PartsListsOutsideOfBracketsAndQuotesOnly) {
  EXPECT_EQ(values(R"(["a","b"],{"c":[1,2]},"d,\"e")"), R"(["a","b"] {"c":[1,2]} "d,\"e")");
}

TEST(Axis, CountsRangesWithTheirEnds) {
  EXPECT_EQ(values("1..5"), "1 2 3 4 5");
  EXPECT_EQ(values("10ms..50ms/10ms"), "10ms 20ms 30ms 40ms 50ms");
  EXPECT_EQ(values("1s..2s/400ms"), "1s 1.4s 1.8s") << "2s is not met";
  EXPECT_EQ(values("7..7"), "7");
}

TEST(Axis, RangesOfFractionsDoNotDrift) {
  EXPECT_EQ(values("0.1..0.5/0.1"), "0.1 0.2 0.3 0.4 0.5");
  EXPECT_EQ(values("0.5%..2%/0.5%"), "0.5% 1% 1.5% 2%");
}

TEST(Axis, RangesOfSizesAndRatesKeepTheirUnits) {
  EXPECT_EQ(values("1Gbit/s..3Gbit/s/1Gbit/s"), "1Gbit/s 2Gbit/s 3Gbit/s");
  EXPECT_EQ(values("64KiB..256KiB/64KiB"), "64KiB 128KiB 192KiB 256KiB");
}

TEST(Axis, MultipliesByAFactor) {
  EXPECT_EQ(values("1..64*4"), "1 4 16 64");
  EXPECT_EQ(values("10ms..1s*10"), "10ms 100ms 1s");
  EXPECT_EQ(values("3..20*2"), "3 6 12");
}

TEST(Axis, MixesListsAndRanges) {
  EXPECT_EQ(values("1..3,8,16"), "1 2 3 8 16");
}

TEST(Axis, RefusesWhatItCannotCount) {
  EXPECT_NE(complaint("x"), "none");
  EXPECT_NE(complaint("=1"), "none");
  EXPECT_NE(complaint("x="), "none");
  EXPECT_NE(complaint("x=1,,2").find("empty value"), std::string::npos);
  EXPECT_NE(complaint("x=1,2,1").find("twice"), std::string::npos);
  EXPECT_NE(complaint("x=1..3,2").find("twice"), std::string::npos);
  EXPECT_NE(complaint("x=5..1").find("upwards"), std::string::npos);
  EXPECT_NE(complaint("x=1ms..5").find("one kind"), std::string::npos);
  EXPECT_NE(complaint("x=1ms..5ms").find("1ms..5ms/1ms"), std::string::npos);
  EXPECT_NE(complaint("x=1ms..5ms/0ms").find("step"), std::string::npos);
  EXPECT_NE(complaint("x=1..5*1").find("factor"), std::string::npos);
  EXPECT_NE(complaint("x=0..5*2").find("nothing"), std::string::npos);
  EXPECT_NE(complaint("x=1..1000000").find("10,000"), std::string::npos);
}

TEST(Grid, ChangesTheLastAxisFastest) {
  const Grid grid({read_axis("--vary", "a=1,2"), read_axis("--vary", "b=x,y,z")});
  ASSERT_EQ(grid.points(), 6u);
  EXPECT_EQ(grid.at(0), (std::vector<Assignment>{{"a", "1"}, {"b", "x"}}));
  EXPECT_EQ(grid.at(1), (std::vector<Assignment>{{"a", "1"}, {"b", "y"}}));
  EXPECT_EQ(grid.at(5), (std::vector<Assignment>{{"a", "2"}, {"b", "z"}}));
  EXPECT_EQ(grid.steps(4), (std::vector<std::size_t>{1, 1}));
}

TEST(Grid, ZippedParametersAdvanceTogether) {
  const Grid grid({zipped({read_axis("--zip", "a=1,2"), read_axis("--zip", "b=x,y")})});
  ASSERT_EQ(grid.points(), 2u);
  EXPECT_EQ(grid.at(1), (std::vector<Assignment>{{"a", "2"}, {"b", "y"}}));
  EXPECT_THROW(zipped({read_axis("--zip", "a=1,2"), read_axis("--zip", "b=x")}), base::InputError);
}

TEST(Grid, RefusesAParameterTwiceAndMoreThanAnybodyHasTimeFor) {
  EXPECT_THROW(Grid({read_axis("--vary", "a=1"), read_axis("--vary", "a=2")}), base::InputError);
  EXPECT_THROW(Grid({read_axis("--vary", "a=1..10000"), read_axis("--vary", "b=1..10000")}),
               base::InputError);
}

}  // namespace
}  // namespace wanlab::sweep
