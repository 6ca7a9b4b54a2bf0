// The search for the place where yes turns to no.
#include "analysis/planner/bracket_search.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace wanlab::analysis {
namespace {

using Wanted = BracketSearch::Wanted;

// Asks until the end; how many values were asked.
std::size_t search(BracketSearch& search, const std::function<bool(std::uint64_t)>& good,
                   std::size_t room = 1) {
  std::size_t asked = 0;
  while (!search.finished()) {
    const auto values = search.ask(room);
    EXPECT_FALSE(values.empty()) << "it neither ends nor asks";
    if (values.empty()) break;
    for (const std::uint64_t value : values) search.tell(value, good(value));
    asked += values.size();
  }
  return asked;
}

TEST(BracketSearch, FindsTheSmallestGoodValueAndItsBadNeighbourWhereverTheyAre) {
  for (std::uint64_t turn = 2; turn <= 100; ++turn) {
    for (const std::size_t room : {1u, 2u, 5u}) {
      for (const std::uint64_t start : {1u, 8u, 100u}) {
        BracketSearch wanted(Wanted::smallest, {.least = 1, .most = 100, .start = start});
        const std::size_t asked = search(
            wanted, [&](std::uint64_t value) { return value >= turn; }, room);
        ASSERT_EQ(wanted.good(), turn);
        ASSERT_EQ(wanted.bad(), turn - 1);
        ASSERT_LE(asked, room == 1 ? 14u : 45u) << turn << " from " << start;
      }
    }
  }
}

TEST(BracketSearch, BracketsTheLargestGoodValueToItsTolerance) {
  for (const std::uint64_t turn : {1'234u, 987'654u, 123'456'789u}) {
    BracketSearch wanted(
        Wanted::largest,
        {.least = 1000, .most = 1'000'000'000, .start = 1'000'000, .tolerance = 0.02});
    search(wanted, [&](std::uint64_t value) { return value < turn; });
    ASSERT_TRUE(wanted.good() && wanted.bad());
    EXPECT_LT(*wanted.good(), turn);
    EXPECT_GE(*wanted.bad(), turn);
    EXPECT_LE(static_cast<double>(*wanted.bad()), static_cast<double>(*wanted.good()) * 1.02);
  }
}

TEST(BracketSearch, SaysSoWhereNothingIsGoodOrEverythingIs) {
  BracketSearch none(Wanted::smallest, {.least = 1, .most = 64, .start = 4});
  search(none, [](std::uint64_t) { return false; });
  EXPECT_FALSE(none.good());
  EXPECT_EQ(none.bad(), 64u);
  BracketSearch all(Wanted::smallest, {.least = 1, .most = 64, .start = 4});
  search(all, [](std::uint64_t) { return true; });
  EXPECT_EQ(all.good(), 1u);
  EXPECT_FALSE(all.bad());
}

TEST(BracketSearch, NoticesAnswersThatTurnTwice) {
  BracketSearch wanted(Wanted::smallest, {.least = 1, .most = 64, .start = 16});
  search(
      wanted, [](std::uint64_t value) { return value != 32 && value >= 7; }, 3);
  EXPECT_EQ(wanted.good(), 7u);
  EXPECT_EQ(wanted.bad(), 6u);
  wanted.tell(40, false);
  EXPECT_TRUE(wanted.contradicted());
}

}  // namespace
}  // namespace wanlab::analysis
