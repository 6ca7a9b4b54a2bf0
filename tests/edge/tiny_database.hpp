// A MySQL server of a few lines for tests of nodes: logs clients in and answers every statement
// with one row that names the server, the schema and the statement. Its misbehaviour is scripted.
#pragma once

#include "real_components/mysql/commands.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/mysql/result_set.hpp"
#include "real_components/mysql/server_handshake.hpp"
#include "real_components/runtime/runtime.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace wanlab::testing {

class TinyDatabase final : public runtime::Component {
 public:
  enum class Mood {
    answers,
    silent,         // takes statements and says nothing
    hangs_up,       // resets the connection on a statement
    breaks_off,     // sends the first packets of an answer and resets the connection
    breaks_packet,  // the same within a packet
    refuses_login,
    leaves_transaction,  // answers with the flag of an open transaction
    has_no_database,     // as if the schema had been dropped
  };

  TinyDatabase(runtime::Runtime& runtime, std::string name, std::string password)
      : runtime_(runtime), name_(std::move(name)), verifier_(mysql::derive_verifier(password)) {
    options_.require_tls = false;
    options_.capabilities = mysql::server_capabilities & ~mysql::capability::ssl;
  }

  Mood mood = Mood::answers;
  std::size_t filler = 0;  // bytes of a second column
  std::vector<std::string> statements;
  std::vector<std::string> missing_schemas;
  std::uint32_t resets = 0;
  std::string settings_of_last;  // of whoever asked for rows last

  std::size_t connections() const { return clients_.size(); }
  // Since the start.
  std::uint32_t accepted() const { return greeted_; }
  // Answers what it kept silent about.
  void speak() { speak_as(Mood::answers); }
  void speak_as(Mood now) {
    mood = now;
    std::vector<runtime::ConnectionId> waiting;
    for (const auto& [id, client] : clients_) waiting.push_back(id);
    for (const runtime::ConnectionId id : waiting) {
      for (const std::string& statement : std::exchange(clients_[id].unanswered, {})) {
        if (clients_.contains(id)) answer(id, clients_[id], statement);
      }
    }
  }

