// What a run looked like over time: many counters and levels, noted together at the end of every
// row. Bounded memory however long the run: when there are too many rows, every second one goes.
#pragma once

#include "real_components/runtime/time.hpp"
#include "sim/trace/histogram.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wanlab::trace {

// A list of whole numbers as text: the difference to the one before (the first: to zero). A
// difference d is written as 2d, a negative one as -2d - 1, in base64 digits of five bits, the
// lowest first; all but the last have the sixth bit set (digits as in source maps,
// https://tc39.es/ecma426/). "~" and such a number stand for so many differences of zero. About one
// byte for each value of a counter that grows steadily.
class PackedNumbers {
 public:
  void push(std::uint64_t value);
  std::size_t size() const { return size_; }
  // Complete only after this; pushing may go on.
  const std::string& text();
  // Throws std::invalid_argument for what is no such text.
  static std::vector<std::uint64_t> unpack(std::string_view text);

 private:
  void write_zeros();

  std::string text_;
  std::uint64_t last_ = 0;
  std::uint32_t zeros_ = 0;  // differences not yet written
  std::size_t size_ = 0;
};

// A counter only grows, save that a machine that starts anew counts from zero again; a level is
// what stood at the end of the row.
enum class Measure : std::uint8_t { counter, level };

struct TimelineColumn {
  std::string subject;  // "" for the whole run, "edge iad", "backhaul iad us-east-1", ...
  std::string name;     // "established"
  Measure measure = Measure::counter;
  std::uint32_t first_row = 0;  // zero in all rows before
  PackedNumbers values;
};

// How long things took, by row: only what happened in the row. Buckets are of a coarser Histogram:
// 32 per power of two, the middle of a bucket is within 1.6 % of its values.
struct LatencyRows {
  static constexpr unsigned shift = 1;
  static constexpr std::size_t buckets = Histogram::bucket_count >> shift;
  using Row = std::vector<std::pair<std::uint16_t, std::uint32_t>>;  // bucket and count, by bucket
  std::vector<Row> rows;
};

struct TimelineRecord {
  Duration interval{};
  std::uint32_t rows = 0;  // number i ends at (i + 1) * interval, the last at the end of the run
  std::vector<TimelineColumn> columns;
  LatencyRows connect, query;
};

class Timeline {
 public:
  using Column = std::uint32_t;
  static constexpr std::uint32_t most_rows = 1440;

  explicit Timeline(Duration interval) : interval_(interval), row_ends_(interval) {}

  Column add(std::string subject, std::string name, Measure measure = Measure::counter);
  void set(Column column, std::uint64_t value) { present_[column] = value; }
  void add_connect(Histogram::Bucket bucket) { ++connect_[bucket >> LatencyRows::shift]; }
  void add_query(Histogram::Bucket bucket) { ++query_[bucket >> LatencyRows::shift]; }

  Duration interval() const { return interval_; }
  // When the row that is being filled ends.
  Instant row_ends() const { return row_ends_; }
  // Notes what was set. Columns keep their values.
  void end_row();
  TimelineRecord take();

 private:
  using Counts = std::array<std::uint32_t, LatencyRows::buckets>;
  static void move_counts(Counts& counts, LatencyRows& rows);
  void halve();

  Duration interval_;
  Instant row_ends_;
  std::uint32_t rows_ = 0;
  std::vector<TimelineColumn> columns_;
  std::vector<std::uint64_t> present_;
  Counts connect_{}, query_{};
  LatencyRows connect_rows_, query_rows_;
};

}  // namespace wanlab::trace
