// Which database runs a statement, and how statements wait for a connection. What becomes of
// connections is in backend_connections.cpp, what happens on them in backend_statements.cpp.
#include "real_components/origin/backends_inside.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::origin {

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
    switch (connection.phase) {
      case Phase::login:
      case Phase::settling:
      case Phase::killing:
        if (age >= options_.login_timeout) lose(index);
        break;
      case Phase::preparing:
      case Phase::running:
      case Phase::following:
        if (age >= options_.statement_timeout) lose(index);
        break;
      case Phase::held: {
        const Holds& holds = connection.holds;
        const bool state = holds.state || holds.tables || !connection.prepared.empty();
        if (connection.in_transaction || holds.next_transaction) {
          if (age >= options_.idle_transaction) end_hold(index, HoldEnd::idle);
        } else if (state) {
          if (age >= options_.idle_state) end_hold(index, HoldEnd::idle);
        } else if (age >= options_.idle_follow_up) {
          end_hold(index, HoldEnd::let_go);
        }
        break;
      }
      case Phase::dialling:
      case Phase::idle:
        break;
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
Backends::Index Backends::take_idle(Server& server, mysql::Dialect dialect, std::uint8_t collation,
                                    std::string_view schema, std::string_view settings) {
  std::size_t best = server.idle.size();
  int best_rank = 0;
  for (std::size_t at = server.idle.size(); at-- != 0;) {
    const Connection& connection = connections_[server.idle[at]];
    if (connection.dialect != (dialect & mysql::dialect::of_connections) ||
        connection.collation != collation)
      continue;
    const bool same_schema = connection.schema == schema;
    const bool same_settings = connection.settings == settings;
    if (same_schema && same_settings) {
      best = at;
      break;
    }
    if (!same_schema && schema.empty()) continue;
    // The less there is to be changed the better; and better one that has another schema than one
    // that has none, which others need.
    const int rank = 1 +
                     (same_settings                 ? 2
                      : connection.settings.empty() ? 1
                                                    : 0) *
                         2 +
                     (same_schema || !connection.schema.empty() ? 1 : 0);
    if (rank <= best_rank) continue;
    best = at;
    best_rank = rank;
  }
  if (best == server.idle.size()) return no_index;
  const Index connection = server.idle[best];
  server.idle.erase(server.idle.begin() + static_cast<std::ptrdiff_t>(best));
  return connection;
}

void Backends::remember(Statement& statement, const Order& order) {
  statement.last_insert_id = order.last_insert_id;
  statement.flags = order.flags;
  statement.dialect = order.dialect;
  statement.collation = order.collation;
  statement.conversation = order.conversation;
  statement.in_parts = order.in_parts;
  if (!order.settings_after.empty() || !statement.settings_after.empty()) {
    statement.settings_after = order.settings_after;
  }
  statement.command_kind = order.command.empty()
                               ? mysql::CommandKind{}
                               : static_cast<mysql::CommandKind>(order.command[0]);
}

// What a statement that cannot run at once needs of its order. It may have it already.
void Backends::keep(Statement& statement, const Order& order) {
  if (statement.command.data() != order.command.data()) {
    statement.command.assign(order.command.begin(), order.command.end());
  }
  if (statement.schema.data() != order.schema.data()) statement.schema = order.schema;
  if (statement.settings.data() != order.settings.data()) statement.settings = order.settings;
}

Order Backends::order_of(const Statement& statement) const {
  Order order;
  order.schema = statement.schema;
  order.settings = statement.settings;
  order.last_insert_id = statement.last_insert_id;
  order.flags = statement.flags;
  order.dialect = statement.dialect;
  order.collation = statement.collation;
  order.conversation = statement.conversation;
  order.in_parts = statement.in_parts;
  order.command = statement.command;
  return order;
}

void Backends::submit(Index index, const Order& order) {
  const Index server_index =
      order.branch < branches_.size() ? choose(branches_[order.branch], order.kind) : no_index;
  if (server_index == no_index) return observer_.on_refused(index, RefusalReason::no_server);
  Server& server = servers_[server_index];
  Statement& statement = statement_at(index);
  statement.server = server_index;
  remember(statement, order);
  const Index connection =
      take_idle(server, statement.dialect, order.collation, order.schema, order.settings);
  if (connection != no_index) return run(connection, index, order);
  if (down(server)) return observer_.on_refused(index, RefusalReason::down);
  if (server.waiting >= options_.waiters)
    return observer_.on_refused(index, RefusalReason::too_many);
  keep(statement, order);
  wait(index);
  pump(server_index);
}

void Backends::proceed(Index index, const Order& order) {
  Statement& statement = statements_[index];
  Connection& connection = connections_[statement.connection];
  remember(statement, order);
  --held_;
  connection.statement = no_index;
  run(statement.connection, index, order);
}

void Backends::wait(Index index) {
  Statement& statement = statements_[index];
  Server& server = servers_[statement.server];
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
  ++waited_;
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
  wait_time_ += runtime_.now() - (statement.deadline - options_.wait);
  --server.waiting;
  --waiting_;
}

void Backends::refuse_all(Index server, RefusalReason reason) {
  while (servers_[server].first_waiting != no_index) {
    const Index statement = servers_[server].first_waiting;
    leave_line(statement);
    statements_[statement].command.clear();
    observer_.on_refused(statement, reason);
  }
}

void Backends::abandon(Index index) {
  Statement& statement = statements_[index];
  if (statement.waiting) {
    leave_line(index);
    statement.command.clear();
    return observer_.on_refused(index, RefusalReason::abandoned);
  }
  if (statement.connection == no_index) return;
  Connection& connection = connections_[statement.connection];
  connection.abandoned = true;
  if (connection.uploading) return lose(statement.connection);  // the rest of it will never come
  resume(index);
}

void Backends::hang_up(Index index) {
  const Index connection = statements_[index].connection;
  if (connection == no_index) return;
  --held_;
  detach(connections_[connection]);
  connections_[connection].unclean = true;
  let_go(connection);
}

void Backends::interrupt(Index index) {
  const Index connection_index = statements_[index].connection;
  if (connection_index == no_index) return;
  Connection& connection = connections_[connection_index];
  if (connection.phase == Phase::held) return end_hold(connection_index, HoldEnd::killed);
  if (std::exchange(connection.killed, true)) return;
  servers_[connection.server].to_kill.push_back(connection.thread);
  serve_kills(connection.server);
}

void Backends::resume(Index index) {
  if (statements_[index].connection == no_index) return;
  Connection& connection = connections_[statements_[index].connection];
  if (std::exchange(connection.paused, false)) runtime_.resume_reading(connection.id);
}

void Backends::on_timer(runtime::Cookie cookie) {
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
