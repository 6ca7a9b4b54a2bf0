// Messages behind a 4-byte little-endian length, on a byte stream. Holds memory only while a
// message is incomplete, and never more than the limit plus one read.
#pragma once

#include <cstdint>
#include <optional>

#include "real_components/runtime/bytes.hpp"

namespace wanlab::wire {

inline constexpr std::size_t frame_header = 4;

// Appends the header for a message that is appended next; finish_frame() fills in the length.
inline std::size_t begin_frame(Bytes& out) {
  const std::size_t at = out.size();
  out.resize(at + frame_header);
  return at;
}
void finish_frame(Bytes& out, std::size_t begin);

class FrameReader {
 public:
  explicit FrameReader(std::size_t max_message) : max_message_(max_message) {}

  // Feed bytes, then call next() until it gives nothing. A message views either `input` or the
  // reader's own memory: it is valid until the next call of feed() or next().
  void feed(ByteView input);
  std::optional<ByteView> next();
  // A length above the limit was announced; nothing more will be read.
  bool too_large() const { return too_large_; }
  // A message has begun and is not complete.
  bool partial() const { return !kept_.empty() || !input_.empty(); }
  // Must follow the last next() of a feed(): keeps what is left of the input.
  void keep_rest();

 private:
  std::size_t max_message_;
  Bytes kept_;        // an incomplete message
  ByteView input_{};  // not yet looked at
  bool delivered_kept_ = false;
  bool too_large_ = false;
};

}  // namespace wanlab::wire
