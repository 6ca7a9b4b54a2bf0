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

  // Takes over `input`, then call next() until it gives nothing: after that `input` is no longer
  // needed.
  void feed(ByteView input) { input_ = input; }
  // The next whole message. It views either the input or the reader's own memory, until the next
  // call.
  std::optional<ByteView> next();
  // What next() has not looked at, for a caller that has to stop in the middle. The reader forgets
  // it.
  ByteView take_rest() {
    const ByteView rest = input_;
    input_ = {};
    return rest;
  }
  // A length above the limit was announced; no message comes any more.
  bool too_large() const { return too_large_; }
  // A message has begun and is not complete.
  bool partial() const { return !kept_.empty() && !delivered_; }
  void reset() { *this = FrameReader(max_message_); }

 private:
  std::size_t max_message_;
  Bytes kept_;              // an incomplete message, header included
  ByteView input_{};        // not yet looked at
  bool delivered_ = false;  // kept_ was given out by the last next()
  bool too_large_ = false;
};

}  // namespace wanlab::wire
