// Connections to database servers: dialling, logging in, carrying one statement at a time, and
// their loss.
#include "real_components/origin/backends_inside.hpp"

#include "real_components/mysql/commands.hpp"
#include "real_components/mysql/errors.hpp"

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
  // Connections without a schema that are not promised to anybody yet: dialled, or about to be.
  std::uint32_t coming = server.starting + (options_.connections - server.open);
  Index at = server.first_waiting;
  for (int step = 0; step < longest_look && at != no_index && !server.idle.empty(); ++step) {
    Statement& statement = statements_[at];
    const Index statement_index = std::exchange(at, statement.next);
    const Index connection = take_idle(server, statement.schema);
    if (connection != no_index) {
      leave_line(statement_index);
      run(connection, statement_index, statement.schema, statement.command);
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

void Backends::pump(Index index) {
  Server& server = servers_[index];
  serve_waiting(server);
  const Instant now = runtime_.now();
  if (server.redial_at > now) return;  // its timer calls again
  while (server.open < options_.connections &&
         (server.open < options_.warm || server.starting < server.waiting)) {
    // After a failure one attempt at a time finds out whether the server is back.
    if (server.failures != 0 && server.starting != 0) break;
    dial(index);
  }
}

void Backends::dial(Index server_index) {
  Server& server = servers_[server_index];
  const Index index = connections_.take();
  Connection& connection = connections_[index];
  connection.server = server_index;
  connection.phase = Phase::dialling;
  connection.since = runtime_.now();
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
  out_.clear();
  connection.handshake.secured(servers_[connection.server].login->options, out_);
  runtime_.send(id, out_);
}

void Backends::on_data(runtime::ConnectionId, Cookie cookie, ByteView bytes) {
  const Index index = connection_of(cookie);
  if (index == no_index) return;
  switch (connections_[index].phase) {
    case Phase::login:
      return continue_login(index, bytes);
    case Phase::choosing_schema:
    case Phase::running:
      return continue_statement(index, bytes);
    // A database speaks unasked only to say that it will close.
    case Phase::dialling:
    case Phase::idle: {
      const Index server = connections_[index].server;
      drop(index);
      return pump(server);
    }
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
      step = connection.handshake.on_packet(login.options, packet.sequence, packet.payload, out_);
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
        connection.reader = mysql::ResponseReader(connection.handshake.capabilities());
        connection.schema.clear();
        --server.starting;
        server.failures = 0;
        return release(index);
      }
      case mysql::ClientStep::Kind::failed: {
        const Index of = connection.server;
        drop(index);
        return failed(of);
      }
    }
  }
}

void Backends::continue_statement(Index index, ByteView bytes) {
  Connection& connection = connections_[index];
  const Index statement_index = connection.statement;
  const ByteView all = bytes;
  const mysql::ResponseProgress progress = connection.reader.consume(connection.input, bytes);
  const ByteView used = all.first(all.size() - bytes.size());
  const bool complete = progress == mysql::ResponseProgress::complete;
  // Bytes behind a complete answer, like a malformed one: nobody knows what this connection will
  // say next.
  const bool broken = progress == mysql::ResponseProgress::malformed || !bytes.empty();

  if (complete && !broken && connection.phase == Phase::choosing_schema &&
      connection.reader.kind() != mysql::ResponseReader::Kind::error) {
    Statement& statement = statements_[statement_index];
    connection.schema = statement.schema;
    connection.phase = Phase::running;
    send_command(connection, statement.command);
    statement.command.clear();
    return;
  }
  if (connection.phase == Phase::choosing_schema && !complete && !broken) return;
  if (complete) runtime_.spend(Work::mysql_packet);

  if (!complete && !broken) {
    const std::size_t queued = observer_.on_answer(statement_index, used, false);
    if (queued > options_.slow_edge_bytes && !std::exchange(connection.paused, true)) {
      runtime_.pause_reading(connection.id);
    }
    return;
  }
  // The connection is out of the statement's hands before its owner hears of the end.
  connection.statement = no_index;
  statements_[statement_index].connection = no_index;
  statements_[statement_index].command.clear();
  --busy_;
  const Index server = connection.server;
  // A transaction left open belongs to nobody: it ends with its connection.
  const mysql::StatusFlags status = connection.reader.status();
  const bool clean =
      connection.reader.kind() == mysql::ResponseReader::Kind::error ||
      ((status & mysql::status::in_transaction) == 0 && (status & mysql::status::autocommit) != 0);
  // A schema that was dropped is none any more, even if another of its name is created.
  const bool lost_its_schema = connection.reader.kind() == mysql::ResponseReader::Kind::error &&
                               connection.reader.error_code() == mysql::error::no_database.number &&
                               !connection.schema.empty();
  const bool reusable = complete && !broken && clean && !lost_its_schema;
  if (!reusable) drop(index);
  if (complete) {
    observer_.on_answer(statement_index, used, true);
  } else {
    observer_.on_lost(statement_index);
  }
  if (reusable) {
    release(index);
  } else {
    pump(server);
  }
}

