// The server's side of the connection phase.
#include "real_components/mysql/server_handshake.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace wanlab::mysql {

namespace {

constexpr std::size_t sha2_proof_size = 32;
constexpr std::size_t native_proof_size = 20;

constexpr std::size_t proof_size(AuthMethod method) {
  return method == AuthMethod::caching_sha2 ? sha2_proof_size : native_proof_size;
}

// How drivers send an empty password: nothing, or a lone NUL.
bool is_empty_password(ByteView proof) {
  return proof.empty() || (proof.size() == 1 && proof[0] == std::byte{0});
}

bool allowed(const ServerHandshakeOptions& options, AuthMethod method) {
  return method == AuthMethod::caching_sha2 ? options.allow_sha2 : options.allow_native;
}

}  // namespace

void ServerHandshake::begin(const ServerHandshakeOptions& options, std::uint32_t connection_id,
                            const Nonce& nonce, Bytes& out) {
  *this = ServerHandshake();
  nonce_ = nonce;
  write_greeting(out, {.server_version = options.server_version,
                       .connection_id = connection_id,
                       .nonce = nonce,
                       .capabilities = options.capabilities,
                       .collation = options.collation,
                       .status = status::autocommit,
                       .plugin = to_string(options.greeting_method)});
}

void ServerHandshake::begin_change(const ServerHandshakeOptions& options, Capabilities capabilities,
                                   std::uint8_t sequence, const Login& login, const Nonce& nonce,
                                   Bytes& memory, Bytes& out) {
  *this = ServerHandshake();
  nonce_ = nonce;
  capabilities_ = capabilities;
  remember(login, memory);
  const bool native = options.allow_native && login.method == AuthMethod::native;
  method_ = options.allow_sha2 && !native ? AuthMethod::caching_sha2 : AuthMethod::native;
  sequence_ = write_auth_switch(out, sequence, to_string(method_), nonce_);
  phase_ = Phase::switch_response;
}

ServerStep ServerHandshake::on_packet(const ServerHandshakeOptions& options, std::uint8_t sequence,
                                      ByteView payload, bool secure, Bytes& memory, Bytes& out) {
  if (phase_ == Phase::finished) return {.kind = ServerStep::Kind::failed};
  if (sequence != sequence_) return on_packet_error(PacketStatus::wrong_sequence, out);
  sequence_ = static_cast<std::uint8_t>(sequence + 1);
  switch (phase_) {
    case Phase::response:
    case Phase::response_secure:
      return on_response(options, payload, secure, memory, out);
    case Phase::switch_response:
      return on_switch_response(payload, memory, out);
    case Phase::password:
      return on_password(options, payload, secure, memory, out);
    case Phase::judging_proof:
    case Phase::judging_password:
    case Phase::finished:
      break;
  }
  // The client must wait for the verdict.
  return on_packet_error(PacketStatus::wrong_sequence, out);
}

ServerStep ServerHandshake::on_packet_error(PacketStatus status, Bytes& out) {
  switch (status) {
    case PacketStatus::wrong_sequence:
      return fail(error_of(status), "Got packets out of order", out);
    case PacketStatus::too_large:
      return fail(error_of(status), "Got a packet bigger than 'max_allowed_packet' bytes", out);
    case PacketStatus::bad_length:
    case PacketStatus::complete:
    case PacketStatus::incomplete:
      break;
  }
  return fail(error::malformed_packet, "Malformed communication packet", out);
}

void ServerHandshake::accept(Bytes& out, const OkFields& fields) {
  if (phase_ == Phase::judging_proof && method_ == AuthMethod::caching_sha2) {
    sequence_ = write_auth_more_data(out, sequence_, fast_auth_success);
  }
  sequence_ = write_ok(out, sequence_, fields);
  phase_ = Phase::finished;
}

void ServerHandshake::reject(Bytes& out, const ErrorCode& code, std::string_view message) {
  sequence_ = write_err(out, sequence_, code, message);
  phase_ = Phase::finished;
}

bool ServerHandshake::request_full_authentication(const ServerHandshakeOptions& options,
                                                  bool secure, Bytes& out) {
  if (!options.allow_full || phase_ != Phase::judging_proof ||
      method_ != AuthMethod::caching_sha2 || (!secure && options.rsa_key == nullptr)) {
    return false;
  }
  sequence_ = write_auth_more_data(out, sequence_, full_auth_required);
  phase_ = Phase::password;
  return true;
}

void ServerHandshake::forget(Bytes& memory) {
  // What lies between size and capacity may hold an earlier password.
  memory.resize(memory.capacity());
  crypto::secure_zero(memory);
  Bytes().swap(memory);
}

ServerStep ServerHandshake::fail(const ErrorCode& code, std::string_view message, Bytes& out) {
  reject(out, code, message);
  return {.kind = ServerStep::Kind::failed, .error = code};
}

ServerStep ServerHandshake::deny(std::string_view user, bool with_password, Bytes& out) {
  std::string message = "Access denied for user '";
  message.append(user).append("' (using password: ").append(with_password ? "YES)" : "NO)");
  return fail(error::access_denied, message, out);
}

