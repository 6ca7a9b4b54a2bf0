// Inside of Backends: what its two halves share. For backends.cpp and backend_connections.cpp only.
#pragma once

#include "real_components/origin/backends.hpp"

#include <string>

namespace wanlab::origin {

inline constexpr std::uint32_t generation_mask = 0xffffff;

constexpr runtime::Cookie cookie_of(std::uint8_t tag, std::uint64_t word) {
  return (runtime::Cookie{tag} << 48) | word;
}

// One result at a time, in the form that every client of an edge reads.
inline constexpr mysql::Capabilities pooled_capabilities =
    mysql::client_capabilities &
    ~(mysql::capability::deprecate_eof | mysql::capability::multi_statements);

// What all connections to the servers of one branch log in with.
struct Backends::Login {
  explicit Login(const DatabaseConfig& config)
      : user(config.user),
        password(config.password),
        secrets(mysql::derive_secrets(config.password)),
        tls(config.tls) {
    options.user = user;
    options.password = password;
    options.secrets = &secrets;
    options.capabilities = pooled_capabilities;
    options.use_tls = tls != runtime::TlsVersion::none;
  }
  Login(const Login&) = delete;
  Login& operator=(const Login&) = delete;

  std::string user;
  std::string password;
  mysql::ClientSecrets secrets;
  runtime::TlsVersion tls;
  mysql::ClientHandshakeOptions options;
};

}  // namespace wanlab::origin
