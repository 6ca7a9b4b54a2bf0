// What the benchmarks compare with has to be right itself: a queue that loses or swaps events is
// fast.
#include "benchmarks/laws.hpp"
#include "benchmarks/measure.hpp"
#include "benchmarks/radix_heap.hpp"

#include <gtest/gtest.h>

#include <queue>

namespace wanlab::bench {
namespace {

TEST(RadixHeap, PopsInTheOrderOfASortedQueue) {
  const auto later = [](const SmallEvent& left, const SmallEvent& right) {
    return before(right, left);
  };
  for (const Law law : {Law::exponential, Law::wan}) {
    RadixHeap<SmallEvent> heap;
    std::priority_queue<SmallEvent, std::vector<SmallEvent>, decltype(later)> reference(later);
    Chance chance(7);
    std::uint64_t order = 0;
    const auto push = [&](std::uint64_t time) {
      heap.push({time, ++order});
      reference.push({time, order});
    };
    for (int i = 0; i < 1000; ++i) push(draw_residual(law, chance));
    for (int i = 0; i < 100'000; ++i) {
      const SmallEvent event = heap.pop();
      ASSERT_EQ(event.time, reference.top().time) << "event " << i;
      ASSERT_EQ(event.order, reference.top().order) << "event " << i;
      reference.pop();
      // Now and then for the very same instant.
      push(event.time + (i % 5 == 0 ? 0 : draw_increment(law, chance)));
    }
  }
}

TEST(Laws, HaveTheirMeans) {
  Chance chance(3);
  double exponential = 0, wan = 0;
  constexpr int draws = 1'000'000;
  for (int i = 0; i < draws; ++i) {
    exponential += static_cast<double>(draw_increment(Law::exponential, chance));
    wan += static_cast<double>(draw_increment(Law::wan, chance));
  }
  EXPECT_NEAR(exponential / draws, 1e9, 0.01e9);
  // 0.45 * 125 us + 0.45 * 85 ms + 0.1 * 45 s.
  EXPECT_NEAR(wan / draws, 4.5383e9, 0.05e9);
}

// Renewal theory: what is left of an increment under way has the mean E[X^2] / 2 E[X].
TEST(Laws, StartInTheirEquilibrium) {
  Chance chance(5);
  double left = 0;
  constexpr int draws = 200'000;
  for (int i = 0; i < draws; ++i) left += static_cast<double>(draw_residual(Law::wan, chance));
  EXPECT_NEAR(left / draws, 23.1e9, 0.3e9);
}

TEST(Samples, GiveMedianAndExtremes) {
  Samples samples;
  for (const double value : {5.0, 1.0, 100.0, 3.0, 4.0}) samples.add(value);
  const Spread spread = samples.spread();
  EXPECT_EQ(spread.median, 4);
  EXPECT_EQ(spread.least, 1);
  EXPECT_EQ(spread.most, 100);
}

}  // namespace
}  // namespace wanlab::bench
