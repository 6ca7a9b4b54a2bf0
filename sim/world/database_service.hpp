// A MySQL server reduced to what a point-query workload needs: real logins (every method, full
// authentication included), real packets, one row per SELECT after its CPU time.
#pragma once

#include "real_components/mysql/packet.hpp"
#include "real_components/mysql/proof.hpp"
#include "real_components/mysql/server_handshake.hpp"
#include "real_components/runtime/runtime.hpp"
#include "real_components/runtime/slab.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace wanlab::world {

struct DatabaseOptions {
  std::uint32_t result_bytes = 64;
  std::uint32_t maximum_connections = 1000;
  // Exponential service: the mean, and what the host's cost of serve_statement has been set to,
  // which each statement spends as often as it takes. Zero: the host's cost, once.
  Duration mean_service{}, service_unit{};
  bool require_tls = false;
  mysql::AuthMethod greeting_method = mysql::AuthMethod::caching_sha2;
  bool allow_native = false;  // some account has mysql_native_password
  const crypto::RsaPrivateKey* rsa_key = nullptr;
};

// Sets the options and the machine's cost of serve_statement so that statements take exponential
// times with that cost as their mean.
void serve_exponentially(DatabaseOptions& options, scenario::HostShape& shape);

// The simulated databases' RSA key (database_key.cpp).
const crypto::RsaPrivateKey* database_key();

class DatabaseService final : public runtime::Component {
 public:
  DatabaseService(runtime::Runtime& runtime, const DatabaseOptions& options);

  // MySQL remembers sha2 passwords that it has verified in full. `remembered`: it has this one
  // already; otherwise the first login of the account is a full authentication and later ones are
  // fast.
  void add_account(const std::string& user, const std::string& password, bool remembered = true);

  void start() override;
  void on_timer(runtime::Cookie) override {}
  runtime::Cookie on_accept(std::uint16_t port, runtime::ConnectionId connection,
                            const runtime::PeerInfo& peer) override;
  void on_connect(runtime::ConnectionId, runtime::Cookie) override {}
  void on_secure(runtime::ConnectionId connection, runtime::Cookie cookie) override;
  void on_data(runtime::ConnectionId connection, runtime::Cookie cookie, ByteView bytes) override;
  void on_writable(runtime::ConnectionId, runtime::Cookie) override {}
  void on_close(runtime::ConnectionId connection, runtime::Cookie cookie,
                runtime::CloseReason reason) override;

  // How far this copy is behind the primary; `SELECT max_repl_lag()` tells it in seconds
  // (planetscale.com/docs/vitess/scaling/read-only-regions).
  void set_lag(Duration lag) { lag_ = lag; }
  Duration lag() const { return lag_; }

  std::uint64_t statements() const { return statements_; }
  std::uint32_t sessions() const { return sessions_.live(); }

 private:
  struct Session {
    std::uint32_t next = no_index;
    std::uint32_t generation = 0;
    bool logged_in = false;
    bool secure = false;
    mysql::ServerHandshake handshake;
    mysql::PacketAssembler assembler;
    Bytes memory;
  };
  struct Account {
    mysql::Verifier verifier;
    bool remembered = true;
  };

  // Returns whether the session goes on.
  bool on_handshake_packet(std::uint32_t index, runtime::ConnectionId connection,
                           const mysql::Packet& packet, ByteView& rest);
  bool on_command(std::uint32_t index, runtime::ConnectionId connection, ByteView payload);
  bool judge(Session& session, runtime::ConnectionId connection, const mysql::ServerStep& said);
  void drop(std::uint32_t index, runtime::ConnectionId connection);
  void flush(runtime::ConnectionId connection);
  void serve();

  runtime::Runtime& runtime_;
  DatabaseOptions options_;
  mysql::ServerHandshakeOptions handshake_;
  std::map<std::string, Account, std::less<>> accounts_;
  std::unique_ptr<runtime::RandomStream> nonces_;
  std::unique_ptr<runtime::RandomStream> services_;  // null: every statement takes as long
  Slab<Session, 6> sessions_;
  Bytes result_;  // the answer to every SELECT, encoded once per form
  Bytes result_deprecate_eof_;
  Bytes scratch_;
  // Marks of the statements that changed something (statement_tag.hpp); looked up only.
  std::unordered_set<std::string> done_;
  std::uint64_t statements_ = 0;
  std::uint32_t connections_ = 0;
  Duration lag_{};
};

}  // namespace wanlab::world
