#include "sim/emulation/postgres_messages.hpp"

#include <algorithm>

namespace wanlab::emulation {
namespace {

void append_number(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::byte>((value >> shift) & 0xff));
  }
}

std::uint32_t load_number(ByteView bytes) {
  std::uint32_t value = 0;
  for (const std::byte byte : bytes.first(4)) {
    value = (value << 8) | std::to_integer<std::uint32_t>(byte);
  }
  return value;
}

void append_text(Bytes& out, std::string_view text) {
  append(out, as_bytes(text));
  out.push_back(std::byte{0});
}

constexpr std::size_t head_size = 5;  // type and length

}  // namespace

void write_postgres_startup(Bytes& out, std::string_view user, std::string_view database) {
  Bytes body;
  append_number(body, 196'608);  // version 3.0
  append_text(body, "user");
  append_text(body, user);
  append_text(body, "database");
  append_text(body, database);
  body.push_back(std::byte{0});
  append_number(out, static_cast<std::uint32_t>(body.size() + 4));
  append(out, ByteView(body));
}

void write_postgres_query(Bytes& out, std::string_view sql) {
  out.push_back(std::byte{'Q'});
  append_number(out, static_cast<std::uint32_t>(sql.size() + 5));
  append_text(out, sql);
}

void PostgresAnswer::take(ByteView bytes) {
  if (!partial_.empty()) {
    append(partial_, bytes);
    bytes = partial_;
  }
  std::size_t at = 0;
  while (bytes.size() - at >= head_size) {
    // The length counts itself, but not the type.
    const std::size_t size = 1 + std::size_t{std::max(4u, load_number(bytes.subspan(at + 1)))};
    if (bytes.size() - at < size) break;
    judge(static_cast<char>(bytes[at]), bytes.subspan(at + head_size, size - head_size));
    at += size;
  }
  Bytes left(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end());
  partial_ = std::move(left);
}

void PostgresAnswer::judge(char type, ByteView body) {
  if (type == 'Z') ready_ = true;
  if (type == 'R' && body.size() >= 4 && load_number(body) != 0) {
    error_ = "the server asks for a password";
    ready_ = true;
  }
  if (type != 'E') return;
  // Fields: a letter, a text, a zero. M is the message.
  std::string_view fields = as_text(body);
  while (!fields.empty() && fields[0] != '\0') {
    const std::size_t end = std::min(fields.find('\0'), fields.size());
    if (fields[0] == 'M') error_ = fields.substr(1, end - 1);
    fields.remove_prefix(std::min(end + 1, fields.size()));
  }
  if (error_.empty()) error_ = "an error without a message";
}

}  // namespace wanlab::emulation
