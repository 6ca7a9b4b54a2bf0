#include "sim/kernel/event_queue.hpp"

#include <algorithm>
#include <bit>

namespace wanlab::kernel {

namespace {
// Objects rather than functions, so that the algorithms compile them in.
constexpr auto in_order = [](const Event& left, const Event& right) {
  return happens_before(left, right);
};
// std:: heaps put the greatest first; ours must put the earliest first.
constexpr auto happens_after = [](const Event& left, const Event& right) {
  return happens_before(right, left);
};
}  // namespace

EventQueue::EventQueue() {
  for (auto& level : head_) level.fill(no_chunk);
}

Event EventQueue::pop() {
  if (next_ == run_.size() && late_.empty()) refill();
  --size_;
  if (late_.empty() || (next_ != run_.size() && happens_before(run_[next_], late_.front()))) {
    return run_[next_++];
  }
  std::pop_heap(late_.begin(), late_.end(), happens_after);
  const Event event = late_.back();
  late_.pop_back();
  return event;
}

void EventQueue::push_late(const Event& event) {
  // An event may belong to a bucket before the current one when run control looked ahead with top()
  // and something was scheduled afterwards; the heap takes it all the same.
  late_.push_back(event);
  std::push_heap(late_.begin(), late_.end(), happens_after);
}

void EventQueue::place(const Event& event) {
  const std::uint64_t bucket = event.time >> bucket_shift;
  const auto level = static_cast<unsigned>(63 - std::countl_zero(bucket ^ bucket_)) / level_shift;
  if (level >= levels) {
    beyond_.push_back(event);
    return;
  }
  const auto slot = static_cast<unsigned>(bucket >> (level * level_shift)) & (slots - 1);
  std::uint32_t& head = head_[level][slot];
  if (head == no_chunk || chunk(head).used == chunk_events) {
    const std::uint32_t fresh = take_chunk();
    chunk(fresh).next = head;
    head = fresh;
    occupied_[level] |= std::uint64_t{1} << slot;
  }
  Chunk& last = chunk(head);
  last.event[last.used++] = event;
}

std::uint32_t EventQueue::take_chunk() {
  if (free_chunk_ == no_chunk) {
    const auto first = static_cast<std::uint32_t>(slabs_.size() * chunks_per_slab);
    slabs_.push_back(std::make_unique_for_overwrite<Chunk[]>(chunks_per_slab));
    Chunk* slab = slabs_.back().get();
    for (std::uint32_t i = 0; i < chunks_per_slab; ++i) {
      slab[i].used = 0;
      slab[i].next = i + 1 < chunks_per_slab ? first + i + 1 : no_chunk;
    }
    free_chunk_ = first;
  }
  const std::uint32_t taken = free_chunk_;
  free_chunk_ = chunk(taken).next;
  return taken;
}

// Moves the events of a chain to finer buckets, or into the run when they belong to the current
// one.
void EventQueue::scatter(std::uint32_t index) {
  while (index != no_chunk) {
    Chunk& from = chunk(index);
    if (from.next != no_chunk) __builtin_prefetch(&chunk(from.next));
    for (std::uint32_t i = 0; i < from.used; ++i) {
      if ((from.event[i].time >> bucket_shift) == bucket_) {
        run_.push_back(from.event[i]);
      } else {
        place(from.event[i]);
      }
    }
    const std::uint32_t next = from.next;
    from.used = 0;
    from.next = free_chunk_;
    free_chunk_ = index;
    index = next;
  }
}

// Makes the next non-empty bucket the current one. Only called when nothing of the current one is
// left.
void EventQueue::refill() {
  run_.clear();
  next_ = 0;
  ++refills_;
  while (run_.empty()) {
    unsigned level = 0;
    while (level < levels && occupied_[level] == 0) ++level;
    if (level == levels) {
      // Everything left lies beyond the hierarchy: start it anew at the earliest of these.
      std::vector<Event> far;
      far.swap(beyond_);
      bucket_ = std::min_element(far.begin(), far.end(), in_order)->time >> bucket_shift;
      for (const Event& event : far) {
        if ((event.time >> bucket_shift) == bucket_) {
          run_.push_back(event);
        } else {
          place(event);
        }
      }
      continue;
    }
    // Occupied slots of a level always lie after the current position on it, so the lowest is next.
    const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
    occupied_[level] &= ~(std::uint64_t{1} << slot);
    const std::uint32_t chain = head_[level][slot];
    head_[level][slot] = no_chunk;
    const unsigned shift = level * level_shift;
    bucket_ = ((bucket_ >> (shift + level_shift)) << (shift + level_shift)) |
              (std::uint64_t{slot} << shift);
    scatter(chain);
  }
  sort_run();
}

// Spreads the run over slots by the high bits of the time within the bucket and sorts in each slot:
// a comparison sort of it all spends most of its time on comparisons that no processor can predict.
void EventQueue::sort_run() {
  constexpr std::size_t worth_spreading = 24;
  if (run_.size() < worth_spreading) {
    std::sort(run_.begin(), run_.end(), in_order);
    return;
  }
  const auto slot_of = [](const Event& event) {
    return (event.time >> (bucket_shift - level_shift)) & (slots - 1);
  };
  std::array<std::size_t, slots + 1> start{};
  for (const Event& event : run_) ++start[slot_of(event) + 1];
  for (std::size_t slot = 0; slot < slots; ++slot) start[slot + 1] += start[slot];
  unsorted_.swap(run_);
  run_.resize(unsorted_.size());
  std::array<std::size_t, slots + 1> next = start;
  for (const Event& event : unsorted_) run_[next[slot_of(event)]++] = event;
  for (std::size_t slot = 0; slot < slots; ++slot) {
    if (start[slot + 1] - start[slot] < 2) continue;
    std::sort(run_.data() + start[slot], run_.data() + start[slot + 1], in_order);
  }
}

std::size_t EventQueue::memory_bytes() const {
  return slabs_.size() * chunks_per_slab * sizeof(Chunk) +
         (run_.capacity() + unsorted_.capacity() + late_.capacity() + beyond_.capacity()) *
             sizeof(Event);
}

}  // namespace wanlab::kernel
