// Text result sets.
#include "real_components/mysql/result_set.hpp"

namespace wanlab::mysql {

namespace {

constexpr std::uint8_t null_value = 0xfb;

std::uint8_t write_column(Bytes& out, std::uint8_t sequence, const Column& column) {
  const std::size_t names = column.schema.size() + column.table.size() +
                            column.original_table.size() + column.name.size() +
                            column.original_name.size();
  PacketWriter packet(out, sequence, 4 + names + 5 * lenenc_most + 13);
  packet.lenenc_text("def");
  packet.lenenc_text(column.schema);
  packet.lenenc_text(column.table);
  packet.lenenc_text(column.original_table);
  packet.lenenc_text(column.name);
  packet.lenenc_text(column.original_name);
  packet.u8(0x0c);  // the length of what follows
  packet.u16(column.collation);
  packet.u32(column.length);
  packet.u8(static_cast<std::uint8_t>(column.type));
  packet.u16(column.flags);
  packet.u8(column.decimals);
  packet.u16(0);
  return packet.finish();
}

}  // namespace

void ResultSetWriter::begin(std::span<const Column> columns, StatusFlags status) {
  PacketWriter count(out_, sequence_, lenenc_most);
  count.lenenc(columns.size());
  sequence_ = count.finish();
  for (const Column& column : columns) sequence_ = write_column(out_, sequence_, column);
  if ((capabilities_ & capability::deprecate_eof) == 0) {
    sequence_ = write_eof(out_, sequence_, {.status = status});
  }
}

void ResultSetWriter::row(std::span<const Value> values) {
  std::size_t most = 0;
  for (const Value& value : values) most += lenenc_most + (value ? value->size() : 0);
  PacketWriter packet(out_, sequence_, most);
  for (const Value& value : values) {
    if (value) {
      packet.lenenc_text(*value);
    } else {
      packet.u8(null_value);
    }
  }
  sequence_ = packet.finish();
}

void ResultSetWriter::finish(StatusFlags status, std::uint16_t warnings) {
  if ((capabilities_ & capability::deprecate_eof) == 0) {
    sequence_ = write_eof(out_, sequence_, {.warnings = warnings, .status = status});
  } else {
    sequence_ = write_ok_as_eof(out_, sequence_, {.status = status, .warnings = warnings});
  }
}

void ResultSetWriter::fail(const ErrorCode& code, std::string_view message) {
  sequence_ = write_err(out_, sequence_, code, message);
}

std::uint8_t write_result_set(Bytes& out, std::uint8_t sequence, std::span<const Column> columns,
                              std::span<const Value> values, Capabilities capabilities,
                              StatusFlags status) {
  ResultSetWriter writer(out, sequence, capabilities);
  writer.begin(columns, status);
  for (std::size_t at = 0; at + columns.size() <= values.size(); at += columns.size()) {
    writer.row(values.subspan(at, columns.size()));
  }
  writer.finish(status);
  return writer.next_sequence();
}

}  // namespace wanlab::mysql
