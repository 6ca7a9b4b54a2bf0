#include "real_components/hosting/tls_port.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace wanlab::hosting {
namespace {

int read_bytes(BIO* bio, char* to, std::size_t wanted, std::size_t* taken) {
  ByteView& input = static_cast<TlsPort*>(BIO_get_data(bio))->input;
  BIO_clear_retry_flags(bio);
  if (input.empty()) {
    BIO_set_retry_read(bio);
    return 0;
  }
  *taken = std::min(wanted, input.size());
  std::memcpy(to, input.data(), *taken);
  input = input.subspan(*taken);
  return 1;
}

// Never full: how much is encrypted before it is sent is up to the runtime.
int write_bytes(BIO* bio, const char* from, std::size_t size, std::size_t* written) {
  append(static_cast<TlsPort*>(BIO_get_data(bio))->output, std::string_view(from, size));
  *written = size;
  return 1;
}

long control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* port_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "runtime");
    BIO_meth_set_read_ex(made, read_bytes);
    BIO_meth_set_write_ex(made, write_bytes);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

}  // namespace

void TlsPort::attach(SSL* tls) {
  BIO* bio = BIO_new(port_method());
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(tls, bio, bio);
}

}  // namespace wanlab::hosting
