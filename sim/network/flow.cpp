#include "sim/network/flow.hpp"

#include <algorithm>

namespace wanlab::network {

void Flow::enqueue(ByteView bytes) {
  if (offset != 0 && offset * 2 >= buffer.size()) {
    buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(offset));
    offset = 0;
  }
  append(buffer, bytes);
}

void Flow::acknowledge(std::int64_t now) {
  std::uint64_t acknowledged = 0;
  const bool limited = unsent() != 0 || in_flight * 2 >= window;
  while (!flights.empty() && flights.front().acknowledged_at <= now) {
    acknowledged += flights.front().bytes;
    flights.pop_front();
  }
  in_flight -= acknowledged;
  if (!limited || acknowledged == 0) return;
  if (window < threshold) {
    window += acknowledged;
    return;
  }
  // Congestion avoidance: one segment per window of acknowledged bytes.
  growth_credit += acknowledged;
  while (growth_credit >= window) {
    growth_credit -= window;
    window += segment_payload;
  }
}

void Flow::sent(std::uint32_t bytes, std::int64_t acknowledged_at) {
  in_flight += bytes;
  const auto place = std::find_if(flights.rbegin(), flights.rend(), [&](const Flight& flight) {
                       return flight.acknowledged_at <= acknowledged_at;
                     }).base();
  flights.insert(place, {acknowledged_at, bytes});
}

void Flow::lost(std::int64_t sent_at, std::int64_t recovered, bool by_timeout) {
  if (sent_at < recovered_at) return;
  recovered_at = recovered;
  growth_credit = 0;
  threshold = std::max<std::uint64_t>(window / 2, 2 * segment_payload);
  window = by_timeout ? segment_payload : threshold;
}

std::uint32_t FlowTable::take() {
  if (free_.empty()) {
    flows_.push_back(std::make_unique<Flow>());
    return static_cast<std::uint32_t>(flows_.size() - 1);
  }
  const std::uint32_t id = free_.back();
  free_.pop_back();
  *flows_[id] = Flow{};
  return id;
}

void FlowTable::give_back(std::uint32_t id) {
  flows_[id]->buffer = Bytes{};
  free_.push_back(id);
}

std::size_t FlowTable::memory_bytes() const {
  std::size_t bytes = flows_.capacity() * sizeof(void*);
  for (const auto& flow : flows_) bytes += sizeof(Flow) + flow->buffer.capacity() + 512;
  return bytes;
}

}  // namespace wanlab::network
