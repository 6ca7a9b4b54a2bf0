// A socket in the hands of somebody who keeps no rules. Never blocks.
#pragma once

#include "real_components/runtime/bytes.hpp"

#include <cstdint>
#include <string>

namespace wanlab::testing {

class RawClient {
 public:
  RawClient(const std::string& address, std::uint16_t port);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // As much as the socket takes.
  void send(ByteView bytes);
  void send(std::string_view text) { send(as_bytes(text)); }
  // What has come by now.
  std::string receive();
  // The other side ended it, in whatever way. Reads, and throws away what comes.
  bool ended();

 private:
  int socket_ = -1;
};

}  // namespace wanlab::testing
