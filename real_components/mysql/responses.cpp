// OK, ERR and EOF packets.
#include "real_components/mysql/responses.hpp"

namespace wanlab::mysql {

namespace {

constexpr std::uint8_t ok_header = 0x00;
constexpr std::uint8_t eof_header = 0xfe;
constexpr std::uint8_t err_header = 0xff;
constexpr std::size_t sqlstate_size = 5;

std::uint8_t write_ok_with(Bytes& out, std::uint8_t sequence, std::uint8_t header,
                           const OkFields& fields) {
  PacketWriter packet(
      out, sequence,
      1 + 2 * lenenc_most + 4 + 2 * lenenc_most + fields.info.size() + fields.session_state.size());
  packet.u8(header);
  packet.lenenc(fields.affected_rows);
  packet.lenenc(fields.last_insert_id);
  packet.u16(fields.status);
  packet.u16(fields.warnings);
  const bool state_changed = (fields.status & status::session_state_changed) != 0;
  if (state_changed || !fields.info.empty()) packet.lenenc_text(fields.info);
  if (state_changed) packet.lenenc_text(as_text(fields.session_state));
  return packet.finish();
}

}  // namespace

std::uint8_t write_ok(Bytes& out, std::uint8_t sequence, const OkFields& fields) {
  return write_ok_with(out, sequence, ok_header, fields);
}

std::uint8_t write_ok_as_eof(Bytes& out, std::uint8_t sequence, const OkFields& fields) {
  return write_ok_with(out, sequence, eof_header, fields);
}

std::uint8_t write_err(Bytes& out, std::uint8_t sequence, const ErrorCode& code,
                       std::string_view message) {
  return write_err(out, sequence, code.number, code.state(), message);
}

std::uint8_t write_err(Bytes& out, std::uint8_t sequence, std::uint16_t code,
                       std::string_view sqlstate, std::string_view message) {
  PacketWriter packet(out, sequence, 3 + 1 + sqlstate.size() + message.size());
  packet.u8(err_header);
  packet.u16(code);
  if (sqlstate.size() == sqlstate_size) {
    packet.u8('#');
    packet.text(sqlstate);
  }
  packet.text(message);
  return packet.finish();
}

void write_early_err(Bytes& out, const ErrorCode& code, std::string_view message) {
  write_err(out, 0, code.number, {}, message);
}

std::uint8_t write_eof(Bytes& out, std::uint8_t sequence, const EofFields& fields) {
  PacketWriter packet(out, sequence, 5);
  packet.u8(eof_header);
  packet.u16(fields.warnings);
  packet.u16(fields.status);
  return packet.finish();
}

std::optional<OkFields> parse_ok(ByteView payload) {
  PayloadReader reader(payload);
  const std::uint8_t header = reader.u8();
  if (header != ok_header && header != eof_header) return std::nullopt;
  OkFields fields;
  fields.affected_rows = reader.lenenc();
  fields.last_insert_id = reader.lenenc();
  fields.status = reader.u16();
  fields.warnings = reader.u16();
  if (!reader.empty()) fields.info = as_text(reader.lenenc_bytes());
  if (!reader.empty() && (fields.status & status::session_state_changed) != 0) {
    fields.session_state = reader.lenenc_bytes();
  }
  if (!reader.ok()) return std::nullopt;
  return fields;
}

std::optional<ErrFields> parse_err(ByteView payload) {
  PayloadReader reader(payload);
  if (reader.u8() != err_header) return std::nullopt;
  ErrFields fields;
  fields.code = reader.u16();
  if (!reader.ok()) return std::nullopt;
  fields.message = as_text(reader.rest());
  if (fields.message.size() > sqlstate_size && fields.message[0] == '#') {
    fields.sqlstate = fields.message.substr(1, sqlstate_size);
    fields.message.remove_prefix(1 + sqlstate_size);
  }
  return fields;
}

std::optional<EofFields> parse_eof(ByteView payload) {
  if (!is_eof(payload)) return std::nullopt;
  PayloadReader reader(payload);
  reader.u8();
  EofFields fields;
  fields.warnings = reader.u16();
  fields.status = reader.u16();
  if (!reader.ok()) return std::nullopt;
  return fields;
}

}  // namespace wanlab::mysql
