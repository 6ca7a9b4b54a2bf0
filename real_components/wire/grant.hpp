// What an edge and an origin say to each other in one backhaul request and its answer: fixed
// layouts, because every statement of every session carries them. Knows nothing of streams, stores
// or policies.
//
// A grant is an origin's short-lived permission for one session of one edge, sealed with a key of
// the branch that only the regions of its Route hold. Session and edge are bound into the seal but
// do not travel in it: the origin takes the edge from the mutual TLS identity of the connection and
// the session from the request, so that a grant is worthless to anyone else.
#pragma once

#include "real_components/crypto/hmac.hpp"
#include "real_components/runtime/bytes.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wanlab::wire {

// The first byte of every request: authenticate is followed by an AuthRequest, the others are
// below.
enum class RequestKind : std::uint8_t {
  authenticate = 1,
  query = 2,     // one statement, whole
  renew = 3,     // a header and nothing else
  converse = 4,  // and then frames: statements of one session, on one database connection
  kill = 5,      // a header and a KillRequest
};

// Everything an origin answers is frames: a byte that says what it is, three bytes of length
// (little endian), and that many bytes.
enum class AnswerKind : std::uint8_t {
  packets = 1,   // MySQL packets for the client: the last of the answer
  part = 2,      // the same, and more of the answer follows
  grant = 3,     // a fresh grant
  login = 4,     // an AuthReply (authenticate)
  refusal = 5,   // a Refusal: nothing was executed, and a conversation has ended
  done = 6,      // an Ending: the answer is complete, behind its last part
  warnings = 7,  // what SHOW WARNINGS would answer, for whom asks next; MySQL packets
};
inline constexpr std::size_t frame_head_size = 4;
inline constexpr std::size_t longest_frame = 0xffffff;

void append_frame_head(Bytes& out, AnswerKind kind, std::size_t size);

// What an edge says within a conversation, in frames as above.
enum class OrderKind : std::uint8_t {
  command = 1,  // a header and the payload of a command
  begin = 2,    // a header; the command follows in parts
  part = 3,     // MySQL packets as the client sent them, cut anywhere
  last = 4,     // the same; the command is complete
};

// How a conversation stands after an answer.
struct Ending {
  bool pinned = false;       // the database connection is still the session's own
  bool has_state = false;    // and has more on it than a transaction
  bool unprompted = false;   // not the end of an answer: the connection was let go meanwhile
  std::uint16_t status = 0;  // MySQL status flags
  std::uint64_t last_insert_id = 0;  // where it may have changed and the connection is let go
  bool schema_changed = false;       // other than by an order that said so: to this
  std::string_view schema{};
};
void append_ending(Bytes& out, const Ending& ending);
std::optional<Ending> read_ending(ByteView body);

struct Grant {
  std::uint64_t credential = 0;
  std::uint32_t revision = 0;  // of the credential's secret: another one after a rotation
  std::uint32_t expiry = 0;    // Unix seconds; good until then, not at it
  std::uint16_t key = 0;       // which of the branch's keys sealed it
  std::uint8_t role = 0;
  std::uint8_t tablet_type = 0;
  std::array<std::byte, 16> seal{};
};
inline constexpr std::size_t grant_size = 36;

std::array<std::byte, 16> seal_of(const Grant& grant, std::uint64_t session, std::uint32_t edge,
                                  const crypto::HmacSha256Key& key);
// In constant time.
bool seal_is_valid(const Grant& grant, std::uint64_t session, std::uint32_t edge,
                   const crypto::HmacSha256Key& key);

void append_grant(Bytes& out, const Grant& grant);
// `bytes` must hold at least grant_size bytes.
Grant load_grant(const std::byte* bytes);

// What an edge says of a statement: it has looked at it.
namespace order {
inline constexpr std::uint16_t reads = 1;         // may be repeated
inline constexpr std::uint16_t leaves_state = 2;  // needs the connection until the session ends
inline constexpr std::uint16_t locks_tables = 4;  // until it unlocks them
inline constexpr std::uint16_t unlocks_tables = 8;
inline constexpr std::uint16_t next_transaction = 16;  // needs it until a transaction has ended
inline constexpr std::uint16_t followed_up = 32;       // needs it for the next statement
inline constexpr std::uint16_t changes_settings = 64;  // as the header says: settings and schema
inline constexpr std::uint16_t reads_insert_id = 128;  // must find the header's last_insert_id
inline constexpr std::uint16_t fresh = 256;            // must not find another session's warnings
inline constexpr std::uint16_t gives_insert_id = 512;  // LAST_INSERT_ID(5): no answer tells
inline constexpr std::uint16_t all = 1023;
}  // namespace order

struct QueryHeader {
  std::uint64_t session = 0;
  Grant grant;
  std::string_view schema{};    // the session's default database; may be empty
  std::string_view settings{};  // see mysql/settings.hpp; may be empty
  // What the settings are once the statement has succeeded, where it changes them.
  std::string_view settings_after{};
  std::uint64_t last_insert_id = 0;
  std::uint16_t flags = 0;     // of namespace order
  std::uint8_t dialect = 0;    // of the session: mysql::Dialect
  std::uint8_t collation = 0;  // that the client said at its login
};
inline constexpr std::size_t query_header_size = 64;  // without schema and settings

// Also for requests that are a header and little else.
void append_query_header(Bytes& out, RequestKind kind, const QueryHeader& header);

struct QueryRequest {
  QueryHeader header;
  ByteView command;  // the payload of one MySQL command packet
};
// Views into `bytes`; nothing if they are no such request.
std::optional<QueryRequest> read_query(ByteView bytes);

// Ends what a session is doing, and with `connection` its conversation. Sessions are known by the
// connection id that their client was told; `session` too where the edge is the same.
struct KillRequest {
  std::uint32_t connection_id = 0;
  bool connection = false;
};
inline constexpr std::size_t kill_size = 5;
void append_kill(Bytes& out, const KillRequest& kill);
std::optional<KillRequest> read_kill(ByteView body);

// The connection id of a session, as it travels in requests: its edge process in the upper bits,
// the session's place there below.
inline constexpr unsigned place_bits = 22;
constexpr std::uint32_t connection_id_of(std::uint32_t edge_fingerprint, std::uint64_t session) {
  const auto place = static_cast<std::uint32_t>(session & 0xffffff) + 1;
  const std::uint32_t process = edge_fingerprint + static_cast<std::uint32_t>(session >> 48);
  return (process << place_bits) | (place & ((1u << place_bits) - 1));
}

// Why an origin did not serve a request; in all cases nothing of it was executed.
struct Refusal {
  std::uint16_t code = 0;     // MySQL error code
  std::string_view sqlstate;  // five characters
  std::string_view message;
  bool try_elsewhere = false;  // another region of the Route may serve it
  bool close = false;          // the session cannot go on
};
void append_refusal(Bytes& out, const Refusal& refusal);
// `bytes` is the whole frame, head included. Views into it.
std::optional<Refusal> read_refusal(ByteView bytes);

}  // namespace wanlab::wire
