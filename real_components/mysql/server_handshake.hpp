// The server's side of the connection phase, as a state machine over packets. Writes answers into a
// buffer and asks for TLS and for judgement of the proof; never sees a socket or a Credential.
//
// The first packet of a connection is begin(); every packet of the client goes to on_packet(),
// until the step says verify_*, start_tls or failed. In `verify_*` the caller answers, now or
// later, with accept(), reject(), or request_full_authentication().
#pragma once

#include "real_components/crypto/rsa.hpp"
#include "real_components/mysql/handshake_messages.hpp"
#include "real_components/mysql/responses.hpp"

#include <cstdint>
#include <string_view>

namespace wanlab::mysql {

// Shared by all handshakes of a listener; passed to every call, never kept.
struct ServerHandshakeOptions {
  std::string_view server_version = "8.0.36-wanlab";
  // capability::ssl in here is what offers TLS.
  Capabilities capabilities = server_capabilities;
  bool require_tls = true;
  AuthMethod greeting_method = AuthMethod::caching_sha2;
  // A client that answers with a method not allowed is switched to one that is.
  bool allow_sha2 = true;
  bool allow_native = false;
  // Lets request_full_authentication() ask for the password itself. Never set this in an edge: it
  // makes clients send clear passwords.
  bool allow_full = false;
  // For full authentication without TLS; without a key it is refused.
  const crypto::RsaPrivateKey* rsa_key = nullptr;
  std::uint8_t collation = utf8mb4_0900_ai_ci;
};

struct Login {
  std::string_view user{};
  std::string_view database{};
  AuthMethod method = AuthMethod::caching_sha2;
  ByteView proof{};
};

struct ServerStep {
  enum class Kind : std::uint8_t {
    need_more,        // send what is in `out`, if anything, and wait for the next packet
    start_tls,        // start TLS now; bytes behind this packet belong to the TLS engine
    verify_proof,     // judge login.proof against nonce()
    verify_password,  // judge `password` (full authentication), then wipe it
    failed,           // an ERR is in `out`: send it and close
  };
  Kind kind = Kind::need_more;
  ErrorCode error{};            // of failed
  Login login{};                // of verify_*; into the packet or into `memory`
  std::string_view password{};  // of verify_password; into the packet or into `memory`
};

class ServerHandshake {
 public:
  // Writes the greeting (sequence 0).
  void begin(const ServerHandshakeOptions& options, std::uint32_t connection_id, const Nonce& nonce,
             Bytes& out);

  // `secure`: the packet came through TLS. `memory` belongs to this handshake from begin() to its
  // end; it stays empty unless the login needs a second exchange (the user's name comes only once),
  // and may then hold a password: wipe it with forget().
  ServerStep on_packet(const ServerHandshakeOptions& options, std::uint8_t sequence,
                       ByteView payload, bool secure, Bytes& memory, Bytes& out);

  // Instead of begin(), for COM_CHANGE_USER on an established session: asks for a proof of the new
  // user over a nonce of its own. `sequence` is what follows the command's.
  void begin_change(const ServerHandshakeOptions& options, Capabilities capabilities,
                    std::uint8_t sequence, const Login& login, const Nonce& nonce, Bytes& memory,
                    Bytes& out);

  // The same error a malformed packet gets, for one that could not even be taken from the stream.
  ServerStep on_packet_error(PacketStatus status, Bytes& out);

  // After verify_*. For a caching_sha2 proof, "fast authentication succeeded" goes ahead of the OK
  // in the same output: without it MariaDB's client sends the password in the clear.
  void accept(Bytes& out, const OkFields& fields = {});
  // At any time after begin().
  void reject(Bytes& out, const ErrorCode& code, std::string_view message);
  // After verify_proof of caching_sha2: the fast way did not work, ask for the password. Returns
  // false, and writes nothing, where the options or the lack of TLS and key forbid it.
  bool request_full_authentication(const ServerHandshakeOptions& options, bool secure, Bytes& out);

  static void forget(Bytes& memory);

  const Nonce& nonce() const { return nonce_; }
  // Offered by the server and asked for by the client.
  Capabilities capabilities() const { return capabilities_; }
  // That the client speaks.
  std::uint8_t collation() const { return collation_; }
  bool finished() const { return phase_ == Phase::finished; }
  // What the sequence of the client's next packet must be.
  std::uint8_t next_sequence() const { return sequence_; }

 private:
  enum class Phase : std::uint8_t {
    response,         // waiting for SSLRequest or HandshakeResponse
    response_secure,  // SSLRequest seen: waiting for HandshakeResponse through TLS
    switch_response,  // AuthSwitchRequest sent
    judging_proof,
    password,  // full authentication asked for
    judging_password,
    finished,
  };

  ServerStep fail(const ErrorCode& code, std::string_view message, Bytes& out);
  ServerStep on_response(const ServerHandshakeOptions& options, ByteView payload, bool secure,
                         Bytes& memory, Bytes& out);
  ServerStep on_switch_response(ByteView payload, Bytes& memory, Bytes& out);
  ServerStep on_password(const ServerHandshakeOptions& options, ByteView payload, bool secure,
                         Bytes& memory, Bytes& out);
  ServerStep deny(std::string_view user, bool with_password, Bytes& out);
  void remember(const Login& login, Bytes& memory);
  Login remembered(const Bytes& memory) const;

  Nonce nonce_{};
  Capabilities capabilities_ = 0;
  std::uint16_t user_size_ = 0;
  std::uint16_t database_size_ = 0;
  std::uint8_t sequence_ = 1;
  Phase phase_ = Phase::response;
  AuthMethod method_ = AuthMethod::caching_sha2;
  std::uint8_t collation_ = 0;
};
static_assert(sizeof(ServerHandshake) <= 48);

}  // namespace wanlab::mysql