// Free for the next statement.
void Backends::release(Index index) {
  Connection& connection = connections_[index];
  connection.phase = Phase::idle;
  connection.input.clear();
  if (std::exchange(connection.paused, false)) runtime_.resume_reading(connection.id);
  servers_[connection.server].idle.push_back(index);
  pump(connection.server);
}

// Closes the connection (unless it is gone already) and forgets it. The caller has dealt with its
// statement.
void Backends::drop(Index index) {
  Connection& connection = connections_[index];
  Server& server = servers_[connection.server];
  if (connection.id != runtime::no_connection) runtime_.abort(connection.id);
  connection.id = runtime::no_connection;
  if (connection.phase == Phase::dialling || connection.phase == Phase::login) --server.starting;
  if (connection.phase == Phase::idle) std::erase(server.idle, index);
  --server.open;
  connection.statement = no_index;
  connection.paused = false;
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
  const Index server = connections_[index].server;
  const Index statement = connections_[index].statement;
  const Phase phase = connections_[index].phase;
  drop(index);
  if (phase == Phase::dialling || phase == Phase::login) return failed(server);
  if (statement != no_index) {
    --busy_;
    statements_[statement].connection = no_index;
    if (phase == Phase::choosing_schema) {
      // Only the choice of the schema was sent: the statement may run on another connection.
      const Bytes command = std::move(statements_[statement].command);
      const std::string schema = statements_[statement].schema;
      wait(statement, schema, command);
    } else {
      observer_.on_lost(statement);
    }
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

void Backends::refuse_all(Index index, RefusalReason reason) {
  while (servers_[index].first_waiting != no_index) {
    const Index statement = servers_[index].first_waiting;
    leave_line(statement);
    statements_[statement].command.clear();
    observer_.on_refused(statement, reason);
  }
}

void Backends::on_timer(Cookie cookie) {
  const auto index = static_cast<Index>(cookie & 0xffffff);
  Server& server = servers_[index];
  const Instant now = runtime_.now();
  if (((cookie >> 48) & 0xff) == redial_tag) {
    server.redial_armed = false;
    if (server.redial_at > now) {
      server.redial_armed = true;
      return runtime_.wake_after(server.redial_at - now, cookie);
    }
    return pump(index);
  }
  server.wait_armed = false;
  while (server.first_waiting != no_index) {
    const Index statement = server.first_waiting;
    if (statements_[statement].deadline > now) {
      server.wait_armed = true;
      return runtime_.wake_after(statements_[statement].deadline - now, cookie);
    }
    leave_line(statement);
    statements_[statement].command.clear();
    ++timeouts_;
    observer_.on_refused(statement, RefusalReason::timed_out);
  }
}

}  // namespace wanlab::origin
