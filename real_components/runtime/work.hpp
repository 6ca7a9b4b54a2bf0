// Kinds of CPU work a component can declare. The component names the work; the world prices it.
#pragma once

#include <cstdint>
#include <string_view>

namespace wanlab::runtime {

enum class Work : std::uint8_t {
  accept_connection,
  tls_handshake_server,
  tls_handshake_client,
  mysql_packet,     // parse or build one packet of the client protocol
  verify_proof,     // check a password proof
  route_query,      // look up, admit and forward one statement
  backhaul_frame,   // encode or decode one frame
  serve_statement,  // the database executing one point query
};
inline constexpr std::size_t work_kinds = 8;

std::string_view to_string(Work work);

}  // namespace wanlab::runtime
