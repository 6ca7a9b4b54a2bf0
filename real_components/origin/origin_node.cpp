#include "real_components/origin/origin_node.hpp"

#include "real_components/mysql/statement.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::origin {
namespace {

using backhaul::Processed;
using backhaul::RequestId;
using backhaul::ResetReason;
using runtime::Cookie;
using runtime::TraceKind;
using runtime::Work;

constexpr Cookie tick_cookie = Cookie{OriginNode::tick_tag} << 48;
constexpr Duration tick_interval = std::chrono::seconds(1);
constexpr std::uint32_t generation_mask = 0x7fffffff;

control::PrefixWatcherOptions watch(std::string_view prefix) {
  control::PrefixWatcherOptions options;
  options.prefix = prefix;
  return options;
}

}  // namespace

OriginNode::OriginNode(runtime::Runtime& runtime, OriginConfig config, control::Store* store)
    : runtime_(runtime),
      config_(std::move(config)),
      gatekeeper_(runtime, config_),
      acceptor_(runtime, config_.backhaul, acceptor_tag, *this),
      backends_(runtime, config_, *this),
      store_(runtime, config_.store, store_tag, store),
      credential_watcher_(runtime, store_.store(), watch(control::credential_prefix),
                          gatekeeper_.credentials()),
      grant_key_watcher_(runtime, store_.store(), watch(grant_key_prefix),
                         gatekeeper_.grant_keys()) {
  // A credential's branch number is then the number of its database here, if it has one here.
  for (const DatabaseConfig& database : config_.databases) {
    gatekeeper_.branches().intern(database.branch);
  }
}

OriginNode::~OriginNode() = default;

void OriginNode::start() {
  store_.start();
  credential_watcher_.start();
  grant_key_watcher_.start();
  acceptor_.start();
  backends_.start();
  tick();
}

void OriginNode::tick() {
  credential_watcher_.tick();
  grant_key_watcher_.tick();
  backends_.tick();
  if (const std::uint32_t capacity = backends_.capacity(); capacity != 0) {
    const std::uint32_t present = (backends_.busy() + backends_.waiting()) * 1000 / capacity;
    load_ = (7 * load_ + present) / 8;  // a burst of a moment is no reason to send anyone away
    acceptor_.set_load(load_);
  }
  runtime_.wake_after(tick_interval, tick_cookie);
}

OriginCensus OriginNode::census() const {
  return {requests_.live(), backends_.waiting(), acceptor_.connections(),
          backends_.open_connections(), credential_watcher_.watcher().keys()};
}

bool OriginNode::synchronised() const {
  return credential_watcher_.watcher().synchronised() && grant_key_watcher_.synchronised();
}

// --- requests of edges --------------------------------------------------------------------------

std::uint64_t OriginNode::cookie_of(Index request) const {
  return (std::uint64_t{requests_[request].generation & generation_mask} << 32) | (request + 1);
}

OriginNode::Index OriginNode::request_of(std::uint64_t cookie) const {
  const auto index = static_cast<Index>(cookie) - 1;
  const auto generation = static_cast<std::uint32_t>(cookie >> 32);
  return requests_.holds(index, generation, generation_mask) ? index : no_index;
}

// The name is compared rather than looked up as long as the connection's number means the same
// edge.
std::uint32_t OriginNode::edge_of(const backhaul::RequestInfo& info) {
  if (info.connection >= edge_of_connection_.size()) {
    edge_of_connection_.resize(info.connection + 1, no_index);
  }
  std::uint32_t& edge = edge_of_connection_[info.connection];
  if (edge == no_index || gatekeeper_.edge_name(edge) != info.peer_identity) {
    edge = gatekeeper_.edge_number(info.peer_identity);
  }
  return edge;
}

std::uint64_t OriginNode::on_request(RequestId id, const backhaul::RequestInfo& info,
                                     ByteView payload, bool end) {
  const std::uint32_t edge = edge_of(info);
  if (!payload.empty() && payload[0] == static_cast<std::byte>(wire::RequestKind::converse)) {
    return begin_conversation(id, edge, payload.subspan(1), end);
  }
  if (end) return serve(id, edge, payload, no_index);
  const Index index = begin_request(id, edge);
  append(requests_[index].received, payload);
  return cookie_of(index);
}

