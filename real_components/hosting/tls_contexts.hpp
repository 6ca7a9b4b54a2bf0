// The TLS side of a process: certificates, trust, and how the four kinds of connections use them.
// Built once from files and then unchangeable; new certificates are new contexts. Moves no bytes.
#pragma once

#include "real_components/hosting/tls_handles.hpp"
#include "real_components/runtime/runtime.hpp"

#include <memory>
#include <stdexcept>
#include <string>

namespace wanlab::hosting {

// Names the file and what is wrong with it.
class TlsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct TlsFiles {
  std::string certificate;  // PEM, the whole chain
  std::string key;          // PEM
  bool given() const { return !certificate.empty(); }
};

struct TlsOptions {
  // Shown to clients that upgrade a connection (start_tls_server).
  TlsFiles service;
  // Both sides of mutual TLS: the backhaul and the store.
  TlsFiles identity;
  std::string identity_authority;  // PEM; who may connect, and whom to believe
  // Checks servers met with start_tls_client, that is databases. Empty: encrypted, but not checked.
  std::string database_authority;
};

class TlsContexts {
 public:
  // Keeps the ticket keys of `before`, so that clients' sessions outlive a change of certificates.
  explicit TlsContexts(const TlsOptions& options, const TlsContexts* before = nullptr);
  TlsContexts(const TlsContexts&) = delete;
  TlsContexts& operator=(const TlsContexts&) = delete;

  // Null where no certificate was given.
  SslPointer upgrade_server() const;
  SslPointer upgrade_client(runtime::TlsVersion version, const std::string& host) const;
  SslPointer mutual_server() const;
  SslPointer mutual_client(runtime::TlsVersion version, const std::string& host) const;

  const TlsOptions& options() const { return options_; }

 private:
  TlsOptions options_;
  ContextPointer service_, mutual_server_, mutual_client_, database_client_;
};

// The name in the peer's verified certificate: its first DNS name, else its common name.
std::string peer_identity(const SSL* tls);

// What OpenSSL's queue of errors says last, in words; empties the queue.
std::string last_tls_error();

}  // namespace wanlab::hosting
