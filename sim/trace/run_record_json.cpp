// One visitor writes the fields of a record, another reads them; both follow record_fields.hpp.
#include "sim/trace/run_record_json.hpp"

#include "sim/trace/record_fields.hpp"

#include <limits>
#include <stdexcept>
#include <type_traits>

namespace wanlab::trace {

namespace {

using base::Json;
using base::Value;

constexpr std::uint64_t anything = std::numeric_limits<std::uint64_t>::max();

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};

using KindCounts = std::array<std::uint64_t, runtime::trace_kinds>;
static_assert(!std::is_same_v<KindCounts, FailureCounts>);

// The names of an enumeration's values in their order, for those that are written.
template <typename E>
std::vector<std::string_view> names_of() {
  std::vector<std::string_view> names;
  if constexpr (std::is_same_v<E, HostRole>) {
    names = {"client", "edge", "origin", "store", "database", "dns", "idle", "world"};
  } else if constexpr (std::is_same_v<E, Measure>) {
    names = {"counter", "level"};
  } else {
    std::size_t count = 0;
    if constexpr (std::is_same_v<E, ConnectionSample::Why>) count = 4;
    if constexpr (std::is_same_v<E, ConnectFailure>) count = connect_failures;
    if constexpr (std::is_same_v<E, runtime::TraceKind>) count = runtime::trace_kinds;
    for (std::size_t i = 0; i < count; ++i) names.push_back(to_string(static_cast<E>(i)));
  }
  return names;
}

Json packed(const std::vector<std::uint64_t>& numbers) {
  PackedNumbers pack;
  for (const std::uint64_t number : numbers) pack.push(number);
  return Json::make_text(pack.text());
}

std::vector<std::uint64_t> unpacked(const Value& value) {
  try {
    return PackedNumbers::unpack(value.any_text());
  } catch (const std::invalid_argument& error) {
    value.refuse(std::string("packed numbers are damaged: ") + error.what());
  }
}

// A packed list of a known length.
std::vector<std::uint64_t> unpacked(const Value& value, std::size_t length) {
  std::vector<std::uint64_t> numbers = unpacked(value);
  if (numbers.size() != length) {
    value.refuse_expected(std::to_string(length) + " packed numbers");
  }
  return numbers;
}

// ---- writing ----

template <typename T>
Json write(const T& value);

struct Writer {
  Json object = Json::make_object();

