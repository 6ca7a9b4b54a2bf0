// From a client's first packet to the OK, or to a refusal.
#include "real_components/edge/edge_node.hpp"

#include <algorithm>

namespace wanlab::edge {
namespace {

using runtime::TraceKind;
using runtime::Work;

// MySQL's limits: 32 characters for a user, 64 for a database; four bytes each at most.
constexpr std::size_t longest_user = 128;
constexpr std::size_t longest_database = 256;

// The same words whether the user is unknown here, unknown at the origin, or gave the wrong
// password.
std::string denial_of(std::string_view user) {
  std::string message = "Access denied for user '";
  message.append(user.substr(0, longest_user));
  message += "' (using password: YES)";
  return message;
}

}  // namespace

void EdgeNode::receive_handshake(Index index, ByteView bytes) {
  Session& session = sessions_[index];
  Handshake& handshake = handshakes_[session.transient];
  const std::uint32_t generation = session.generation;
  while (!bytes.empty()) {
    mysql::PacketLimits limits;
    limits.max_payload = mysql::handshake_payload_limit;
    mysql::Packet packet;
    const mysql::PacketStatus status = session.input.next(bytes, limits, packet);
    if (status == mysql::PacketStatus::incomplete) return;
    runtime_.spend(Work::mysql_packet);
    out_.clear();
    const mysql::ServerStep step =
        status == mysql::PacketStatus::complete
            ? handshake.protocol.on_packet(handshake_options_, packet.sequence, packet.payload,
                                           session.secure, handshake.memory, out_)
            : handshake.protocol.on_packet_error(status, out_);
    if (!out_.empty()) runtime_.send(session.connection, out_);
    switch (step.kind) {
      case mysql::ServerStep::Kind::need_more:
        break;
      case mysql::ServerStep::Kind::start_tls:
        session.phase = Phase::securing;
        session.input.clear();
        runtime_.start_tls_server(session.connection, bytes);
        return;
      case mysql::ServerStep::Kind::verify_proof:
        begin_login(index, step.login);
        // A client that speaks on before it is answered is not turned away, but not heard either.
        if (sessions_[index].generation == generation) session.input.wipe();
        return;
      case mysql::ServerStep::Kind::verify_password:  // never asked for
      case mysql::ServerStep::Kind::failed:
        ++counters_.refused;
        runtime_.record({TraceKind::session_refused, number(index), step.error.number});
        close_session(index);
        return;
    }
  }
}

void EdgeNode::begin_login(Index index, const mysql::Login& login) {
  Session& session = sessions_[index];
  Handshake& handshake = handshakes_[session.transient];
  append(handshake.user, login.user.substr(0, longest_user));
  if (login.database.size() > longest_database) {
    return refuse_login(index, mysql::error::unknown_database, "Unknown database");
  }
  session.route = upstream_.routes().find(login.user);
  const routing::RouteView& view = upstream_.routes().view(session.route);
  if (login.user.size() > longest_user || !view.live() || view.expired(runtime_.wall_now())) {
    return deny_later(index);
  }
  session.tenant = upstream_.tenant_of(session.route);
  if (session.tenant >= sessions_of_tenant_.size())
    sessions_of_tenant_.resize(session.tenant + 1, 0);
  if (config_.maximum_sessions_per_tenant != 0 &&
      sessions_of_tenant_[session.tenant] >= config_.maximum_sessions_per_tenant) {
    return refuse_login(index, mysql::error::too_many_user_connections,
                        "Too many connections of this database branch");
  }
  if (!tenant_admission_.admit(session.tenant, runtime_.now())) {
    return refuse_login(index, mysql::error::resource_limit,
                        "This database branch has exceeded its rate of new connections");
  }
  // From here on: logins under way must not add up to more than may be.
  session.counted = true;
  ++sessions_of_tenant_[session.tenant];
  session.schema = schemas_.hold(login.database);
  session.phase = Phase::verifying;
  const Index exchange = begin_exchange(index, ExchangeKind::login);
  handshake.exchange = exchange;
  Bytes& sent = exchanges_[exchange].sent;
  sent.push_back(static_cast<std::byte>(wire::RequestKind::authenticate));
  wire::AuthRequest request;
  request.user = login.user;
  request.method = login.method == mysql::AuthMethod::native ? wire::AuthMethod::native
                                                             : wire::AuthMethod::caching_sha2;
  request.nonce = handshake.protocol.nonce();
  request.proof = login.proof;
  request.client_ip = handshake.client_ip;
  request.edge_id = fingerprint_;
  request.session = wire_session(index);
  codec_.encode(request, sent);
  codec_.forget();
  if (!dispatch(exchange, sent) && !wait_for_backhaul(exchange, sent)) no_region_left(exchange);
}

// Whoever guesses user names must not learn from the time that this one does not exist.
void EdgeNode::deny_later(Index index) {
  sessions_[index].phase = Phase::denying;
  const std::uint64_t spread = config_.login_jitter_percent;
  const std::uint64_t percent = 100 - spread + random_->below(2 * spread + 1);
  const Duration delay = login_time_ * static_cast<std::int64_t>(percent) / 100;
  runtime_.wake_after(std::min(delay, config_.maximum_denial_delay),
                      cookie(Tag::denial, number(index)));
}

void EdgeNode::deny(Index index) {
  if (sessions_[index].phase != Phase::denying) return;
  const std::string message = denial_of(as_text(handshakes_[sessions_[index].transient].user));
  refuse_login(index, mysql::error::access_denied, message);
}

void EdgeNode::refuse_login(Index index, const mysql::ErrorCode& code, std::string_view message) {
  Handshake& handshake = handshakes_[sessions_[index].transient];
  ++counters_.refused;
  out_.clear();
  handshake.protocol.reject(out_, code, message);
  runtime_.spend(Work::mysql_packet);
  runtime_.send(sessions_[index].connection, out_);
  runtime_.record(
      {TraceKind::session_refused, number(index), code.number, 0, as_text(handshake.user)});
  close_session(index);
}

void EdgeNode::answer_login(Index exchange_index, ByteView answer) {
  const Exchange& exchange = exchanges_[exchange_index];
  const Index index = exchange.session;
  if (const auto refusal = wire::read_refusal(answer)) {
    // Not judged, so that the nonce is as good as new.
    if (refusal->try_elsewhere && ask_elsewhere(exchange_index)) return;
    return refuse_login(index, mysql::error::server_shutdown,
                        "No region of this database can judge the login");
  }
  wire::AuthReply reply;
  if (answer.size() < wire::frame_head_size ||
      answer[0] != static_cast<std::byte>(wire::AnswerKind::login) ||
      !codec_.decode(answer.subspan(wire::frame_head_size), reply) ||
      (reply.granted() && reply.grant.size() != wire::grant_size)) {
    return refuse_login(index, mysql::error::unknown_error, "Malformed answer of the origin");
  }
  if (reply.granted()) {
    establish(index, wire::load_grant(reply.grant.data()), exchange.started);
  } else if (reply.error_code == mysql::error::access_denied.number) {
    login_time_ += (runtime_.now() - exchange.started - login_time_) / 8;
    sessions_[index].phase = Phase::denying;
    deny(index);
  } else {
    mysql::ErrorCode code{reply.error_code, {}};
    for (std::size_t i = 0; i < code.sqlstate.size(); ++i) {
      code.sqlstate[i] = i < reply.sqlstate.size() ? reply.sqlstate[i] : '0';
    }
    const std::string message(reply.message);
    refuse_login(index, code, message);
  }
  codec_.forget();
}

void EdgeNode::establish(Index index, const wire::Grant& grant, Instant login_started) {
  Session& session = sessions_[index];
  Handshake& handshake = handshakes_[session.transient];
  login_time_ += (runtime_.now() - login_started - login_time_) / 8;
  out_.clear();
  handshake.protocol.accept(out_);
  runtime_.spend(Work::mysql_packet);
  runtime_.send(session.connection, out_);

  // Who changes the user has said this before.
  if (const mysql::Capabilities agreed = handshake.protocol.capabilities(); agreed != 0) {
    session.dialect = mysql::dialect_of(agreed);
    session.collation = handshake.protocol.collation();
  }
  const Index exchange = handshake.exchange;
  release_handshake(session.transient);
  session.transient = no_index;
  session.phase = Phase::established;
  session.grant = grant;
  session.granted_at = whole_seconds(runtime_.now());
  grants_to_renew_.push_back(index);
  arm(Tag::renewal, config_.renew_after, renewal_armed_);
  ++counters_.authenticated;
  runtime_.record({TraceKind::session_authenticated, number(index), grant.credential, 0,
                   upstream_.routes().view(session.route).user});
  const std::size_t from = exchanges_[exchange].pipelined_from;
  Bytes pipelined =
      exchanges_[exchange].unread() != 0 ? std::move(exchanges_[exchange].pipelined) : Bytes();
  release_exchange(exchange);
  if (!pipelined.empty()) serve_pipelined(index, std::move(pipelined), from);
}

// What the client proves along with the command would be over the nonce of its login, which is used
// up: it is asked again. Until it has answered, and an origin has judged, the session is nobody's.
void EdgeNode::begin_change(Index index, ByteView payload) {
  const auto change = mysql::parse_change_user(payload);
  Session& session = sessions_[index];
  if (!change) {
    send_error(index, 1, mysql::error::malformed_packet, "Malformed communication packet");
    return close_session(index, mysql::error::malformed_packet.number);
  }
  reset_session(index);
  if (!session.renewing) grants_to_renew_.remove(index);
  session.renewing = false;
  session.grant = {};
  if (session.counted) --sessions_of_tenant_[session.tenant];
  session.counted = false;
  schemas_.release(std::exchange(session.schema, 0));
  session.route = {};
  if (change->collation != 0) session.collation = change->collation;
  session.phase = Phase::secured;
  session.transient = handshakes_.take();
  Handshake& handshake = handshakes_[session.transient];
  handshake.session = index;
  handshake.exchange = no_index;
  handshake.client_ip = {};
  handshake.deadline = runtime_.now() + config_.handshake_timeout;
  handshake_deadlines_.push_back(session.transient);
  arm(Tag::handshake_deadline, config_.handshake_timeout, deadline_armed_);
  const mysql::Login login{change->user, change->database, change->method, {}};
  out_.clear();
  handshake.protocol.begin_change(handshake_options_, 0, 1, login,
                                  mysql::encode_nonce(make_nonce()), handshake.memory, out_);
  runtime_.send(session.connection, out_);
}

}  // namespace wanlab::edge
