// The client's side of the connection phase.
#include "real_components/mysql/client_handshake.hpp"

#include <algorithm>
#include <array>

namespace wanlab::mysql {

namespace {

constexpr std::byte ok_header{0x00};
constexpr std::byte auth_more_data_header{0x01};
constexpr std::byte auth_switch_header{0xfe};

std::optional<AuthMethod> method_named(std::string_view plugin) {
  if (plugin == caching_sha2_name) return AuthMethod::caching_sha2;
  if (plugin == native_name) return AuthMethod::native;
  return std::nullopt;
}

ClientStep step(ClientStep::Kind kind) {
  return {.kind = kind};
}

}  // namespace

ClientStep ClientHandshake::on_packet(const ClientHandshakeOptions& options, std::uint8_t sequence,
                                      ByteView payload, Bytes& out) {
  if (sequence != sequence_) return fail(error::client_out_of_sync, "Packets out of order");
  sequence_ = static_cast<std::uint8_t>(sequence + 1);
  if (is_err(payload) && phase_ != Phase::tls && phase_ != Phase::done && phase_ != Phase::failed) {
    return fail_with(payload);
  }
  switch (phase_) {
    case Phase::greeting:
      return on_greeting(options, payload, out);
    case Phase::result:
      return on_result(options, payload, out);
    case Phase::key:
      return on_key(options, payload, out);
    case Phase::accepted:
    case Phase::verdict:
      if (payload.empty() || payload[0] != ok_header || !parse_ok(payload)) break;
      phase_ = Phase::done;
      return step(ClientStep::Kind::done);
    case Phase::tls:
    case Phase::done:
    case Phase::failed:
      return fail(error::client_out_of_sync, "Packet without being asked for");
  }
  return fail(error::client_malformed_packet, "Malformed packet");
}

ClientStep ClientHandshake::secured(const ClientHandshakeOptions& options, Bytes& out) {
  if (phase_ != Phase::tls) return fail(error::client_out_of_sync, "TLS was not asked for");
  secure_ = true;
  return send_response(options, out);
}

ClientStep ClientHandshake::fail(const ErrorCode& code, std::string_view message) {
  phase_ = Phase::failed;
  return {.kind = ClientStep::Kind::failed,
          .error = code.number,
          .sqlstate = code.state(),
          .message = message};
}

ClientStep ClientHandshake::fail_with(ByteView err_payload) {
  const auto fields = parse_err(err_payload);
  if (!fields) return fail(error::client_malformed_packet, "Malformed packet");
  phase_ = Phase::failed;
  return {.kind = ClientStep::Kind::failed,
          .error = fields->code,
          .sqlstate = fields->sqlstate,
          .message = fields->message};
}

ClientStep ClientHandshake::on_greeting(const ClientHandshakeOptions& options, ByteView payload,
                                        Bytes& out) {
  const auto greeting = parse_greeting(payload);
  if (!greeting) return fail(error::client_version_error, "Malformed greeting");
  constexpr Capabilities needed = capability::protocol_41 | capability::secure_connection;
  if ((greeting->capabilities & needed) != needed) {
    return fail(error::client_version_error, "The server speaks a protocol older than 4.1");
  }
  nonce_ = greeting->nonce;
  connection_id_ = greeting->connection_id;
  Capabilities wanted = options.capabilities | needed;
  wanted &= ~(capability::ssl | capability::connect_with_db);
  if (options.use_tls) wanted |= capability::ssl;
  if (!options.database.empty()) wanted |= capability::connect_with_db;
  capabilities_ = wanted & greeting->capabilities;

  // Without plugins there is the native method and nothing else.
  const bool plugins = (capabilities_ & capability::plugin_auth) != 0;
  const auto offered = plugins ? method_named(greeting->plugin) : AuthMethod::native;
  // An unknown plugin may still be switched away from: begin with the default.
  method_ = options.first_method.value_or(offered.value_or(AuthMethod::caching_sha2));
  if (!plugins) method_ = AuthMethod::native;
  if (method_ == AuthMethod::native && !options.allow_native) {
    if (!plugins) return fail(error::client_plugin_error, "mysql_native_password is not allowed");
    method_ = AuthMethod::caching_sha2;
  }

  if (!options.use_tls) return send_response(options, out);
  if ((capabilities_ & capability::ssl) == 0) {
    return fail(error::client_tls_error, "TLS is required but the server does not offer it");
  }
  sequence_ = write_ssl_request(out, sequence_,
                                {.capabilities = capabilities_, .collation = options.collation});
  phase_ = Phase::tls;
  return step(ClientStep::Kind::start_tls);
}

ClientStep ClientHandshake::send_response(const ClientHandshakeOptions& options, Bytes& out) {
  HandshakeResponse response{.capabilities = capabilities_,
                             .collation = options.collation,
                             .user = options.user,
                             .database = options.database,
                             .plugin = to_string(method_),
                             .attributes = options.attributes};
  const auto send_with = [&](ByteView proof) {
    response.proof = proof;
    sequence_ = write_handshake_response(out, sequence_, response);
  };
  if (method_ == AuthMethod::caching_sha2) {
    send_with(sha2_proof(*options.secrets, nonce_));
  } else {
    send_with(native_proof(*options.secrets, nonce_));
  }
  phase_ = Phase::result;
  return step(ClientStep::Kind::send);
}

ClientStep ClientHandshake::on_result(const ClientHandshakeOptions& options, ByteView payload,
                                      Bytes& out) {
  if (payload.empty()) return fail(error::client_malformed_packet, "Malformed packet");
  if (payload[0] == auth_switch_header) return on_switch(options, payload, out);
  if (payload[0] == auth_more_data_header) return on_more_data(options, payload, out);
  if (payload[0] != ok_header || !parse_ok(payload)) {
    return fail(error::client_malformed_packet, "Malformed packet");
  }
  phase_ = Phase::done;
  return step(ClientStep::Kind::done);
}

ClientStep ClientHandshake::on_switch(const ClientHandshakeOptions& options, ByteView payload,
                                      Bytes& out) {
  const auto request = parse_auth_switch(payload);
  // A single 0xfe is the switch to the method from before 4.1; that and a second switch are
  // refused.
  if (!request || switched_ || (capabilities_ & capability::plugin_auth) == 0) {
    return fail(error::client_malformed_packet, "Malformed packet");
  }
  const auto method = method_named(request->plugin);
  if (!method) return fail(error::client_unknown_plugin, "Authentication plugin is not known");
  if (*method == AuthMethod::native && !options.allow_native) {
    return fail(error::client_plugin_error, "mysql_native_password is not allowed");
  }
  // 20 bytes, with or without the terminator.
  if (request->data.size() < nonce_size || request->data.size() > nonce_size + 1 ||
      (request->data.size() > nonce_size && request->data.back() != std::byte{0})) {
    return fail(error::client_malformed_packet, "Malformed packet");
  }
  switched_ = true;
  method_ = *method;
  std::copy_n(request->data.begin(), nonce_size, nonce_.begin());
  if (method_ == AuthMethod::caching_sha2) {
    const ByteView hashed = options.hash_switch_terminator ? request->data : ByteView(nonce_);
    sequence_ = write_auth_response(out, sequence_, sha2_proof(*options.secrets, hashed));
  } else {
    sequence_ = write_auth_response(out, sequence_, native_proof(*options.secrets, nonce_));
  }
  return step(ClientStep::Kind::send);
}

ClientStep ClientHandshake::on_more_data(const ClientHandshakeOptions& options, ByteView payload,
                                         Bytes& out) {
  if (method_ != AuthMethod::caching_sha2 || payload.size() != 2) {
    return fail(error::client_malformed_packet, "Malformed packet");
  }
  if (payload[1] == std::byte{fast_auth_success}) {
    phase_ = Phase::accepted;
    return step(ClientStep::Kind::need_more);
  }
  if (payload[1] != std::byte{full_auth_required}) {
    return fail(error::client_malformed_packet, "Malformed packet");
  }
  if (options.password.empty()) {
    return fail(error::client_plugin_error, "The server asks for the password itself");
  }
  if (secure_) {
    PacketWriter packet(out, sequence_, options.password.size() + 1);
    packet.text_and_nul(options.password);
    sequence_ = packet.finish();
    phase_ = Phase::verdict;
    return step(ClientStep::Kind::send);
  }
  if (options.server_key != nullptr) return send_encrypted(options, *options.server_key, out);
  if (!options.request_server_key) {
    return fail(error::client_plugin_error, "Authentication requires secure connection");
  }
  const std::byte request{public_key_request};
  sequence_ = write_auth_response(out, sequence_, ByteView(&request, 1));
  phase_ = Phase::key;
  return step(ClientStep::Kind::send);
}

ClientStep ClientHandshake::on_key(const ClientHandshakeOptions& options, ByteView payload,
                                   Bytes& out) {
  if (payload.empty() || payload[0] != auth_more_data_header) {
    return fail(error::client_malformed_packet, "Malformed packet");
  }
  const auto key = crypto::RsaPublicKey::from_pem(as_text(payload.subspan(1)));
  if (!key) return fail(error::client_plugin_error, "The server's public key is not usable");
  return send_encrypted(options, *key, out);
}

ClientStep ClientHandshake::send_encrypted(const ClientHandshakeOptions& options,
                                           const crypto::RsaPublicKey& key, Bytes& out) {
  Bytes clear;
  clear.reserve(options.password.size() + 1);
  append(clear, options.password);
  clear.push_back(std::byte{0});
  for (std::size_t i = 0; i < clear.size(); ++i) clear[i] ^= nonce_[i % nonce_size];
  Bytes cipher;
  const bool fits = key.encrypt_oaep(clear, options.oaep_seed, cipher);
  crypto::secure_zero(clear);
  if (!fits) return fail(error::client_plugin_error, "The password is too long for the key");
  sequence_ = write_auth_response(out, sequence_, cipher);
  phase_ = Phase::verdict;
  return step(ClientStep::Kind::send);
}

}  // namespace wanlab::mysql
