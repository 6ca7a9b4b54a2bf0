// Bytes on their way in (views) and out (owned buffers that grow and are reused).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace wanlab {

using ByteView = std::span<const std::byte>;
using Bytes = std::vector<std::byte>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void append(Bytes& out, ByteView more) {
  out.insert(out.end(), more.begin(), more.end());
}
inline void append(Bytes& out, std::string_view more) {
  append(out, as_bytes(more));
}

// Integers on the wire, in the byte order the name says, independent of the machine's own.
template <typename Unsigned>
requires std::is_unsigned_v<Unsigned>
inline void append_little_endian(Bytes& out, Unsigned value) {
  std::array<std::byte, sizeof(Unsigned)> bytes;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    bytes[i] = static_cast<std::byte>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xff);
  }
  const std::size_t size = out.size();
  out.resize(size + sizeof(Unsigned));
  std::memcpy(out.data() + size, bytes.data(), sizeof(Unsigned));
}

// `bytes` must hold at least sizeof(Unsigned) bytes.
template <typename Unsigned>
requires std::is_unsigned_v<Unsigned>
inline Unsigned load_little_endian(const std::byte* bytes) {
  if constexpr (std::endian::native == std::endian::little) {
    Unsigned value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  } else {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
      value |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
    }
    return static_cast<Unsigned>(value);
  }
}

}  // namespace wanlab