std::size_t OriginNode::on_request_data(RequestId id, std::uint64_t cookie, ByteView payload,
                                        bool end) {
  const Index index = request_of(cookie);
  if (index == no_index) return payload.size();
  Request& request = requests_[index];
  if (request.conversation) {
    append(request.received, payload);
    request.owed += payload.size();
    if (end) {
      end_conversation(index);
    } else {
      take_orders(index);
    }
    return 0;
  }
  if (request.received.size() + payload.size() > config_.maximum_request) {
    release_request(index);
    acceptor_.reset(id, ResetReason::refused, Processed::no);
    return payload.size();
  }
  append(request.received, payload);
  if (!end) return payload.size();
  const Bytes whole = std::move(request.received);
  request.received.clear();
  if (serve(id, request.edge, whole, index) == 0) release_request(index);
  return payload.size();
}

std::uint64_t OriginNode::serve(RequestId id, std::uint32_t edge, ByteView payload, Index known) {
  const auto kind =
      payload.empty() ? wire::RequestKind{} : static_cast<wire::RequestKind>(payload[0]);
  // Not everything has been read yet: what is not found may be there all the same.
  if (!ready_ && !(ready_ = synchronised())) {
    refuse(id, mysql::error::server_shutdown, "This origin is starting", true, false);
    return 0;
  }
  if (kind == wire::RequestKind::authenticate) {
    serve_login(id, edge, payload.subspan(1));
    return 0;
  }
  const auto query = wire::read_query(payload);
  if (!query) {
    acceptor_.reset(id, ResetReason::refused, Processed::no);
    return 0;
  }
  runtime_.spend(Work::route_query);
  const CredentialEntry* entry = nullptr;
  const GrantVerdict verdict =
      gatekeeper_.check(query->header.grant, query->header.session, edge, entry);
  if (verdict != GrantVerdict::valid) {
    refuse_grant(id, verdict);
    return 0;
  }
  if (kind == wire::RequestKind::query) return serve_statement(id, edge, *query, *entry, known);
  if (kind == wire::RequestKind::kill) {
    serve_kill(id, edge, *query);
    return 0;
  }

  wire::Grant fresh;
  if (!gatekeeper_.issue(*entry, query->header.session, edge, fresh)) {
    refuse(id, mysql::error::unknown_error, "This region has no key of the branch", true, false);
    return 0;
  }
  ++counters_.renewals;
  out_.clear();
  wire::append_frame_head(out_, wire::AnswerKind::grant, wire::grant_size);
  wire::append_grant(out_, fresh);
  acceptor_.respond(id, out_, true);
  return 0;
}

// Only commands that this code follows to the end of their answers. A reader may only read; what it
// asks for is looked at here once more, because an edge must not be able to say otherwise. What
// else a user may do is the database's own business: statements run there under the branch's
// account.
const OriginNode::Denial* OriginNode::denial_of(const wire::QueryHeader& header, ByteView command,
                                                const CredentialEntry& entry, bool conversation,
                                                bool in_parts) {
  static constexpr Denial unknown{mysql::error::unknown_command, "Unknown command"};
  static constexpr Denial denied{mysql::make_error(1142, "42000"),
                                 "Command denied to a user with the role reader"};
  const auto kind = static_cast<mysql::CommandKind>(command[0]);
  bool text = false;
  switch (kind) {
    case mysql::CommandKind::query:
      text = true;
      break;
    case mysql::CommandKind::init_db:
    case mysql::CommandKind::field_list:
    case mysql::CommandKind::statistics:
    case mysql::CommandKind::process_info:
      break;
    case mysql::CommandKind::statement_prepare:
      text = true;
      [[fallthrough]];
    case mysql::CommandKind::statement_execute:
    case mysql::CommandKind::statement_send_long_data:
    case mysql::CommandKind::statement_close:
    case mysql::CommandKind::statement_reset:
    case mysql::CommandKind::statement_fetch:
    case mysql::CommandKind::set_option:
      if (conversation) break;
      [[fallthrough]];
    default:
      return &unknown;
  }
  if (entry.role != Role::reader || !text) return nullptr;
  const bool several = (header.dialect & mysql::dialect::multi_statements) != 0;
  switch (mysql::classify(as_text(command.subspan(1)), several).kind) {
    case mysql::StatementKind::read:
    case mysql::StatementKind::settings:
    case mysql::StatementKind::begin:
    case mysql::StatementKind::end:
    case mysql::StatementKind::use_database:
    case mysql::StatementKind::next_transaction:
    case mysql::StatementKind::diagnostics:
      return in_parts && several ? &denied : nullptr;
    default:
      return &denied;
  }
}

