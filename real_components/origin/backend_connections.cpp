// Connections to database servers: dialling, logging in, being made ready for whoever comes, and
// their loss.
#include "real_components/origin/backends_inside.hpp"

#include "real_components/mysql/commands.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::origin {

using runtime::Cookie;
using runtime::Work;

namespace {

// Statements in a line that are looked at for one that an idle connection suits.
constexpr int longest_look = 64;

}  // namespace

// Idle connections to those who wait, in their order. Where none suits, one makes room for another
// that will.
void Backends::serve_waiting(Server& server) {
  // Connections that are not promised to anybody yet: on their way, or about to be dialled.
  std::uint32_t coming =
      server.starting + (options_.connections - std::min(options_.connections, server.open));
  Index at = server.first_waiting;
  for (int step = 0; step < longest_look && at != no_index && !server.idle.empty(); ++step) {
    Statement& statement = statements_[at];
    const Index statement_index = std::exchange(at, statement.next);
    const Index connection = take_idle(server, statement.dialect, statement.collation,
                                       statement.schema, statement.settings);
    if (connection != no_index) {
      leave_line(statement_index);
      run(connection, statement_index, order_of(statement));
      if (connections_[connection].phase == Phase::running) statement.command.clear();
      continue;
    }
    if (coming != 0) {
      --coming;
      continue;
    }
    const bool may_dial =
        server.redial_at <= runtime_.now() && (server.failures == 0 || server.starting == 0);
    if (!may_dial) continue;
    drop(server.idle.front());
    if (server.failures != 0) return;
  }
}

// On any connection that is free; if none is, on one more than there may be otherwise.
void Backends::serve_kills(Index server_index) {
  Server& server = servers_[server_index];
  while (!server.to_kill.empty() && !server.idle.empty()) {
    const Index index = server.idle.back();
    server.idle.pop_back();
    Connection& connection = connections_[index];
    const std::string command = "KILL QUERY " + std::to_string(server.to_kill.back());
    server.to_kill.pop_back();
    connection.phase = Phase::killing;
    connection.since = runtime_.now();
    connection.follower.start(mysql::AnswerForm::results, connection.deprecate_eof, false);
    out_.clear();
    mysql::write_query(out_, command);
    runtime_.send(connection.id, out_);
  }
  if (!server.to_kill.empty() && server.starting == 0 && server.failures == 0) {
    dial(server_index, options_.warm_dialect, options_.warm_collation);
  }
}

void Backends::pump(Index index) {
  Server& server = servers_[index];
  serve_kills(index);
  serve_waiting(server);
  const Instant now = runtime_.now();
  if (server.redial_at > now) return;  // its timer calls again
  while (server.open < options_.connections && server.starting < options_.starting &&
         (server.open < options_.warm || server.starting < server.waiting)) {
    // After a failure one attempt at a time finds out whether the server is back.
    if (server.failures != 0 && server.starting != 0) break;
    Index first = server.first_waiting;
    for (std::uint32_t i = 0; i < server.starting && first != no_index; ++i) {
      first = statements_[first].next;
    }
    if (first == no_index) {
      dial(index, options_.warm_dialect, options_.warm_collation);
    } else {
      dial(index, statements_[first].dialect, statements_[first].collation);
    }
  }
}

void Backends::dial(Index server_index, mysql::Dialect dialect, std::uint8_t collation) {
  Server& server = servers_[server_index];
  const Index index = connections_.take();
  Connection& connection = connections_[index];
  connection.server = server_index;
  connection.phase = Phase::dialling;
  connection.since = runtime_.now();
  connection.dialect = dialect & mysql::dialect::of_connections;
  connection.collation = collation;
  connection.starting = true;
  ++server.open;
  ++server.starting;
  runtime::ConnectOptions options;
  options.timeout = options_.connect_timeout;
  const std::uint64_t word = (std::uint64_t{connection.generation & generation_mask} << 24) | index;
  connection.id = runtime_.connect(server.address, options, cookie_of(connection_tag, word));
}

