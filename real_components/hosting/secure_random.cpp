#include "real_components/hosting/secure_random.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace wanlab::hosting {

SecureRandom::~SecureRandom() {
  OPENSSL_cleanse(drawn_.data(), sizeof drawn_);
}

std::uint64_t SecureRandom::next() {
  if (used_ == drawn_.size()) {
    if (RAND_bytes(reinterpret_cast<unsigned char*>(drawn_.data()), sizeof drawn_) != 1) {
      std::fputs("the system has no random numbers to give\n", stderr);
      std::abort();
    }
    used_ = 0;
  }
  // What was given out is not kept: it may have become a secret.
  return std::exchange(drawn_[used_++], 0);
}

}  // namespace wanlab::hosting
