// Commands of sessions that have logged in.
#include "real_components/edge/edge_node.hpp"

#include "real_components/mysql/answer_follower.hpp"
#include "real_components/mysql/commands.hpp"
#include "real_components/mysql/previous.hpp"
#include "real_components/mysql/responses.hpp"
#include "real_components/mysql/settings.hpp"
#include "real_components/mysql/statement.hpp"

#include <utility>

namespace wanlab::edge {
namespace {

using mysql::CommandKind;
using mysql::StatementKind;
using runtime::TraceKind;
using runtime::Work;

constexpr std::size_t longest_database = 256;
constexpr std::uint32_t whole_repeat = 100;
constexpr std::uint32_t largest_retry_budget = 100 * whole_repeat;

constexpr std::string_view transaction_lost =
    "The transaction was rolled back because its connection was lost; try restarting transaction";

constexpr std::string_view about_previous =
    "This server doesn't yet support this question about the statement before outside of a "
    "transaction";

// What every session has before it has said anything.
bool are_defaults(std::string_view settings, std::uint8_t collation) {
  return settings == "autocommit=1" || settings == "autocommit=on" || settings == "autocommit=ON" ||
         (settings == "NAMES utf8mb4" && collation == mysql::utf8mb4_general_ci);
}

}  // namespace

// --- what the client sends ----------------------------------------------------------------------

ByteView EdgeNode::receive_commands(Index index, ByteView bytes) {
  Session& session = sessions_[index];
  const std::uint32_t generation = session.generation;
  session.receiving = true;
  while (!bytes.empty()) {
    mysql::PacketLimits limits;
    limits.max_payload = std::min(config_.maximum_statement, mysql::largest_payload);
    limits.min_payload = 1;
    limits.sequence = 0;
    mysql::Packet packet;
    const mysql::PacketStatus status = session.input.next(bytes, limits, packet);
    const bool incomplete = status == mysql::PacketStatus::incomplete;
    if (incomplete && session.input.announced() <= config_.streamed_from) break;
    runtime_.spend(Work::mysql_packet);
    if (!incomplete && status != mysql::PacketStatus::complete) {
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
    if (incomplete || packet.payload.size() > config_.streamed_from) {
      // Its head lies right before its payload.
      const std::size_t head = mysql::packet_header_size;
      const ByteView begun =
          incomplete ? session.input.begun()
                     : ByteView(packet.payload.data() - head, packet.payload.size() + head);
      if (begun.size() <= head) break;
      const Bytes kept(begun.begin(), begun.end());
      session.input.clear();
      const ByteView rest = begin_upload(index, kept);
      if (session.generation != generation) return {};
      if (!rest.empty() || session.phase != Phase::executing) continue;
      if (!exchanges_[session.transient].uploading) break;
      bytes = continue_upload(session.transient, bytes);
      if (session.generation != generation) return {};
    } else {
      run_command(index, packet.payload);
      if (session.generation != generation) return {};
      session.input.clear();  // an idle session holds no memory for packets
    }
    if (session.phase != Phase::established) break;
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
  const auto kind = static_cast<CommandKind>(payload[0]);
  if (kind == CommandKind::quit) return close_session(index);

  const routing::RouteView& view = upstream_.routes().view(session.route);
  if (!view.live() || view.expired(runtime_.wall_now())) {
    ++counters_.revoked;
    send_error(index, 1, mysql::error::connection_killed,
               view.live() ? "Connection was killed: route expired"
                           : "Connection was killed: route removed");
    return close_session(index, mysql::error::connection_killed.number);
  }
  switch (kind) {
    case CommandKind::query:
      return run_query(index, payload);
    case CommandKind::init_db:
      return use_schema(index, payload, as_text(payload.subspan(1)));
    case CommandKind::ping: {
      const std::int64_t now = unix_seconds(runtime_.wall_now());
      if (static_cast<std::int64_t>(session.grant.expiry) > now) return send_ok(index);
      ++counters_.revoked;
      send_error(index, 1, mysql::error::connection_killed, "Connection was killed: grant expired");
      return close_session(index, mysql::error::connection_killed.number);
    }
    // The default database stays, as in MySQL.
    case CommandKind::reset_connection:
      reset_session(index);
      return send_ok(index);
    case CommandKind::change_user:
      return begin_change(index, payload);
    case CommandKind::set_option:
      return set_option(index, payload);
    case CommandKind::field_list:
    case CommandKind::statistics:
    case CommandKind::process_info:
      return forward(index, payload);
    case CommandKind::process_kill:
      if (payload.size() != 5) break;
      return run_kill(index, {load_little_endian<std::uint32_t>(&payload[1]), true});
    case CommandKind::statement_prepare:
    case CommandKind::statement_execute:
    case CommandKind::statement_fetch:
    case CommandKind::statement_reset:
    case CommandKind::statement_close:
    case CommandKind::statement_send_long_data:
      return run_prepared(index, payload, kind);
    default:
      break;
  }
  refuse_command(index, mysql::error::unknown_command, "Unknown command");
}

// --- what is to be done with it -----------------------------------------------------------------

void EdgeNode::run_query(Index index, ByteView payload) {
  Intent intent;
  if (!judge(index, as_text(payload.subspan(1)), intent)) return;
  if (!intent.reads_row_count) return begin_statement(index, payload, intent);
  const Attachment* attachment = attached(index);
  const std::int64_t rows = attachment != nullptr && attachment->row_count > 0
                                ? attachment->row_count
                                : (sessions_[index].no_rows ? 0 : -1);
  const std::string text = mysql::with_row_count(as_text(payload.subspan(1)), rows);
  Bytes changed;
  mysql::append_command_payload(changed, CommandKind::query, text);
  begin_statement(index, changed, intent);
}

bool EdgeNode::judge(Index index, std::string_view text, Intent& intent) {
  const Session& session = sessions_[index];
  const bool several = (session.dialect & mysql::dialect::multi_statements) != 0;
  const mysql::Statement statement = mysql::classify(text, several);
  const bool open = conversing(index);
  intent.keeps_transaction = statement.ends_no_transaction;
  if (statement.reads_last_insert_id && !open) intent.flags |= wire::order::reads_insert_id;
  if (statement.gives_last_insert_id) intent.flags |= wire::order::gives_insert_id;
  if (statement.calculates_found_rows) {
    intent.conversation = true;
    intent.flags |= wire::order::followed_up;
  }
  if (!open && statement.reads_found_rows) {
    refuse_command(index, mysql::error::not_supported_yet, about_previous);
    return false;
  }
  intent.reads_row_count = !open && statement.reads_row_count;
  switch (statement.kind) {
    case StatementKind::read:
      intent.flags |= wire::order::reads;
      intent.repeatable =
          session.grant.tablet_type != static_cast<std::uint8_t>(wire::TabletType::primary);
      if (!open && statement.reads_warnings && has_warnings(index)) {
        refuse_command(index, mysql::error::not_supported_yet, about_previous);
        return false;
      }
      if (!open && statement.reads_warnings) intent.flags |= wire::order::fresh;
      return true;
    case StatementKind::other:
      return true;
    case StatementKind::use_database: {
      const std::string_view name = mysql::database_of_use(text);
      if (name.empty() || name.size() > longest_database) {
        refuse_command(index, mysql::error::unknown_database, "Unknown database");
        return false;
      }
      intent.schema = schemas_.hold(name);
      intent.flags |= wire::order::changes_settings;
      return true;
    }
    case StatementKind::settings:
      return judge_settings(index, text, intent);
    case StatementKind::begin:
      intent.conversation = true;
      intent.repeatable = true;  // nobody has done anything in it
      return true;
    case StatementKind::end:
      if (open) return true;
      return end_no_transaction(index, text), false;
    case StatementKind::open_ended:
      intent.conversation = true;
      return true;
    case StatementKind::session_state:
      intent.conversation = true;
      intent.flags |= wire::order::leaves_state;
      return true;
    case StatementKind::lock_tables:
      intent.conversation = true;
      intent.flags |= wire::order::locks_tables;
      return true;
    case StatementKind::unlock_tables:
      intent.conversation = true;
      intent.flags |= wire::order::unlocks_tables;
      return true;
    case StatementKind::next_transaction:
      intent.conversation = true;
      intent.flags |= wire::order::next_transaction;
      return true;
    case StatementKind::diagnostics:
      if (open) return true;
      if (serve_warnings(index, text)) return false;
      intent.flags |= wire::order::fresh;
      return true;
    case StatementKind::kill:
      run_kill_statement(index, text);
      return false;
    case StatementKind::refused:
      refuse_command(index, mysql::make_error(1227, "42000"),
                     "Access denied; the account of the database is not the session's to change");
      return false;
  }
  return true;
}

// There is none, or there is none any more.
void EdgeNode::end_no_transaction(Index index, std::string_view text) {
  Attachment* attachment = attached(index);
  const bool lost = attachment != nullptr && std::exchange(attachment->transaction_lost, false);
  tidy(index);
  mysql::detail::skip_blank(text);
  const bool commit = !text.empty() && mysql::detail::upper(text[0]) == 'C';
  if (lost && commit) return refuse_command(index, mysql::error::deadlock, transaction_lost);
  send_ok(index);
}

bool EdgeNode::has_warnings(Index index) {
  const Attachment* attachment = attached(index);
  return attachment != nullptr && !attachment->warnings.empty();
}

// Whether they are settings at all the server says when the statement runs; only then are they
// kept.
bool EdgeNode::judge_settings(Index index, std::string_view text, Intent& intent) {
  const Attachment* attachment = attached(index);
  const std::string_view before =
      attachment == nullptr ? std::string_view() : settings_.name(attachment->settings);
  const auto merged = mysql::merge_settings(before, text);
  if (!merged) {
    intent.conversation = true;
    intent.flags |= wire::order::leaves_state;
    return true;
  }
  if (!conversing(index) && before.empty() && are_defaults(*merged, sessions_[index].collation)) {
    send_ok(index);
    return false;
  }
  intent.settings = settings_.hold(*merged);
  intent.flags |= wire::order::changes_settings;
  return true;
}

void EdgeNode::use_schema(Index index, ByteView payload, std::string_view name) {
  if (name.empty() || name.size() > longest_database) {
    return refuse_command(index, mysql::error::unknown_database, "Unknown database");
  }
  Intent intent;
  intent.schema = schemas_.hold(name);
  intent.flags = wire::order::changes_settings;
  begin_statement(index, payload, intent);
}

// Whether several statements may be sent at once.
void EdgeNode::set_option(Index index, ByteView payload) {
  Session& session = sessions_[index];
  const std::uint16_t option =
      payload.size() == 3 ? load_little_endian<std::uint16_t>(&payload[1]) : 0xffff;
  if (option > 1) return refuse_command(index, mysql::error::unknown_command, "Unknown command");
  session.dialect &= static_cast<mysql::Dialect>(~mysql::dialect::multi_statements);
  if (option == 0) session.dialect |= mysql::dialect::multi_statements;
  if (conversing(index)) return forward(index, payload);
  out_.clear();
  if ((session.dialect & mysql::dialect::deprecate_eof) != 0) {
    mysql::write_ok_as_eof(out_, 1, {.status = status_of(index)});
  } else {
    mysql::write_eof(out_, 1, {.status = status_of(index)});
  }
  runtime_.send(session.connection, out_);
}

void EdgeNode::forward(Index index, ByteView payload) {
  Intent intent;
  intent.keeps_transaction = true;
  begin_statement(index, payload, intent);
}

// Prepared statements live on the database connection, which stays the session's as long as it has
// any.
void EdgeNode::run_prepared(Index index, ByteView payload, CommandKind kind) {
  Intent intent;
  intent.conversation = true;
  if (kind == CommandKind::statement_prepare) {
    // What it is told by the text holds for when it runs as well.
    const mysql::Statement statement = mysql::classify(as_text(payload.subspan(1)));
    if (statement.kind == StatementKind::refused) {
      return refuse_command(index, mysql::make_error(1227, "42000"), "Access denied");
    }
    if (statement.kind == StatementKind::session_state) intent.flags |= wire::order::leaves_state;
    intent.keeps_transaction = true;
    intent.repeatable = true;
    return begin_statement(index, payload, intent);
  }
  const bool silent =
      kind == CommandKind::statement_close || kind == CommandKind::statement_send_long_data;
  if (!conversing(index)) {
    if (silent) return;
    return refuse_command(index, mysql::make_error(1243, "HY000"),
                          "Unknown prepared statement handler");
  }
  begin_statement(index, payload, intent);
}

// --- its way there ------------------------------------------------------------------------------

void EdgeNode::begin_statement(Index index, ByteView payload, const Intent& intent, bool in_parts) {
  runtime_.spend(Work::route_query);
  Session& session = sessions_[index];
  retry_budget_ = std::min(retry_budget_ + config_.retry_budget_percent, largest_retry_budget);
  Attachment* attachment = attached(index);
  if (attachment != nullptr && std::exchange(attachment->transaction_lost, false)) {
    if (intent.schema != no_index) schemas_.release(intent.schema);
    if (intent.settings != no_index) settings_.release(intent.settings);
    tidy(index);
    return refuse_command(index, mysql::error::deadlock, transaction_lost);
  }
  const bool open = attachment != nullptr && attachment->stream;
  const bool off = attachment != nullptr && attachment->autocommit_off;
  const bool conversation =
      open || intent.conversation || (off && (intent.flags & wire::order::changes_settings) == 0);
  if (conversation) attachment = &attach(index);
  if (attachment != nullptr) {
    attachment->warnings = Bytes();
    attachment->row_count = 0;
  }

  const Index own = attachment_of(index);
  const Index exchange_index = begin_exchange(index, ExchangeKind::statement);
  Exchange& exchange = exchanges_[exchange_index];
  exchange.attachment = own;
  exchange.conversation = conversation;
  exchange.uploading = in_parts;
  exchange.repeatable = intent.repeatable;
  exchange.keeps_transaction = intent.keeps_transaction;
  exchange.flags = intent.flags;
  exchange.schema = intent.schema;
  exchange.settings = intent.settings;
  exchange.unanswered =
      mysql::form_of(static_cast<CommandKind>(payload[0])) == mysql::AnswerForm::nothing;
  const bool has_insert_id = attachment != nullptr && attachment->last_insert_id != 0;
  if (has_insert_id && conversation && !open) exchange.flags |= wire::order::reads_insert_id;
  if (!has_insert_id) {
    exchange.flags &= static_cast<std::uint16_t>(~wire::order::reads_insert_id);
  }
  session.transient = exchange_index;
  session.phase = Phase::executing;
  if (!exchange.unanswered) ++session.statements;
  if (open) {
    if (!in_parts) append(exchange.sent, payload);
    if (!send_order(exchange_index, payload)) {
      lose_conversation(own, backhaul::Processed::no);
    } else if (exchange.unanswered && !in_parts) {
      exchange.complete = true;
      finish_statement(exchange_index);
    }
    return;
  }
  if (!dispatch(exchange_index, payload)) {
    if (!wait_for_backhaul(exchange_index, payload)) no_region_left(exchange_index);
    return;
  }
  if (!in_parts) append(exchange.sent, payload);
}

mysql::StatusFlags EdgeNode::status_of(Index index) const {
  const Index own = attachment_of(index);
  if (own == no_index) return mysql::status::autocommit;
  const Attachment& attachment = attachments_[own];
  if (attachment.pinned) {
    constexpr mysql::StatusFlags lasting =
        mysql::status::in_transaction | mysql::status::autocommit |
        mysql::status::no_backslash_escapes | mysql::status::in_read_only_transaction;
    return attachment.status & lasting;
  }
  return attachment.autocommit_off ? mysql::StatusFlags{0} : mysql::status::autocommit;
}

void EdgeNode::send_ok(Index index) {
  sessions_[index].no_rows = true;
  if (Attachment* attachment = attached(index)) attachment->row_count = 0;
  out_.clear();
  mysql::write_ok(out_, 1, {.status = status_of(index)});
  runtime_.send(sessions_[index].connection, out_);
}

void EdgeNode::refuse_command(Index index, const mysql::ErrorCode& code, std::string_view message) {
  ++counters_.statements_failed;
  send_error(index, 1, code, message);
}

// --- its end ------------------------------------------------------------------------------------

// The session is ready for its next command, and may have it waiting already.
void EdgeNode::finish_statement(Index exchange_index) {
  Exchange& exchange = exchanges_[exchange_index];
  const Index index = exchange.session;
  Session& session = sessions_[index];
  if (exchange.complete && !exchange.failed_there) {
    if (exchange.schema != no_index) {
      schemas_.release(std::exchange(session.schema, std::exchange(exchange.schema, no_index)));
    }
    if (exchange.settings != no_index) {
      give_settings(attach(index), std::exchange(exchange.settings, no_index));
    }
  }
  session.no_rows = exchange.row_count == 0;
  if (exchange.row_count > 0) attach(index).row_count = exchange.row_count;
  session.phase = Phase::established;
  session.transient = exchange.attachment;
  const std::size_t from = exchange.pipelined_from;
  const bool cut_short = exchange.uploading;
  Bytes pipelined = exchange.unread() != 0 ? std::move(exchange.pipelined) : Bytes();
  release_exchange(exchange_index);
  tidy(index);
  // The rest of a command whose answer has come already would be taken for the next one.
  if (cut_short) return close_session(index);
  // A drain that was called off, or a Route that has come back, ends nobody.
  if (session.close_after_answer && !draining_ && upstream_.routes().view(session.route).live()) {
    session.close_after_answer = false;
  }
  if (session.close_after_answer && !(draining_ && conversing(index))) {
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
  if (exchange.unanswered) {
    // Nobody waits for an answer: what it was about is lost with its conversation.
    if (close) return close_session(index, code);
    return finish_statement(exchange_index);
  }
  const auto sequence =
      static_cast<std::uint8_t>(exchange.answered == 0 ? 1 : exchange.sequence + 1);
  out_.clear();
  mysql::write_err(out_, sequence, code, sqlstate, message);
  runtime_.send(sessions_[index].connection, out_);
  exchange.complete = false;
  if (close) return close_session(index, code);
  finish_statement(exchange_index);
}

void EdgeNode::refuse_statement(Index exchange_index, const wire::Refusal& refusal) {
  const Exchange& exchange = exchanges_[exchange_index];
  if (refusal.try_elsewhere && !exchange.uploading && ask_elsewhere(exchange_index)) return;
  if (refusal.code == mysql::error::connection_killed.number) ++counters_.revoked;
  fail_statement(exchange_index, refusal.code, refusal.sqlstate, refusal.message, refusal.close);
}

}  // namespace wanlab::edge
