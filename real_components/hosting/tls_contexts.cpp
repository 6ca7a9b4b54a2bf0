#include "real_components/hosting/tls_contexts.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

namespace wanlab::hosting {
namespace {

using runtime::TlsVersion;

// Sessions of TLS 1.2 clients without tickets. OpenSSL's own default is twice that; one takes about
// 2 KB.
constexpr long cached_sessions = 10'000;
constexpr long session_seconds = 7200;
constexpr std::array<unsigned char, 6> session_context{'w', 'a', 'n', 'l', 'a', 'b'};

[[noreturn]] void fail(const std::string& what, const std::string& file) {
  const std::string reason = last_tls_error();
  throw TlsError(file + ": " + what + (reason.empty() ? "" : " (" + reason + ")"));
}

ContextPointer make_context(const SSL_METHOD* method) {
  ContextPointer context(SSL_CTX_new(method));
  if (context == nullptr) throw TlsError("OpenSSL has no memory for a context");
  SSL_CTX* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  // An idle connection must not keep two buffers of 16 KB.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
  if (SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
      SSL_CTX_set1_groups_list(raw, "X25519:P-256") != 1) {
    throw TlsError("OpenSSL lacks the ciphers that are needed: " + last_tls_error());
  }
  return context;
}

void use_files(SSL_CTX* context, const TlsFiles& files) {
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    fail("is no certificate chain in PEM", files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    fail("is not the private key of " + files.certificate, files.key);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    fail("does not belong to " + files.certificate, files.key);
  }
}

void trust(SSL_CTX* context, const std::string& authority) {
  if (SSL_CTX_load_verify_file(context, authority.c_str()) != 1) {
    fail("holds no certificate of an authority in PEM", authority);
  }
}

void resume_sessions(SSL_CTX* context, const SSL_CTX* before) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(context, cached_sessions);
  SSL_CTX_set_timeout(context, session_seconds);
  SSL_CTX_set_session_id_context(context, session_context.data(), session_context.size());
  // One ticket: a driver's pool opens connections one after the other, and each brings its own.
  SSL_CTX_set_num_tickets(context, 1);
  if (before == nullptr) return;
  std::array<unsigned char, 80> keys{};  // OpenSSL's name, MAC key and cipher key
  // What SSL_CTX_get_tlsext_ticket_keys() stands for, which casts in C's way.
  const auto size = static_cast<long>(keys.size());
  if (SSL_CTX_ctrl(const_cast<SSL_CTX*>(before), SSL_CTRL_GET_TLSEXT_TICKET_KEYS, size,
                   keys.data()) == 1) {
    SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_TICKET_KEYS, size, keys.data());
  }
  OPENSSL_cleanse(keys.data(), keys.size());
}

SslPointer make_connection(const ContextPointer& context) {
  if (context == nullptr) return nullptr;
  return SslPointer(SSL_new(context.get()));
}

void become_client(SSL* tls, TlsVersion version, const std::string& host, bool checked) {
  SSL_set_connect_state(tls);
  const bool old = version == TlsVersion::tls12 || version == TlsVersion::tls12_resumed;
  SSL_set_max_proto_version(tls, old ? TLS1_2_VERSION : TLS1_3_VERSION);
  if (!checked) return;
  // A literal address is looked for among the certificate's addresses, a name among its names.
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str()) != 1) {
    SSL_set1_host(tls, host.c_str());
    // SSL_set_tlsext_host_name() without its cast in C's way.
    SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(host.c_str()));
  }
  ERR_clear_error();
}

}  // namespace

