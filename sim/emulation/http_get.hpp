// Asks a daemon's admin port. Blocking, with a limit: for a laboratory's own housekeeping.
#pragma once

#include "real_components/runtime/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace wanlab::emulation {

struct HttpReply {
  int status = 0;
  std::string body;
};
// From 127.0.0.1. Nothing when no whole answer came in time.
std::optional<HttpReply> http_get(std::uint16_t port, const std::string& path, Duration limit);

}  // namespace wanlab::emulation
