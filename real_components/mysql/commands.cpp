// Commands: one byte of kind, the rest is the argument.
#include "real_components/mysql/commands.hpp"

#include "real_components/mysql/packet.hpp"

namespace wanlab::mysql {

std::optional<Command> parse_command(ByteView payload) {
  if (payload.empty()) return std::nullopt;
  return Command{static_cast<CommandKind>(payload[0]), as_text(payload.subspan(1))};
}

void write_command(Bytes& out, CommandKind kind, std::string_view argument) {
  PacketWriter packet(out, 0, 1 + argument.size());
  packet.u8(static_cast<std::uint8_t>(kind));
  packet.text(argument);
  packet.finish();
}

void write_query(Bytes& out, std::string_view sql) {
  write_command(out, CommandKind::query, sql);
}
void write_ping(Bytes& out) {
  write_command(out, CommandKind::ping);
}
void write_quit(Bytes& out) {
  write_command(out, CommandKind::quit);
}
void write_init_db(Bytes& out, std::string_view database) {
  write_command(out, CommandKind::init_db, database);
}
void write_reset_connection(Bytes& out) {
  write_command(out, CommandKind::reset_connection);
}

void append_command_payload(Bytes& out, CommandKind kind, std::string_view argument) {
  out.push_back(static_cast<std::byte>(kind));
  append(out, argument);
}

}  // namespace wanlab::mysql
