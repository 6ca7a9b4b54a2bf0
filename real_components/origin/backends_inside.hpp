// Inside of Backends: what its parts share. For backends.cpp, backend_connections.cpp and
// backend_statements.cpp only.
#pragma once

#include "real_components/origin/backends.hpp"

#include <string>

namespace wanlab::origin {

inline constexpr std::uint32_t generation_mask = 0xffffff;

constexpr runtime::Cookie cookie_of(std::uint8_t tag, std::uint64_t word) {
  return (runtime::Cookie{tag} << 48) | word;
}

// What every connection asks for; the rest depends on whose statements it is for. Changes of the
// session are tracked on all of them.
inline constexpr mysql::Capabilities common_capabilities =
    (mysql::client_capabilities & ~mysql::capabilities_of(mysql::dialect::of_connections)) |
    mysql::capability::session_track;

// What all connections to the servers of one branch log in with.
struct Backends::Login {
  explicit Login(const DatabaseConfig& config)
      : user(config.user),
        password(config.password),
        secrets(mysql::derive_secrets(config.password)),
        tls(config.tls) {}
  Login(const Login&) = delete;
  Login& operator=(const Login&) = delete;

  mysql::ClientHandshakeOptions options(mysql::Dialect dialect, std::uint8_t collation) const {
    mysql::ClientHandshakeOptions options;
    options.user = user;
    options.password = password;
    options.secrets = &secrets;
    options.capabilities = common_capabilities | mysql::capabilities_of(dialect);
    options.collation = collation;
    options.use_tls = tls != runtime::TlsVersion::none;
    return options;
  }

  std::string user;
  std::string password;
  mysql::ClientSecrets secrets;
  runtime::TlsVersion tls;
};

}  // namespace wanlab::origin
