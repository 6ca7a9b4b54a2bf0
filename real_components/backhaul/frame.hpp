// The frames on the wire: a type byte, then fields as QUIC variable-length integers (RFC 9000, 16),
// and for STREAM a length and that many bytes. Encoding and decoding only; no state, no rules about
// order.
//
//   HELLO            version, stream window, connection window, streams allowed   (first, both
//   ways) STREAM           id, [tenant, class: with OPEN], length, bytes                (flags
//   OPEN, END) RESET_STREAM     id, reason, processed        STOP  id, reason MAX_DATA offset
//   MAX_STREAM_DATA  id, offset     MAX_STREAMS  id   (absolute credit) PING             sequence
//   PONG  sequence, nanoseconds held, load, draining GOAWAY           final, last id CLOSE  error
//
// The transport keeps order, so stream offsets and final sizes need not be sent.
#pragma once

#include "real_components/backhaul/types.hpp"
#include "real_components/runtime/bytes.hpp"

#include <array>
#include <cstdint>

namespace wanlab::backhaul {

enum class FrameType : std::uint8_t {
  hello = 0x01,
  reset_stream = 0x04,
  stop = 0x05,
  stream = 0x08,  // and the three that follow: the flags
  max_data = 0x10,
  max_stream_data = 0x11,
  max_streams = 0x12,
  ping = 0x20,
  pong = 0x21,
  goaway = 0x30,
  close = 0x31,
};
inline constexpr std::uint8_t flag_end = 1;
inline constexpr std::uint8_t flag_open = 2;

inline constexpr std::uint64_t protocol_version = 0x776c6231;  // "wlb1"
inline constexpr std::uint64_t largest_varint = (std::uint64_t{1} << 62) - 1;
// No header and no control frame is longer.
inline constexpr std::size_t max_frame_header = 48;

struct Frame {
  FrameType type{};
  std::uint8_t flags = 0;                 // STREAM only
  std::array<std::uint64_t, 4> fields{};  // in the order above; STREAM: id, tenant, class
  ByteView payload;                       // STREAM only
};

enum class Parse : std::uint8_t { whole, incomplete, malformed, too_large };
struct ParseResult {
  Parse status{};
  // whole: bytes the frame took. incomplete: more than given, and at least this many, are needed.
  std::size_t size = 0;
};
// Looks at the front of `bytes`, which must not be empty. The payload is a view into them.
ParseResult parse_frame(ByteView bytes, Frame& frame);

inline std::size_t varint_size(std::uint64_t value) {
  return value < 64 ? 1 : value < 16384 ? 2 : value < (std::uint64_t{1} << 30) ? 4 : 8;
}

// `to` must have room for eight bytes; value <= largest_varint. Returns the end of what was
// written.
inline std::byte* write_varint(std::byte* to, std::uint64_t value) {
  if (value < 64) {
    *to = static_cast<std::byte>(value);
    return to + 1;
  }
  if (value < 16384) {
    to[0] = static_cast<std::byte>(0x40 | (value >> 8));
    to[1] = static_cast<std::byte>(value & 0xff);
    return to + 2;
  }
  const std::size_t size = varint_size(value);
  for (std::size_t i = 0; i < size; ++i) {
    to[i] = static_cast<std::byte>((value >> (8 * (size - 1 - i))) & 0xff);
  }
  to[0] |= static_cast<std::byte>(size == 4 ? 0x80 : 0xc0);
  return to + size;
}

// Room for max_frame_header bytes is needed.
template <typename... Fields>
inline std::byte* write_control_frame(std::byte* to, FrameType type, Fields... fields) {
  *to++ = static_cast<std::byte>(type);
  ((to = write_varint(to, fields)), ...);
  return to;
}

}  // namespace wanlab::backhaul