  void start() override { runtime_.listen(3306, {}); }
  void on_timer(runtime::Cookie) override {}
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId id,
                            const runtime::PeerInfo&) override {
    Client& client = clients_[id];
    mysql::NonceContent content{};
    content[0] = static_cast<std::byte>(++greeted_);
    Bytes out;
    client.handshake.begin(options_, greeted_, mysql::encode_nonce(content), out);
    runtime_.send(id, out);
    return 0;
  }
  void on_connect(runtime::ConnectionId, runtime::Cookie) override {}
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
  void on_writable(runtime::ConnectionId, runtime::Cookie) override {}
  void on_close(runtime::ConnectionId id, runtime::Cookie, runtime::CloseReason) override {
    clients_.erase(id);
  }
  void on_data(runtime::ConnectionId id, runtime::Cookie, ByteView bytes) override {
    for (;;) {
      const auto found = clients_.find(id);
      if (found == clients_.end()) return;
      mysql::Packet packet;
      if (found->second.input.next(bytes, {}, packet) != mysql::PacketStatus::complete) return;
      take(id, found->second, packet);
    }
  }

 private:
  struct Client {
    mysql::ServerHandshake handshake;
    mysql::PacketAssembler input;
    Bytes memory;
    std::string schema;
    std::string settings;
    bool in_transaction = false;
    bool state = false;  // of user variables and the like
    std::uint64_t last_insert_id = 0;
    std::vector<std::uint32_t> prepared;
    std::vector<std::string> unanswered;
  };

  void take(runtime::ConnectionId id, Client& client, const mysql::Packet& packet) {
    Bytes out;
    if (!client.handshake.finished()) {
      const mysql::ServerStep step = client.handshake.on_packet(
          options_, packet.sequence, packet.payload, false, client.memory, out);
      if (step.kind == mysql::ServerStep::Kind::verify_proof) {
        const bool right = mysql::verify_proof(step.login.method, step.login.proof,
                                               client.handshake.nonce(), verifier_);
        if (right && mood != Mood::refuses_login) {
          client.handshake.accept(out);
        } else {
          client.handshake.reject(out, mysql::error::access_denied, "no");
        }
      }
      return runtime_.send(id, out);
    }
    const auto command = mysql::parse_command(packet.payload);
    if (!command) return;
    if (command->kind == mysql::CommandKind::init_db) {
      const bool missing = std::find(missing_schemas.begin(), missing_schemas.end(),
                                     command->argument) != missing_schemas.end();
      if (missing) {
        mysql::write_err(out, 1, mysql::error::unknown_database, "Unknown database");
      } else {
        client.schema = command->argument;
        mysql::write_ok(out, 1);
      }
      return runtime_.send(id, out);
    }
    if (command->kind == mysql::CommandKind::reset_connection) {
      ++resets;
      client.settings.clear();
      client.in_transaction = client.state = false;
      client.prepared.clear();
      mysql::write_ok(out, 1);
      return runtime_.send(id, out);
    }
    if (command->kind == mysql::CommandKind::ping) {
      write_ok(client, out, false);
      return runtime_.send(id, out);
    }
    if (command->kind == mysql::CommandKind::statement_prepare) {
      client.prepared.push_back(++prepared_);
      mysql::PacketWriter answer(out, 1, 12);
      answer.u8(0);
      answer.u32(prepared_);
      answer.zeros(7);
      answer.finish();
      statements.emplace_back("PREPARE " + std::string(command->argument));
      return runtime_.send(id, out);
    }
    if (command->kind == mysql::CommandKind::statement_close) {
      std::erase(client.prepared, load_little_endian<std::uint32_t>(&packet.payload[1]));
      return;
    }
    if (command->argument.starts_with("SET SESSION session_track")) {
      mysql::write_ok(out, 1);
      return runtime_.send(id, out);
    }
    statements.emplace_back(command->argument);
    answer(id, client, statements.back());
  }

  // With what it tracks, as MariaDB tells it to whoever wants to know.
  void write_ok(const Client& client, Bytes& out, bool changed, std::uint64_t insert_id = 0) {
    mysql::OkFields fields;
    fields.status = status_of(client);
    fields.last_insert_id = insert_id;
    fields.affected_rows = insert_id != 0 ? 1 : 0;
    constexpr std::array<std::byte, 3> change{std::byte{2}, std::byte{1}, std::byte{'1'}};
    const bool tracked = (client.handshake.capabilities() & mysql::capability::session_track) != 0;
    if (changed && tracked) {
      fields.status |= mysql::status::session_state_changed;
      fields.session_state = change;
    }
    mysql::write_ok(out, 1, fields);
  }
  mysql::StatusFlags status_of(const Client& client) const {
    const bool off = client.settings.find("autocommit=0") != std::string::npos;
    return static_cast<mysql::StatusFlags>(
        (off ? 0 : mysql::status::autocommit) |
        (client.in_transaction || mood == Mood::leaves_transaction ? mysql::status::in_transaction
                                                                   : 0));
  }
  // What is answered with an OK; false if it is not that.
  bool control(Client& client, const std::string& statement, Bytes& out) {
    if (statement == "BEGIN") {
      client.in_transaction = true;
    } else if (statement == "COMMIT" || statement == "ROLLBACK") {
      client.in_transaction = false;
    } else if (statement.starts_with("SET ")) {
      const bool variable = statement[4] == '@';
      if (statement.find("nonsense") != std::string::npos) {
        mysql::write_err(out, 1, mysql::make_error(1193, "HY000"), "Unknown system variable");
        return true;
      }
      if (statement.starts_with("SET last_insert_id=")) {
        client.last_insert_id = std::stoull(statement.substr(19));
      } else if (variable) {
        client.state = true;
      } else {
        client.settings = statement.substr(4);
      }
      write_ok(client, out, true);
      return true;
    } else if (statement == "FAIL") {
      mysql::write_err(out, 1, mysql::error::parse_error, "as asked");
      return true;
    } else if (statement.starts_with("INSERT AUTO")) {
      write_ok(client, out, false, ++insert_id_);
      client.last_insert_id = insert_id_;
      return true;
    } else {
      return false;
    }
    write_ok(client, out, false);
    return true;
  }

  void answer(runtime::ConnectionId id, Client& client, const std::string& statement) {
    if (mood == Mood::silent) {
      client.unanswered.push_back(statement);
      return;
    }
    Bytes out;
    const bool asks_for_id = statement == "SELECT LAST_INSERT_ID()";
    const std::string text = asks_for_id ? std::to_string(client.last_insert_id)
                                         : name_ + "/" + client.schema + "/" + statement;
    const bool spoken = mood == Mood::answers || mood == Mood::leaves_transaction;
    if (spoken && control(client, statement, out)) return runtime_.send(id, out);
    if (status_of(client) == 0) client.in_transaction = true;
    settings_of_last = client.settings;
    const std::string filling(filler, 'x');
    const std::vector<mysql::Column> columns{{.name = "answer"}, {.name = "filling"}};
    const std::vector<mysql::Value> row{text, filling};
    mysql::write_result_set(out, 1, columns, row, client.handshake.capabilities(),
                            status_of(client));
    switch (mood) {
      case Mood::has_no_database:
        out.clear();
        mysql::write_err(out, 1, mysql::error::no_database, "No database selected");
        return runtime_.send(id, out);
      case Mood::hangs_up:
        out.clear();
        break;
      // The column count and nothing else is five bytes.
      case Mood::breaks_off:
        out.resize(5);
        break;
      case Mood::breaks_packet:
        out.resize(out.size() - 14);  // the end of the last row, and what follows it
        break;
      default:
        // In pieces, as a network would deliver them.
        for (std::size_t at = 0; at < out.size(); at += 32 * 1024) {
          runtime_.send(
              id, ByteView(out).subspan(at, std::min<std::size_t>(32 * 1024, out.size() - at)));
        }
        return;
    }
    runtime_.send(id, out);
    clients_.erase(id);
    runtime_.close(id);
  }

  runtime::Runtime& runtime_;
  std::string name_;
  mysql::Verifier verifier_;
  mysql::ServerHandshakeOptions options_;
  std::map<runtime::ConnectionId, Client> clients_;
  std::uint32_t greeted_ = 0;
  std::uint32_t prepared_ = 0;
  std::uint64_t insert_id_ = 0;
};

}  // namespace wanlab::testing
