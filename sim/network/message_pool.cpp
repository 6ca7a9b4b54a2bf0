#include "sim/network/message_pool.hpp"

#include <bit>

namespace wanlab::network {

MessageId MessagePool::take(std::size_t payload_bytes) {
  const std::size_t whole = payload_bytes + sizeof(Message);
  std::uint32_t size_class = 0;
  if (whole > class_bytes[0]) {
    // 128, 256, ... 4096 are consecutive powers of two; the two largest classes are four apart.
    size_class = static_cast<std::uint32_t>(std::bit_width(whole - 1));
    size_class = size_class <= 7 ? 1 : size_class - 6;
    if (whole > 4096) size_class = whole <= 16'384 ? 7 : 8;
  }
  WANLAB_CHECK(whole <= class_bytes.back(), "a message longer than the largest size");
  Class& of = classes_[size_class];
  if (of.free == none) grow(size_class);
  const MessageId id = (size_class << index_bits) | of.free;
  Message& message = (*this)[id];
  of.free = message.next_free;
  message.size = static_cast<std::uint32_t>(payload_bytes);
  message.detail = 0;
  message.attempt = 0;
  ++in_use_;
  return id;
}

void MessagePool::give_back(MessageId id) {
  Class& of = classes_[id >> index_bits];
  (*this)[id].next_free = of.free;
  of.free = id & index_mask;
  --in_use_;
}

void MessagePool::grow(std::uint32_t size_class) {
  Class& of = classes_[size_class];
  if (of.slabs.empty()) {
    // Slabs of 256 KiB, or four of the largest messages.
    of.slab_shift = static_cast<std::uint32_t>(
        std::bit_width(std::size_t{262'144} / class_bytes[size_class]) - 1);
  }
  const std::uint32_t count = 1u << of.slab_shift;
  const auto first = static_cast<std::uint32_t>(of.slabs.size()) << of.slab_shift;
  WANLAB_CHECK(first + count <= index_mask, "too many messages in flight");
  of.slabs.push_back(
      std::make_unique_for_overwrite<std::byte[]>(std::size_t{count} * class_bytes[size_class]));
  for (std::uint32_t i = count; i-- > 0;) {
    (*this)[(size_class << index_bits) | (first + i)].next_free = of.free;
    of.free = first + i;
  }
}

std::size_t MessagePool::memory_bytes() const {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    bytes += (classes_[i].slabs.size() << classes_[i].slab_shift) * class_bytes[i];
  }
  return bytes;
}

}  // namespace wanlab::network
