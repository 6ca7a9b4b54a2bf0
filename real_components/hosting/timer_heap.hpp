// What is to happen when, for one thread: a heap of deadlines. Knows neither clock nor meaning.
#pragma once

#include "real_components/runtime/slab.hpp"
#include "real_components/runtime/time.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace wanlab::hosting {

class TimerHeap {
 public:
  struct Entry {
    std::int64_t due = 0;        // nanoseconds
    std::uint64_t sequence = 0;  // equal deadlines fire in the order in which they were asked for
    std::uint64_t word = 0;      // the owner's
    std::uint32_t slot = no_index;
    std::uint32_t kind = 0;  // the owner's
  };

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  Instant next() const { return Instant(Duration(heap_.front().due)); }

  // Cannot be called off.
  void add(Instant due, std::uint64_t word, std::uint32_t kind = 0) {
    push({nanoseconds(due), ++sequence_, word, no_index, kind});
  }
  // The result names the timer for cancel(); it is never zero.
  std::uint64_t start(Instant due, std::uint64_t word) {
    const std::uint32_t slot = slots_.take();
    slots_[slot].word = word;
    push({nanoseconds(due), ++sequence_, word, slot, 0});
    return name_of(slot);
  }
  void cancel(std::uint64_t timer) {
    const auto slot = static_cast<std::uint32_t>(timer);
    const auto generation = static_cast<std::uint32_t>(timer >> 32) - 1;
    if (!slots_.holds(slot, generation, generation_mask) || slots_[slot].cancelled) return;
    slots_[slot].cancelled = true;
    // Those called off stay in the heap until they are due, unless they become the larger part.
    if (++cancelled_ > 64 && cancelled_ > heap_.size() / 2) sweep();
  }

  // Takes the earliest entry out; false if it was called off.
  bool pop(Entry& entry) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    entry = heap_.back();
    heap_.pop_back();
    return entry.slot == no_index || !free_slot(entry.slot);
  }

 private:
  struct Slot {
    std::uint32_t next = no_index;
    std::uint32_t generation = 0;
    std::uint64_t word = 0;
    bool cancelled = false;
  };
  static constexpr std::uint32_t generation_mask = 0x7fffffff;

  static bool later(const Entry& a, const Entry& b) {
    return a.due != b.due ? a.due > b.due : a.sequence > b.sequence;
  }
  std::uint64_t name_of(std::uint32_t slot) const {
    return (std::uint64_t{(slots_[slot].generation & generation_mask) + 1} << 32) | slot;
  }
  void push(const Entry& entry) {
    heap_.push_back(entry);
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  // Whether it had been called off.
  bool free_slot(std::uint32_t slot) {
    const bool cancelled = slots_[slot].cancelled;
    slots_[slot].cancelled = false;
    slots_.release(slot);
    if (cancelled) --cancelled_;
    return cancelled;
  }
  void sweep() {
    std::erase_if(heap_, [this](const Entry& entry) {
      if (entry.slot == no_index || !slots_[entry.slot].cancelled) return false;
      free_slot(entry.slot);
      return true;
    });
    std::make_heap(heap_.begin(), heap_.end(), later);
  }

  std::vector<Entry> heap_;
  Slab<Slot, 6> slots_;
  std::uint64_t sequence_ = 0;
  std::size_t cancelled_ = 0;
};

}  // namespace wanlab::hosting
