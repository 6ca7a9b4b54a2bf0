// Encoded frames on their way to the transport. The buffer always begins at a frame's first byte,
// so that what was never handed out can still be told frame by frame.
#pragma once

#include "real_components/crypto/digest.hpp"
#include "real_components/runtime/bytes.hpp"

#include <cstdint>
#include <cstring>
#include <memory>

namespace wanlab::backhaul {

class OutputBuffer {
 public:
  OutputBuffer() = default;
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;
  ~OutputBuffer() { clear(); }

  // Room for `size` more bytes; to be followed by commit() of what was used.
  std::byte* room(std::size_t size) {
    if (size_ + size > capacity_) [[unlikely]] {
      grow(size);
    }
    return bytes_.get() + size_;
  }
  void commit(const std::byte* end) { size_ = static_cast<std::uint32_t>(end - bytes_.get()); }
  std::size_t unwritten() const { return size_ - written_; }
  ByteView view() const { return {bytes_.get() + written_, unwritten()}; }
  // Everything from a frame's first byte on, and how much of it was handed out.
  ByteView frames() const { return {bytes_.get(), size_}; }
  std::size_t written() const { return written_; }

  void wrote(std::size_t bytes) {
    written_ += static_cast<std::uint32_t>(bytes);
    if (written_ == size_) clear();
  }
  // Forgets `bytes` (whole frames, all handed out) at the front.
  void discard_front(std::size_t bytes) {
    std::memmove(bytes_.get(), bytes_.get() + bytes, size_ - bytes);
    size_ -= static_cast<std::uint32_t>(bytes);
    if (no_trace_) crypto::secure_zero({bytes_.get() + size_, bytes});
    written_ -= static_cast<std::uint32_t>(bytes);
  }
  void clear() {
    if (no_trace_) [[unlikely]] {
      crypto::secure_zero({bytes_.get(), size_});
      no_trace_ = false;
    }
    written_ = size_ = 0;
  }
  // What is in here now, or will be before the buffer is empty, is overwritten when it goes.
  void keep_no_trace() { no_trace_ = true; }
  void release() {
    if (size_ == 0) {
      bytes_.reset();
      capacity_ = 0;
    }
  }
  std::size_t capacity() const { return capacity_; }

 private:
  void grow(std::size_t size) {
    std::size_t wanted = capacity_ == 0 ? 256 : std::size_t{capacity_} * 2;
    while (wanted < size_ + size) wanted *= 2;
    std::unique_ptr<std::byte[]> bigger(new std::byte[wanted]);
    if (size_ != 0) std::memcpy(bigger.get(), bytes_.get(), size_);
    if (no_trace_) crypto::secure_zero({bytes_.get(), size_});
    bytes_ = std::move(bigger);
    capacity_ = static_cast<std::uint32_t>(wanted);
  }

  std::unique_ptr<std::byte[]> bytes_;
  std::uint32_t capacity_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t written_ = 0;
  bool no_trace_ = false;
};

}  // namespace wanlab::backhaul
