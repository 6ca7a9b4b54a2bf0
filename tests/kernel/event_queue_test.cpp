// What any event queue of the kernel must do. A second implementation joins by one line at the end.
#include "sim/kernel/event_queue.hpp"
#include "sim/base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <queue>
#include <vector>

namespace wanlab::kernel {
namespace {

Event event(std::uint64_t time, Origin origin, std::uint64_t sequence, std::uint32_t target = 0) {
  return {time, (std::uint64_t{origin} << (64 - origin_bits)) | sequence, target, 0};
}

template <typename Queue>
class QueueSuite : public testing::Test {
 public:
  Queue queue;
};
TYPED_TEST_SUITE_P(QueueSuite);

TYPED_TEST_P(QueueSuite, StartsEmpty) {
  EXPECT_TRUE(this->queue.empty());
  EXPECT_EQ(this->queue.size(), 0u);
}

TYPED_TEST_P(QueueSuite, OrdersByTimeThenOriginThenSequence) {
  this->queue.push(event(5, 0, 0, 4));
  this->queue.push(event(3, 2, 0, 3));
  this->queue.push(event(3, 1, 9, 2));
  this->queue.push(event(3, 1, 8, 1));
  for (std::uint32_t expected = 1; expected <= 4; ++expected) {
    EXPECT_EQ(this->queue.pop().target, expected);
  }
}

TYPED_TEST_P(QueueSuite, TakesEventsForTheInstantThatIsBeingEmptied) {
  this->queue.push(event(100, 1, 0, 1));
  this->queue.push(event(100, 3, 0, 3));
  EXPECT_EQ(this->queue.pop().target, 1u);
  this->queue.push(event(100, 2, 0, 2));
  EXPECT_EQ(this->queue.pop().target, 2u);
  EXPECT_EQ(this->queue.pop().target, 3u);
}

TYPED_TEST_P(QueueSuite, TakesEarlierEventsAfterALookAhead) {
  this->queue.push(event(3'600'000'000'000, 0, 0, 2));
  EXPECT_EQ(this->queue.top().target, 2u);
  this->queue.push(event(5, 0, 1, 1));
  EXPECT_EQ(this->queue.top().target, 1u);
  EXPECT_EQ(this->queue.pop().target, 1u);
  EXPECT_EQ(this->queue.pop().target, 2u);
}

TYPED_TEST_P(QueueSuite, KeepsEventsFromNanosecondsToCenturies) {
  std::vector<std::uint64_t> times{
      0, 1, 65'535, 65'536, 4'194'304, 1'000'000'000, 86'400'000'000'000};
  for (unsigned bit = 40; bit < 63; ++bit) times.push_back(std::uint64_t{1} << bit);
  std::sort(times.begin(), times.end());
  for (std::size_t i = times.size(); i-- > 0;) this->queue.push(event(times[i], 0, i));
  for (const std::uint64_t time : times) EXPECT_EQ(this->queue.pop().time, time);
  EXPECT_TRUE(this->queue.empty());
}

// Against a plain heap, with the mixture of waits a WAN makes: frames, round trips, long timers.
TYPED_TEST_P(QueueSuite, AgreesWithAHeapOnRandomHistories) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TypeParam& tested = this->queue;
    const auto later = [](const Event& a, const Event& b) { return happens_before(b, a); };
    std::priority_queue<Event, std::vector<Event>, decltype(later)> model(later);
    NamedStream random(seed, "history");
    std::uint64_t now = seed * 1'000'000'000'000'000, sequence = 0;
    for (int i = 0; i < 200'000; ++i) {
      if (model.size() < 2000 && (model.empty() || random.below(2) == 0)) {
        constexpr std::uint64_t spans[] = {1, 1'000, 200'000, 100'000'000, 60'000'000'000};
        const Event next = event(now + random.below(spans[random.below(5)]),
                                 static_cast<Origin>(random.below(50)), sequence++);
        tested.push(next);
        model.push(next);
      } else {
        const Event expected = model.top();
        model.pop();
        const Event got = tested.pop();
        ASSERT_EQ(got.time, expected.time) << "after " << i << " operations";
        ASSERT_EQ(got.order, expected.order) << "after " << i << " operations";
        now = got.time;
      }
      ASSERT_EQ(tested.size(), model.size());
    }
    while (!tested.empty()) tested.pop();
  }
}

REGISTER_TYPED_TEST_SUITE_P(QueueSuite, StartsEmpty, OrdersByTimeThenOriginThenSequence,
                            TakesEventsForTheInstantThatIsBeingEmptied,
                            TakesEarlierEventsAfterALookAhead,
                            KeepsEventsFromNanosecondsToCenturies,
                            AgreesWithAHeapOnRandomHistories);
INSTANTIATE_TYPED_TEST_SUITE_P(Buckets, QueueSuite, EventQueue);

// Buckets of a few, of many, and of very many events at few different instants, which are sorted in
// different ways.
TEST(EventQueue, OrdersCrowdedBuckets) {
  for (const std::uint64_t crowd : {2u, 23u, 24u, 25u, 1000u, 20'000u}) {
    for (const std::uint64_t instants : {1u, 3u, 65'536u}) {
      EventQueue queue;
      std::uint64_t spread = 1;
      for (std::uint64_t i = 0; i < crowd; ++i) {
        spread = spread * 6364136223846793005 + 1442695040888963407;
        queue.push(
            event((1 << 20) + (spread >> 33) % instants, static_cast<Origin>(i % 7), crowd - i));
      }
      Event last = queue.pop();
      for (std::uint64_t i = 1; i < crowd; ++i) {
        const Event next = queue.pop();
        ASSERT_TRUE(happens_before(last, next))
            << crowd << " events at " << instants << " instants";
        last = next;
      }
      EXPECT_TRUE(queue.empty());
    }
  }
}

TEST(EventQueue, GivesItsMemoryBackToLaterEvents) {
  EventQueue queue;
  const auto churn = [&](std::uint64_t base) {
    for (std::uint64_t i = 0; i < 100'000; ++i) queue.push(event(base + i * 10'000, 0, i));
    while (!queue.empty()) queue.pop();
  };
  churn(0);
  const std::size_t after_first = queue.memory_bytes();
  for (std::uint64_t round = 1; round < 5; ++round) churn(round * 10'000'000'000);
  EXPECT_LE(queue.memory_bytes(), after_first * 11 / 10);
}

}  // namespace
}  // namespace wanlab::kernel