Order OriginNode::order_of(const wire::QueryHeader& header, const CredentialEntry& entry) {
  Order order;
  order.branch = entry.branch;
  order.kind = entry.tablet_type;
  order.schema = header.schema;
  order.settings = header.settings;
  order.settings_after = header.settings_after;
  order.last_insert_id = header.last_insert_id;
  order.flags = header.flags;
  order.dialect = header.dialect;
  order.collation = header.collation;
  return order;
}

void OriginNode::note_order(Request& request, const wire::QueryHeader& header,
                            const CredentialEntry& entry) {
  request.phase = Phase::submitted;
  request.session = header.session;
  request.credential = header.grant.credential;
  request.answered = 0;
  request.head_sent = request.has_grant = false;
  if (gatekeeper_.due_for_renewal(header.grant)) {
    request.has_grant = gatekeeper_.issue(entry, header.session, request.edge, request.grant);
  }
}

std::uint64_t OriginNode::serve_statement(RequestId id, std::uint32_t edge,
                                          const wire::QueryRequest& query,
                                          const CredentialEntry& entry, Index known) {
  if (query.command.empty()) {
    acceptor_.reset(id, ResetReason::refused, Processed::no);
    return 0;
  }
  if (const Denial* denial = denial_of(query.header, query.command, entry, false, false)) {
    refuse(id, denial->code, denial->message, false, false);
    return 0;
  }
  const Index index = known == no_index ? begin_request(id, edge) : known;
  Request& request = requests_[index];
  note_order(request, query.header, entry);
  const std::uint64_t cookie = cookie_of(index);
  const std::uint32_t generation = request.generation;
  Order order = order_of(query.header, entry);
  order.command = query.command;
  backends_.submit(index, order);
  if (known != no_index) return cookie;  // whoever gave it up has released it
  return requests_[index].generation == generation ? cookie : 0;
}

// Whatever the session has under way here, or waiting with a database connection to itself. A user
// may end what is his own.
void OriginNode::serve_kill(RequestId id, std::uint32_t edge, const wire::QueryRequest& query) {
  const auto kill = wire::read_kill(query.command);
  if (!kill) return acceptor_.reset(id, ResetReason::refused, Processed::no);
  bool foreign = false;
  for (Index index = 0; index < requests_.extent(); ++index) {
    Request& request = requests_[index];
    if (request.phase != Phase::submitted || request.cancelled) continue;
    const std::uint32_t fingerprint = wire::edge_fingerprint(gatekeeper_.edge_name(request.edge));
    if (wire::connection_id_of(fingerprint, request.session) != kill->connection_id) continue;
    if (request.credential != query.header.grant.credential) {
      foreign = true;
      continue;
    }
    if (!kill->connection) {
      if (!request.standing) backends_.interrupt(index);
    } else if (request.standing) {
      backends_.interrupt(index);
    } else {
      request.cancelled = true;
      refuse(request.id, mysql::error::connection_killed, "Connection was killed", false, true);
      backends_.interrupt(index);
      backends_.abandon(index);
    }
    (void)edge;
    out_.clear();
    wire::append_ending(out_, {});
    acceptor_.respond(id, out_, true);
    return;
  }
  if (foreign) {
    return refuse(id, mysql::make_error(1095, "HY000"), "You are not owner of that thread", false,
                  false);
  }
  refuse(id, mysql::make_error(1094, "HY000"),
         "Unknown thread id: " + std::to_string(kill->connection_id), true, false);
}

