// Error numbers with their SQLSTATE, as clients of MySQL 8 know them.
// Source: MySQL 8 error message reference (server 1xxx/3xxx/4xxx, client 2xxx).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace wanlab::mysql {

struct ErrorCode {
  std::uint16_t number = 0;
  std::array<char, 5> sqlstate{'H', 'Y', '0', '0', '0'};

  constexpr std::string_view state() const { return {sqlstate.data(), sqlstate.size()}; }
  constexpr bool operator==(const ErrorCode&) const = default;
};

constexpr ErrorCode make_error(std::uint16_t number, const char (&sqlstate)[6]) {
  return {number, {sqlstate[0], sqlstate[1], sqlstate[2], sqlstate[3], sqlstate[4]}};
}

namespace error {
// Login.
inline constexpr ErrorCode too_many_connections = make_error(1040, "08004");
inline constexpr ErrorCode bad_handshake = make_error(1043, "08S01");
inline constexpr ErrorCode database_denied = make_error(1044, "42000");
inline constexpr ErrorCode access_denied = make_error(1045, "28000");
inline constexpr ErrorCode too_many_user_connections = make_error(1203, "42000");
inline constexpr ErrorCode resource_limit = make_error(1226, "42000");
inline constexpr ErrorCode unsupported_authentication = make_error(1251, "08004");
inline constexpr ErrorCode secure_transport_required = make_error(3159, "HY000");

// Statements.
inline constexpr ErrorCode no_database = make_error(1046, "3D000");
inline constexpr ErrorCode unknown_command = make_error(1047, "08S01");
inline constexpr ErrorCode unknown_database = make_error(1049, "42000");
inline constexpr ErrorCode parse_error = make_error(1064, "42000");
inline constexpr ErrorCode unknown_error = make_error(1105, "HY000");
inline constexpr ErrorCode lock_wait_timeout = make_error(1205, "HY000");
inline constexpr ErrorCode deadlock = make_error(1213, "40001");
inline constexpr ErrorCode not_supported_yet = make_error(1235, "42000");
inline constexpr ErrorCode read_only = make_error(1290, "HY000");
inline constexpr ErrorCode query_interrupted = make_error(1317, "70100");
inline constexpr ErrorCode query_timeout = make_error(3024, "HY000");

// The end of a session.
inline constexpr ErrorCode server_shutdown = make_error(1053, "08S01");
inline constexpr ErrorCode connection_killed = make_error(1927, "70100");
inline constexpr ErrorCode disconnected_for_inactivity = make_error(4031, "HY000");

// Packets that cannot be right.
inline constexpr ErrorCode packet_too_large = make_error(1153, "08S01");
inline constexpr ErrorCode packets_out_of_order = make_error(1156, "08S01");
inline constexpr ErrorCode read_error = make_error(1158, "08S01");
inline constexpr ErrorCode read_timeout = make_error(1159, "08S01");
inline constexpr ErrorCode malformed_packet = make_error(1835, "HY000");

// What a client says of its own accord: no server sends these.
inline constexpr ErrorCode client_connection_failed = make_error(2003, "HY000");
inline constexpr ErrorCode client_server_gone = make_error(2006, "HY000");
inline constexpr ErrorCode client_version_error = make_error(2007, "HY000");
inline constexpr ErrorCode client_handshake_error = make_error(2012, "HY000");
inline constexpr ErrorCode client_lost_connection = make_error(2013, "HY000");
inline constexpr ErrorCode client_out_of_sync = make_error(2014, "HY000");
inline constexpr ErrorCode client_tls_error = make_error(2026, "HY000");
inline constexpr ErrorCode client_malformed_packet = make_error(2027, "HY000");
inline constexpr ErrorCode client_unknown_plugin = make_error(2059, "HY000");
inline constexpr ErrorCode client_plugin_error = make_error(2061, "HY000");
}  // namespace error

}  // namespace wanlab::mysql
