// MySQL clients for tests of nodes: each connects, logs in and sends what it is told.
#pragma once

#include "real_components/mysql/client_handshake.hpp"
#include "real_components/mysql/commands.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/mysql/response_reader.hpp"
#include "real_components/runtime/runtime.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::testing {

struct Answer {
  std::uint16_t error = 0;
  std::string message;
  std::string text;  // of the first column of the last row
  std::size_t bytes = 0;
};

struct ClientOptions {
  std::string host = "edge";
  std::string user = "app";
  std::string password = "secret";
  std::string database{};
  bool tls = true;
  bool native = false;
  bool stalls = false;  // says nothing after the greeting
};

struct TestClient {
  ClientOptions options;
  mysql::ClientSecrets secrets;
  mysql::ClientHandshake handshake;
  mysql::PacketAssembler input;
  mysql::ResponseReader reader{0};
  runtime::ConnectionId id = runtime::no_connection;
  Instant started{};
  Instant ended{};  // of the login, either way
  bool established = false;
  bool closed = false;
  std::optional<runtime::CloseReason> reason;
  std::uint16_t error = 0;  // of the login, or unasked
  std::string message;
  std::vector<Answer> answers;
  Answer current;
  std::size_t asked = 0;
  Bytes greeting;
  bool changing = false;  // COM_CHANGE_USER is under way, to what `options` and `secrets` say
  mysql::AuthMethod asked_for{};  // by the server, when the user changed
};

class TestClients final : public runtime::Component {
 public:
  explicit TestClients(runtime::Runtime& runtime) : runtime_(runtime) {}

  TestClient& connect(ClientOptions options = {}) {
    auto client = std::make_unique<TestClient>();
    client->options = std::move(options);
    client->secrets = mysql::derive_secrets(client->options.password);
    client->started = runtime_.now();
    client->id = runtime_.connect({client->options.host, 3306}, {}, clients_.size());
    clients_.push_back(std::move(client));
    return *clients_.back();
  }
  void command(TestClient& client, mysql::CommandKind kind, std::string_view argument = {}) {
    Bytes out;
    mysql::write_command(out, kind, argument);
    send(client, out);
    if (kind != mysql::CommandKind::quit) ++client.asked;
  }
  void query(TestClient& client, std::string_view sql) {
    command(client, mysql::CommandKind::query, sql);
  }
  // COM_CHANGE_USER. `plugin`: what the client says it knows; what it says it proves is made up.
  void change_user(TestClient& client, ClientOptions options,
                   std::string_view plugin = "caching_sha2_password") {
    client.options = std::move(options);
    client.secrets = mysql::derive_secrets(client.options.password);
    client.changing = true;
    client.error = 0;
    std::string argument = client.options.user + '\0' + std::string(1, '\x04') + "fake" +
                           client.options.database + '\0' + std::string("\x2d\0", 2);
    argument.append(plugin).push_back('\0');
    Bytes out;
    mysql::write_command(out, mysql::CommandKind::change_user, argument);
    send(client, out);
  }
  void send(TestClient& client, ByteView bytes) { runtime_.send(client.id, bytes); }
  void close(TestClient& client) {
    runtime_.close(client.id);
    client.closed = true;
  }
  void stop_reading(TestClient& client) { runtime_.pause_reading(client.id); }
  void read_on(TestClient& client) { runtime_.resume_reading(client.id); }
  void abort(TestClient& client) {
    runtime_.abort(client.id);
    client.closed = true;
  }

