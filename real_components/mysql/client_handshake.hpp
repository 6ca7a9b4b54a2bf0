// The client's side of the connection phase, as a state machine over packets: the mirror image of
// server_handshake.hpp. Writes packets into a buffer and asks for TLS; never sees a socket.
#pragma once

#include "real_components/crypto/rsa.hpp"
#include "real_components/mysql/handshake_messages.hpp"
#include "real_components/mysql/proof.hpp"
#include "real_components/mysql/responses.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace wanlab::mysql {

// Shared by all connections of one user; passed to every call, never kept.
struct ClientHandshakeOptions {
  std::string_view user{};
  std::string_view database{};
  const ClientSecrets* secrets = nullptr;  // must be set
  // Only for full authentication; empty refuses it.
  std::string_view password{};
  // Asked for when the server offers them. connect_with_db and ssl follow from the fields here.
  Capabilities capabilities = client_capabilities;
  // True: TLS or nothing. False: never TLS.
  bool use_tls = true;
  bool allow_native = true;
  // Drivers differ: most follow the greeting, mariadb-npm always begins with native.
  std::optional<AuthMethod> first_method{};
  // Hash the terminating NUL of an AuthSwitchRequest's nonce as well, like PyMySQL 1.0.
  bool hash_switch_terminator = false;
  // Full authentication without TLS: the server's key, or permission to ask for it (which trusts
  // the network), and the 20 bytes that OAEP needs instead of entropy.
  const crypto::RsaPublicKey* server_key = nullptr;
  bool request_server_key = false;
  crypto::Digest160 oaep_seed{};
  std::uint8_t collation = utf8mb4_general_ci;
  ByteView attributes{};  // encoded; sent when connect_attributes is negotiated
};

struct ClientStep {
  enum class Kind : std::uint8_t {
    need_more,  // nothing to send, wait for the next packet
    send,       // send what is in `out`, wait for the next packet
    start_tls,  // send what is in `out`, start TLS, call secured() when it is up
    done,       // logged in
    failed,     // see error; close
  };
  Kind kind = Kind::need_more;
  // Of failed: what the server said, or the client's own error (2xxx). The message is valid as long
  // as the packet.
  std::uint16_t error = 0;
  std::string_view sqlstate{};
  std::string_view message{};
};

class ClientHandshake {
 public:
  ClientStep on_packet(const ClientHandshakeOptions& options, std::uint8_t sequence,
                       ByteView payload, Bytes& out);
  // TLS is up: writes the handshake response.
  ClientStep secured(const ClientHandshakeOptions& options, Bytes& out);

  // Negotiated; what ResponseReader wants to know.
  Capabilities capabilities() const { return capabilities_; }
  std::uint32_t connection_id() const { return connection_id_; }
  // What the sequence of the server's next packet must be.
  std::uint8_t next_sequence() const { return sequence_; }
  bool done() const { return phase_ == Phase::done; }

 private:
  enum class Phase : std::uint8_t {
    greeting,
    tls,       // SSLRequest sent, waiting for secured()
    result,    // response sent: OK, ERR, AuthSwitchRequest or AuthMoreData
    accepted,  // "fast authentication succeeded" seen: OK or ERR
    key,       // public key asked for
    verdict,   // password sent: OK or ERR
    done,
    failed,
  };

  // `code` must be one of the constants: the step refers to it.
  ClientStep fail(const ErrorCode& code, std::string_view message);
  ClientStep fail_with(ByteView err_payload);
  ClientStep on_greeting(const ClientHandshakeOptions& options, ByteView payload, Bytes& out);
  ClientStep on_result(const ClientHandshakeOptions& options, ByteView payload, Bytes& out);
  ClientStep on_switch(const ClientHandshakeOptions& options, ByteView payload, Bytes& out);
  ClientStep on_more_data(const ClientHandshakeOptions& options, ByteView payload, Bytes& out);
  ClientStep on_key(const ClientHandshakeOptions& options, ByteView payload, Bytes& out);
  ClientStep send_response(const ClientHandshakeOptions& options, Bytes& out);
  ClientStep send_encrypted(const ClientHandshakeOptions& options, const crypto::RsaPublicKey& key,
                            Bytes& out);

  Nonce nonce_{};
  Capabilities capabilities_ = 0;
  std::uint32_t connection_id_ = 0;
  std::uint8_t sequence_ = 0;
  Phase phase_ = Phase::greeting;
  AuthMethod method_ = AuthMethod::caching_sha2;
  bool secure_ = false;
  bool switched_ = false;
};
static_assert(sizeof(ClientHandshake) <= 48);

}  // namespace wanlab::mysql
