#include "sim/world/database_service.hpp"

#include "real_components/mysql/commands.hpp"
#include "real_components/mysql/nonce.hpp"
#include "real_components/mysql/result_set.hpp"

#include "sim/base/random.hpp"
#include "sim/world/statement_tag.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace wanlab::world {

using mysql::ServerStep;
using runtime::ConnectionId;
using runtime::Cookie;
using runtime::Work;

namespace {

Bytes encode_result(std::string_view text, mysql::Capabilities capabilities,
                    std::string_view name = "name") {
  Bytes out;
  const std::array<mysql::Column, 1> columns{mysql::Column{.name = name, .table = "account"}};
  const std::array<mysql::Value, 1> values{mysql::Value(text)};
  mysql::write_result_set(out, 1, columns, values, capabilities);
  return out;
}

// Stands nowhere else in a result.
constexpr std::string_view filling = "wwwwwwww";

constexpr std::string_view lag_question = "SELECT max_repl_lag()";
constexpr std::string_view lag_column = "max_repl_lag()";

bool is_select(std::string_view statement) {
  while (!statement.empty() && statement.front() == ' ') statement.remove_prefix(1);
  constexpr std::string_view word = "SELECT";
  if (statement.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if ((statement[i] & ~0x20) != word[i]) return false;
  }
  return true;
}

}  // namespace

DatabaseService::DatabaseService(runtime::Runtime& runtime, const DatabaseOptions& options)
    : runtime_(runtime),
      options_(options),
      nonces_(runtime.random_stream("nonce")),
      result_(encode_result(std::string(options.result_bytes, 'w'), 0)),
      result_deprecate_eof_(
          encode_result(std::string(options.result_bytes, 'w'), mysql::capability::deprecate_eof)) {
  if (options_.mean_service > Duration::zero()) services_ = runtime_.random_stream("service");
  handshake_.server_version = "8.0.36";
  handshake_.require_tls = options_.require_tls;
  handshake_.greeting_method = options_.greeting_method;
  handshake_.allow_native = options_.allow_native;
  handshake_.allow_full = true;
  handshake_.rsa_key = options_.rsa_key;
}

void DatabaseService::add_account(const std::string& user, const std::string& password,
                                  bool remembered) {
  accounts_[user] = {mysql::derive_verifier(password, true), remembered};
}

void DatabaseService::start() {
  runtime_.listen(3306, {});
}

Cookie DatabaseService::on_accept(std::uint16_t, ConnectionId connection,
                                  const runtime::PeerInfo&) {
  runtime_.spend(Work::accept_connection);
  const std::uint32_t index = sessions_.take();
  Session& session = sessions_[index];
  session.logged_in = false;
  session.secure = false;
  session.handshake = mysql::ServerHandshake();
  scratch_.clear();
  if (sessions_.live() > options_.maximum_connections) {
    mysql::write_early_err(scratch_, mysql::error::too_many_connections, "Too many connections");
    flush(connection);
    drop(index, connection);
    return 0;
  }
  // A plain server's nonce: twenty printable bytes.
  mysql::Nonce nonce{};
  for (std::size_t i = 0; i < nonce.size(); ++i) {
    nonce[i] = static_cast<std::byte>(0x41 + nonces_->below(26));
  }
  session.handshake.begin(handshake_, ++connections_, nonce, scratch_);
  flush(connection);
  return index;
}

void DatabaseService::on_secure(ConnectionId, Cookie cookie) {
  sessions_[static_cast<std::uint32_t>(cookie)].secure = true;
}

void DatabaseService::on_data(ConnectionId connection, Cookie cookie, ByteView bytes) {
  const auto index = static_cast<std::uint32_t>(cookie);
  while (!bytes.empty()) {
    Session& session = sessions_[index];
    mysql::PacketLimits limits;
    if (!session.logged_in) limits.max_payload = mysql::handshake_payload_limit;
    mysql::Packet packet;
    const mysql::PacketStatus status = session.assembler.next(bytes, limits, packet);
    if (status == mysql::PacketStatus::incomplete) return;
    runtime_.spend(Work::mysql_packet);
    scratch_.clear();
    if (status != mysql::PacketStatus::complete) {
      mysql::write_err(scratch_, 1, mysql::error_of(status), "malformed packet");
      flush(connection);
      drop(index, connection);
      return;
    }
    const bool goes_on = session.logged_in ? on_command(index, connection, packet.payload)
                                           : on_handshake_packet(index, connection, packet, bytes);
    if (!goes_on) return;
  }
}

bool DatabaseService::on_handshake_packet(std::uint32_t index, ConnectionId connection,
                                          const mysql::Packet& packet, ByteView& rest) {
  Session& session = sessions_[index];
  const ServerStep said = session.handshake.on_packet(handshake_, packet.sequence, packet.payload,
                                                      session.secure, session.memory, scratch_);
  switch (said.kind) {
    case ServerStep::Kind::need_more:
      flush(connection);
      return true;
    case ServerStep::Kind::start_tls:
      runtime_.start_tls_server(connection, rest);
      rest = {};
      return true;
    case ServerStep::Kind::verify_proof:
    case ServerStep::Kind::verify_password: {
      const bool goes_on = judge(session, connection, said);
      flush(connection);
      if (!goes_on) drop(index, connection);
      return goes_on;
    }
    case ServerStep::Kind::failed:
      flush(connection);
      drop(index, connection);
      return false;
  }
  return false;
}

