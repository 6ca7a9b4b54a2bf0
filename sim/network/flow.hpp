// The bulk state of one sending direction: what a TCP sender keeps once its window matters.
#pragma once

#include "real_components/runtime/bytes.hpp"
#include "sim/network/endpoint.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace wanlab::network {

struct Flow {
  struct Flight {
    std::int64_t acknowledged_at;
    std::uint32_t bytes;
  };

  std::uint64_t window = initial_window;        // bytes that may be unacknowledged
  std::uint64_t threshold = ~std::uint64_t{0};  // below it the window grows by slow start
  std::uint64_t in_flight = 0;
  std::uint64_t growth_credit = 0;  // bytes acknowledged towards the next segment of growth
  std::int64_t recovered_at = 0;    // losses of segments sent before this count as one
  std::deque<Flight> flights;       // by acknowledged_at
  Bytes buffer;                     // accepted from the component, not yet sent
  std::size_t offset = 0;           // bytes of `buffer` already sent
  std::int64_t wakes_at = 0;        // an event for this instant is pending
  bool above_low_water = false;     // the component waits for on_writable
  std::uint16_t retries = 0;        // of a path that is down

  std::size_t unsent() const { return buffer.size() - offset; }
  void enqueue(ByteView bytes);
  // Counts what was acknowledged by `now` and lets the window grow (RFC 5681, RFC 3465 with L
  // unlimited).
  void acknowledge(std::int64_t now);
  void sent(std::uint32_t bytes, std::int64_t acknowledged_at);
  // A segment sent at `sent_at` was lost; recovery ends at `recovered`. Halves the window once per
  // window.
  void lost(std::int64_t sent_at, std::int64_t recovered, bool by_timeout);
};

class FlowTable {
 public:
  std::uint32_t take();
  void give_back(std::uint32_t id);
  Flow& operator[](std::uint32_t id) { return *flows_[id]; }
  const Flow& operator[](std::uint32_t id) const { return *flows_[id]; }
  std::size_t memory_bytes() const;

 private:
  std::vector<std::unique_ptr<Flow>> flows_;
  std::vector<std::uint32_t> free_;
};

}  // namespace wanlab::network