void OriginNode::serve_login(RequestId id, std::uint32_t edge, ByteView message) {
  runtime_.spend(Work::verify_proof);
  wire::AuthRequest request;
  wire::AuthReply reply;
  wire::Grant grant;
  Bytes encoded_grant;
  const std::uint32_t number = next_number_++;
  const LoginVerdict verdict = codec_.decode(message, request)
                                   ? gatekeeper_.judge(request, edge, grant)
                                   : LoginVerdict::malformed;
  if (verdict == LoginVerdict::granted) {
    ++counters_.logins_granted;
    wire::append_grant(encoded_grant, grant);
    reply.grant = encoded_grant;
    reply.credential_id = grant.credential;
    reply.grant_expiration = grant.expiry;
    runtime_.record({TraceKind::proof_verified, number, 0, 0, request.user});
  } else {
    ++counters_.logins_refused;
    const mysql::ErrorCode& code = verdict == LoginVerdict::no_grant_key
                                       ? mysql::error::unknown_error
                                       : mysql::error::access_denied;
    reply.error_code = code.number;
    reply.sqlstate = code.state();
    reply.message = verdict == LoginVerdict::no_grant_key ? "This region has no key of the branch"
                                                          : "Access denied";
    runtime_.record(
        {TraceKind::proof_rejected, number, static_cast<std::uint64_t>(verdict), 0, request.user});
  }
  Bytes encoded;
  codec_.encode(reply, encoded);
  out_.clear();
  wire::append_frame_head(out_, wire::AnswerKind::login, encoded.size());
  acceptor_.respond(id, out_, encoded, true);
  codec_.forget();
}

void OriginNode::refuse(RequestId id, const mysql::ErrorCode& code, std::string_view message,
                        bool try_elsewhere, bool close) {
  ++counters_.statements_refused;
  out_.clear();
  wire::append_refusal(out_, {code.number, code.state(), message, try_elsewhere, close});
  acceptor_.respond(id, out_, true);
}

void OriginNode::refuse_grant(RequestId id, GrantVerdict verdict) {
  switch (verdict) {
    case GrantVerdict::valid:
      return;
    case GrantVerdict::unknown:
      // Or not here yet: a region may be named by a Route before it has the Credential.
      return refuse(id, mysql::error::connection_killed,
                    "Connection was killed: credential revoked", true, true);
    case GrantVerdict::rotated:
      return refuse(id, mysql::error::connection_killed,
                    "Connection was killed: credential rotated", false, true);
    case GrantVerdict::expired:
      return refuse(id, mysql::error::connection_killed,
                    "Connection was killed: credential expired", false, true);
    case GrantVerdict::forged:
      return refuse(id, mysql::error::connection_killed, "Connection was killed: grant not valid",
                    false, true);
  }
}

OriginNode::Index OriginNode::begin_request(RequestId id, std::uint32_t edge) {
  const Index index = requests_.take();
  Request& request = requests_[index];
  request.id = id;
  request.edge = edge;
  request.number = next_number_++;
  request.phase = Phase::receiving;
  request.cancelled = request.head_sent = request.has_grant = false;
  request.conversation = request.standing = request.busy = false;
  request.uploading = request.taking = false;
  request.answered = 0;
  request.owed = 0;
  return index;
}

void OriginNode::release_request(Index index) {
  // What nobody will look at any more must not hold the stream.
  if (requests_[index].owed != 0) acceptor_.consumed(requests_[index].id, requests_[index].owed);
  requests_[index].received.clear();
  requests_[index].phase = Phase::receiving;
  requests_.release(index);
}

void OriginNode::on_cancelled(RequestId id, std::uint64_t cookie) {
  const Index index = request_of(cookie);
  if (index == no_index) return;
  ++counters_.cancelled;
  if (requests_[index].phase == Phase::receiving) {
    release_request(index);
    return acceptor_.reset(id, ResetReason::cancelled, Processed::no);
  }
  if (requests_[index].conversation) return end_conversation(index);
  requests_[index].cancelled = true;
  backends_.abandon(index);
}

void OriginNode::on_sent(RequestId, std::uint64_t cookie) {
  const Index index = request_of(cookie);
  if (index != no_index && requests_[index].phase == Phase::submitted) backends_.resume(index);
}

// --- answers of databases -----------------------------------------------------------------------