  void start() override {}
  void on_timer(runtime::Cookie) override {}
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId,
                            const runtime::PeerInfo&) override {
    return 0;
  }
  void on_connect(runtime::ConnectionId, runtime::Cookie) override {}
  void on_writable(runtime::ConnectionId, runtime::Cookie) override {}
  void on_secure(runtime::ConnectionId id, runtime::Cookie cookie) override {
    TestClient& client = *clients_[cookie];
    Bytes out;
    client.handshake.secured(handshake_options(client), out);
    runtime_.send(id, out);
  }
  void on_close(runtime::ConnectionId, runtime::Cookie cookie,
                runtime::CloseReason reason) override {
    TestClient& client = *clients_[cookie];
    client.closed = true;
    client.reason = reason;
    if (!client.established) client.ended = runtime_.now();
  }
  void on_data(runtime::ConnectionId, runtime::Cookie cookie, ByteView bytes) override {
    TestClient& client = *clients_[cookie];
    if (!client.established && client.greeting.empty())
      client.greeting.assign(bytes.begin(), bytes.end());
    while (!bytes.empty() && !client.closed) {
      mysql::Packet packet;
      if (client.input.next(bytes, {}, packet) != mysql::PacketStatus::complete) return;
      take(client, packet);
    }
  }

 private:
  static mysql::ClientHandshakeOptions handshake_options(const TestClient& client) {
    mysql::ClientHandshakeOptions options;
    options.user = client.options.user;
    options.database = client.options.database;
    options.secrets = &client.secrets;
    options.use_tls = client.options.tls;
    if (client.options.native) options.first_method = mysql::AuthMethod::native;
    return options;
  }

  void take(TestClient& client, const mysql::Packet& packet) {
    if (!client.established && client.error == 0) {
      if (client.options.stalls) {
        if (const auto err = mysql::parse_err(packet.payload)) client.error = err->code;
        return;
      }
      Bytes out;
      const mysql::ClientStep step = client.handshake.on_packet(
          handshake_options(client), packet.sequence, packet.payload, out);
      if (!out.empty()) runtime_.send(client.id, out);
      if (step.kind == mysql::ClientStep::Kind::start_tls) {
        runtime_.start_tls_client(client.id, runtime::TlsVersion::tls13);
      } else if (step.kind == mysql::ClientStep::Kind::done) {
        client.established = true;
        client.ended = runtime_.now();
        client.reader = mysql::ResponseReader(client.handshake.capabilities());
      } else if (step.kind == mysql::ClientStep::Kind::failed) {
        client.error = step.error;
        client.message = step.message;
        client.ended = runtime_.now();
      }
      return;
    }
    if (client.changing) return change(client, packet);
    if (client.answers.size() == client.asked || packet.sequence == 0) {  // unasked
      if (const auto err = mysql::parse_err(packet.payload)) {
        client.error = err->code;
        client.message = err->message;
      }
      return;
    }
    if (client.current.bytes == 0) client.reader.start();
    client.current.bytes += packet.payload.size() + 4;
    const auto progress = client.reader.on_packet(packet.sequence, packet.payload);
    if (progress == mysql::ResponseProgress::more) {
      mysql::PayloadReader row(packet.payload);
      const ByteView value = row.lenenc_bytes();
      if (row.ok()) client.current.text = as_text(value);
      return;
    }
    client.current.error =
        progress == mysql::ResponseProgress::malformed ? 2027 : client.reader.error_code();
    if (const auto err = mysql::parse_err(packet.payload)) client.current.message = err->message;
    client.answers.push_back(std::exchange(client.current, {}));
  }

  void change(TestClient& client, const mysql::Packet& packet) {
    const auto request = mysql::parse_auth_switch(packet.payload);
    if (!request) {
      if (const auto err = mysql::parse_err(packet.payload)) {
        client.error = err->code;
        client.message = err->message;
      }
      client.changing = packet.payload[0] == std::byte{1};  // more is to come
      return;
    }
    const ByteView nonce = request->data.first(mysql::nonce_size);
    Bytes out;
    const auto sequence = static_cast<std::uint8_t>(packet.sequence + 1);
    if (request->plugin == mysql::to_string(mysql::AuthMethod::native)) {
      client.asked_for = mysql::AuthMethod::native;
      mysql::write_auth_response(out, sequence, mysql::native_proof(client.secrets, nonce));
    } else {
      client.asked_for = mysql::AuthMethod::caching_sha2;
      mysql::write_auth_response(out, sequence, mysql::sha2_proof(client.secrets, nonce));
    }
    if (!client.options.stalls) runtime_.send(client.id, out);
  }

  runtime::Runtime& runtime_;
  std::vector<std::unique_ptr<TestClient>> clients_;
};

}  // namespace wanlab::testing
