// The short answers of a server: OK, ERR, EOF. Writing, and reading them back.
#pragma once

#include "real_components/mysql/capabilities.hpp"
#include "real_components/mysql/errors.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/runtime/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace wanlab::mysql {

struct OkFields {
  std::uint64_t affected_rows = 0;
  std::uint64_t last_insert_id = 0;
  StatusFlags status = status::autocommit;
  std::uint16_t warnings = 0;
  std::string_view info{};
  // Session-state changes, encoded; sent only with status::session_state_changed.
  ByteView session_state{};
};

struct ErrFields {
  std::uint16_t code = 0;
  std::string_view sqlstate{};  // empty in errors that come before the greeting
  std::string_view message{};
};

struct EofFields {
  std::uint16_t warnings = 0;
  StatusFlags status = status::autocommit;
};

// All writers append one packet to `out` and return the sequence of the packet that follows it.
std::uint8_t write_ok(Bytes& out, std::uint8_t sequence, const OkFields& fields = {});
std::uint8_t write_err(Bytes& out, std::uint8_t sequence, const ErrorCode& code,
                       std::string_view message);
std::uint8_t write_err(Bytes& out, std::uint8_t sequence, std::uint16_t code,
                       std::string_view sqlstate, std::string_view message);
// Instead of a greeting: sequence 0 and no SQLSTATE, because the client's capabilities are unknown.
void write_early_err(Bytes& out, const ErrorCode& code, std::string_view message);
std::uint8_t write_eof(Bytes& out, std::uint8_t sequence, const EofFields& fields = {});
// The end of a result set under deprecate_eof: an OK packet that begins like an EOF packet.
std::uint8_t write_ok_as_eof(Bytes& out, std::uint8_t sequence, const OkFields& fields = {});

// Nothing when the payload is not such a packet, or is malformed. The views point into the payload.
std::optional<OkFields> parse_ok(ByteView payload);  // with 0x00 or 0xfe in front
std::optional<ErrFields> parse_err(ByteView payload);
std::optional<EofFields> parse_eof(ByteView payload);

// An EOF packet is 0xfe and short; a long payload with 0xfe in front is a row.
inline bool is_eof(ByteView payload) {
  return !payload.empty() && payload.size() < 9 && payload[0] == std::byte{0xfe};
}
inline bool is_err(ByteView payload) {
  return !payload.empty() && payload[0] == std::byte{0xff};
}

}  // namespace wanlab::mysql
