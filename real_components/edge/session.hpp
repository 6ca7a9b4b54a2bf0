// The records an edge keeps: one small Session per client connection, and larger ones that exist
// only while a login or a statement is under way. Plain data; EdgeNode gives it meaning.
#pragma once

#include "real_components/backhaul/warm_pool.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/mysql/server_handshake.hpp"
#include "real_components/routing/routing_table.hpp"
#include "real_components/runtime/runtime.hpp"
#include "real_components/runtime/slab.hpp"
#include "real_components/wire/grant.hpp"

#include <array>
#include <cstdint>

namespace wanlab::edge {

enum class Phase : std::uint8_t {
  greeted,      // waiting for SSLRequest or, without TLS, the handshake response
  securing,     // TLS handshake under way
  secured,      // waiting for the handshake response
  verifying,    // the proof is on its way to an origin
  denying,      // waiting to refuse an unknown user
  established,  // waiting for a command
  executing,    // a statement is under way
};

// One per client connection, from accept to close. A million of these are the edge's memory.
struct Session {
  std::uint32_t next = no_index;  // free list, or the queue of grants to renew
  std::uint32_t previous = no_index;
  std::uint32_t generation = 0;
  runtime::ConnectionId connection = runtime::no_connection;
  routing::RouteHandle route;
  wire::Grant grant;
  mysql::PacketAssembler input;  // 16 bytes while no packet is half read
  // Before the login its Handshake. After it the Exchange under way, else what is attached to it,
  // if anything: the exchange knows that too.
  std::uint32_t transient = no_index;
  std::uint32_t schema = 0;  // in the edge's table of database names
  std::uint32_t statements = 0;
  std::uint32_t granted_at = 0;  // seconds of the monotonic clock
  std::uint32_t tenant = 0;      // small number of the Route's branch
  Phase phase = Phase::greeted;
  mysql::Dialect dialect = 0;
  std::uint8_t collation = 0;  // that the client named at its login
  bool secure : 1 = false;
  bool reading_paused : 1 = false;
  bool renewing : 1 = false;
  bool close_after_answer : 1 = false;
  bool counted : 1 = false;    // among the sessions of its tenant
  bool receiving : 1 = false;  // receive_commands is at work on what came from it
  bool no_rows : 1 = false;    // ROW_COUNT() is 0; where nothing says otherwise it is -1
};
static_assert(sizeof(Session) <= 104);

// Finds the frames of an origin's answer in whatever pieces it comes.
struct FrameScanner {
  std::array<std::byte, wire::frame_head_size> head{};
  std::uint8_t have = 0;   // of the head; all of it while the frame goes on
  std::uint32_t left = 0;  // of the frame
};

// What a session has that most sessions have not: settings, an insert id, warnings that were not
// asked for yet, or a database connection of its own (a conversation).
struct Attachment {
  std::uint32_t next = no_index;
  std::uint32_t generation = 0;
  std::uint32_t session = no_index;
  std::uint32_t settings = 0;  // in the edge's table of texts
  std::uint64_t last_insert_id = 0;
  std::int64_t row_count = 0;      // ROW_COUNT(), where it is positive
  backhaul::RequestHandle stream;  // of the conversation; none: there is no conversation
  routing::RegionId region{};      // where it is held
  FrameScanner scanner;
  mysql::StatusFlags status = 0;  // of the conversation's last answer
  bool pinned = false;            // the origin has confirmed that it keeps the connection
  bool has_state = false;         // with more on it than a transaction
  bool autocommit_off = false;    // by the settings
  bool transaction_lost = false;  // while the session was idle: the next statement is told
  bool refused = false;           // the origin ends the conversation; why is in `collected`
  Bytes collected;                // frames for the edge itself
  Bytes warnings;                 // what SHOW WARNINGS answers

  bool in_transaction() const { return pinned && (status & mysql::status::in_transaction) != 0; }
};

// From accept to the end of the login.
struct Handshake {
  std::uint32_t next = no_index;  // free list, or the queue of deadlines
  std::uint32_t previous = no_index;
  std::uint32_t generation = 0;
  std::uint32_t session = no_index;
  std::uint32_t exchange = no_index;  // the login's request, while verifying
  std::array<std::uint8_t, 16> client_ip{};
  Instant deadline{};
  mysql::ServerHandshake protocol;
  Bytes memory;  // the protocol's own, for logins that take a second exchange
  Bytes user;    // for refusals
};

enum class ExchangeKind : std::uint8_t { login, statement, renewal, kill };

// One request to an origin, until its one outcome. Buffers are kept when it is released.
struct Exchange {
  std::uint32_t next = no_index;
  std::uint32_t generation = 0;
  std::uint32_t session = no_index;
  std::uint32_t session_generation = 0;
  runtime::ConnectionId client = runtime::no_connection;  // of the session
  backhaul::RequestHandle request;
  Instant started{};
  std::uint64_t answered = 0;    // bytes given to the client
  std::int64_t row_count = -1;   // -1: the answer is not an OK
  std::uint32_t unconsumed = 0;  // bytes given to the client that may still wait for it to read
  std::array<routing::RegionId, 4> tried{};
  std::uint8_t attempts = 0;  // how many of `tried` are set
  ExchangeKind kind = ExchangeKind::statement;
  bool repeatable = false;
  bool conversation = false;       // over the attachment's stream
  bool complete = false;           // the answer is
  bool failed_there = false;       // it is an ERR
  bool uploading = false;          // more of the command is to come from the client
  bool unanswered = false;         // it is a command without an answer
  bool keeps_transaction = false;  // surely does not commit
  std::uint16_t flags = 0;         // of wire::order
  std::uint32_t attachment = no_index;
  std::uint32_t schema = no_index;    // the session's, once the statement has succeeded
  std::uint32_t settings = no_index;  // likewise
  // Of a command that is passed on as it comes: the present packet and the whole.
  std::array<std::byte, 4> upload_head{};
  std::uint8_t upload_have = 0;
  bool upload_last = false;
  std::uint32_t upload_left = 0;
  std::uint64_t uploaded = 0;
  FrameScanner scanner;
  // Where the answer stands within the packets of the client protocol.
  std::uint8_t header_bytes = 0;  // read of the present packet's header
  std::uint8_t sequence = 0;      // of the last packet begun
  std::uint32_t packet_left = 0;  // bytes of the present packet's payload still to come
  std::array<std::byte, 3> length{};
  std::uint32_t pipelined_from = 0;  // where what was not read yet begins in `pipelined`
  Bytes sent;                        // what was asked, for asking again
  Bytes answer;                      // what had to be collected before it could be understood
  Bytes pipelined;                   // what the client sent ahead of the answer

  std::size_t unread() const { return pipelined.size() - pipelined_from; }
};

// An exchange that waits for the first connection to a region; stale once the exchange was
// released.
struct WaitingExchange {
  std::uint32_t exchange = no_index;
  std::uint32_t generation = 0;
  Instant deadline{};
};

using Sessions = Slab<Session, 10>;
using Handshakes = Slab<Handshake, 8>;
using Exchanges = Slab<Exchange, 8>;
using Attachments = Slab<Attachment, 8>;

}  // namespace wanlab::edge
