// Bytes that do not stay behind in memory: what passes through a host may be proof of a password.
#pragma once

#include "real_components/runtime/bytes.hpp"

#include <openssl/crypto.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace wanlab::hosting {

template <typename Type>
struct WipingAllocator {
  using value_type = Type;
  WipingAllocator() = default;
  template <typename Other>
  WipingAllocator(const WipingAllocator<Other>&) {}  // NOLINT: allocators convert
  Type* allocate(std::size_t count) { return std::allocator<Type>().allocate(count); }
  void deallocate(Type* memory, std::size_t count) {
    OPENSSL_cleanse(memory, count * sizeof(Type));
    std::allocator<Type>().deallocate(memory, count);
  }
  bool operator==(const WipingAllocator&) const { return true; }
};

using WipedBytes = std::vector<std::byte, WipingAllocator<std::byte>>;

inline void append(WipedBytes& out, ByteView more) {
  out.insert(out.end(), more.begin(), more.end());
}

// Empties it and keeps its memory, unless that is more than `kept`.
inline void wipe(WipedBytes& bytes, std::size_t kept) {
  if (bytes.empty()) return;
  OPENSSL_cleanse(bytes.data(), bytes.size());
  bytes.clear();
  if (bytes.capacity() > kept) bytes.shrink_to_fit();
}

}  // namespace wanlab::hosting
