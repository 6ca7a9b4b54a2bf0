// Connections, deadlines and the end of sessions.
#include "real_components/edge/edge_node.hpp"

#include "real_components/mysql/responses.hpp"

#include <algorithm>

namespace wanlab::edge {
namespace {

using runtime::TraceKind;
using runtime::Work;

constexpr std::uint32_t index_bits = 24;
constexpr std::uint32_t index_mask = (1u << index_bits) - 1;

// Sessions looked at per step of a sweep, and the pause between steps: other work goes in between.
constexpr std::uint32_t sweep_slice = 4096;
constexpr Duration sweep_pause = std::chrono::milliseconds(1);
constexpr Duration drain_pause = std::chrono::milliseconds(100);

// Of twelve bits, and different for each shard of one process.
std::uint32_t process_number(std::uint32_t random, const EdgeConfig& config) {
  const std::uint32_t shards = std::clamp(config.shards, 1u, 0x1000u);
  return (random % (0x1000 / shards)) * shards + config.shard % shards;
}

}  // namespace

EdgeNode::EdgeNode(runtime::Runtime& runtime, EdgeConfig config, control::Store* store)
    : runtime_(runtime),
      config_(std::move(config)),
      random_(runtime.random_stream("edge")),
      nonce_key_(config_.nonce_key),
      fingerprint_(wire::edge_fingerprint(config_.name)),
      process_(process_number(static_cast<std::uint32_t>(random_->next()), config_)),
      upstream_(runtime, config_, store, *this, *this),
      tenant_admission_(config_.tenant_rate),
      address_admission_(config_.address_rate, random_->next()),
      login_time_(config_.initial_login_time) {
  handshake_options_.server_version = config_.server_version;
  handshake_options_.require_tls = config_.require_tls;
  handshake_options_.allow_native = config_.allow_native;
}

EdgeNode::~EdgeNode() = default;

void EdgeNode::start() {
  upstream_.start();
}

// Not before: an edge that does not know the Routes yet would deny everybody who has one.
void EdgeNode::on_synchronised() {
  if (draining_) return;
  runtime_.listen(config_.port, {.mutual_tls = false, .backlog = config_.backlog});
}

EdgeCensus EdgeNode::census() const {
  EdgeCensus census;
  census.sessions = sessions_.live();
  census.handshakes = handshakes_.live();
  census.exchanges = exchanges_.live();
  census.schemas = schemas_.size();
  census.memory_bytes = sessions_.memory_bytes() + handshakes_.memory_bytes() +
                        exchanges_.memory_bytes() + attachments_.memory_bytes();
  census.attachments = attachments_.live();
  census.conversations = conversations_;
  census.settings = settings_.size();
  return census;
}

std::optional<SessionInfo> EdgeNode::session_at(std::uint32_t place) const {
  const Session& session = sessions_[place];
  if (session.connection == runtime::no_connection) return std::nullopt;
  SessionInfo info{number(place),
                   upstream_.routes().view(session.route).user,
                   schemas_.name(session.schema),
                   session.phase,
                   session.secure,
                   session.statements};
  if (const Index index = attachment_of(place); index != no_index) {
    info.pinned = attachments_[index].pinned;
    info.in_transaction = attachments_[index].in_transaction();
  }
  return info;
}

// --- names --------------------------------------------------------------------------------------

runtime::Cookie EdgeNode::cookie(Tag tag, std::uint64_t word) {
  return (runtime::Cookie{static_cast<std::uint8_t>(tag)} << 48) | word;
}

std::uint64_t EdgeNode::number(Index session) const {
  return (std::uint64_t{sessions_[session].generation & index_mask} << index_bits) | session;
}

// A restarted edge gives the same numbers again; its grants must not be good for one another's
// sessions.
std::uint64_t EdgeNode::wire_session(Index session) const {
  return (std::uint64_t{process_} << 48) | number(session);
}

EdgeNode::Index EdgeNode::session_of(runtime::Cookie cookie) const {
  const auto index = static_cast<Index>(cookie & index_mask);
  const auto generation = static_cast<std::uint32_t>(cookie >> index_bits) & index_mask;
  return sessions_.holds(index, generation, index_mask) ? index : no_index;
}

// Never the same twice, also when the wall clock is set back: then it goes on from its latest
// second.
wire::NonceContent EdgeNode::make_nonce() {
  const auto second = static_cast<std::uint32_t>(unix_seconds(runtime_.wall_now()));
  if (second > nonce_second_) {
    nonce_second_ = second;
    nonce_sequence_ = 0;
  } else if (nonce_sequence_ == wire::nonce_sequence_limit) {
    ++nonce_second_;
    nonce_sequence_ = 0;
  }
  return wire::seal_nonce(
      {fingerprint_ & wire::nonce_edge_mask, nonce_second_, process_, nonce_sequence_++},
      nonce_key_);
}

// --- connections --------------------------------------------------------------------------------

runtime::Cookie EdgeNode::on_accept(std::uint16_t, runtime::ConnectionId connection,
                                    const runtime::PeerInfo& peer) {
  runtime_.spend(Work::accept_connection);
  ++counters_.accepted;
  const bool full = sessions_.live() >= config_.maximum_sessions || draining_;
  if (full || !address_admission_.admit(peer.address.ip, runtime_.now())) {
    ++counters_.refused;
    out_.clear();
    mysql::write_early_err(
        out_, mysql::error::too_many_connections,
        full ? "Too many connections" : "Too many connections from this address");
    runtime_.send(connection, out_);
    runtime_.close(connection);
    runtime_.record({TraceKind::session_refused, 0, mysql::error::too_many_connections.number});
    return cookie(Tag::session, index_mask);  // names nobody
  }
  const Index index = sessions_.take();
  Session& session = sessions_[index];
  session.connection = connection;
  session.phase = Phase::greeted;
  session.transient = handshakes_.take();
  Handshake& handshake = handshakes_[session.transient];
  handshake.session = index;
  handshake.exchange = no_index;
  handshake.client_ip = peer.address.ip;
  handshake.deadline = runtime_.now() + config_.handshake_timeout;
  handshake_deadlines_.push_back(session.transient);
  arm(Tag::handshake_deadline, config_.handshake_timeout, deadline_armed_);

  runtime_.record({TraceKind::session_accepted, number(index)});
  out_.clear();
  handshake.protocol.begin(handshake_options_,
                           wire::connection_id_of(fingerprint_, wire_session(index)),
                           mysql::encode_nonce(make_nonce()), out_);
  runtime_.spend(Work::mysql_packet);
  runtime_.send(connection, out_);
  return cookie(Tag::session, number(index));
}

void EdgeNode::on_connect(runtime::ConnectionId connection, runtime::Cookie word) {
  upstream_.on_connect(connection, word);
}

void EdgeNode::on_secure(runtime::ConnectionId, runtime::Cookie word) {
  const Index session = session_of(word);
  if (session == no_index || sessions_[session].phase != Phase::securing) return;
  sessions_[session].phase = Phase::secured;
  sessions_[session].secure = true;
  runtime_.record({TraceKind::session_secured, number(session)});
}

void EdgeNode::anticipate(runtime::Cookie word, bool soon) const {
  const auto index = static_cast<Index>(word & index_mask);
  if (soon || Upstream::owns(word) || index >= sessions_.extent()) return;
  const Session& session = sessions_[index];
  __builtin_prefetch(&session, 1);
  __builtin_prefetch(reinterpret_cast<const std::byte*>(&session) + 64, 1);
}

void EdgeNode::on_data(runtime::ConnectionId connection, runtime::Cookie word, ByteView bytes) {
  if (Upstream::owns(word)) return upstream_.on_data(connection, word, bytes);
  const Index index = session_of(word);
  if (index == no_index) return;
  Session& session = sessions_[index];
  switch (session.phase) {
    case Phase::established: {
      const ByteView rest = receive_commands(index, bytes);
      if (!rest.empty()) speak_ahead(exchanges_[session.transient], rest);
      return;
    }
    case Phase::greeted:
    case Phase::secured:
      return receive_handshake(index, bytes);
    case Phase::executing:
      if (exchanges_[session.transient].uploading) {
        bytes = continue_upload(session.transient, bytes);
        if (bytes.empty() || session_of(word) == no_index) return;
        if (session.phase == Phase::established) return on_data(connection, word, bytes);
      }
      [[fallthrough]];
    case Phase::verifying: {
      const Index exchange = session.phase == Phase::executing
                                 ? session.transient
                                 : handshakes_[session.transient].exchange;
      speak_ahead(exchanges_[exchange], bytes);
      if (exchanges_[exchange].unread() > config_.pipelined_bytes && !session.reading_paused) {
        session.reading_paused = true;
        runtime_.pause_reading(connection);
      }
      return;
    }
    case Phase::securing:
    case Phase::denying:
      return;  // nothing it could say would matter
  }
}

void EdgeNode::on_writable(runtime::ConnectionId connection, runtime::Cookie word) {
  if (Upstream::owns(word)) return upstream_.on_writable(connection, word);
  const Index session = session_of(word);
  if (session == no_index || sessions_[session].phase != Phase::executing) return;
  Exchange& exchange = exchanges_[sessions_[session].transient];
  const std::uint32_t held_back = std::exchange(exchange.unconsumed, 0);
  if (held_back != 0) upstream_.pool().consumed(exchange.request, held_back);
}

void EdgeNode::on_close(runtime::ConnectionId connection, runtime::Cookie word,
                        runtime::CloseReason reason) {
  if (Upstream::owns(word)) return upstream_.on_close(connection, word, reason);
  if (const Index session = session_of(word); session != no_index) release_session(session);
}

void EdgeNode::on_timer(runtime::Cookie word) {
  if (Upstream::owns(word)) return upstream_.on_timer(word);
  switch (static_cast<Tag>(word >> 48)) {
    case Tag::handshake_deadline:
      return expire_handshakes();
    case Tag::renewal:
      return renew_grants();
    case Tag::sweep:
      return sweep();
    case Tag::cold_backhaul:
      return give_up_waiting();
    case Tag::denial:
      if (const Index session = session_of(word); session != no_index) deny(session);
      return;
    case Tag::retry_renewal:
      if (const Index session = session_of(word); session != no_index) begin_renewal(session);
      return;
    case Tag::session:
      return;
  }
}

// --- deadlines ----------------------------------------------------------------------------------

void EdgeNode::arm(Tag tag, Duration delay, bool& armed) {
  if (std::exchange(armed, true)) return;
  runtime_.wake_after(std::max<Duration>(delay, Duration::zero()), cookie(tag));
}

void EdgeNode::expire_handshakes() {
  deadline_armed_ = false;
  const Instant now = runtime_.now();
  while (!handshake_deadlines_.empty()) {
    const Handshake& handshake = handshakes_[handshake_deadlines_.front()];
    if (handshake.deadline > now) {
      return arm(Tag::handshake_deadline, handshake.deadline - now, deadline_armed_);
    }
    ++counters_.handshake_timeouts;
    const Phase phase = sessions_[handshake.session].phase;
    if (phase == Phase::verifying) {
      refuse_login(handshake.session, mysql::error::server_shutdown,
                   "No answer from the database's region");
    } else if (phase == Phase::securing) {
      runtime_.record({TraceKind::session_refused, number(handshake.session),
                       mysql::error::read_timeout.number});
      runtime_.abort(sessions_[handshake.session].connection);
      release_session(handshake.session);
    } else {
      refuse_login(handshake.session, mysql::error::read_timeout,
                   "Got timeout reading communication packets");
    }
  }
}

void EdgeNode::renew_grants() {
  renewal_armed_ = false;
  const Instant now = runtime_.now();
  while (!grants_to_renew_.empty()) {
    const Index index = grants_to_renew_.front();
    const Instant due =
        Instant(std::chrono::seconds(sessions_[index].granted_at)) + config_.renew_after;
    if (due > now) return arm(Tag::renewal, due - now, renewal_armed_);
    // It leaves the queue until the origin has answered.
    grants_to_renew_.remove(index);
    sessions_[index].renewing = true;
    ++counters_.renewals;
    begin_renewal(index);
  }
}

// --- ends ---------------------------------------------------------------------------------------

void EdgeNode::send_error(Index session, std::uint8_t sequence, const mysql::ErrorCode& code,
                          std::string_view message) {
  out_.clear();
  mysql::write_err(out_, sequence, code, message);
  runtime_.send(sessions_[session].connection, out_);
}

void EdgeNode::close_with(Index session, const mysql::ErrorCode& code, std::string_view message) {
  send_error(session, 0, code, message);
  close_session(session, code.number);
}

void EdgeNode::close_session(Index session, std::uint16_t code) {
  ending_with_ = code;
  runtime_.close(sessions_[session].connection);
  release_session(session);
}

void EdgeNode::release_session(Index index) {
  Session& session = sessions_[index];
  runtime_.record({TraceKind::session_closed, number(index), session.statements,
                   std::exchange(ending_with_, 0u)});
  Index exchange = no_index;
  const bool logged_in = session.phase == Phase::established || session.phase == Phase::executing;
  if (logged_in) {
    if (session.phase == Phase::executing) exchange = session.transient;
    if (const Index own = attachment_of(index); own != no_index) release_attachment(own);
    if (!session.renewing) grants_to_renew_.remove(index);
  } else {
    exchange = handshakes_[session.transient].exchange;
    release_handshake(session.transient);
  }
  if (exchange != no_index) {
    upstream_.pool().cancel(exchanges_[exchange].request);
    release_exchange(exchange);
  }
  if (session.counted) --sessions_of_tenant_[session.tenant];
  schemas_.release(session.schema);
  session.schema = 0;
  session.input.wipe();
  session.connection = runtime::no_connection;
  session.route = {};
  session.grant = {};
  session.transient = no_index;
  session.statements = 0;
  session.secure = session.reading_paused = session.renewing = session.close_after_answer = false;
  session.counted = session.receiving = session.no_rows = false;
  session.dialect = session.collation = 0;
  sessions_.release(index);
}

void EdgeNode::release_handshake(Index index) {
  Handshake& handshake = handshakes_[index];
  handshake_deadlines_.remove(index);
  mysql::ServerHandshake::forget(handshake.memory);
  handshake.user.clear();
  handshake.protocol = {};
  handshakes_.release(index);
}

void EdgeNode::release_exchange(Index index) {
  Exchange& exchange = exchanges_[index];
  // A login's request holds the proof.
  if (exchange.kind == ExchangeKind::login) crypto::secure_zero(exchange.sent);
  exchange.sent.clear();
  exchange.answer.clear();
  exchange.pipelined.clear();
  exchange.pipelined_from = 0;
  exchange.request = {};
  exchange.answered = 0;
  exchange.row_count = -1;
  exchange.unconsumed = 0;
  exchange.attempts = 0;
  exchange.repeatable = exchange.conversation = exchange.complete = exchange.failed_there = false;
  exchange.uploading = exchange.unanswered = exchange.keeps_transaction = false;
  exchange.header_bytes = 0;
  exchange.packet_left = 0;
  exchange.flags = 0;
  exchange.attachment = no_index;
  if (exchange.schema != no_index) schemas_.release(std::exchange(exchange.schema, no_index));
  if (exchange.settings != no_index) settings_.release(std::exchange(exchange.settings, no_index));
  exchange.upload_have = 0;
  exchange.upload_left = 0;
  exchange.uploaded = 0;
  exchange.scanner = {};
  exchanges_.release(index);
}

// --- many at once -------------------------------------------------------------------------------

void EdgeNode::drain() {
  if (draining_) return;
  draining_ = true;
  runtime_.stop_listening(config_.port);
  drain_until_ = runtime_.now() + config_.drain_period;
  begin_sweep(Sweep::drain);
}

void EdgeNode::undrain() {
  if (!draining_) return;
  draining_ = false;
  sweep_kind_ = Sweep::none;
  if (upstream_.synchronised()) on_synchronised();
}

void EdgeNode::on_routes_removed() {
  begin_sweep(Sweep::orphans);
}

void EdgeNode::begin_sweep(Sweep kind) {
  if (sweep_kind_ == Sweep::drain) return;
  if (kind == Sweep::orphans && sweep_kind_ == Sweep::orphans) {
    sweep_again_ = true;
    return;
  }
  sweep_kind_ = kind;
  sweep_at_ = 0;
  arm(Tag::sweep, Duration::zero(), sweep_armed_);
}

void EdgeNode::sweep() {
  sweep_armed_ = false;
  if (sweep_kind_ == Sweep::none) return;
  const bool draining = sweep_kind_ == Sweep::drain;
  const bool last = draining && runtime_.now() >= drain_until_;
  const auto steps =
      static_cast<std::uint32_t>(std::max<std::int64_t>(1, config_.drain_period / drain_pause));
  const std::uint32_t slice = last       ? sessions_.extent()
                              : draining ? sessions_.extent() / steps + 1
                                         : sweep_slice;
  if (last) sweep_at_ = 0;
  const Index end = std::min(sessions_.extent(), sweep_at_ + slice);
  for (; sweep_at_ < end; ++sweep_at_) {
    Session& session = sessions_[sweep_at_];
    if (session.connection == runtime::no_connection) continue;
    const bool logged_in = session.phase == Phase::established || session.phase == Phase::executing;
    if (!draining && (!logged_in || upstream_.routes().view(session.route).live())) continue;
    if (!last && (session.phase == Phase::executing || (draining && conversing(sweep_at_)))) {
      session.close_after_answer = true;
    } else if (logged_in) {
      if (!draining) ++counters_.revoked;
      if (session.phase == Phase::executing) {
        fail_statement(session.transient, mysql::error::server_shutdown.number,
                       mysql::error::server_shutdown.state(), "Server shutdown in progress", true);
      } else if (draining) {
        close_with(sweep_at_, mysql::error::server_shutdown, "Server shutdown in progress");
      } else {
        close_with(sweep_at_, mysql::error::connection_killed,
                   "Connection was killed: route removed");
      }
    } else if (last) {
      refuse_login(sweep_at_, mysql::error::server_shutdown, "Server shutdown in progress");
    }
  }
  if (last) return;
  if (draining) return arm(Tag::sweep, drain_pause, sweep_armed_);
  if (sweep_at_ < sessions_.extent()) return arm(Tag::sweep, sweep_pause, sweep_armed_);
  sweep_kind_ = Sweep::none;
  if (std::exchange(sweep_again_, false)) begin_sweep(Sweep::orphans);
}

}  // namespace wanlab::edge
