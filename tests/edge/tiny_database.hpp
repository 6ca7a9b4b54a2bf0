// A MySQL server of a few lines for tests of nodes: logs clients in and answers every statement
// with one row that names the server, the schema and the statement. Its misbehaviour is scripted.
#pragma once

#include "real_components/mysql/commands.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/mysql/result_set.hpp"
#include "real_components/mysql/server_handshake.hpp"
#include "real_components/runtime/runtime.hpp"

#include <algorithm>
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

  std::size_t connections() const { return clients_.size(); }
  // Since the start.
  std::uint32_t accepted() const { return greeted_; }
  // Answers what it kept silent about.
  void speak() {
    mood = Mood::answers;
    for (auto& [id, client] : clients_) {
      for (const std::string& statement : std::exchange(client.unanswered, {}))
        answer(id, client, statement);
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
    statements.emplace_back(command->argument);
    answer(id, client, statements.back());
  }

  void answer(runtime::ConnectionId id, Client& client, const std::string& statement) {
    if (mood == Mood::silent) {
      client.unanswered.push_back(statement);
      return;
    }
    Bytes out;
    const std::string text = name_ + "/" + client.schema + "/" + statement;
    const std::string filling(filler, 'x');
    const std::vector<mysql::Column> columns{{.name = "answer"}, {.name = "filling"}};
    const std::vector<mysql::Value> row{text, filling};
    const auto status = static_cast<mysql::StatusFlags>(
        mysql::status::autocommit |
        (mood == Mood::leaves_transaction ? mysql::status::in_transaction : 0));
    mysql::write_result_set(out, 1, columns, row, client.handshake.capabilities(), status);
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
        out.resize(out.size() - 7);
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
};

}  // namespace wanlab::testing