Backends::Index Backends::connection_of(Cookie cookie) const {
  const auto index = static_cast<Index>(cookie & 0xffffff);
  const auto generation = static_cast<std::uint32_t>(cookie >> 24) & generation_mask;
  return connections_.holds(index, generation, generation_mask) ? index : no_index;
}

void Backends::on_connect(runtime::ConnectionId, Cookie cookie) {
  const Index index = connection_of(cookie);
  if (index == no_index) return;
  connections_[index].phase = Phase::login;
  connections_[index].handshake = {};
}

void Backends::on_secure(runtime::ConnectionId id, Cookie cookie) {
  const Index index = connection_of(cookie);
  if (index == no_index || connections_[index].phase != Phase::login) return;
  Connection& connection = connections_[index];
  const Login& login = *servers_[connection.server].login;
  out_.clear();
  connection.handshake.secured(login.options(connection.dialect, connection.collation), out_);
  runtime_.send(id, out_);
}

void Backends::on_writable(runtime::ConnectionId, Cookie cookie) {
  const Index index = connection_of(cookie);
  if (index == no_index || !connections_[index].uploading) return;
  observer_.on_ready(connections_[index].statement);
}

void Backends::on_data(runtime::ConnectionId, Cookie cookie, ByteView bytes) {
  const Index index = connection_of(cookie);
  if (index == no_index) return;
  switch (connections_[index].phase) {
    case Phase::login:
      return continue_login(index, bytes);
    case Phase::settling:
    case Phase::preparing:
    case Phase::following:
      return continue_steps(index, bytes);
    case Phase::running:
      return continue_statement(index, bytes);
    case Phase::killing: {
      Connection& connection = connections_[index];
      ByteView pass;
      const auto progress = connection.follower.consume(bytes, scratch_, pass);
      if (progress == mysql::ResponseProgress::more) return;
      if (progress == mysql::ResponseProgress::complete && bytes.empty()) return let_go(index);
      return lose(index);
    }
    // A database speaks unasked only to say that it will close.
    case Phase::dialling:
    case Phase::idle:
    case Phase::held:
      return lose(index);
  }
}

void Backends::continue_login(Index index, ByteView bytes) {
  Connection& connection = connections_[index];
  Server& server = servers_[connection.server];
  const Login& login = *server.login;
  while (!bytes.empty()) {
    mysql::PacketLimits limits;
    limits.max_payload = mysql::handshake_payload_limit;
    mysql::Packet packet;
    const mysql::PacketStatus status = connection.input.next(bytes, limits, packet);
    if (status == mysql::PacketStatus::incomplete) return;
    mysql::ClientStep step{mysql::ClientStep::Kind::failed};
    out_.clear();
    if (status == mysql::PacketStatus::complete) {
      runtime_.spend(Work::mysql_packet);
      step = connection.handshake.on_packet(login.options(connection.dialect, connection.collation),
                                            packet.sequence, packet.payload, out_);
    }
    if (!out_.empty()) runtime_.send(connection.id, out_);
    switch (step.kind) {
      case mysql::ClientStep::Kind::need_more:
      case mysql::ClientStep::Kind::send:
        break;
      case mysql::ClientStep::Kind::start_tls:
        runtime_.start_tls_client(connection.id, login.tls);
        return;
      case mysql::ClientStep::Kind::done: {
        const mysql::Capabilities agreed = connection.handshake.capabilities();
        connection.deprecate_eof = (agreed & mysql::capability::deprecate_eof) != 0;
        connection.thread = connection.handshake.connection_id();
        connection.schema.clear();
        connection.settings.clear();
        connection.input.clear();
        return settle(index, false);
      }
      case mysql::ClientStep::Kind::failed:
        return lose(index);
    }
  }
}

void Backends::settle(Index index, bool reset) {
  Connection& connection = connections_[index];
  connection.since = runtime_.now();
  connection.steps = 0;
  if (reset) add_step(connection, Step::reset);
  add_step(connection, Step::track);
  send_steps(index, Phase::settling);
}

