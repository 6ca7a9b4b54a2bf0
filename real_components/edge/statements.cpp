// Commands of sessions that have logged in.
#include "real_components/edge/edge_node.hpp"

#include "real_components/mysql/commands.hpp"
#include "real_components/mysql/responses.hpp"
#include "real_components/mysql/statement.hpp"

#include <utility>

namespace wanlab::edge {
namespace {

using runtime::TraceKind;
using runtime::Work;

constexpr std::size_t longest_database = 256;
constexpr std::uint32_t whole_repeat = 100;
constexpr std::uint32_t largest_retry_budget = 100 * whole_repeat;

}  // namespace

ByteView EdgeNode::receive_commands(Index index, ByteView bytes) {
  Session& session = sessions_[index];
  const std::uint32_t generation = session.generation;
  session.receiving = true;
  while (!bytes.empty()) {
    mysql::PacketLimits limits;
    limits.max_payload = config_.maximum_statement;
    limits.min_payload = 1;
    limits.sequence = 0;
    mysql::Packet packet;
    const mysql::PacketStatus status = session.input.next(bytes, limits, packet);
    if (status == mysql::PacketStatus::incomplete) break;
    runtime_.spend(Work::mysql_packet);
    if (status != mysql::PacketStatus::complete) {
      const mysql::ErrorCode code = mysql::error_of(status);
      send_error(index, 1, code,
                 status == mysql::PacketStatus::too_large
                     ? "Got a packet bigger than 'max_allowed_packet' bytes"
                 : status == mysql::PacketStatus::wrong_sequence
                     ? "Got packets out of order"
                     : "Malformed communication packet");
      close_session(index, code.number);
      return {};
    }
    run_command(index, packet.payload);
    if (session.generation != generation) return {};
    session.input.clear();  // an idle session holds no memory for packets
    if (session.phase == Phase::executing) break;
  }
  session.receiving = false;
  return session.phase == Phase::executing ? bytes : ByteView();
}

void EdgeNode::speak_ahead(Exchange& exchange, ByteView bytes) {
  Bytes& pipelined = exchange.pipelined;
  if (exchange.pipelined_from > pipelined.size() / 2) {
    pipelined.erase(pipelined.begin(), pipelined.begin() + exchange.pipelined_from);
    exchange.pipelined_from = 0;
  }
  append(pipelined, bytes);
}

void EdgeNode::serve_pipelined(Index index, Bytes&& pipelined, std::size_t from) {
  Session& session = sessions_[index];
  const std::uint32_t generation = session.generation;
  const ByteView rest = receive_commands(index, ByteView(pipelined).subspan(from));
  if (session.generation != generation) return;
  const std::size_t left = rest.size();
  if (left != 0) {
    Exchange& exchange = exchanges_[session.transient];
    exchange.pipelined_from = static_cast<std::uint32_t>(pipelined.size() - left);
    exchange.pipelined = std::move(pipelined);
  }
  // With much left it would only pile up: a short statement makes little room.
  if (session.reading_paused && left <= config_.pipelined_bytes / 2) {
    session.reading_paused = false;
    runtime_.resume_reading(session.connection);
  }
}

void EdgeNode::run_command(Index index, ByteView payload) {
  Session& session = sessions_[index];
  const auto kind = static_cast<mysql::CommandKind>(payload[0]);
  if (kind == mysql::CommandKind::quit) return close_session(index);

  const routing::RouteView& view = upstream_.routes().view(session.route);
  if (!view.live() || view.expired(runtime_.wall_now())) {
    ++counters_.revoked;
    send_error(index, 1, mysql::error::connection_killed,
               view.live() ? "Connection was killed: route expired"
                           : "Connection was killed: route removed");
    return close_session(index, mysql::error::connection_killed.number);
  }
  const std::string_view argument = as_text(payload.subspan(1));
  switch (kind) {
    case mysql::CommandKind::query: {
      switch (mysql::kind_of(argument)) {
        case mysql::StatementKind::read:
          return begin_statement(index, payload, true);
        case mysql::StatementKind::other:
          return begin_statement(index, payload, false);
        case mysql::StatementKind::use_database:
          return use_schema(index, mysql::database_of_use(argument));
        case mysql::StatementKind::no_effect:
          return send_ok(index);
        case mysql::StatementKind::session_state:
          ++counters_.statements_failed;
          return send_error(
              index, 1, mysql::error::not_supported_yet,
              "This server doesn't yet support statements that change the state of the "
              "session, transactions included");
      }
      return;
    }
    case mysql::CommandKind::init_db:
      return use_schema(index, argument);
    case mysql::CommandKind::ping: {
      const std::int64_t now = unix_seconds(runtime_.wall_now());
      if (static_cast<std::int64_t>(session.grant.expiry) > now) return send_ok(index);
      ++counters_.revoked;
      send_error(index, 1, mysql::error::connection_killed, "Connection was killed: grant expired");
      return close_session(index, mysql::error::connection_killed.number);
    }
    // There is no state to reset: the default database stays, as in MySQL.
    case mysql::CommandKind::reset_connection:
      return send_ok(index);
    default:
      return send_error(index, 1, mysql::error::unknown_command, "Unknown command");
  }
}

void EdgeNode::send_ok(Index index) {
  out_.clear();
  mysql::write_ok(out_, 1);
  runtime_.send(sessions_[index].connection, out_);
}

// Whether the database exists is told by the first statement that needs it.
void EdgeNode::use_schema(Index index, std::string_view name) {
  if (name.empty() || name.size() > longest_database) {
    return send_error(index, 1, mysql::error::unknown_database, "Unknown database");
  }
  const std::uint32_t schema = schemas_.hold(name);
  schemas_.release(std::exchange(sessions_[index].schema, schema));
  send_ok(index);
}

void EdgeNode::begin_statement(Index index, ByteView payload, bool reads_only) {
  runtime_.spend(Work::route_query);
  Session& session = sessions_[index];
  retry_budget_ = std::min(retry_budget_ + config_.retry_budget_percent, largest_retry_budget);
  const Index exchange_index = begin_exchange(index, ExchangeKind::statement);
  Exchange& exchange = exchanges_[exchange_index];
  exchange.repeatable = reads_only && session.grant.tablet_type !=
                                          static_cast<std::uint8_t>(wire::TabletType::primary);
  session.transient = exchange_index;
  session.phase = Phase::executing;
  ++session.statements;
  if (!dispatch(exchange_index, payload)) {
    if (!wait_for_backhaul(exchange_index, payload)) no_region_left(exchange_index);
    return;
  }
  append(exchange.sent, payload);
}

// The session is ready for its next command, and may have it waiting already.
void EdgeNode::finish_statement(Index exchange_index) {
  Exchange& exchange = exchanges_[exchange_index];
  const Index index = exchange.session;
  Session& session = sessions_[index];
  session.phase = Phase::established;
  session.transient = no_index;
  const std::size_t from = exchange.pipelined_from;
  Bytes pipelined = exchange.unread() != 0 ? std::move(exchange.pipelined) : Bytes();
  release_exchange(exchange_index);
  if (session.close_after_answer) {
    return close_with(
        index, draining_ ? mysql::error::server_shutdown : mysql::error::connection_killed,
        draining_ ? "Server shutdown in progress" : "Connection was killed: route removed");
  }
  // One that ended at once is behind the command that began it, and so is what else it sent.
  if (!session.receiving && !pipelined.empty()) serve_pipelined(index, std::move(pipelined), from);
}

// Ends a statement with an error of the edge's own, wherever its answer stands.
void EdgeNode::fail_statement(Index exchange_index, std::uint16_t code, std::string_view sqlstate,
                              std::string_view message, bool close) {
  Exchange& exchange = exchanges_[exchange_index];
  const Index index = exchange.session;
  ++counters_.statements_failed;
  runtime_.record({TraceKind::query_failed, number(index), sessions_[index].statements, code,
                   exchange.attempts == 0
                       ? std::string_view()
                       : upstream_.region_name(exchange.tried[exchange.attempts - 1u])});
  const bool within_a_packet = exchange.header_bytes != 0 || exchange.packet_left != 0;
  if (within_a_packet) {
    // Anything sent now would be taken for the rest of that packet.
    runtime_.abort(sessions_[index].connection);
    ending_with_ = code | runtime::session_state_lost;
    return release_session(index);
  }
  const auto sequence =
      static_cast<std::uint8_t>(exchange.answered == 0 ? 1 : exchange.sequence + 1);
  out_.clear();
  mysql::write_err(out_, sequence, code, sqlstate, message);
  runtime_.send(sessions_[index].connection, out_);
  if (close) return close_session(index, code);
  finish_statement(exchange_index);
}

void EdgeNode::refuse_statement(Index exchange_index, const wire::Refusal& refusal) {
  if (refusal.try_elsewhere && ask_elsewhere(exchange_index)) return;
  if (refusal.code == mysql::error::connection_killed.number) ++counters_.revoked;
  fail_statement(exchange_index, refusal.code, refusal.sqlstate, refusal.message, refusal.close);
}

}  // namespace wanlab::edge
