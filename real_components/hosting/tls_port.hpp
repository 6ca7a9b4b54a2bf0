// Where OpenSSL takes its bytes from and leaves them: buffers that all connections of a runtime
// share. OpenSSL sees no socket, and a connection keeps no buffer for it.
#pragma once

#include "real_components/hosting/tls_handles.hpp"
#include "real_components/runtime/bytes.hpp"

namespace wanlab::hosting {

struct TlsPort {
  ByteView input;  // what OpenSSL may read now
  Bytes output;    // what it wrote, to be sent

  // From now on `tls` reads and writes here. The port must outlive it.
  void attach(SSL* tls);
};

}  // namespace wanlab::hosting
