// MySQL packets: finding them in a byte stream, and writing them. Knows nothing of what is inside.
//
// A packet is 3 bytes of length (little endian), 1 byte of sequence, then the payload. A payload of
// 2^24-1 bytes says that another packet continues it.
#pragma once

#include "real_components/mysql/errors.hpp"
#include "real_components/runtime/bytes.hpp"

#include <cstdint>
#include <memory>

namespace wanlab::mysql {

inline constexpr std::size_t packet_header_size = 4;
inline constexpr std::uint32_t largest_payload = 0xffffff;
inline constexpr std::int16_t any_sequence = -1;

struct Packet {
  std::uint8_t sequence = 0;
  ByteView payload{};

  // True when the next packet goes on with the same message.
  bool continues() const { return payload.size() == largest_payload; }
};

// What is acceptable. Judged from the header alone, before any of the payload is kept.
struct PacketLimits {
  std::uint32_t max_payload = largest_payload;
  std::uint32_t min_payload = 0;
  std::int16_t sequence = any_sequence;
};

// The client speaks before it is known: no honest handshake packet comes near this size.
inline constexpr std::uint32_t handshake_payload_limit = 16 * 1024;

enum class PacketStatus : std::uint8_t {
  complete,
  incomplete,
  bad_length,
  wrong_sequence,
  too_large
};

// The error a peer gets for a status that is neither complete nor incomplete.
ErrorCode error_of(PacketStatus status);

// Takes the first packet off `input`, without copying. `input` and `packet` stay as they are unless
// the result is complete.
PacketStatus take_packet(ByteView& input, const PacketLimits& limits, Packet& packet);

// Takes packets off chunks of a stream that are cut anywhere. Holds memory only while a packet is
// partly there (and, for a packet that came in parts, until the next call), and no more than was
// received of it, within a factor of two.
class PacketAssembler {
 public:
  // Like take_packet(), but an incomplete packet is kept, `input` is used up, and the next chunk
  // goes on with it. A complete packet is valid until the next call or the end of the chunk. Bytes
  // behind the packet stay in `input`: they may belong to somebody else (the TLS engine).
  PacketStatus next(ByteView& input, const PacketLimits& limits, Packet& packet);

  // The payload's size by the head of a packet that is not complete yet; 0 where not even that is.
  std::uint32_t announced() const;
  // What there is of it, head included.
  ByteView begun() const { return delivered_ ? ByteView() : ByteView(bytes_.get(), size_); }
  // Bytes of a packet that is not complete yet.
  std::size_t pending() const { return delivered_ ? 0 : size_; }

  // Forgets a partial packet.
  void clear();
  // And overwrites it first, as what came in pieces may have been somebody's proof.
  void wipe();

 private:
  void store(ByteView bytes);

  std::unique_ptr<std::byte[]> bytes_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ : 31 = 0;
  std::uint32_t delivered_ : 1 = 0;
};
static_assert(sizeof(PacketAssembler) <= 16);

// Appends one packet to a buffer. The caller states beforehand how long the payload can get at
// most; writing more is a defect of the caller. Nothing is in the buffer before finish().
class PacketWriter {
 public:
  PacketWriter(Bytes& out, std::uint8_t sequence, std::size_t most);

  void u8(std::uint8_t value) { *at_++ = static_cast<std::byte>(value); }
  void u16(std::uint16_t value) { little_endian(value, 2); }
  void u24(std::uint32_t value) { little_endian(value, 3); }
  void u32(std::uint32_t value) { little_endian(value, 4); }
  void u64(std::uint64_t value) { little_endian(value, 8); }
  void zeros(std::size_t count);
  void bytes(ByteView value);
  void text(std::string_view value) { bytes(as_bytes(value)); }
  void text_and_nul(std::string_view value) {
    text(value);
    u8(0);
  }
  void lenenc(std::uint64_t value);
  void lenenc_text(std::string_view value) {
    lenenc(value.size());
    text(value);
  }

  // Completes the header; payloads above 2^24-2 bytes are split. Returns the sequence that follows.
  std::uint8_t finish();

 private:
  void little_endian(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) u8(static_cast<std::uint8_t>((value >> (8 * i)) & 0xff));
  }

  Bytes& out_;
  std::size_t start_;
  std::byte* at_;
  std::uint8_t sequence_;
};

// The most that a length-encoded integer takes.
inline constexpr std::size_t lenenc_most = 9;

// Reads the payload of a packet from front to back. A read beyond the end gives zero or nothing,
// and ok() is false from then on, so a parser checks once at the end.
class PayloadReader {
 public:
  explicit PayloadReader(ByteView payload) : at_(payload.data()), end_(at_ + payload.size()) {}

  bool ok() const { return ok_; }
  bool empty() const { return at_ == end_; }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }

  std::uint8_t u8() { return static_cast<std::uint8_t>(little_endian(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(little_endian(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(little_endian(4)); }
  // 0xfb (NULL) and 0xff are not integers: both fail.
  std::uint64_t lenenc();
  ByteView bytes(std::uint64_t count);
  ByteView rest() { return bytes(remaining()); }
  ByteView lenenc_bytes() { return bytes(lenenc()); }
  // Up to the next NUL, which is swallowed; fails without one.
  std::string_view text_to_nul();

 private:
  std::uint64_t little_endian(std::size_t count);
  void fail() {
    ok_ = false;
    at_ = end_;
  }

  const std::byte* at_;
  const std::byte* end_;
  bool ok_ = true;
};

}  // namespace wanlab::mysql
