#include "real_components/hosting/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace wanlab::hosting {
namespace {

namespace fs = std::filesystem;

template <auto release>
struct Deleter {
  template <typename Type>
  void operator()(Type* thing) const {
    release(thing);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using File = std::unique_ptr<std::FILE, Deleter<std::fclose>>;

constexpr int authority_days = 3650;
// Clocks of the machines that will check it may be behind.
constexpr long valid_before = 24 * 3600;

[[noreturn]] void fail(const fs::path& file, const char* what) {
  throw std::runtime_error(file.string() + ": " + what);
}

void require(bool done) {
  if (!done) throw std::runtime_error("OpenSSL could not make a certificate");
}

File open_new(const fs::path& file, mode_t mode) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (descriptor < 0) fail(file, std::strerror(errno));
  return File(::fdopen(descriptor, "w"));
}

File open_old(const fs::path& file) {
  File opened(std::fopen(file.c_str(), "re"));
  if (!opened) fail(file, std::strerror(errno));
  return opened;
}

// Written beside and moved into place, so that nobody ever reads half of it.
template <typename Write>
void write_file(const fs::path& file, mode_t mode, Write write) {
  fs::path draft = file;
  draft += ".new";
  File opened = open_new(draft, mode);
  const bool written = write(opened.get()) && std::fflush(opened.get()) == 0;
  opened.reset();
  if (!written) fail(draft, "cannot be written");
  std::error_code error;
  fs::rename(draft, file, error);
  if (error) fail(file, error.message().c_str());
}

void write_key(const fs::path& file, EVP_PKEY* key) {
  write_file(file, 0600, [key](std::FILE* to) {
    return PEM_write_PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
  });
}

Certificate make_certificate(const std::string& name, int days, EVP_PKEY* key) {
  Certificate made(X509_new());
  X509* raw = made.get();
  require(raw != nullptr && X509_set_version(raw, X509_VERSION_3) == 1);
  std::array<unsigned char, 16> serial{};
  require(RAND_bytes(serial.data(), serial.size()) == 1);
  serial[0] &= 0x7f;  // positive, as RFC 5280 wants it
  std::unique_ptr<BIGNUM, Deleter<BN_free>> number(
      BN_bin2bn(serial.data(), serial.size(), nullptr));
  require(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(raw)) != nullptr);
  X509_gmtime_adj(X509_getm_notBefore(raw), -valid_before);
  X509_gmtime_adj(X509_getm_notAfter(raw), 24L * 3600 * days);
  require(X509_set_pubkey(raw, key) == 1);
  // A common name holds 64 characters at most (RFC 5280); whole names are among the DNS names.
  const std::string common = name.substr(0, 64);
  require(X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1,
                                     0) == 1);
  return made;
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
  require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

Key generate_key() {
  Key key(EVP_EC_gen("P-256"));
  require(key != nullptr);
  return key;
}

}  // namespace

DevelopmentAuthority::DevelopmentAuthority(fs::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) fail(folder_, error.message().c_str());
  if (fs::exists(folder_ / "ca.key") && fs::exists(certificate())) return;
  const Key key = generate_key();
  const Certificate made =
      make_certificate("wanlab development authority", authority_days, key.get());
  X509* raw = made.get();
  require(X509_set_issuer_name(raw, X509_get_subject_name(raw)) == 1);
  extend(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extend(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(raw, raw, NID_subject_key_identifier, "hash");
  require(X509_sign(raw, key.get(), EVP_sha256()) != 0);
  write_key(folder_ / "ca.key", key.get());
  write_file(certificate(), 0644, [raw](std::FILE* to) { return PEM_write_X509(to, raw) == 1; });
}

void DevelopmentAuthority::issue(const Leaf& leaf) const {
  const Key authority_key(
      PEM_read_PrivateKey(open_old(folder_ / "ca.key").get(), nullptr, nullptr, nullptr));
  if (!authority_key) fail(folder_ / "ca.key", "is no private key in PEM");
  const Certificate authority(
      PEM_read_X509(open_old(certificate()).get(), nullptr, nullptr, nullptr));
  if (!authority) fail(certificate(), "is no certificate in PEM");

  std::string names = "DNS:" + leaf.name;
  for (const std::string& name : leaf.names) names += ",DNS:" + name;
  for (const std::string& address : leaf.addresses) names += ",IP:" + address;
  const Key key = generate_key();
  const Certificate made = make_certificate(leaf.name, leaf.days, key.get());
  X509* raw = made.get();
  require(X509_set_issuer_name(raw, X509_get_subject_name(authority.get())) == 1);
  extend(raw, authority.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(raw, authority.get(), NID_key_usage, "critical,digitalSignature");
  extend(raw, authority.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  extend(raw, authority.get(), NID_subject_alt_name, names);
  extend(raw, authority.get(), NID_authority_key_identifier, "keyid");
  require(X509_sign(raw, authority_key.get(), EVP_sha256()) != 0);
  write_key(key_of(leaf.name), key.get());
  write_file(certificate_of(leaf.name), 0644, [&](std::FILE* to) {
    return PEM_write_X509(to, raw) == 1 && PEM_write_X509(to, authority.get()) == 1;
  });
}

}  // namespace wanlab::hosting