ServerStep ServerHandshake::on_response(const ServerHandshakeOptions& options, ByteView payload,
                                        bool secure, Bytes& memory, Bytes& out) {
  const auto asked = peek_capabilities(payload);
  if (!asked) return fail(error::bad_handshake, "Bad handshake", out);
  // Clients from before 4.1 have another layout altogether.
  if ((*asked & capability::protocol_41) == 0) {
    return fail(error::unsupported_authentication,
                "Client does not support authentication protocol requested by server", out);
  }
  const Capabilities capabilities = *asked & options.capabilities;
  if (!secure) {
    const bool asks_for_tls = (capabilities & capability::ssl) != 0;
    if (asks_for_tls && payload.size() == ssl_request_size && phase_ == Phase::response) {
      phase_ = Phase::response_secure;
      return {.kind = ServerStep::Kind::start_tls};
    }
    // What claims TLS and comes in the clear is refused even where TLS is optional.
    if (asks_for_tls || phase_ == Phase::response_secure) {
      return fail(error::bad_handshake, "Bad handshake", out);
    }
    if (options.require_tls) {
      return fail(error::secure_transport_required,
                  "Connections using insecure transport are prohibited while "
                  "--require_secure_transport=ON.",
                  out);
    }
  }
  const auto response = parse_handshake_response(payload, options.capabilities);
  if (!response) return fail(error::bad_handshake, "Bad handshake", out);
  capabilities_ = response->capabilities;
  collation_ = response->collation;
  Login login{response->user, response->database, AuthMethod::native, response->proof};

  if ((capabilities_ & capability::plugin_auth) == 0) {
    // Such a client knows the native method alone and cannot be switched.
    if (!options.allow_native || (capabilities_ & capability::secure_connection) == 0) {
      return fail(error::unsupported_authentication,
                  "Client does not support authentication protocol requested by server; consider "
                  "upgrading MySQL client",
                  out);
    }
    if (login.proof.size() != native_proof_size) {
      return deny(login.user, !is_empty_password(login.proof), out);
    }
    method_ = AuthMethod::native;
    phase_ = Phase::judging_proof;
    return {.kind = ServerStep::Kind::verify_proof, .login = login};
  }

  for (const AuthMethod method : {AuthMethod::caching_sha2, AuthMethod::native}) {
    if (response->plugin == to_string(method) && allowed(options, method) &&
        login.proof.size() == proof_size(method)) {
      method_ = method;
      login.method = method;
      phase_ = Phase::judging_proof;
      if (options.allow_full) remember(login, memory);
      return {.kind = ServerStep::Kind::verify_proof, .login = login};
    }
  }
  // The same nonce again: a proof by another method, or of no password, gives nothing away about
  // it, and whoever can recognise this nonce as its own can do so after the switch too.
  remember(login, memory);
  method_ = options.allow_sha2 ? AuthMethod::caching_sha2 : AuthMethod::native;
  sequence_ = write_auth_switch(out, sequence_, to_string(method_), nonce_);
  phase_ = Phase::switch_response;
  return {};
}

ServerStep ServerHandshake::on_switch_response(ByteView payload, Bytes& memory, Bytes& out) {
  Login login = remembered(memory);
  if (payload.size() != proof_size(method_)) {
    return deny(login.user, !is_empty_password(payload), out);
  }
  login.method = method_;
  login.proof = payload;
  phase_ = Phase::judging_proof;
  return {.kind = ServerStep::Kind::verify_proof, .login = login};
}

ServerStep ServerHandshake::on_password(const ServerHandshakeOptions& options, ByteView payload,
                                        bool secure, Bytes& memory, Bytes& out) {
  Login login = remembered(memory);
  std::string_view password = as_text(payload);
  if (!secure) {
    if (options.rsa_key == nullptr) return deny(login.user, true, out);
    if (payload.size() == 1 && payload[0] == std::byte{public_key_request}) {
      sequence_ = write_auth_more_data(out, sequence_, as_bytes(options.rsa_key->public_pem()));
      return {};
    }
    const std::size_t start = memory.size();
    // Room for all of it beforehand: growing would leave a copy of the password behind.
    memory.reserve(start + payload.size());
    const bool decrypted = options.rsa_key->decrypt_oaep(payload, memory);
    login = remembered(memory);
    if (!decrypted) return deny(login.user, true, out);
    const std::span<std::byte> clear = std::span(memory).subspan(start);
    for (std::size_t i = 0; i < clear.size(); ++i) clear[i] ^= nonce_[i % nonce_size];
    password = as_text(clear);
  }
  if (password.empty() || password.back() != '\0') {
    return fail(error::malformed_packet, "Malformed communication packet", out);
  }
  password.remove_suffix(1);
  if (password.empty()) return deny(login.user, false, out);
  phase_ = Phase::judging_password;
  return {.kind = ServerStep::Kind::verify_password, .login = login, .password = password};
}

void ServerHandshake::remember(const Login& login, Bytes& memory) {
  constexpr std::size_t most = std::numeric_limits<std::uint16_t>::max();
  user_size_ = static_cast<std::uint16_t>(std::min(login.user.size(), most));
  database_size_ = static_cast<std::uint16_t>(std::min(login.database.size(), most));
  memory.clear();
  append(memory, login.user.substr(0, user_size_));
  append(memory, login.database.substr(0, database_size_));
}

Login ServerHandshake::remembered(const Bytes& memory) const {
  const std::string_view text = as_text(memory);
  return {text.substr(0, user_size_), text.substr(user_size_, database_size_), method_, {}};
}

}  // namespace wanlab::mysql