  template <typename T>
  void operator()(std::string_view key, const T& field) {
    object.members.emplace_back(key, write(field));
  }
  template <typename T>
  void operator()(std::string_view key, const std::optional<T>& field) {
    if (field) (*this)(key, *field);
  }
};

Json write_histogram(const Histogram& histogram) {
  Json object = Json::make_object();
  if (histogram.count() == 0) return object;
  object.set("count", Json::make_natural(histogram.count()));
  object.set("sum_ns", write(histogram.sum()));
  object.set("minimum_ns", write(histogram.minimum()));
  object.set("maximum_ns", write(histogram.maximum()));
  object.set("buckets", packed(histogram.counts()));
  return object;
}

// By bucket, over the rows: few buckets are ever used.
Json write_latencies(const LatencyRows& latencies) {
  std::vector<std::vector<std::uint64_t>> columns(LatencyRows::buckets);
  for (std::size_t row = 0; row < latencies.rows.size(); ++row) {
    for (const auto& [bucket, count] : latencies.rows[row]) {
      columns[bucket].resize(latencies.rows.size());
      columns[bucket][row] = count;
    }
  }
  Json array = Json::make_array();
  for (std::size_t bucket = 0; bucket < columns.size(); ++bucket) {
    if (columns[bucket].empty()) continue;
    Json column = Json::make_object();
    column.set("bucket", Json::make_natural(bucket));
    column.set("counts", packed(columns[bucket]));
    array.push(std::move(column));
  }
  return array;
}

struct SeriesPacker {
  std::vector<std::pair<std::string, PackedNumbers>> columns;
  std::size_t next = 0;
  template <typename T>
  void operator()(std::string_view key, const T& field) {
    if (next == columns.size()) columns.emplace_back(key, PackedNumbers());
    if constexpr (std::is_same_v<T, Duration>) {
      columns[next++].second.push(static_cast<std::uint64_t>(field.count()));
    } else {
      columns[next++].second.push(field);
    }
  }
};

Json write_series(const std::vector<SeriesRow>& rows) {
  SeriesPacker packer;
  for (const SeriesRow& row : rows) {
    packer.next = 0;
    visit_fields(packer, row);
  }
  Json object = Json::make_object();
  object.set("rows", Json::make_natural(rows.size()));
  for (auto& [key, column] : packer.columns) object.set(key, Json::make_text(column.text()));
  return object;
}

template <typename T>
Json write(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return Json::make_text(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return Json::make_boolean(value);
  } else if constexpr (std::is_unsigned_v<T>) {
    return Json::make_natural(value);
  } else if constexpr (std::is_same_v<T, Duration>) {
    return Json::make_natural(static_cast<std::uint64_t>(value.count()));
  } else if constexpr (std::is_same_v<T, Instant>) {
    return write(value.time_since_epoch());
  } else if constexpr (std::is_enum_v<T>) {
    return Json::make_text(std::string(names_of<T>()[static_cast<std::size_t>(value)]));
  } else if constexpr (std::is_same_v<T, Histogram>) {
    return write_histogram(value);
  } else if constexpr (std::is_same_v<T, LatencyRows>) {
    return write_latencies(value);
  } else if constexpr (std::is_same_v<T, PackedNumbers>) {
    PackedNumbers copy = value;
    return Json::make_text(copy.text());
  } else if constexpr (std::is_same_v<T, FailureCounts> || std::is_same_v<T, KindCounts>) {
    using Name =
        std::conditional_t<std::is_same_v<T, KindCounts>, runtime::TraceKind, ConnectFailure>;
    Json object = Json::make_object();
    const auto names = names_of<Name>();
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] != 0) object.set(names[i], Json::make_natural(value[i]));
    }
    return object;
  } else if constexpr (std::is_same_v<T, std::vector<SeriesRow>>) {
    return write_series(value);
  } else if constexpr (IsVector<T>::value) {
    Json array = Json::make_array();
    array.elements.reserve(value.size());
    for (const auto& element : value) array.push(write(element));
    return array;
  } else {
    Writer writer;
    visit_fields(writer, value);
    return std::move(writer.object);
  }
}

// ---- reading ----

struct KeyCollector {
  std::vector<std::string_view> keys;
  template <typename T>
  void operator()(std::string_view key, const T&) {
    keys.push_back(key);
  }
};

template <typename T>
void read(const Value& value, T& field);

struct Reader {
  base::Object object;

  template <typename T>
  void operator()(std::string_view key, T& field) {
    read(object.at(key), field);
  }
  template <typename T>
  void operator()(std::string_view key, std::optional<T>& field) {
    if (const auto found = object.find(key)) read(*found, field.emplace());
  }
};

Histogram read_histogram(const Value& value) {
  const base::Object object(value, "histogram",
                            {"count", "sum_ns", "minimum_ns", "maximum_ns", "buckets"});
  if (!object.has("count")) return {};
  Duration sum{}, minimum{}, maximum{};
  read(object.at("sum_ns"), sum);
  read(object.at("minimum_ns"), minimum);
  read(object.at("maximum_ns"), maximum);
  Histogram histogram = Histogram::restore(unpacked(object.at("buckets"), Histogram::bucket_count),
                                           sum, minimum, maximum);
  if (histogram.count() != object.at("count").count({0, anything})) {
    object.refuse("the counts of the buckets do not add up to \"count\"");
  }
  return histogram;
}

void read_latencies(const Value& value, LatencyRows& latencies) {
  for (const Value& element : value.elements()) {
    const base::Object column(element, "bucket", {"bucket", "counts"});
    const auto bucket =
        static_cast<std::uint16_t>(column.at("bucket").count({0, LatencyRows::buckets - 1}));
    const std::vector<std::uint64_t> counts = unpacked(column.at("counts"));
    if (counts.size() > latencies.rows.size()) latencies.rows.resize(counts.size());
    for (std::size_t row = 0; row < counts.size(); ++row) {
      if (counts[row] == 0) continue;
      latencies.rows[row].emplace_back(bucket, static_cast<std::uint32_t>(counts[row]));
    }
  }
}

struct SeriesUnpacker {
  const base::Object& object;
  std::vector<SeriesRow>& rows;
  std::size_t row = 0;
  std::vector<std::vector<std::uint64_t>> columns;
  std::size_t next = 0;