bool DatabaseService::judge(Session& session, ConnectionId, const ServerStep& said) {
  runtime_.spend(Work::verify_proof);
  const auto account = accounts_.find(said.login.user);
  if (account == accounts_.end()) {
    session.handshake.reject(scratch_, mysql::error::access_denied, "Access denied");
    return false;
  }
  bool good = false;
  if (said.kind == ServerStep::Kind::verify_password) {
    good = mysql::verify_password(said.password, account->second.verifier);
    account->second.remembered = account->second.remembered || good;
  } else if (said.login.method == mysql::AuthMethod::caching_sha2 && !account->second.remembered) {
    if (session.handshake.request_full_authentication(handshake_, session.secure, scratch_)) {
      return true;
    }
  } else {
    good = mysql::verify_proof(said.login.method, said.login.proof, session.handshake.nonce(),
                               account->second.verifier);
  }
  mysql::ServerHandshake::forget(session.memory);
  if (!good) {
    session.handshake.reject(scratch_, mysql::error::access_denied, "Access denied");
    return false;
  }
  session.handshake.accept(scratch_);
  session.logged_in = true;
  return true;
}

bool DatabaseService::on_command(std::uint32_t index, ConnectionId connection, ByteView payload) {
  const auto command = mysql::parse_command(payload);
  if (!command) {
    mysql::write_err(scratch_, 1, mysql::error::unknown_command, "Unknown command");
    flush(connection);
    return true;
  }
  switch (command->kind) {
    case mysql::CommandKind::quit:
      drop(index, connection);
      return false;
    case mysql::CommandKind::query:
      ++statements_;
      serve();
      if (is_select(command->argument)) {
        const bool deprecated =
            (sessions_[index].handshake.capabilities() & mysql::capability::deprecate_eof) != 0;
        if (command->argument == lag_question) [[unlikely]] {
          const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lag_).count();
          runtime_.send(connection, encode_result(std::to_string(seconds),
                                                  deprecated ? mysql::capability::deprecate_eof : 0,
                                                  lag_column));
          return true;
        }
        const Bytes& result = deprecated ? result_deprecate_eof_ : result_;
        const std::string_view tag = tag_of_statement(command->argument);
        if (tag.empty() || options_.result_bytes < tag_word.size() + tag.size()) {
          runtime_.send(connection, result);
          return true;
        }
        // The value begins where its filling does.
        scratch_ = result;
        const std::size_t value = as_text(scratch_).find(filling);
        std::memcpy(scratch_.data() + value, tag_word.data(), tag_word.size());
        std::memcpy(scratch_.data() + value + tag_word.size(), tag.data(), tag.size());
        flush(connection);
        return true;
      }
      // Whoever sent it twice did not know what became of it the first time.
      if (const std::string_view tag = tag_of_statement(command->argument);
          !tag.empty() && !done_.emplace(tag).second) {
        runtime_.record({.kind = runtime::TraceKind::answer_mistaken, .text = tag});
      }
      mysql::write_ok(scratch_, 1, {.affected_rows = 1});
      break;
    case mysql::CommandKind::ping:
    case mysql::CommandKind::init_db:
    case mysql::CommandKind::reset_connection:
      mysql::write_ok(scratch_, 1);
      break;
    default:
      mysql::write_err(scratch_, 1, mysql::error::unknown_command, "Unknown command");
  }
  flush(connection);
  return true;
}

void DatabaseService::serve() {
  if (!services_) return runtime_.spend(Work::serve_statement);
  const Duration takes = exponential(options_.mean_service, services_->next());
  const std::int64_t units = (takes + options_.service_unit / 2) / options_.service_unit;
  runtime_.spend(Work::serve_statement, static_cast<std::uint32_t>(units));
}

void serve_exponentially(DatabaseOptions& options, scenario::HostShape& shape) {
  // Fine enough to be continuous for all that can be measured, coarse enough that a machine that is
  // slowed down by a fraction is slowed down; the longest draw, 44 means, fits.
  constexpr std::int64_t units_per_mean = 4096;
  Duration& cost = shape.cost[static_cast<std::size_t>(Work::serve_statement)];
  if (cost == Duration::zero()) return;
  options.mean_service = cost;
  options.service_unit = cost = std::max(cost / units_per_mean, Duration(1));
}

void DatabaseService::flush(ConnectionId connection) {
  if (!scratch_.empty()) runtime_.send(connection, scratch_);
}

void DatabaseService::drop(std::uint32_t index, ConnectionId connection) {
  runtime_.close(connection);
  sessions_[index].assembler.clear();
  mysql::ServerHandshake::forget(sessions_[index].memory);
  sessions_.release(index);
}

void DatabaseService::on_close(ConnectionId, Cookie cookie, runtime::CloseReason) {
  const auto index = static_cast<std::uint32_t>(cookie);
  sessions_[index].assembler.clear();
  mysql::ServerHandshake::forget(sessions_[index].memory);
  sessions_.release(index);
}

}  // namespace wanlab::world
