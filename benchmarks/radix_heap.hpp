// A bare radix heap (Ahuja, Mehlhorn, Orlin, Tarjan, J.ACM 1990), the floor the kernel is held
// against: no handlers, no clock, no cancellation. Pops by (time, order) and never serves times
// before the last.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace wanlab::bench {

struct SmallEvent {  // 16 bytes
  std::uint64_t time, order;
};
struct FullEvent {  // 24 bytes, as the kernel's
  std::uint64_t time, order, payload;
};

template <typename Event>
bool before(const Event& left, const Event& right) {
  return left.time != right.time ? left.time < right.time : left.order < right.order;
}

template <typename Event>
class RadixHeap {
 public:
  void push(const Event& event) {
    const auto bucket = static_cast<std::size_t>(std::bit_width(event.time ^ last_));
    if (bucket == 0) {
      insert_now(event);
    } else {
      buckets_[bucket].push_back(event);
    }
  }
  Event pop() {
    if (buckets_[0].empty()) refill();
    const Event event = buckets_[0].back();
    buckets_[0].pop_back();
    return event;
  }
  std::size_t memory_bytes() const {
    std::size_t bytes = 0;
    for (const auto& bucket : buckets_) bytes += bucket.capacity() * sizeof(Event);
    return bytes;
  }

 private:
  // Bucket 0 holds the events of time last_, the next one at its end.
  void insert_now(const Event& event) {
    auto& now = buckets_[0];
    now.insert(std::upper_bound(now.begin(), now.end(), event,
                                [](const Event& a, const Event& b) { return before(b, a); }),
               event);
  }
  void refill() {
    std::size_t first = 1;
    while (buckets_[first].empty()) ++first;
    auto& bucket = buckets_[first];
    last_ = std::min_element(bucket.begin(), bucket.end(), before<Event>)->time;
    for (const Event& event : bucket) push(event);
    bucket.clear();
  }

  std::uint64_t last_ = 0;
  std::array<std::vector<Event>, 65> buckets_;
};

}  // namespace wanlab::bench
