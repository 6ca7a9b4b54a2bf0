#include "real_components/wire/grant.hpp"

#include <algorithm>

namespace wanlab::wire {
namespace {

constexpr std::size_t ending_size = 11;  // without the schema
constexpr std::string_view seal_domain = "wanlab grant 1";
constexpr std::size_t sealed_fields = 32;
// One block of SHA-256 less its padding, so that a seal costs two compressions.
static_assert(seal_domain.size() + sealed_fields <= 55);

template <typename Unsigned>
std::byte* store(std::byte* at, Unsigned value) {
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    *at++ = static_cast<std::byte>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xff);
  }
  return at;
}

std::byte* store_claims(std::byte* at, const Grant& grant) {
  at = store(at, grant.credential);
  at = store(at, grant.revision);
  at = store(at, grant.expiry);
  at = store(at, grant.key);
  at = store(at, grant.role);
  return store(at, grant.tablet_type);
}

std::byte* store_grant(std::byte* at, const Grant& grant) {
  at = store_claims(at, grant);
  return std::copy(grant.seal.begin(), grant.seal.end(), at);
}

ByteView text_bytes(std::string_view text) {
  return as_bytes(text);
}

}  // namespace

std::array<std::byte, 16> seal_of(const Grant& grant, std::uint64_t session, std::uint32_t edge,
                                  const crypto::HmacSha256Key& key) {
  std::array<std::byte, seal_domain.size() + sealed_fields> sealed;
  std::byte* at =
      std::copy(text_bytes(seal_domain).begin(), text_bytes(seal_domain).end(), sealed.data());
  at = store_claims(at, grant);
  at = store(at, session);
  store(at, edge);
  const crypto::Digest256 digest = key.mac(sealed);
  std::array<std::byte, 16> seal;
  std::copy_n(digest.begin(), seal.size(), seal.begin());
  return seal;
}

bool seal_is_valid(const Grant& grant, std::uint64_t session, std::uint32_t edge,
                   const crypto::HmacSha256Key& key) {
  return crypto::constant_time_equal(seal_of(grant, session, edge, key), grant.seal);
}

void append_grant(Bytes& out, const Grant& grant) {
  std::array<std::byte, grant_size> encoded;
  store_grant(encoded.data(), grant);
  append(out, ByteView(encoded));
}

Grant load_grant(const std::byte* bytes) {
  Grant grant;
  grant.credential = load_little_endian<std::uint64_t>(bytes);
  grant.revision = load_little_endian<std::uint32_t>(bytes + 8);
  grant.expiry = load_little_endian<std::uint32_t>(bytes + 12);
  grant.key = load_little_endian<std::uint16_t>(bytes + 16);
  grant.role = load_little_endian<std::uint8_t>(bytes + 18);
  grant.tablet_type = load_little_endian<std::uint8_t>(bytes + 19);
  std::copy_n(bytes + 20, grant.seal.size(), grant.seal.begin());
  return grant;
}

void append_frame_head(Bytes& out, AnswerKind kind, std::size_t size) {
  append_little_endian(out, static_cast<std::uint32_t>(size << 8 | static_cast<unsigned>(kind)));
}

void append_ending(Bytes& out, const Ending& ending) {
  append_frame_head(out, AnswerKind::done, ending_size + ending.schema.size());
  out.push_back(static_cast<std::byte>((ending.pinned ? 1 : 0) | (ending.has_state ? 2 : 0) |
                                       (ending.unprompted ? 4 : 0) |
                                       (ending.schema_changed ? 8 : 0)));
  append_little_endian(out, ending.status);
  append_little_endian(out, ending.last_insert_id);
  append(out, ending.schema);
}

std::optional<Ending> read_ending(ByteView body) {
  if (body.size() < ending_size) return std::nullopt;
  const auto flags = static_cast<unsigned>(body[0]);
  Ending ending;
  ending.pinned = (flags & 1u) != 0;
  ending.has_state = (flags & 2u) != 0;
  ending.unprompted = (flags & 4u) != 0;
  ending.schema_changed = (flags & 8u) != 0;
  ending.status = load_little_endian<std::uint16_t>(&body[1]);
  ending.last_insert_id = load_little_endian<std::uint64_t>(&body[3]);
  ending.schema = as_text(body.subspan(ending_size));
  return ending;
}

