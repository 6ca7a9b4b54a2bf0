// Queues of bytes made of fixed blocks from a shared free list: an empty queue owns nothing.
// Not a general container; one pool belongs to one mux.
#pragma once

#include "real_components/crypto/digest.hpp"
#include "real_components/runtime/bytes.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace wanlab::backhaul {

inline constexpr std::uint32_t no_block = 0xffffffff;

// A first-in-first-out run of bytes. All operations go through the pool.
struct ByteQueue {
  std::uint32_t first = no_block;
  std::uint32_t last = no_block;
  std::uint32_t size = 0;
  std::uint16_t begin = 0;  // first unread byte in the first block
  std::uint16_t end = 0;    // first unused byte in the last block
};

class BlockPool {
 public:
  static constexpr std::size_t block_size = 1024;
  // Empty blocks kept for reuse; beyond, they go back to the heap.
  static constexpr std::size_t max_spare = 256;

  void push(ByteQueue& queue, ByteView bytes) {
    queue.size += static_cast<std::uint32_t>(bytes.size());
    while (!bytes.empty()) {
      if (queue.last == no_block || queue.end == block_size) grow(queue);
      const std::size_t part = std::min(bytes.size(), block_size - queue.end);
      std::memcpy(blocks_[queue.last]->bytes.data() + queue.end, bytes.data(), part);
      queue.end = static_cast<std::uint16_t>(queue.end + part);
      bytes = bytes.subspan(part);
    }
  }

  // Takes `count` bytes off the front; count <= queue.size.
  void pop(ByteQueue& queue, std::byte* to, std::size_t count) {
    queue.size -= static_cast<std::uint32_t>(count);
    while (count != 0) {
      const std::size_t limit = queue.first == queue.last ? queue.end : block_size;
      const std::size_t part = std::min(count, limit - queue.begin);
      std::memcpy(to, blocks_[queue.first]->bytes.data() + queue.begin, part);
      to += part;
      count -= part;
      queue.begin = static_cast<std::uint16_t>(queue.begin + part);
      if (queue.begin == limit) drop_first(queue);
    }
  }

  void clear(ByteQueue& queue) {
    while (queue.first != no_block) drop_first(queue);
    queue = {};
  }

  // What is in here now, or will be before all queues are empty, is overwritten when it goes.
  void keep_no_trace() { no_trace_ = true; }
  bool keeps_no_trace() const { return no_trace_; }

  std::size_t blocks_in_use() const { return in_use_; }
  std::size_t memory_bytes() const {
    return allocated_ * sizeof(Block) + blocks_.capacity() * sizeof(blocks_[0]) +
           (free_.capacity() + unallocated_.capacity()) * sizeof(std::uint32_t);
  }
  // Gives every spare block back.
  void trim() {
    while (!free_.empty()) give_back();
    if (allocated_ == 0) {
      blocks_ = decltype(blocks_)();
      free_ = std::vector<std::uint32_t>();
      unallocated_ = std::vector<std::uint32_t>();
    }
  }

 private:
  struct Block {
    std::uint32_t next = no_block;
    std::array<std::byte, block_size> bytes;
  };

  void grow(ByteQueue& queue) {
    const std::uint32_t added = take();
    if (queue.last == no_block) {
      queue.first = added;
      queue.begin = 0;
    } else {
      blocks_[queue.last]->next = added;
    }
    queue.last = added;
    queue.end = 0;
  }

  void drop_first(ByteQueue& queue) {
    const std::uint32_t gone = queue.first;
    queue.first = gone == queue.last ? no_block : blocks_[gone]->next;
    queue.begin = 0;
    if (queue.first == no_block) {
      queue.last = no_block;
      queue.end = 0;
    }
    --in_use_;
    if (no_trace_) [[unlikely]] {
      crypto::secure_zero(blocks_[gone]->bytes);
      no_trace_ = in_use_ != 0;
    }
    free_.push_back(gone);
    if (free_.size() > max_spare) give_back();
  }

  std::uint32_t take() {
    ++in_use_;
    if (!free_.empty()) {
      const std::uint32_t block = free_.back();
      free_.pop_back();
      blocks_[block]->next = no_block;
      return block;
    }
    std::uint32_t block;
    if (!unallocated_.empty()) {
      block = unallocated_.back();
      unallocated_.pop_back();
    } else {
      block = static_cast<std::uint32_t>(blocks_.size());
      blocks_.emplace_back();
    }
    blocks_[block].reset(new Block);  // not make_unique: that would zero the bytes
    ++allocated_;
    return block;
  }

  void give_back() {
    const std::uint32_t block = free_.back();
    free_.pop_back();
    blocks_[block].reset();
    unallocated_.push_back(block);
    --allocated_;
  }

  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<std::uint32_t> free_;         // allocated and empty
  std::vector<std::uint32_t> unallocated_;  // indices without memory
  std::size_t in_use_ = 0;
  std::size_t allocated_ = 0;
  bool no_trace_ = false;
};

}  // namespace wanlab::backhaul
