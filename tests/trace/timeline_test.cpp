// Many counters noted together at the end of rows, in bounded memory.
#include "sim/trace/timeline.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace wanlab::trace {
namespace {

std::vector<std::uint64_t> unpacked(const TimelineRecord& record, std::size_t column) {
  TimelineColumn copy = record.columns.at(column);
  return PackedNumbers::unpack(copy.values.text());
}

TEST(PackedNumbers, ReadBackWhatWasPushed) {
  const std::vector<std::uint64_t> numbers{0, 0,  0,  0,     7, 7, 7,        5, 1'000'000'000'000,
                                           3, 15, 16, ~0ull, 0, 1, ~0ull - 1};
  PackedNumbers packed;
  for (const std::uint64_t number : numbers) packed.push(number);
  EXPECT_EQ(packed.size(), numbers.size());
  EXPECT_EQ(PackedNumbers::unpack(packed.text()), numbers);
}

TEST(PackedNumbers, AreAsDescribed) {
  PackedNumbers packed;
  for (const std::uint64_t number : {1u, 0u, 16u, 16u, 16u, 16u, 17u}) packed.push(number);
  EXPECT_EQ(packed.text(), "CBgB~DC");  // +1, -1, +16, three times 0, +1
}

TEST(PackedNumbers, RefuseWhatIsNoSuchText) {
  EXPECT_THROW(PackedNumbers::unpack("!"), std::invalid_argument);
  EXPECT_THROW(PackedNumbers::unpack("g"), std::invalid_argument);         // goes on
  EXPECT_THROW(PackedNumbers::unpack("~//////B"), std::invalid_argument);  // a billion zeros
  EXPECT_THROW(PackedNumbers::unpack("//////////////"), std::invalid_argument);
}

TEST(Timeline, ColumnsBeginWhereTheyFirstCountAndEndTogether) {
  Timeline timeline(Duration(1s));
  const auto early = timeline.add("", "open", Measure::level);
  const auto late = timeline.add("edge iad", "failed");
  timeline.add("edge fra", "failed");
  timeline.set(early, 5);
  timeline.end_row();
  timeline.set(early, 2);
  timeline.set(late, 1);
  timeline.end_row();
  EXPECT_EQ(timeline.row_ends(), Instant(3s));
  const TimelineRecord record = timeline.take();
  ASSERT_EQ(record.columns.size(), 2u);  // what never counted is left out
  EXPECT_EQ(unpacked(record, 0), (std::vector<std::uint64_t>{5, 2}));
  EXPECT_EQ(record.columns[1].first_row, 1u);
  EXPECT_EQ(unpacked(record, 1), (std::vector<std::uint64_t>{1}));
}

TEST(Timeline, LatenciesCountInTheirRowOnly) {
  Timeline timeline(Duration(1s));
  const Histogram::Bucket bucket = Histogram::bucket_of(5ms);
  timeline.add_connect(bucket);
  timeline.add_connect(bucket);
  timeline.end_row();
  timeline.end_row();
  const TimelineRecord record = timeline.take();
  ASSERT_EQ(record.connect.rows.size(), 2u);
  ASSERT_EQ(record.connect.rows[0].size(), 1u);
  EXPECT_EQ(record.connect.rows[0][0].second, 2u);
  EXPECT_TRUE(record.connect.rows[1].empty());
}

TEST(Timeline, ALongRunGetsCoarserRowsWithTheSameFigures) {
  Timeline timeline(Duration(1s));
  const auto counter = timeline.add("", "counter");
  const auto late = timeline.add("", "late");
  const Histogram::Bucket bucket = Histogram::bucket_of(5ms);
  constexpr std::uint64_t seconds = 10'000;
  for (std::uint64_t second = 1; second <= seconds; ++second) {
    timeline.set(counter, 3 * second);
    timeline.set(late, second > 777 ? second - 777 : 0);
    timeline.add_query(bucket);
    if (timeline.row_ends() <= Instant(std::chrono::seconds(second))) timeline.end_row();
  }
  const Duration interval = timeline.interval();
  const TimelineRecord record = timeline.take();
  EXPECT_LT(record.rows, Timeline::most_rows);
  EXPECT_EQ(record.rows * (interval / 1s), 10'000 / (interval / 1s) * (interval / 1s));
  const auto step = static_cast<std::uint64_t>(interval / 1s);
  const std::vector<std::uint64_t> values = unpacked(record, 0);
  for (std::size_t row = 0; row < values.size(); ++row) {
    EXPECT_EQ(values[row], 3 * step * (row + 1)) << row;
  }
  const std::vector<std::uint64_t> later = unpacked(record, 1);
  EXPECT_EQ(record.columns[1].first_row + later.size(), record.rows);
  EXPECT_EQ(later.back(), step * record.rows - 777);
  std::uint64_t samples = 0;
  for (const LatencyRows::Row& row : record.query.rows) samples += row.empty() ? 0 : row[0].second;
  EXPECT_EQ(samples, step * record.rows);
}

}  // namespace
}  // namespace wanlab::trace