// Free for the next statement.
void Backends::release(Index index) {
  Connection& connection = connections_[index];
  Server& server = servers_[connection.server];
  connection.phase = Phase::idle;
  if (std::exchange(connection.paused, false)) runtime_.resume_reading(connection.id);
  if (std::exchange(connection.starting, false)) {
    --server.starting;
    server.failures = 0;
  }
  server.idle.push_back(index);
  pump(connection.server);
}

// Closes the connection (unless it is gone already) and forgets it. The caller has dealt with its
// statement.
void Backends::drop(Index index) {
  Connection& connection = connections_[index];
  Server& server = servers_[connection.server];
  if (connection.id != runtime::no_connection) runtime_.abort(connection.id);
  connection.id = runtime::no_connection;
  if (std::exchange(connection.starting, false)) --server.starting;
  if (connection.phase == Phase::idle) std::erase(server.idle, index);
  --server.open;
  connection.phase = Phase::dialling;
  connection.statement = no_index;
  connection.paused = connection.unclean = connection.in_transaction = connection.inserted = false;
  connection.killed = connection.uploading = connection.abandoned = connection.conversing = false;
  connection.has_insert_id = connection.failing = connection.other_schema = false;
  connection.holds = {};
  connection.prepared.clear();
  connection.collected.clear();
  connection.follower.forget_memory();
  connection.input.clear();
  connections_.release(index);
}

void Backends::on_close(runtime::ConnectionId, Cookie cookie, runtime::CloseReason) {
  const Index index = connection_of(cookie);
  if (index == no_index) return;
  connections_[index].id = runtime::no_connection;
  lose(index);
}

// The connection is gone, or as good as gone.
void Backends::lose(Index index) {
  Connection& connection = connections_[index];
  const Index server = connection.server;
  const Index statement = connection.statement;
  const Phase phase = connection.phase;
  if (connection.starting) {
    drop(index);
    return failed(server);
  }
  switch (phase) {
    case Phase::held:
      --held_;
      detach(connection);
      drop(index);
      observer_.on_hold_ended(statement, HoldEnd::lost);
      break;
    case Phase::preparing: {
      // Only what the statement needs was sent: it may run on another connection, unless this one
      // has what its session left on it.
      const bool again = !connection.conversing && !connection.abandoned;
      not_busy();
      detach(connection);
      drop(index);
      if (again) {
        wait(statement);
      } else {
        observer_.on_lost(statement);
      }
      break;
    }
    case Phase::running:
      not_busy();
      detach(connection);
      drop(index);
      observer_.on_lost(statement);
      break;
    case Phase::following: {
      // The answer is complete all the same.
      wire::Ending ending = ending_of(connection);
      not_busy();
      const Bytes warnings = std::move(connection.collected);
      connection.collected.clear();
      detach(connection);
      drop(index);
      observer_.on_ended(statement, ending, ending.pinned ? ByteView() : ByteView(warnings));
      if (ending.pinned) observer_.on_hold_ended(statement, HoldEnd::lost);
      break;
    }
    case Phase::dialling:
    case Phase::login:
    case Phase::settling:
    case Phase::idle:
    case Phase::killing:
      drop(index);
      break;
  }
  pump(server);
}

void Backends::failed(Index index) {
  Server& server = servers_[index];
  ++server.failures;
  Duration bound = options_.backoff_first;
  for (std::uint32_t i = 1; i < server.failures && bound < options_.backoff_limit; ++i) bound *= 2;
  bound = std::min(bound, options_.backoff_limit);
  const Duration pause{
      static_cast<std::int64_t>(random_->below(static_cast<std::uint64_t>(bound.count()) + 1))};
  server.redial_at = runtime_.now() + pause;
  if (!std::exchange(server.redial_armed, true)) {
    runtime_.wake_after(pause, cookie_of(redial_tag, index));
  }
  if (down(server)) refuse_all(index, RefusalReason::down);
}

}  // namespace wanlab::origin
