// Commands from client to server: one packet each, sequence 0.
#pragma once

#include "real_components/mysql/capabilities.hpp"
#include "real_components/runtime/bytes.hpp"

#include <optional>
#include <string_view>

namespace wanlab::mysql {

struct Command {
  CommandKind kind{};  // may be a value that has no name
  std::string_view
      argument{};  // the statement, the database, or whatever follows; into the payload
};

// Nothing when the payload is empty. Query attributes are not spoken (and never offered).
std::optional<Command> parse_command(ByteView payload);

// Append the packet, header included (statements of 2^24-1 bytes and more as several packets).
void write_command(Bytes& out, CommandKind kind, std::string_view argument = {});
void write_query(Bytes& out, std::string_view sql);
void write_ping(Bytes& out);
void write_quit(Bytes& out);
void write_init_db(Bytes& out, std::string_view database);
void write_reset_connection(Bytes& out);

// The payload alone, for commands that travel in frames of another protocol.
void append_command_payload(Bytes& out, CommandKind kind, std::string_view argument = {});

}  // namespace wanlab::mysql