  template <typename T>
  void operator()(std::string_view key, T& field) {
    if (row == 0) columns.push_back(unpacked(object.at(key), rows.size()));
    const std::uint64_t number = columns[next++][row];
    if constexpr (std::is_same_v<T, Duration>) {
      field = Duration(static_cast<std::int64_t>(number));
    } else {
      field = number;
    }
  }
};

std::vector<SeriesRow> read_series(const Value& value) {
  SeriesRow any;
  KeyCollector collector;
  visit_fields(collector, any);
  collector.keys.push_back("rows");
  const base::Object object(value, "series", collector.keys);
  std::vector<SeriesRow> rows(object.at("rows").count({0, 10'000'000}));
  SeriesUnpacker unpacker{object, rows, 0, {}, 0};
  for (; unpacker.row < rows.size(); ++unpacker.row) {
    unpacker.next = 0;
    visit_fields(unpacker, rows[unpacker.row]);
  }
  return rows;
}

template <typename T>
void read(const Value& value, T& field) {
  if constexpr (std::is_same_v<T, std::string>) {
    field = value.any_text();
  } else if constexpr (std::is_same_v<T, bool>) {
    field = value.boolean();
  } else if constexpr (std::is_unsigned_v<T>) {
    field = static_cast<T>(value.count({0, std::numeric_limits<T>::max()}));
  } else if constexpr (std::is_same_v<T, Duration>) {
    field = Duration(static_cast<std::int64_t>(
        value.count({0, static_cast<std::uint64_t>(Duration::max().count())})));
  } else if constexpr (std::is_same_v<T, Instant>) {
    Duration since_start{};
    read(value, since_start);
    field = Instant(since_start);
  } else if constexpr (std::is_enum_v<T>) {
    field = static_cast<T>(value.choice(names_of<T>()));
  } else if constexpr (std::is_same_v<T, Histogram>) {
    field = read_histogram(value);
  } else if constexpr (std::is_same_v<T, LatencyRows>) {
    read_latencies(value, field);
  } else if constexpr (std::is_same_v<T, PackedNumbers>) {
    for (const std::uint64_t number : unpacked(value)) field.push(number);
  } else if constexpr (std::is_same_v<T, FailureCounts> || std::is_same_v<T, KindCounts>) {
    using Name =
        std::conditional_t<std::is_same_v<T, KindCounts>, runtime::TraceKind, ConnectFailure>;
    const auto names = names_of<Name>();
    const base::Object object(value, "counts", names);
    for (std::size_t i = 0; i < field.size(); ++i) {
      field[i] = object.count(names[i], 0, {0, anything});
    }
  } else if constexpr (std::is_same_v<T, std::vector<SeriesRow>>) {
    field = read_series(value);
  } else if constexpr (IsVector<T>::value) {
    for (const Value& element : value.elements()) read(element, field.emplace_back());
  } else {
    KeyCollector collector;
    visit_fields(collector, field);
    if constexpr (std::is_same_v<T, RunRecord>) collector.keys.push_back(record_format_key);
    Reader reader{base::Object(value, "run record", collector.keys)};
    visit_fields(reader, field);
  }
}

// Rows without any sample have no column that tells of them.
void complete(TimelineRecord& timeline, const Value& where) {
  for (LatencyRows* latencies : {&timeline.connect, &timeline.query}) {
    if (latencies->rows.size() > timeline.rows) where.refuse("more rows than the timeline has");
    latencies->rows.resize(timeline.rows);
  }
  for (const TimelineColumn& column : timeline.columns) {
    if (column.first_row + column.values.size() != timeline.rows) {
      where.refuse("column \"" + column.subject + "\" \"" + column.name +
                   "\" does not end with the timeline");
    }
  }
}

}  // namespace

Json to_json(const RunRecord& record) {
  Json root = Json::make_object();
  root.set(record_format_key, Json::make_natural(record_format));
  Json fields = write(record);
  for (Json::Member& member : fields.members) root.members.push_back(std::move(member));
  return root;
}

RunRecord read_run_record(const Value& root) {
  const Json* format = root.json().find(record_format_key);
  if (format == nullptr) root.refuse("this is not the record of a run: no \"record_format\"");
  if (*format != Json::make_natural(record_format)) {
    root.step(record_format_key, *format)
        .refuse_expected("the format this version writes, " + std::to_string(record_format));
  }
  RunRecord record;
  read(root, record);
  complete(record.timeline, root.step("timeline", *root.json().find("timeline")));
  return record;
}

}  // namespace wanlab::trace