void SslDeleter::operator()(SSL* tls) const {
  // Else OpenSSL would take an unfinished end for an attack and forget the session.
  if (SSL_is_init_finished(tls)) SSL_set_shutdown(tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(tls);
}
void ContextDeleter::operator()(SSL_CTX* context) const {
  SSL_CTX_free(context);
}

TlsContexts::TlsContexts(const TlsOptions& options, const TlsContexts* before) : options_(options) {
  if (options.service.given()) {
    service_ = make_context(TLS_server_method());
    use_files(service_.get(), options.service);
    // What a client proves itself with must not stay in OpenSSL's buffers.
    SSL_CTX_set_options(service_.get(), SSL_OP_CLEANSE_PLAINTEXT);
    resume_sessions(service_.get(), before != nullptr ? before->service_.get() : nullptr);
  }
  if (options.identity.given()) {
    if (options.identity_authority.empty()) {
      throw TlsError(options.identity.certificate +
                     ": mutual TLS needs the certificate of an authority beside it");
    }
    mutual_server_ = make_context(TLS_server_method());
    use_files(mutual_server_.get(), options.identity);
    trust(mutual_server_.get(), options.identity_authority);
    SSL_CTX_set_verify(mutual_server_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       nullptr);
    // Warm connections live for hours: full handshakes, so that whoever lost its certificate is
    // out.
    SSL_CTX_set_session_cache_mode(mutual_server_.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(mutual_server_.get(), SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(mutual_server_.get(), 0);

    mutual_client_ = make_context(TLS_client_method());
    use_files(mutual_client_.get(), options.identity);
    trust(mutual_client_.get(), options.identity_authority);
    SSL_CTX_set_verify(mutual_client_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_cache_mode(mutual_client_.get(), SSL_SESS_CACHE_OFF);
  }
  database_client_ = make_context(TLS_client_method());
  SSL_CTX_set_session_cache_mode(database_client_.get(), SSL_SESS_CACHE_OFF);
  if (!options.database_authority.empty()) {
    trust(database_client_.get(), options.database_authority);
    SSL_CTX_set_verify(database_client_.get(), SSL_VERIFY_PEER, nullptr);
  }
}

SslPointer TlsContexts::upgrade_server() const {
  SslPointer tls = make_connection(service_);
  if (tls != nullptr) SSL_set_accept_state(tls.get());
  return tls;
}

SslPointer TlsContexts::upgrade_client(TlsVersion version, const std::string& host) const {
  SslPointer tls = make_connection(database_client_);
  if (tls != nullptr) {
    become_client(tls.get(), version, host, !options_.database_authority.empty());
  }
  return tls;
}

SslPointer TlsContexts::mutual_server() const {
  SslPointer tls = make_connection(mutual_server_);
  if (tls != nullptr) SSL_set_accept_state(tls.get());
  return tls;
}

SslPointer TlsContexts::mutual_client(TlsVersion version, const std::string& host) const {
  SslPointer tls = make_connection(mutual_client_);
  if (tls != nullptr) {
    become_client(tls.get(), version, host, true);
    // Between our own machines nothing older is needed.
    if (version == TlsVersion::tls13) SSL_set_min_proto_version(tls.get(), TLS1_3_VERSION);
  }
  return tls;
}

std::string peer_identity(const SSL* tls) {
  const X509* certificate = SSL_get0_peer_certificate(tls);
  if (certificate == nullptr || SSL_get_verify_result(tls) != X509_V_OK) return {};
  std::string name;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && name.empty(); ++i) {
    const GENERAL_NAME* entry = sk_GENERAL_NAME_value(names, i);
    if (entry->type != GEN_DNS) continue;
    name.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(entry->d.dNSName)),
                static_cast<std::size_t>(ASN1_STRING_length(entry->d.dNSName)));
  }
  GENERAL_NAMES_free(names);
  if (name.empty()) {
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) {
      const ASN1_STRING* common = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
      name.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(common)),
                  static_cast<std::size_t>(ASN1_STRING_length(common)));
    }
  }
  // A name with a zero byte inside reads differently to different readers.
  return name.find('\0') == std::string::npos ? name : std::string();
}

std::string last_tls_error() {
  std::string text;
  for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (reason != nullptr) {
      text = reason;
    } else if (ERR_SYSTEM_ERROR(code) != 0) {
      std::array<char, 256> buffer{};
      ERR_error_string_n(code, buffer.data(), buffer.size());
      text = buffer.data();
    }
  }
  return text;
}

}  // namespace wanlab::hosting
