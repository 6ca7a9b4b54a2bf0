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
enum class RequestKind : std::uint8_t { authenticate = 1, query = 2, renew = 3 };

// The first byte of every answer says what follows.
enum class AnswerKind : std::uint8_t {
  packets = 1,            // MySQL packets for the client, to the end of the answer
  grant_and_packets = 2,  // a fresh grant, then packets
  grant = 3,              // a fresh grant and nothing else (renew)
  login = 4,              // an AuthReply and nothing else (authenticate)
  refusal = 5,            // a Refusal and nothing else
};

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

struct QueryHeader {
  std::uint64_t session = 0;
  Grant grant;
  std::string_view schema;  // the session's default database; may be empty
};
inline constexpr std::size_t query_header_size = 48;  // without the schema

// Also for RequestKind::renew, which is a header and nothing else.
void append_query_header(Bytes& out, RequestKind kind, const QueryHeader& header);

struct QueryRequest {
  QueryHeader header;
  ByteView command;  // the payload of one MySQL command packet
};
// Views into `bytes`; nothing if they are no such request.
std::optional<QueryRequest> read_query(ByteView bytes);

// Why an origin did not serve a request; in all cases nothing of it was executed.
struct Refusal {
  std::uint16_t code = 0;     // MySQL error code
  std::string_view sqlstate;  // five characters
  std::string_view message;
  bool try_elsewhere = false;  // another region of the Route may serve it
  bool close = false;          // the session cannot go on
};
void append_refusal(Bytes& out, const Refusal& refusal);
// `bytes` is the whole answer, kind byte included. Views into it.
std::optional<Refusal> read_refusal(ByteView bytes);

}  // namespace wanlab::wire
