// The pending events, in order: a monotone hierarchy of buckets of which only the nearest is
// sorted.
//
// Six levels of 64 buckets, the finest 2^16 ns (65 us) wide, each level 64 times the one below. An
// event goes to the level of the highest bit in which its bucket differs from the current one (as
// in a radix heap: Ahuja, Mehlhorn, Orlin, Tarjan, J.ACM 1990), so it is copied at most six times
// and usually two or three, sequentially, and no pointer is chased per event. Only the bucket being
// emptied is sorted.
#pragma once

#include "sim/kernel/event.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace wanlab::kernel {

class EventQueue {
 public:
  EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  // `event` must not lie before the last one popped.
  void push(const Event& event) {
    ++size_;
    if ((event.time >> bucket_shift) <= bucket_) {
      push_late(event);
    } else {
      place(event);
    }
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // The first event in order. The queue must not be empty.
  const Event& top() {
    if (next_ == run_.size() && late_.empty()) refill();
    if (late_.empty()) return run_[next_];
    if (next_ == run_.size() || happens_before(late_.front(), run_[next_])) return late_.front();
    return run_[next_];
  }
  Event pop();

  // The event `ahead` places behind the next one in the sorted bucket, or null: a hint for
  // prefetching.
  const Event* glimpse(std::size_t ahead) const {
    return next_ + ahead < run_.size() ? &run_[next_ + ahead] : nullptr;
  }

  // How often a new bucket became the current one.
  std::uint64_t refills() const { return refills_; }
  // Shows events of the finest buckets to come, each bucket once, as far as they are known yet and while
  // fewer than `most` events come before them. Another hint, to be taken at each refill.
  template <typename Visit>
  void announce(std::size_t most, Visit visit) {
    std::size_t before = run_.size();
    for (std::uint64_t slots_left = occupied_[0]; slots_left != 0 && before < most;
         slots_left &= slots_left - 1) {
      const auto slot = static_cast<unsigned>(std::countr_zero(slots_left));
      const std::uint64_t bucket = (bucket_ & ~std::uint64_t{slots - 1}) | slot;
      const Chunk& from = chunk(head_[0][slot]);
      if (bucket > shown_) {
        shown_ = bucket;
        const std::size_t count = std::min<std::size_t>(from.used, most);
        for (std::size_t i = 0; i < count; ++i) visit(from.event[i]);
      }
      before += from.used;
    }
  }

  std::size_t memory_bytes() const;

 private:
  static constexpr unsigned bucket_shift = 16;
  static constexpr unsigned level_shift = 6;
  static constexpr unsigned levels = 6;
  static constexpr unsigned slots = 1u << level_shift;

  static constexpr std::uint32_t no_chunk = 0xffffffff;
  // A kibibyte: long enough that the one after can be fetched while one is being emptied.
  static constexpr std::size_t chunk_events = 42;
  struct Chunk {
    std::uint32_t used;
    std::uint32_t next;
    std::array<Event, chunk_events> event;
  };
  static constexpr std::size_t chunks_per_slab = 256;

  void push_late(const Event& event);
  void place(const Event& event);
  void refill();
  void scatter(std::uint32_t chunk);
  void sort_run();
  std::uint32_t take_chunk();
  Chunk& chunk(std::uint32_t index) {
    return slabs_[index / chunks_per_slab][index % chunks_per_slab];
  }

  std::size_t size_ = 0;
  std::uint64_t refills_ = 0;
  std::uint64_t shown_ = 0;  // the bucket up to which announce() has shown events
  std::uint64_t bucket_ =
      0;                    // number of the finest bucket being emptied: its start >> bucket_shift
  std::vector<Event> run_;  // that bucket's events, sorted; those before next_ are gone
  std::size_t next_ = 0;
  std::vector<Event> unsorted_;  // scratch of sort_run()
  std::vector<Event> late_;  // a heap of events that joined the current bucket after it was sorted
  std::array<std::uint64_t, levels> occupied_{};
  std::array<std::array<std::uint32_t, slots>, levels> head_{};
  std::vector<Event> beyond_;  // further away than the top level reaches (52 days)
  std::vector<std::unique_ptr<Chunk[]>> slabs_;
  std::uint32_t free_chunk_ = no_chunk;
};

}  // namespace wanlab::kernel
