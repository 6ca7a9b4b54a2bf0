// Writing text result sets, row by row or at once, in the classic form (EOF after the columns and
// after the rows) or the newer one (deprecate_eof: a single OK after the rows).
#pragma once

#include "real_components/mysql/capabilities.hpp"
#include "real_components/mysql/errors.hpp"
#include "real_components/mysql/responses.hpp"
#include "real_components/runtime/bytes.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace wanlab::mysql {

struct Column {
  std::string_view name{};
  ColumnType type = ColumnType::variable_string;
  std::uint16_t collation = utf8mb4_0900_ai_ci;
  std::uint32_t length = 1024;  // the longest value, in bytes
  std::uint16_t flags = 0;
  std::uint8_t decimals = 0;
  std::string_view schema{};
  std::string_view table{};
  std::string_view original_table{};
  std::string_view original_name{};
};

// The text of a value, or NULL.
using Value = std::optional<std::string_view>;

// In order: begin, row..., then finish or fail.
class ResultSetWriter {
 public:
  // `sequence` is the first of the answer (1 for a command). Of the capabilities only deprecate_eof
  // matters.
  ResultSetWriter(Bytes& out, std::uint8_t sequence, Capabilities capabilities)
      : out_(out), sequence_(sequence), capabilities_(capabilities) {}

  // `status` is repeated in the classic form's first EOF. At least one column.
  void begin(std::span<const Column> columns, StatusFlags status = status::autocommit);
  // As many values as there are columns.
  void row(std::span<const Value> values);
  void finish(StatusFlags status = status::autocommit, std::uint16_t warnings = 0);
  // An ERR packet in place of the next row ends the result set.
  void fail(const ErrorCode& code, std::string_view message);

  std::uint8_t next_sequence() const { return sequence_; }

 private:
  Bytes& out_;
  std::uint8_t sequence_;
  Capabilities capabilities_;
};

// A whole result set. `values` holds the rows one after the other. Returns the sequence that
// follows.
std::uint8_t write_result_set(Bytes& out, std::uint8_t sequence, std::span<const Column> columns,
                              std::span<const Value> values, Capabilities capabilities,
                              StatusFlags status = status::autocommit);

}  // namespace wanlab::mysql
