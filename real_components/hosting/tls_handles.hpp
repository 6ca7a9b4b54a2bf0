// OpenSSL's objects held by smart pointers, without including OpenSSL.
#pragma once

#include <memory>

struct ssl_st;
struct ssl_ctx_st;
using SSL = ssl_st;
using SSL_CTX = ssl_ctx_st;

namespace wanlab::hosting {

struct SslDeleter {
  void operator()(SSL* tls) const;
};
struct ContextDeleter {
  void operator()(SSL_CTX* context) const;
};
using SslPointer = std::unique_ptr<SSL, SslDeleter>;
using ContextPointer = std::unique_ptr<SSL_CTX, ContextDeleter>;

}  // namespace wanlab::hosting
