// What happens on a connection that is ready: what a statement needs is put in force, the statement
// runs, what its session may ask of it later is fetched, and the connection is kept for the
// conversation or let go.
#include "real_components/origin/backends_inside.hpp"

#include "real_components/mysql/commands.hpp"
#include "real_components/mysql/errors.hpp"
#include "real_components/mysql/responses.hpp"

#include <charconv>
#include <utility>

namespace wanlab::origin {

using mysql::ResponseProgress;
using runtime::Work;

namespace {

// Whatever changes on a session is told; the client gets to hear what it would have heard anyway.
constexpr std::string_view track_changes = "SET SESSION session_track_state_change=1";
// Has no warnings, and leaves none of another statement: only what uses a table does that.
constexpr std::string_view clear_warnings = "SELECT 1 FROM (SELECT 1) nothing";

// Warnings of one statement that are kept for its session: max_error_count of them by default, 512
// characters each at most.
constexpr std::size_t longest_warnings = 64 * 1024;

// The first value of the first row of a text result set.
std::uint64_t first_number(ByteView packets, bool deprecate_eof) {
  mysql::Packet packet;
  std::uint64_t ahead = 1;  // packets before the row
  for (std::uint64_t i = 0; i <= ahead; ++i) {
    if (mysql::take_packet(packets, {}, packet) != mysql::PacketStatus::complete) return 0;
    if (i == 0) ahead = 1 + mysql::PayloadReader(packet.payload).lenenc() + (deprecate_eof ? 0 : 1);
  }
  mysql::PayloadReader reader(packet.payload);
  const std::string_view text = as_text(reader.lenenc_bytes());
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

// --- before -------------------------------------------------------------------------------------

void Backends::run(Index connection_index, Index index, const Order& order) {
  Connection& connection = connections_[connection_index];
  Statement& statement = statements_[index];
  peak_busy_ = std::max(peak_busy_, ++busy_);
  connection.since = runtime_.now();
  busy_from_ += static_cast<std::uint64_t>(nanoseconds(connection.since));
  ++served_;
  connection.statement = index;
  statement.connection = connection_index;
  connection.steps = 0;
  connection.abandoned = false;
  connection.holds.follow_up = false;
  if (connection.settings != order.settings) {
    // What a conversation gave itself cannot be taken back, but need not be.
    if (!connection.settings.empty() && !connection.conversing) {
      add_step(connection, Step::reset);
      add_step(connection, Step::track);
    }
    if (!order.settings.empty()) add_step(connection, Step::set);
  }
  if ((order.flags & wire::order::reads_insert_id) != 0 && !connection.inserted) {
    add_step(connection, Step::give_insert_id);
  }
  if ((order.flags & wire::order::fresh) != 0 && !connection.conversing) {
    add_step(connection, Step::clear);
  }
  if (connection.schema != order.schema && !order.schema.empty()) {
    add_step(connection, Step::schema);
  }
  if (connection.steps == 0) return send_command(connection_index, order.command);
  keep(statement, order);
  send_steps(connection_index, Phase::preparing);
}

void Backends::send_command(Index index, ByteView command) {
  Connection& connection = connections_[index];
  const Statement& statement = statements_[connection.statement];
  const mysql::AnswerForm form = mysql::form_of(statement.command_kind);
  const bool tracking = (statement.dialect & mysql::dialect::session_track) != 0;
  connection.phase = Phase::running;
  connection.follower.start(form, connection.deprecate_eof, tracking);
  runtime_.spend(Work::mysql_packet);
  if (statement.in_parts) {
    connection.uploading = true;
    return observer_.on_ready(connection.statement);
  }
  out_.clear();
  const auto size = static_cast<std::uint32_t>(command.size());
  for (unsigned i = 0; i < 3; ++i) out_.push_back(static_cast<std::byte>((size >> (8 * i)) & 0xff));
  out_.push_back(std::byte{0});
  append(out_, command);
  runtime_.send(connection.id, out_);
  if (form == mysql::AnswerForm::nothing) note_sent(index, command);
}

bool Backends::ready(Index index) const {
  const Index connection = statements_[index].connection;
  return connection != no_index && connections_[connection].uploading &&
         runtime_.unsent_bytes(connections_[connection].id) <= options_.slow_database_bytes;
}

void Backends::feed(Index index, ByteView packets, bool last) {
  const Index connection_index = statements_[index].connection;
  Connection& connection = connections_[connection_index];
  runtime_.send(connection.id, packets);
  if (!last) return;
  connection.uploading = false;
  if (mysql::form_of(statements_[index].command_kind) == mysql::AnswerForm::nothing) {
    note_sent(connection_index, {});
  }
}

// --- steps --------------------------------------------------------------------------------------

void Backends::add_step(Connection& connection, Step step) {
  connection.plan[connection.steps++] = step;
}

// All at once: none depends on what another answers.
void Backends::send_steps(Index index, Phase phase) {
  Connection& connection = connections_[index];
  connection.phase = phase;
  connection.step = 0;
  connection.failing = false;
  connection.collected.clear();
  connection.mark = 0;
  out_.clear();
  for (std::uint8_t i = 0; i < connection.steps; ++i) {
    switch (connection.plan[i]) {
      case Step::reset:
        mysql::write_reset_connection(out_);
        break;
      case Step::track:
        mysql::write_query(out_, track_changes);
        break;
      case Step::set:
        mysql::write_query(out_, "SET " + statements_[connection.statement].settings);
        break;
      case Step::give_insert_id:
        mysql::write_query(out_,
                           "SET last_insert_id=" +
                               std::to_string(statements_[connection.statement].last_insert_id));
        break;
      case Step::clear:
        mysql::write_query(out_, clear_warnings);
        break;
      case Step::schema:
        mysql::write_init_db(out_, statements_[connection.statement].schema);
        break;
      case Step::warnings:
        mysql::write_query(out_, "SHOW WARNINGS");
        break;
      case Step::insert_id:
        mysql::write_query(out_, "SELECT LAST_INSERT_ID()");
        break;
      case Step::forget_insert_id:
        mysql::write_query(out_, "SET last_insert_id=0");
        break;
      case Step::ping:
        mysql::write_ping(out_);
        break;
    }
    runtime_.spend(Work::mysql_packet);
  }
  connection.follower.start(mysql::AnswerForm::results, connection.deprecate_eof, false);
  runtime_.send(connection.id, out_);
}

void Backends::continue_steps(Index index, ByteView bytes) {
  Connection& connection = connections_[index];
  while (!bytes.empty()) {
    if (connection.step == connection.steps) return lose(index);  // speaks unasked
    ByteView pass;
    const ResponseProgress progress = connection.follower.consume(bytes, scratch_, pass);
    const Step step = connection.plan[connection.step];
    const bool of_use = step == Step::warnings || step == Step::insert_id ||
                        (connection.phase == Phase::preparing && !connection.failing);
    if (of_use && connection.collected.size() <= longest_warnings) {
      append(connection.collected, pass);
    }
    if (progress == ResponseProgress::more) return;
    if (progress == ResponseProgress::malformed) return lose(index);
    finish_step(connection, step);
    connection.mark = static_cast<std::uint32_t>(connection.collected.size());
    if (++connection.step == connection.steps) {
      if (!bytes.empty()) return lose(index);
      return steps_done(index);
    }
    connection.follower.start(mysql::AnswerForm::results, connection.deprecate_eof, false);
  }
}

void Backends::finish_step(Connection& connection, Step step) {
  const bool good = connection.follower.kind() != mysql::AnswerFollower::Kind::error;
  switch (step) {
    case Step::reset:
      if (!good) break;
      connection.settings.clear();
      connection.unclean = connection.in_transaction = connection.has_insert_id = false;
      break;
    case Step::track:
      // A server that does not know how to tell: what it does not say is not seen.
      if (connection.phase == Phase::preparing) break;
      return;
    case Step::set:
      if (good) connection.settings = statements_[connection.statement].settings;
      break;
    case Step::give_insert_id:
      connection.has_insert_id = connection.has_insert_id || good;
      break;
    case Step::schema:
      if (good) connection.schema = statements_[connection.statement].schema;
      break;
    case Step::clear:
      break;
    case Step::warnings:
      if (!good || connection.collected.size() > longest_warnings) connection.collected.clear();
      return;
    case Step::insert_id: {
      const ByteView own = ByteView(connection.collected).subspan(connection.mark);
      connection.ending.last_insert_id = good ? first_number(own, connection.deprecate_eof) : 0;
      connection.collected.resize(connection.mark);
      return;
    }
    case Step::forget_insert_id:
      connection.has_insert_id = !good;
      return;
    case Step::ping:
      if (!good) return;
      connection.ending.status = connection.follower.status();
      connection.in_transaction =
          (connection.follower.status() & mysql::status::in_transaction) != 0;
      return;
  }
  if (connection.phase != Phase::preparing || connection.failing) return;
  if (good || step == Step::track) {
    connection.collected.clear();
  } else {
    connection.failing = true;  // its error is the statement's answer, and stays collected
  }
}

void Backends::steps_done(Index index) {
  Connection& connection = connections_[index];
  switch (connection.phase) {
    case Phase::settling:
      if (connection.unclean) return lose(index);
      return release(index);
    case Phase::preparing: {
      Statement& statement = statements_[connection.statement];
      if (!connection.failing) {
        send_command(index, statement.command);
        statement.command.clear();
        return;
      }
      // The rest may be in force or not.
      if (!connection.conversing) connection.unclean = true;
      statement.command.clear();
      const Bytes error = std::move(connection.collected);
      connection.collected.clear();
      if (!connection.abandoned) observer_.on_answer(connection.statement, error, false);
      return end_statement(index);
    }
    default:
      return end_statement(index);
  }
}

// --- the statement ------------------------------------------------------------------------------

void Backends::continue_statement(Index index, ByteView bytes) {
  Connection& connection = connections_[index];
  const Index statement = connection.statement;
  ByteView pass;
  const ResponseProgress progress = connection.follower.consume(bytes, scratch_, pass);
  if (progress == ResponseProgress::malformed) return lose(index);
  if (progress == ResponseProgress::more) {
    if (pass.empty()) return;
    const std::size_t queued = observer_.on_answer(statement, pass, false);
    if (queued > options_.slow_edge_bytes && !std::exchange(connection.paused, true)) {
      runtime_.pause_reading(connection.id);
    }
    return;
  }
  runtime_.spend(Work::mysql_packet);
  // Bytes behind a complete answer, or an answer before the command is complete: nobody knows what
  // this connection will say next.
  if (!bytes.empty() || connection.uploading) {
    const bool whole = !connection.conversing;
    if (!whole) return lose(index);
    not_busy();
    const Index server = connection.server;
    detach(connection);
    observer_.on_answer(statement, pass, true);
    drop(index);
    return pump(server);
  }
  answered(index, pass);
}

void Backends::note_sent(Index index, ByteView command) {
  Connection& connection = connections_[index];
  if (statements_[connection.statement].command_kind == mysql::CommandKind::statement_close &&
      command.size() >= 5) {
    std::erase(connection.prepared, load_little_endian<std::uint32_t>(&command[1]));
  }
  connection.phase = Phase::held;
  connection.since = runtime_.now();
  not_busy();
  ++held_;
  if (connection.abandoned) return hang_up(connection.statement);
  if (!pinned(connection)) end_hold(index, HoldEnd::let_go);
}

// What the answer says of the session, and what the order said of what it would not say.
void Backends::note_answer(Connection& connection, const Statement& statement) {
  const mysql::AnswerFollower& answer = connection.follower;
  const bool good = answer.kind() != mysql::AnswerFollower::Kind::error;
  const std::uint16_t flags = statement.flags;
  if (answer.schema_changed() && answer.schema() != connection.schema) {
    connection.schema = answer.schema();
    connection.other_schema = true;
  }
  if (answer.inserted() || (good && (flags & wire::order::gives_insert_id) != 0)) {
    connection.inserted = connection.has_insert_id = true;
  }
  connection.holds.follow_up = (flags & wire::order::followed_up) != 0 && good;
  // Also one with an error may have left something: a procedure that got half-way.
  if (answer.session_changed() && (flags & wire::order::changes_settings) == 0) {
    connection.holds.state = true;
  }
  if (!good) {
    // A schema that was dropped is none any more, even if another of its name is created.
    if (answer.error_code() == mysql::error::no_database.number && !connection.schema.empty()) {
      connection.killed = true;
    }
    return;
  }
  if ((flags & wire::order::changes_settings) != 0 && !statement.settings_after.empty()) {
    connection.settings = statement.settings_after;
  }
  if ((flags & wire::order::leaves_state) != 0) connection.holds.state = true;
  if ((flags & wire::order::locks_tables) != 0) connection.holds.tables = true;
  if ((flags & wire::order::unlocks_tables) != 0) connection.holds.tables = false;
  if ((flags & wire::order::next_transaction) != 0) connection.holds.next_transaction = true;
  if (statement.command_kind == mysql::CommandKind::statement_prepare) {
    connection.prepared.push_back(answer.prepared_statement());
    return;  // without status flags
  }
  if (mysql::form_of(statement.command_kind) == mysql::AnswerForm::single) return;
  const bool was = connection.in_transaction;
  connection.ending.status = answer.status();
  connection.in_transaction = (answer.status() & mysql::status::in_transaction) != 0;
  if (was && !connection.in_transaction) connection.holds.next_transaction = false;
}

bool Backends::pinned(const Connection& connection) {
  return connection.in_transaction || connection.holds.any() || !connection.prepared.empty();
}

void Backends::answered(Index index, ByteView last) {
  Connection& connection = connections_[index];
  const Index statement_index = connection.statement;
  const Statement& statement = statements_[statement_index];
  note_answer(connection, statement);
  const mysql::AnswerFollower& answer = connection.follower;
  const bool error = answer.kind() == mysql::AnswerFollower::Kind::error;
  const bool keep = statement.conversation && pinned(connection);
  connection.steps = 0;
  if (!keep && !connection.abandoned) {
    const bool warned = error || answer.warnings() != 0;
    if (warned) add_step(connection, Step::warnings);
    if (connection.inserted) add_step(connection, Step::insert_id);
  }
  if (!keep && connection.has_insert_id) add_step(connection, Step::forget_insert_id);
  if (statement.conversation && error) add_step(connection, Step::ping);
  connection.ending.last_insert_id = 0;
  if (connection.steps == 0 && !statement.conversation && !connection.other_schema) {
    not_busy();
    if (pinned(connection)) connection.unclean = true;  // of nobody's: it must not be there
    detach(connection);
    observer_.on_answer(statement_index, last, true);
    return let_go(index);
  }
  observer_.on_answer(statement_index, last, false);
  if (connection.steps == 0) return end_statement(index);
  send_steps(index, Phase::following);
}

wire::Ending Backends::ending_of(const Connection& connection) const {
  wire::Ending ending = connection.ending;
  ending.pinned =
      statements_[connection.statement].conversation && pinned(connection) && !connection.abandoned;
  ending.schema_changed = connection.other_schema;
  if (connection.other_schema) ending.schema = connection.schema;
  ending.has_state =
      connection.holds.state || connection.holds.tables || !connection.prepared.empty();
  return ending;
}

void Backends::end_statement(Index index) {
  Connection& connection = connections_[index];
  const Index statement = connection.statement;
  const wire::Ending ending = ending_of(connection);
  not_busy();
  if (ending.pinned) {
    connection.phase = Phase::held;
    connection.conversing = true;
    connection.since = runtime_.now();
    if (std::exchange(connection.paused, false)) runtime_.resume_reading(connection.id);
    ++held_;
    connection.other_schema = false;
    statements_[statement].command.clear();
    return observer_.on_ended(statement, ending, {});
  }
  if (pinned(connection)) connection.unclean = true;
  const Bytes warnings = std::move(connection.collected);
  connection.collected.clear();
  detach(connection);
  observer_.on_ended(statement, ending, warnings);
  let_go(index);
}

// --- after --------------------------------------------------------------------------------------

void Backends::detach(Connection& connection) {
  Statement& statement = statements_[connection.statement];
  statement.connection = no_index;
  // A statement that may have to run elsewhere keeps its command: wait() follows.
  if (connection.phase != Phase::preparing) statement.command.clear();
  connection.statement = no_index;
  connection.conversing = connection.inserted = connection.uploading = false;
  connection.abandoned = connection.other_schema = false;
  connection.holds = {};
  connection.prepared.clear();
  connection.ending = {};
}

void Backends::let_go(Index index) {
  Connection& connection = connections_[index];
  if (connection.killed) {
    const Index server = connection.server;
    drop(index);
    return pump(server);
  }
  if (std::exchange(connection.paused, false)) runtime_.resume_reading(connection.id);
  connection.in_transaction = connection.in_transaction && connection.unclean;
  if (connection.unclean) return settle(index, true);
  release(index);
}

void Backends::end_hold(Index index, HoldEnd how) {
  Connection& connection = connections_[index];
  const Index statement = connection.statement;
  if (pinned(connection) && how != HoldEnd::let_go) connection.unclean = true;
  --held_;
  detach(connection);
  observer_.on_hold_ended(statement, how);
  let_go(index);
}

}  // namespace wanlab::origin
