// Storage for very many small records named by 32-bit index: chunks that never move, a free list
// inside the free records, and a generation per record so that a stale name is noticed. Also a
// queue threaded through such records. Never shrinks; never constructs or destroys a record after
// its chunk was made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace wanlab {

inline constexpr std::uint32_t no_index = 0xffffffff;

// Record must be default-constructible and have members `std::uint32_t next` (the slab's while
// free, the owner's while live) and `std::uint32_t generation` (raised at each release, never
// reset). Whatever else a record holds survives release, so that buffers are reused: the owner
// clears it.
template <typename Record, std::uint32_t chunk_bits = 10>
class Slab {
 public:
  Record& operator[](std::uint32_t index) {
    return chunks_[index >> chunk_bits][index & (chunk_size - 1)];
  }
  const Record& operator[](std::uint32_t index) const {
    return chunks_[index >> chunk_bits][index & (chunk_size - 1)];
  }

  std::uint32_t take() {
    ++live_;
    if (free_ != no_index) {
      const std::uint32_t index = free_;
      free_ = (*this)[index].next;
      return index;
    }
    if (used_ == chunks_.size() << chunk_bits) {
      chunks_.push_back(std::make_unique<Record[]>(chunk_size));
    }
    return used_++;
  }

  void release(std::uint32_t index) {
    Record& record = (*this)[index];
    ++record.generation;
    record.next = free_;
    free_ = index;
    --live_;
  }

  // Whether `index` was ever handed out and still carries `generation`.
  bool holds(std::uint32_t index, std::uint32_t generation, std::uint32_t generation_mask) const {
    return index < used_ && ((*this)[index].generation & generation_mask) == generation;
  }

  std::uint32_t live() const { return live_; }
  // One past the highest index ever handed out, for sweeps over all records.
  std::uint32_t extent() const { return used_; }
  std::size_t memory_bytes() const { return (chunks_.size() << chunk_bits) * sizeof(Record); }

 private:
  static constexpr std::uint32_t chunk_size = std::uint32_t{1} << chunk_bits;

  std::vector<std::unique_ptr<Record[]>> chunks_;
  std::uint32_t free_ = no_index;
  std::uint32_t used_ = 0;
  std::uint32_t live_ = 0;
};

// First in, first out, with removal from the middle, threaded through the `previous` and `next` of
// records in a slab. With a constant waiting time, its head is always the next deadline.
template <typename Storage>
class IndexQueue {
 public:
  explicit IndexQueue(Storage& storage) : storage_(storage) {}

  bool empty() const { return head_ == no_index; }
  std::uint32_t front() const { return head_; }

  void push_back(std::uint32_t index) {
    auto& record = storage_[index];
    record.previous = tail_;
    record.next = no_index;
    if (tail_ == no_index) {
      head_ = index;
    } else {
      storage_[tail_].next = index;
    }
    tail_ = index;
  }

  // `index` must be in this queue.
  void remove(std::uint32_t index) {
    const auto& record = storage_[index];
    if (record.previous == no_index) {
      head_ = record.next;
    } else {
      storage_[record.previous].next = record.next;
    }
    if (record.next == no_index) {
      tail_ = record.previous;
    } else {
      storage_[record.next].previous = record.previous;
    }
  }

 private:
  Storage& storage_;
  std::uint32_t head_ = no_index;
  std::uint32_t tail_ = no_index;
};

}  // namespace wanlab
