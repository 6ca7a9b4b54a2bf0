// How every message of this room becomes bytes and comes from them. Private to the room: needs
// protobuf.
#pragma once

#include <limits>

#include "real_components/runtime/bytes.hpp"

namespace wanlab::wire {

template <typename Message>
void append_message(const Message& message, Bytes& out) {
  const std::size_t size = message.ByteSizeLong();
  const std::size_t at = out.size();
  out.resize(at + size);
  message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(out.data() + at));
}

template <typename Message>
bool parse_message(ByteView bytes, Message& message) {
  return bytes.size() <= std::numeric_limits<int>::max() &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace wanlab::wire
