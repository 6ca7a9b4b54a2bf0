// Packing, and making room when a run takes longer than expected.
#include "sim/trace/timeline.hpp"

#include <stdexcept>

namespace wanlab::trace {

namespace {

constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void append_number(std::string& text, std::uint64_t value) {
  do {
    const std::uint64_t five = value & 31;
    value >>= 5;
    text += digits[five | (value != 0 ? 32 : 0)];
  } while (value != 0);
}

std::uint64_t digit_value(char digit) {
  const std::size_t place = digits.find(digit);
  if (place == std::string_view::npos) throw std::invalid_argument("a foreign character");
  return place;
}

std::uint64_t read_number(std::string_view text, std::size_t& at) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 5) {
    if (at == text.size()) break;
    const std::uint64_t digit = digit_value(text[at++]);
    value |= (digit & 31) << shift;
    if (digit < 32) return value;
  }
  throw std::invalid_argument("a number without an end");
}

// The sign goes to the lowest bit, so that small negative differences are short, too.
std::uint64_t fold_sign(std::uint64_t difference) {
  const auto negative = static_cast<std::uint64_t>(static_cast<std::int64_t>(difference) >> 63);
  return (difference << 1) ^ negative;
}
std::uint64_t unfold_sign(std::uint64_t folded) {
  return (folded >> 1) ^ (0 - (folded & 1));
}

constexpr std::uint32_t longest_plain_zeros = 2;  // "~B" is no shorter
constexpr std::size_t most_numbers = 1 << 24;     // a damaged text must not exhaust memory

LatencyRows::Row sum_of(const LatencyRows::Row& left, const LatencyRows::Row& right) {
  LatencyRows::Row sum;
  auto one = left.begin(), other = right.begin();
  while (one != left.end() || other != right.end()) {
    if (other == right.end() || (one != left.end() && one->first < other->first)) {
      sum.push_back(*one++);
    } else if (one == left.end() || other->first < one->first) {
      sum.push_back(*other++);
    } else {
      sum.emplace_back(one->first, one->second + other->second);
      ++one;
      ++other;
    }
  }
  return sum;
}

void halve_latencies(LatencyRows& latencies) {
  std::vector<LatencyRows::Row> kept;
  for (std::size_t row = 0; row + 1 < latencies.rows.size(); row += 2) {
    kept.push_back(sum_of(latencies.rows[row], latencies.rows[row + 1]));
  }
  latencies.rows = std::move(kept);
}

}  // namespace

void PackedNumbers::push(std::uint64_t value) {
  ++size_;
  if (value == last_) {
    ++zeros_;
    return;
  }
  write_zeros();
  append_number(text_, fold_sign(value - last_));
  last_ = value;
}

void PackedNumbers::write_zeros() {
  if (zeros_ > longest_plain_zeros) {
    text_ += '~';
    append_number(text_, zeros_);
  } else {
    text_.append(zeros_, 'A');
  }
  zeros_ = 0;
}

const std::string& PackedNumbers::text() {
  write_zeros();
  return text_;
}

std::vector<std::uint64_t> PackedNumbers::unpack(std::string_view text) {
  std::vector<std::uint64_t> numbers;
  std::uint64_t last = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == '~') {
      const std::uint64_t zeros = read_number(text, ++at);
      if (zeros > most_numbers - numbers.size()) throw std::invalid_argument("too many numbers");
      numbers.insert(numbers.end(), zeros, last);
    } else {
      last += unfold_sign(read_number(text, at));
      numbers.push_back(last);
    }
  }
  return numbers;
}

Timeline::Column Timeline::add(std::string subject, std::string name, Measure measure) {
  columns_.push_back({std::move(subject), std::move(name), measure, 0, {}});
  present_.push_back(0);
  return static_cast<Column>(columns_.size() - 1);
}

void Timeline::end_row() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    TimelineColumn& column = columns_[i];
    if (column.values.size() == 0) {
      if (present_[i] == 0) continue;
      column.first_row = rows_;
    }
    column.values.push(present_[i]);
  }
  move_counts(connect_, connect_rows_);
  move_counts(query_, query_rows_);
  ++rows_;
  row_ends_ += interval_;
  if (rows_ == most_rows) halve();
}

void Timeline::move_counts(Counts& counts, LatencyRows& rows) {
  LatencyRows::Row& row = rows.rows.emplace_back();
  for (std::size_t bucket = 0; bucket < counts.size(); ++bucket) {
    if (counts[bucket] != 0) row.emplace_back(static_cast<std::uint16_t>(bucket), counts[bucket]);
  }
  if (!row.empty()) counts.fill(0);
}

void Timeline::halve() {
  for (TimelineColumn& column : columns_) {
    const std::vector<std::uint64_t> values = PackedNumbers::unpack(column.values.text());
    const std::uint32_t first = column.first_row;
    column.values = {};
    column.first_row = first / 2;
    for (std::uint32_t row = first | 1u; row < rows_ && !values.empty(); row += 2) {
      column.values.push(values[row - first]);
    }
  }
  halve_latencies(connect_rows_);
  halve_latencies(query_rows_);
  rows_ /= 2;
  interval_ *= 2;
  row_ends_ = Instant(interval_ * (rows_ + 1));
}

TimelineRecord Timeline::take() {
  TimelineRecord record;
  record.interval = interval_;
  record.rows = rows_;
  for (TimelineColumn& column : columns_) {
    if (column.values.size() == 0) continue;
    column.values.text();
    record.columns.push_back(std::move(column));
  }
  record.connect = std::move(connect_rows_);
  record.query = std::move(query_rows_);
  return record;
}

}  // namespace wanlab::trace
