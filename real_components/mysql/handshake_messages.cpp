// Layouts of the connection phase.
#include "real_components/mysql/handshake_messages.hpp"

#include <algorithm>

namespace wanlab::mysql {

namespace {

constexpr std::uint8_t protocol_version = 10;
constexpr std::uint8_t auth_switch_header = 0xfe;
constexpr std::uint8_t auth_more_data_header = 0x01;
// The nonce is split: eight bytes early, the rest (and a NUL) where old clients do not look.
constexpr std::size_t nonce_first_part = 8;
constexpr std::uint8_t nonce_and_nul_size = nonce_size + 1;
constexpr std::size_t response_filler = 23;

constexpr std::size_t fixed_response_part = 4 + 4 + 1 + response_filler;
static_assert(fixed_response_part == ssl_request_size);

void write_fixed_part(PacketWriter& packet, const HandshakeResponse& response) {
  packet.u32(response.capabilities);
  packet.u32(response.max_packet);
  packet.u8(response.collation);
  packet.zeros(response_filler);
}

bool has(Capabilities capabilities, Capabilities bit) {
  return (capabilities & bit) != 0;
}

}  // namespace

std::uint8_t write_greeting(Bytes& out, const Greeting& greeting) {
  const ByteView nonce = greeting.nonce;
  PacketWriter packet(out, 0,
                      greeting.server_version.size() + greeting.plugin.size() + nonce_size + 32);
  packet.u8(protocol_version);
  packet.text_and_nul(greeting.server_version);
  packet.u32(greeting.connection_id);
  packet.bytes(nonce.first(nonce_first_part));
  packet.u8(0);
  packet.u16(static_cast<std::uint16_t>(greeting.capabilities & 0xffff));
  packet.u8(greeting.collation);
  packet.u16(greeting.status);
  packet.u16(static_cast<std::uint16_t>(greeting.capabilities >> 16));
  packet.u8(has(greeting.capabilities, capability::plugin_auth) ? nonce_and_nul_size : 0);
  packet.zeros(10);
  packet.bytes(nonce.subspan(nonce_first_part));
  packet.u8(0);
  if (has(greeting.capabilities, capability::plugin_auth)) packet.text_and_nul(greeting.plugin);
  return packet.finish();
}

std::uint8_t write_ssl_request(Bytes& out, std::uint8_t sequence,
                               const HandshakeResponse& response) {
  PacketWriter packet(out, sequence, ssl_request_size);
  write_fixed_part(packet, response);
  return packet.finish();
}

std::uint8_t write_handshake_response(Bytes& out, std::uint8_t sequence,
                                      const HandshakeResponse& response) {
  const std::size_t texts = response.user.size() + response.proof.size() +
                            response.database.size() + response.plugin.size() +
                            response.attributes.size();
  PacketWriter packet(out, sequence, fixed_response_part + texts + 3 + 2 * lenenc_most);
  write_fixed_part(packet, response);
  packet.text_and_nul(response.user);
  if (has(response.capabilities, capability::plugin_auth_lenenc)) {
    packet.lenenc(response.proof.size());
    packet.bytes(response.proof);
  } else if (has(response.capabilities, capability::secure_connection)) {
    packet.u8(static_cast<std::uint8_t>(response.proof.size()));
    packet.bytes(response.proof);
  } else {
    packet.bytes(response.proof);
    packet.u8(0);
  }
  if (has(response.capabilities, capability::connect_with_db)) {
    packet.text_and_nul(response.database);
  }
  if (has(response.capabilities, capability::plugin_auth)) packet.text_and_nul(response.plugin);
  if (has(response.capabilities, capability::connect_attributes)) {
    packet.lenenc_text(as_text(response.attributes));
  }
  return packet.finish();
}

std::uint8_t write_auth_switch(Bytes& out, std::uint8_t sequence, std::string_view plugin,
                               const Nonce& nonce) {
  PacketWriter packet(out, sequence, 1 + plugin.size() + 1 + nonce_and_nul_size);
  packet.u8(auth_switch_header);
  packet.text_and_nul(plugin);
  packet.bytes(nonce);
  packet.u8(0);
  return packet.finish();
}

std::uint8_t write_auth_more_data(Bytes& out, std::uint8_t sequence, ByteView data) {
  PacketWriter packet(out, sequence, 1 + data.size());
  packet.u8(auth_more_data_header);
  packet.bytes(data);
  return packet.finish();
}

std::uint8_t write_auth_more_data(Bytes& out, std::uint8_t sequence, std::uint8_t data) {
  const std::byte byte{data};
  return write_auth_more_data(out, sequence, ByteView(&byte, 1));
}

std::uint8_t write_auth_response(Bytes& out, std::uint8_t sequence, ByteView data) {
  PacketWriter packet(out, sequence, data.size());
  packet.bytes(data);
  return packet.finish();
}

std::optional<Greeting> parse_greeting(ByteView payload) {
  PayloadReader reader(payload);
  if (reader.u8() != protocol_version) return std::nullopt;
  Greeting greeting;
  greeting.server_version = reader.text_to_nul();
  greeting.connection_id = reader.u32();
  const ByteView first = reader.bytes(nonce_first_part);
  reader.u8();
  greeting.capabilities = reader.u16();
  greeting.collation = reader.u8();
  greeting.status = reader.u16();
  greeting.capabilities |= static_cast<Capabilities>(reader.u16()) << 16;
  reader.u8();  // the length of the nonce: always 21 where there is a plugin, 0 elsewhere
  reader.bytes(10);
  const ByteView second = reader.bytes(nonce_size - nonce_first_part);
  if (!reader.ok()) return std::nullopt;
  std::copy(first.begin(), first.end(), greeting.nonce.begin());
  std::copy(second.begin(), second.end(), greeting.nonce.begin() + nonce_first_part);
  reader.u8();
  if (has(greeting.capabilities, capability::plugin_auth)) {
    // MySQL 5.5.7 to 5.5.9 left the terminator out (bug 59453).
    const std::string_view plugin = as_text(reader.rest());
    greeting.plugin = plugin.substr(0, plugin.find('\0'));
  }
  return greeting;
}

std::optional<Capabilities> peek_capabilities(ByteView payload) {
  if (payload.size() < sizeof(Capabilities)) return std::nullopt;
  return load_little_endian<Capabilities>(payload.data());
}

std::optional<HandshakeResponse> parse_handshake_response(ByteView payload, Capabilities offered) {
  PayloadReader reader(payload);
  HandshakeResponse response;
  response.capabilities = reader.u32() & offered;
  response.max_packet = reader.u32();
  response.collation = reader.u8();
  reader.bytes(response_filler);
  response.user = reader.text_to_nul();
  if (has(response.capabilities, capability::plugin_auth_lenenc)) {
    response.proof = reader.lenenc_bytes();
  } else if (has(response.capabilities, capability::secure_connection)) {
    response.proof = reader.bytes(reader.u8());
  } else {
    response.proof = as_bytes(reader.text_to_nul());
  }
  // With the flag set and nothing left, some old clients mean: no database.
  if (has(response.capabilities, capability::connect_with_db) && !reader.empty()) {
    response.database = reader.text_to_nul();
  }
  if (!reader.ok()) return std::nullopt;
  if (has(response.capabilities, capability::plugin_auth) && !reader.empty()) {
    // A missing terminator reads as no plugin, as the MySQL server has it: the method is then
    // negotiated by an AuthSwitchRequest.
    response.plugin = reader.text_to_nul();
  }
  if (has(response.capabilities, capability::connect_attributes) && !reader.empty()) {
    PayloadReader rest = reader;
    const ByteView attributes = rest.lenenc_bytes();
    if (rest.ok()) response.attributes = attributes;
  }
  return response;
}

std::optional<ChangeUser> parse_change_user(ByteView payload) {
  PayloadReader reader(payload);
  reader.u8();
  ChangeUser change;
  change.user = reader.text_to_nul();
  reader.bytes(reader.u8());
  change.database = reader.text_to_nul();
  if (!reader.ok()) return std::nullopt;
  if (reader.remaining() >= 2) change.collation = static_cast<std::uint8_t>(reader.u16() & 0xff);
  // Drivers that name no method know only the oldest.
  const std::string_view plugin = reader.text_to_nul();
  if (plugin.empty() || plugin == to_string(AuthMethod::native)) change.method = AuthMethod::native;
  return change;
}

std::optional<AuthSwitch> parse_auth_switch(ByteView payload) {
  PayloadReader reader(payload);
  if (reader.u8() != auth_switch_header) return std::nullopt;
  AuthSwitch request;
  request.plugin = reader.text_to_nul();
  request.data = reader.rest();
  if (!reader.ok()) return std::nullopt;
  return request;
}

}  // namespace wanlab::mysql
