// A client that knows the protocol and breaks it at one chosen place with bytes of its own. It runs
// on an idle host of the plan and writes down what it is told.
#pragma once

#include "real_components/mysql/client_handshake.hpp"
#include "real_components/mysql/commands.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/mysql/responses.hpp"
#include "tests/world/running_world.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace wanlab::world {

// Where it stops behaving.
enum class Break : std::uint8_t {
  at_connect,   // speaks before the greeting
  at_greeting,  // instead of its first packet
  behind_ssl_request,
  at_login,  // instead of the handshake response, inside TLS
  at_command,
};

class HostileClient final : public runtime::Component {
 public:
  struct Intention {
    Break where = Break::at_greeting;
    std::function<Bytes(std::uint8_t sequence)> says;  // nothing: falls silent
    bool tls = true;
    mysql::Capabilities capabilities = mysql::client_capabilities;
    std::optional<mysql::AuthMethod> begins_with{};
    std::string user = "app";
    std::string password;
  };

  HostileClient(runtime::Runtime& runtime, Intention intention, std::string server)
      : runtime_(runtime), intention_(std::move(intention)), server_(std::move(server)) {
    secrets_ = mysql::derive_secrets(intention_.password);
    options_.user = intention_.user;
    options_.secrets = &secrets_;
    options_.use_tls = intention_.tls;
    options_.capabilities = intention_.capabilities;
    options_.first_method = intention_.begins_with;
  }

  void start() override { connection_ = runtime_.connect({server_, 3306}, {}, 0); }
  void on_timer(runtime::Cookie) override {}
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId,
                            const runtime::PeerInfo&) override {
    return 0;
  }
  void on_connect(runtime::ConnectionId, runtime::Cookie) override {
    if (intention_.where == Break::at_connect) misbehave(0);
  }
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {
    Bytes out;
    if (intention_.where == Break::at_login) return misbehave(2);
    handshake_.secured(options_, out);
    runtime_.send(connection_, out);
  }
  void on_data(runtime::ConnectionId, runtime::Cookie, ByteView bytes) override {
    mysql::Packet packet;
    while (input_.next(bytes, {}, packet) == mysql::PacketStatus::complete) hear(packet);
  }
  void on_writable(runtime::ConnectionId, runtime::Cookie) override {}
  void on_close(runtime::ConnectionId, runtime::Cookie, runtime::CloseReason reason) override {
    closed_at = runtime_.now();
    close_reason = reason;
  }
  void hang_up() {
    if (!closed_at) runtime_.close(connection_);
  }
  void say(ByteView bytes) { runtime_.send(connection_, bytes); }

  std::uint16_t error = 0;  // the number of the last ERR
  bool logged_in = false;
  std::optional<Instant> misbehaved_at, error_at, closed_at;
  std::optional<runtime::CloseReason> close_reason;

 private:
  void misbehave(std::uint8_t sequence) {
    misbehaved_at = runtime_.now();
    if (intention_.says) runtime_.send(connection_, intention_.says(sequence));
  }
  void hear(const mysql::Packet& packet) {
    if (const auto err =
            mysql::is_err(packet.payload) ? mysql::parse_err(packet.payload) : std::nullopt) {
      error = err->code;
      error_at = runtime_.now();
      return;
    }
    if (misbehaved_at || logged_in) return;
    if (intention_.where == Break::at_greeting) return misbehave(1);
    Bytes out;
    const mysql::ClientStep step =
        handshake_.on_packet(options_, packet.sequence, packet.payload, out);
    switch (step.kind) {
      case mysql::ClientStep::Kind::start_tls:
        if (intention_.where == Break::behind_ssl_request) {
          misbehaved_at = runtime_.now();
          append(out, intention_.says(2));
          runtime_.send(connection_, out);
          return;
        }
        runtime_.send(connection_, out);
        runtime_.start_tls_client(connection_, runtime::TlsVersion::tls13);
        return;
      case mysql::ClientStep::Kind::send:
        runtime_.send(connection_, out);
        return;
      case mysql::ClientStep::Kind::done:
        logged_in = true;
        if (intention_.where == Break::at_command) misbehave(0);
        return;
      case mysql::ClientStep::Kind::need_more:
      case mysql::ClientStep::Kind::failed:
        return;
    }
  }

  runtime::Runtime& runtime_;
  Intention intention_;
  std::string server_;
  mysql::ClientSecrets secrets_;
  mysql::ClientHandshakeOptions options_;
  mysql::ClientHandshake handshake_;
  mysql::PacketAssembler input_;
  runtime::ConnectionId connection_ = runtime::no_connection;
};

// A packet whose header may lie about its length.
inline Bytes raw_packet(std::uint8_t sequence, std::string_view payload,
                        std::optional<std::uint32_t> claimed_length = {}) {
  const auto length = claimed_length.value_or(static_cast<std::uint32_t>(payload.size()));
  Bytes bytes(mysql::packet_header_size + payload.size());
  for (unsigned i = 0; i < 3; ++i) bytes[i] = static_cast<std::byte>((length >> (8 * i)) & 0xff);
  bytes[3] = static_cast<std::byte>(sequence);
  const ByteView view = as_bytes(payload);
  std::copy(view.begin(), view.end(), bytes.begin() + mysql::packet_header_size);
  return bytes;
}

}  // namespace wanlab::world