void append_query_header(Bytes& out, RequestKind kind, const QueryHeader& header) {
  std::array<std::byte, query_header_size> encoded;
  std::byte* at = store(encoded.data(), static_cast<std::uint8_t>(kind));
  at = store(at, header.dialect);
  at = store(at, static_cast<std::uint16_t>(header.schema.size()));
  at = store(at, header.session);
  store_grant(at, header.grant);
  at += grant_size;
  at = store(at, header.flags);
  at = store(at, static_cast<std::uint16_t>(header.settings.size()));
  at = store(at, header.last_insert_id);
  at = store(at, header.collation);
  at = store(at, static_cast<std::uint16_t>(header.settings_after.size()));
  store(at, std::uint8_t{0});
  append(out, ByteView(encoded));
  append(out, header.schema);
  append(out, header.settings);
  append(out, header.settings_after);
}

std::optional<QueryRequest> read_query(ByteView bytes) {
  if (bytes.size() < query_header_size) return std::nullopt;
  const auto kind = static_cast<RequestKind>(bytes[0]);
  if (kind != RequestKind::query && kind != RequestKind::renew && kind != RequestKind::kill) {
    return std::nullopt;
  }
  const std::size_t schema_size = load_little_endian<std::uint16_t>(&bytes[2]);
  const std::size_t settings_size = load_little_endian<std::uint16_t>(&bytes[50]);
  const std::size_t after_size = load_little_endian<std::uint16_t>(&bytes[61]);
  std::size_t at = query_header_size;
  if (bytes.size() < at + schema_size + settings_size + after_size) return std::nullopt;
  QueryRequest request;
  request.header.dialect = static_cast<std::uint8_t>(bytes[1]);
  request.header.session = load_little_endian<std::uint64_t>(&bytes[4]);
  request.header.grant = load_grant(&bytes[12]);
  request.header.flags = load_little_endian<std::uint16_t>(&bytes[48]) & order::all;
  request.header.last_insert_id = load_little_endian<std::uint64_t>(&bytes[52]);
  request.header.collation = static_cast<std::uint8_t>(bytes[60]);
  const auto take = [&](std::size_t size) {
    at += size;
    return as_text(bytes.subspan(at - size, size));
  };
  request.header.schema = take(schema_size);
  request.header.settings = take(settings_size);
  request.header.settings_after = take(after_size);
  request.command = bytes.subspan(at);
  return request;
}

void append_kill(Bytes& out, const KillRequest& kill) {
  append_little_endian(out, kill.connection_id);
  out.push_back(std::byte{kill.connection});
}

std::optional<KillRequest> read_kill(ByteView body) {
  if (body.size() != kill_size) return std::nullopt;
  return KillRequest{load_little_endian<std::uint32_t>(body.data()), body[4] != std::byte{0}};
}

void append_refusal(Bytes& out, const Refusal& refusal) {
  append_frame_head(out, AnswerKind::refusal, 8 + refusal.message.size());
  out.push_back(static_cast<std::byte>((refusal.try_elsewhere ? 1 : 0) | (refusal.close ? 2 : 0)));
  append_little_endian(out, refusal.code);
  append(out, refusal.sqlstate.substr(0, 5));
  for (std::size_t i = refusal.sqlstate.size(); i < 5; ++i) out.push_back(std::byte{'0'});
  append(out, refusal.message);
}

std::optional<Refusal> read_refusal(ByteView bytes) {
  constexpr std::size_t fixed = frame_head_size + 8;
  if (bytes.size() < fixed || bytes[0] != static_cast<std::byte>(AnswerKind::refusal)) {
    return std::nullopt;
  }
  Refusal refusal;
  const ByteView body = bytes.subspan(frame_head_size);
  refusal.try_elsewhere = (static_cast<unsigned>(body[0]) & 1u) != 0;
  refusal.close = (static_cast<unsigned>(body[0]) & 2u) != 0;
  refusal.code = load_little_endian<std::uint16_t>(&body[1]);
  refusal.sqlstate = as_text(body.subspan(3, 5));
  refusal.message = as_text(body.subspan(8));
  return refusal;
}

}  // namespace wanlab::wire
