// The numbers of the MySQL client/server protocol: capability and status flags, commands, types.
// Source: MySQL 8 internals documentation, "Client/Server Protocol"
// (https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html).
#pragma once

#include <cstdint>
#include <string_view>

namespace wanlab::mysql {

using Capabilities = std::uint32_t;

namespace capability {
inline constexpr Capabilities long_password = 1U << 0;
inline constexpr Capabilities found_rows = 1U << 1;
inline constexpr Capabilities long_flag = 1U << 2;
inline constexpr Capabilities connect_with_db = 1U << 3;
inline constexpr Capabilities compress = 1U << 5;
inline constexpr Capabilities local_files = 1U << 7;
inline constexpr Capabilities ignore_space = 1U << 8;
inline constexpr Capabilities protocol_41 = 1U << 9;
inline constexpr Capabilities interactive = 1U << 10;
inline constexpr Capabilities ssl = 1U << 11;
inline constexpr Capabilities transactions = 1U << 13;
inline constexpr Capabilities secure_connection = 1U << 15;
inline constexpr Capabilities multi_statements = 1U << 16;
inline constexpr Capabilities multi_results = 1U << 17;
inline constexpr Capabilities ps_multi_results = 1U << 18;
inline constexpr Capabilities plugin_auth = 1U << 19;
inline constexpr Capabilities connect_attributes = 1U << 20;
inline constexpr Capabilities plugin_auth_lenenc = 1U << 21;
inline constexpr Capabilities session_track = 1U << 23;
inline constexpr Capabilities deprecate_eof = 1U << 24;
inline constexpr Capabilities optional_resultset_metadata = 1U << 25;
inline constexpr Capabilities query_attributes = 1U << 27;
}  // namespace capability

// What a server of this code base offers. Left out on purpose: local_files (a server that may ask
// for client files is a risk), compress, and whatever result sets here do not speak.
inline constexpr Capabilities server_capabilities =
    capability::long_password | capability::found_rows | capability::long_flag |
    capability::connect_with_db | capability::protocol_41 | capability::ssl |
    capability::transactions | capability::secure_connection | capability::multi_statements |
    capability::multi_results | capability::ps_multi_results | capability::plugin_auth |
    capability::connect_attributes | capability::plugin_auth_lenenc | capability::session_track |
    capability::deprecate_eof | capability::ignore_space;

// What a client of this code base asks for when the server offers it (connect_with_db and ssl are
// added as needed). Common drivers leave deprecate_eof away; it can be masked out in the options.
inline constexpr Capabilities client_capabilities =
    capability::long_password | capability::long_flag | capability::protocol_41 |
    capability::transactions | capability::secure_connection | capability::multi_statements |
    capability::multi_results | capability::ps_multi_results | capability::plugin_auth |
    capability::plugin_auth_lenenc | capability::deprecate_eof;

// What of a client's capabilities changes how statements are understood or answered, in one byte:
// a connection to a database serves the sessions whose dialect it was made with, so that answers
// pass through untouched.
using Dialect = std::uint8_t;

namespace dialect {
inline constexpr Dialect deprecate_eof = 1;
inline constexpr Dialect found_rows = 2;
inline constexpr Dialect multi_statements = 4;
inline constexpr Dialect multi_results = 8;
inline constexpr Dialect ps_multi_results = 16;
inline constexpr Dialect ignore_space = 32;
// Not of a connection: what a session does not track can be left out of its answers.
inline constexpr Dialect session_track = 64;
inline constexpr Dialect of_connections = 63;
}  // namespace dialect

constexpr Dialect dialect_of(Capabilities capabilities) {
  const auto bit = [capabilities](Capabilities flag, Dialect value) -> unsigned {
    return (capabilities & flag) != 0 ? value : 0u;
  };
  return static_cast<Dialect>(bit(capability::deprecate_eof, dialect::deprecate_eof) |
                              bit(capability::found_rows, dialect::found_rows) |
                              bit(capability::multi_statements, dialect::multi_statements) |
                              bit(capability::multi_results, dialect::multi_results) |
                              bit(capability::ps_multi_results, dialect::ps_multi_results) |
                              bit(capability::ignore_space, dialect::ignore_space) |
                              bit(capability::session_track, dialect::session_track));
}

// What a connection for sessions of that dialect asks for, on top of what all ask for.
constexpr Capabilities capabilities_of(Dialect spoken) {
  const auto flag = [spoken](Dialect value, Capabilities wanted) -> Capabilities {
    return (spoken & value) != 0 ? wanted : 0;
  };
  return flag(dialect::deprecate_eof, capability::deprecate_eof) |
         flag(dialect::found_rows, capability::found_rows) |
         flag(dialect::multi_statements, capability::multi_statements) |
         flag(dialect::multi_results, capability::multi_results) |
         flag(dialect::ps_multi_results, capability::ps_multi_results) |
         flag(dialect::ignore_space, capability::ignore_space);
}

using StatusFlags = std::uint16_t;

namespace status {
inline constexpr StatusFlags in_transaction = 0x0001;
inline constexpr StatusFlags autocommit = 0x0002;
inline constexpr StatusFlags more_results = 0x0008;
inline constexpr StatusFlags cursor_exists = 0x0040;
inline constexpr StatusFlags last_row_sent = 0x0080;
inline constexpr StatusFlags no_backslash_escapes = 0x0200;
inline constexpr StatusFlags metadata_changed = 0x0400;
inline constexpr StatusFlags ps_out_parameters = 0x1000;
inline constexpr StatusFlags in_read_only_transaction = 0x2000;
inline constexpr StatusFlags session_state_changed = 0x4000;
}  // namespace status

enum class CommandKind : std::uint8_t {
  quit = 0x01,
  init_db = 0x02,
  query = 0x03,
  field_list = 0x04,
  create_database = 0x05,
  drop_database = 0x06,
  refresh = 0x07,
  shutdown = 0x08,
  statistics = 0x09,
  process_info = 0x0a,
  process_kill = 0x0c,
  debug = 0x0d,
  ping = 0x0e,
  change_user = 0x11,
  statement_prepare = 0x16,
  statement_execute = 0x17,
  statement_send_long_data = 0x18,
  statement_close = 0x19,
  statement_reset = 0x1a,
  set_option = 0x1b,
  statement_fetch = 0x1c,
  reset_connection = 0x1f,
};

enum class ColumnType : std::uint8_t {
  tiny = 0x01,
  short_integer = 0x02,
  integer = 0x03,
  float_number = 0x04,
  double_number = 0x05,
  null_value = 0x06,
  timestamp = 0x07,
  long_integer = 0x08,
  date = 0x0a,
  date_time = 0x0c,
  json = 0xf5,
  decimal = 0xf6,
  blob = 0xfc,
  variable_string = 0xfd,
  string = 0xfe,
};

enum class AuthMethod : std::uint8_t { caching_sha2, native };

inline constexpr std::string_view caching_sha2_name = "caching_sha2_password";
inline constexpr std::string_view native_name = "mysql_native_password";

constexpr std::string_view to_string(AuthMethod method) {
  return method == AuthMethod::caching_sha2 ? caching_sha2_name : native_name;
}

// Collations by number: what a greeting announces and what columns carry.
inline constexpr std::uint8_t utf8mb4_0900_ai_ci = 255;
inline constexpr std::uint8_t utf8mb4_general_ci = 45;
inline constexpr std::uint16_t binary_collation = 63;

}  // namespace wanlab::mysql
