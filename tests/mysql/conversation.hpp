// Both sides of a handshake talking to each other over two in-memory streams, counting round trips.
#pragma once

#include "real_components/mysql/client_handshake.hpp"
#include "real_components/mysql/server_handshake.hpp"
#include "tests/mysql/protocol.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace wanlab::test {

struct ConversationResult {
  bool client_done = false;
  std::uint16_t client_error = 0;
  std::string client_message;
  std::string user;
  std::string database;
  bool secured = false;
  std::size_t exchanges = 0;  // client to server and back, after the greeting (and TLS)
  Bytes from_server;
  Bytes from_client;
};

struct ConversationOptions {
  mysql::ServerHandshakeOptions server;
  mysql::ClientHandshakeOptions client;
  mysql::Verifier verifier;
  bool password_known_to_cache = true;  // false: the database asks for full authentication
  std::size_t chunk = 1 << 20;          // both streams arrive in pieces of at most this size
  std::size_t first_chunk = 1 << 20;    // and the first piece of every flight is at most this long
};

class Conversation {
 public:
  explicit Conversation(const ConversationOptions& options) : options_(options) {}

  ConversationResult run() {
    Bytes flight;
    server_.begin(options_.server, 7, test_nonce(), flight);
    append(result_.from_server, flight);
    Bytes answer = deliver_to_client(flight);
    while (!answer.empty() && !closed_) {
      ++result_.exchanges;
      append(result_.from_client, answer);
      flight = deliver_to_server(answer);
      append(result_.from_server, flight);
      answer = deliver_to_client(flight);
    }
    result_.client_done = client_.done();
    return result_;
  }

 private:
  template <typename Handle>
  void in_pieces(ByteView stream, Handle handle) {
    std::size_t size = options_.first_chunk;
    while (!stream.empty()) {
      ByteView piece = stream.first(std::min(size, stream.size()));
      stream = stream.subspan(piece.size());
      handle(piece);
      size = options_.chunk;
    }
  }

  Bytes deliver_to_client(ByteView stream) {
    Bytes out;
    in_pieces(stream, [&](ByteView piece) {
      mysql::Packet packet;
      while (client_input_.next(piece, {}, packet) == mysql::PacketStatus::complete) {
        mysql::ClientStep step =
            client_.on_packet(options_.client, packet.sequence, packet.payload, out);
        if (step.kind == mysql::ClientStep::Kind::start_tls) {
          start_tls(out);
          step = client_.secured(options_.client, out);
        }
        if (step.kind == mysql::ClientStep::Kind::failed) {
          result_.client_error = step.error;
          result_.client_message = step.message;
          closed_ = true;
        }
      }
    });
    return out;
  }

  // The SSLRequest reaches the server together with the ClientHello, which the handshake must
  // leave.
  void start_tls(Bytes& request) {
    append(result_.from_client, request);
    const Bytes flight = concatenated(request, as_bytes("\x16\x03\x01hello"));
    Bytes left;
    Bytes out;
    in_pieces(flight, [&](ByteView piece) {
      mysql::Packet packet;
      if (!result_.secured &&
          server_input_.next(piece, {}, packet) == mysql::PacketStatus::complete) {
        const mysql::ServerStep step = server_.on_packet(options_.server, packet.sequence,
                                                         packet.payload, false, memory_, out);
        EXPECT_EQ(step.kind, mysql::ServerStep::Kind::start_tls);
        result_.secured = true;
      }
      append(left, piece);
    });
    EXPECT_TRUE(out.empty());
    EXPECT_EQ(as_text(left), "\x16\x03\x01hello");
    request.clear();
  }

  Bytes deliver_to_server(ByteView stream) {
    Bytes out;
    in_pieces(stream, [&](ByteView piece) {
      mysql::Packet packet;
      while (server_input_.next(piece, {}, packet) == mysql::PacketStatus::complete) {
        handle(server_.on_packet(options_.server, packet.sequence, packet.payload, result_.secured,
                                 memory_, out),
               out);
      }
    });
    return out;
  }

  void handle(const mysql::ServerStep& step, Bytes& out) {
    using Kind = mysql::ServerStep::Kind;
    if (step.kind == Kind::verify_proof) {
      remember(step);
      if (!verify_proof(step.login.method, step.login.proof, server_.nonce(), options_.verifier)) {
        server_.reject(out, mysql::error::access_denied, "Access denied");
      } else if (options_.password_known_to_cache) {
        server_.accept(out);
      } else {
        EXPECT_TRUE(server_.request_full_authentication(options_.server, result_.secured, out));
      }
    } else if (step.kind == Kind::verify_password) {
      remember(step);
      if (verify_password(step.password, options_.verifier)) {
        server_.accept(out);
      } else {
        server_.reject(out, mysql::error::access_denied, "Access denied");
      }
    }
  }

  void remember(const mysql::ServerStep& step) {
    result_.user = step.login.user;
    result_.database = step.login.database;
  }

  ConversationOptions options_;
  mysql::ServerHandshake server_;
  mysql::ClientHandshake client_;
  mysql::PacketAssembler server_input_;
  mysql::PacketAssembler client_input_;
  Bytes memory_;
  ConversationResult result_;
  bool closed_ = false;
};

}  // namespace wanlab::test