std::size_t OriginNode::on_answer(std::uint32_t index, ByteView part, bool end) {
  Request& request = requests_[index];
  request.answered += part.size();
  if (!request.cancelled) {
    out_.clear();
    if (!std::exchange(request.head_sent, true) && request.has_grant) {
      wire::append_frame_head(out_, wire::AnswerKind::grant, wire::grant_size);
      wire::append_grant(out_, request.grant);
    }
    wire::append_frame_head(out_, end ? wire::AnswerKind::packets : wire::AnswerKind::part,
                            part.size());
    if (!acceptor_.respond(request.id, out_, part, end)) {
      // The edge is gone, or reads so slowly that its connection holds all it may.
      request.cancelled = true;
      acceptor_.reset(request.id, ResetReason::overloaded, Processed::unknown);
    }
  }
  if (!end) return request.cancelled ? 0 : acceptor_.queued_bytes(request.id);
  if (request.cancelled) acceptor_.reset(request.id, ResetReason::cancelled, Processed::yes);
  ++counters_.statements;
  runtime_.record({TraceKind::statement_served, request.session, request.credential,
                   request.answered | std::uint64_t{backends_.server_of(index)} << 40,
                   gatekeeper_.edge_name(request.edge)});
  release_request(index);
  return 0;
}

void OriginNode::on_lost(std::uint32_t index) {
  ++counters_.statements_lost;
  acceptor_.reset(requests_[index].id, ResetReason::internal, Processed::unknown);
  release_request(index);
}

void OriginNode::on_refused(std::uint32_t index, RefusalReason reason) {
  const RequestId id = requests_[index].id;
  switch (reason) {
    case RefusalReason::no_server:
      refuse(id, mysql::error::server_shutdown, "No database of that kind in this region", true,
             false);
      break;
    case RefusalReason::down:
      refuse(id, mysql::error::server_shutdown, "The database cannot be reached", true, false);
      break;
    case RefusalReason::too_many:
      refuse(id, mysql::error::too_many_connections,
             "Too many statements wait for a database connection", true, false);
      break;
    case RefusalReason::timed_out:
      refuse(id, mysql::error::too_many_connections, "Waited too long for a database connection",
             false, false);
      break;
    case RefusalReason::abandoned:
      acceptor_.reset(id, ResetReason::cancelled, Processed::no);
      break;
  }
  release_request(index);
}

// --- events of the runtime ----------------------------------------------------------------------

void OriginNode::on_timer(Cookie cookie) {
  if (acceptor_.owns(cookie)) return acceptor_.on_timer(cookie);
  if (store_.owns(cookie)) return store_.on_timer(cookie);
  if (Backends::owns(cookie)) return backends_.on_timer(cookie);
  tick();
}

Cookie OriginNode::on_accept(std::uint16_t, runtime::ConnectionId connection,
                             const runtime::PeerInfo& peer) {
  return acceptor_.on_accept(connection, peer);
}

void OriginNode::on_connect(runtime::ConnectionId connection, Cookie cookie) {
  if (Backends::owns(cookie)) return backends_.on_connect(connection, cookie);
  store_.on_connect(connection, cookie);
}

void OriginNode::on_secure(runtime::ConnectionId connection, Cookie cookie) {
  if (Backends::owns(cookie)) backends_.on_secure(connection, cookie);
}

void OriginNode::on_data(runtime::ConnectionId connection, Cookie cookie, ByteView bytes) {
  if (acceptor_.owns(cookie)) return acceptor_.on_data(connection, cookie, bytes);
  if (Backends::owns(cookie)) return backends_.on_data(connection, cookie, bytes);
  store_.on_data(connection, cookie, bytes);
}

void OriginNode::on_writable(runtime::ConnectionId connection, Cookie cookie) {
  if (acceptor_.owns(cookie)) return acceptor_.on_writable(connection, cookie);
  if (Backends::owns(cookie)) backends_.on_writable(connection, cookie);
}

void OriginNode::on_close(runtime::ConnectionId connection, Cookie cookie,
                          runtime::CloseReason reason) {
  if (acceptor_.owns(cookie)) return acceptor_.on_close(connection, cookie, reason);
  if (Backends::owns(cookie)) return backends_.on_close(connection, cookie, reason);
  store_.on_close(connection, cookie, reason);
}

}  // namespace wanlab::origin
