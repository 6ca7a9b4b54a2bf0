// Which database runs a statement, and how statements wait for a connection. The connections
// themselves are in backend_connections.cpp.
#include "real_components/origin/backends_inside.hpp"

#include "real_components/mysql/commands.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::origin {

using runtime::Work;

Backends::Backends(runtime::Runtime& runtime, const OriginConfig& config, BackendObserver& observer)
    : runtime_(runtime),
      options_(config.pool),
      observer_(observer),
      random_(runtime.random_stream("origin/backends")) {
  for (const DatabaseConfig& database : config.databases) {
    logins_.push_back(std::make_unique<Login>(database));
    Branch& branch = branches_.emplace_back();
    const auto add = [&](const runtime::Address& address) {
      Server& server = servers_.emplace_back();
      server.address = address;
      server.login = logins_.back().get();
      return static_cast<Index>(servers_.size() - 1);
    };
    if (database.primary) branch.primary = add(*database.primary);
    for (const runtime::Address& replica : database.replicas)
      branch.replicas.push_back(add(replica));
  }
}

Backends::~Backends() = default;

void Backends::start() {
  for (Index server = 0; server < servers_.size(); ++server) pump(server);
}

void Backends::tick() {
  const Instant now = runtime_.now();
  for (Index index = 0; index < connections_.extent(); ++index) {
    const Connection& connection = connections_[index];
    if (connection.id == runtime::no_connection) continue;
    const Duration age = now - connection.since;
    if (connection.phase == Phase::login && age >= options_.login_timeout) {
      const Index server = connection.server;
      drop(index);
      failed(server);
    } else if (connection.statement != no_index && age >= options_.statement_timeout) {
      lose(index);
    }
  }
}

std::vector<ServerInfo> Backends::servers() const {
  std::vector<ServerInfo> all;
  for (const Server& server : servers_) {
    all.push_back({server.address, server.open, static_cast<std::uint32_t>(server.idle.size()),
                   server.starting, server.waiting, server.failures, down(server)});
  }
  return all;
}

// --- statements ---------------------------------------------------------------------------------

Backends::Statement& Backends::statement_at(Index statement) {
  if (statement >= statements_.size()) statements_.resize(std::size_t{statement} + 1);
  return statements_[statement];
}

bool Backends::down(const Server& server) const {
  return server.failures >= options_.failures_until_down && server.open == server.starting;
}

// Replicas in turn, passing over those that cannot be reached: uniform without drawing lots.
Backends::Index Backends::choose(Branch& branch, wire::TabletType kind) {
  if (kind == wire::TabletType::primary) return branch.primary;
  if (branch.replicas.empty()) return no_index;
  const auto count = static_cast<std::uint32_t>(branch.replicas.size());
  Index chosen = no_index;
  for (std::uint32_t step = 0; step < count; ++step) {
    chosen = branch.replicas[(branch.turn + step) % count];
    if (down(servers_[chosen])) continue;
    branch.turn = (branch.turn + step + 1) % count;
    return chosen;
  }
  return chosen;
}

// A connection that has a schema cannot be made to forget it, not even by COM_RESET_CONNECTION: a
// statement without one would see the tables of another session's database there.
Backends::Index Backends::take_idle(Server& server, std::string_view schema) {
  std::size_t best = server.idle.size();
  for (std::size_t at = server.idle.size(); at-- != 0;) {
    const std::string& its = connections_[server.idle[at]].schema;
    if (its == schema) {
      best = at;
      break;
    }
    if (schema.empty()) continue;
    // Better one that has another than one that has none, which others need.
    const bool first = best == server.idle.size();
    if (first || (!its.empty() && connections_[server.idle[best]].schema.empty())) best = at;
  }
  if (best == server.idle.size()) return no_index;
  const Index connection = server.idle[best];
  server.idle.erase(server.idle.begin() + static_cast<std::ptrdiff_t>(best));
  return connection;
}

void Backends::submit(Index index, std::uint32_t branch, wire::TabletType kind,
                      std::string_view schema, ByteView command) {
  const Index server_index = branch < branches_.size() ? choose(branches_[branch], kind) : no_index;
  if (server_index == no_index) return observer_.on_refused(index, RefusalReason::no_server);
  Server& server = servers_[server_index];
  statement_at(index).server = server_index;
  if (const Index connection = take_idle(server, schema); connection != no_index) {
    return run(connection, index, schema, command);
  }
  if (down(server)) return observer_.on_refused(index, RefusalReason::down);
  if (server.waiting >= options_.waiters)
    return observer_.on_refused(index, RefusalReason::too_many);
  wait(index, schema, command);
  pump(server_index);
}

void Backends::wait(Index index, std::string_view schema, ByteView command) {
  Statement& statement = statements_[index];
  Server& server = servers_[statement.server];
  statement.command.assign(command.begin(), command.end());
  statement.schema = schema;
  statement.waiting = true;
  statement.deadline = runtime_.now() + options_.wait;
  statement.previous = server.last_waiting;
  statement.next = no_index;
  if (server.last_waiting == no_index) {
    server.first_waiting = index;
  } else {
    statements_[server.last_waiting].next = index;
  }
  server.last_waiting = index;
  ++server.waiting;
  peak_waiting_ = std::max(peak_waiting_, ++waiting_);
  if (!std::exchange(server.wait_armed, true)) {
    runtime_.wake_after(options_.wait, cookie_of(wait_tag, statement.server));
  }
}

void Backends::leave_line(Index index) {
  Statement& statement = statements_[index];
  Server& server = servers_[statement.server];
  (statement.previous == no_index ? server.first_waiting : statements_[statement.previous].next) =
      statement.next;
  (statement.next == no_index ? server.last_waiting : statements_[statement.next].previous) =
      statement.previous;
  statement.waiting = false;
  --server.waiting;
  --waiting_;
}

void Backends::abandon(Index index) {
  Statement& statement = statements_[index];
  if (statement.waiting) {
    leave_line(index);
    statement.command.clear();
    return observer_.on_refused(index, RefusalReason::abandoned);
  }
  if (statement.connection != no_index) resume(index);
}

void Backends::resume(Index index) {
  Connection& connection = connections_[statements_[index].connection];
  if (std::exchange(connection.paused, false)) runtime_.resume_reading(connection.id);
}

void Backends::run(Index connection_index, Index index, std::string_view schema, ByteView command) {
  Connection& connection = connections_[connection_index];
  Statement& statement = statements_[index];
  peak_busy_ = std::max(peak_busy_, ++busy_);
  connection.since = runtime_.now();
  connection.statement = index;
  statement.connection = connection_index;
  if (connection.schema == schema) {
    connection.phase = Phase::running;
    return send_command(connection, command);
  }
  connection.phase = Phase::choosing_schema;
  if (statement.command.empty()) statement.command.assign(command.begin(), command.end());
  statement.schema = schema;
  out_.clear();
  mysql::write_init_db(out_, schema);
  runtime_.spend(Work::mysql_packet);
  connection.reader.start();
  runtime_.send(connection.id, out_);
}

void Backends::send_command(Connection& connection, ByteView command) {
  out_.clear();
  const auto size = static_cast<std::uint32_t>(command.size());
  for (unsigned i = 0; i < 3; ++i) out_.push_back(static_cast<std::byte>((size >> (8 * i)) & 0xff));
  out_.push_back(std::byte{0});
  append(out_, command);
  runtime_.spend(Work::mysql_packet);
  connection.reader.start();
  runtime_.send(connection.id, out_);
}

}  // namespace wanlab::origin
