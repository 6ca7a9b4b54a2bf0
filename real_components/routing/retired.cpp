// Quiescent-state reclamation.
#include "real_components/routing/retired.hpp"

#include <algorithm>
#include <stdexcept>

namespace wanlab::routing {

Retired::~Retired() {
  for (const Waiting& waiting : waiting_) waiting.deleter(waiting.object);
}

ReaderId Retired::register_reader() {
  // The lock orders this against reclaim(): either reclaim() sees the reader, or the reader starts
  // after what reclaim() freed had become unreachable.
  const std::scoped_lock lock(registration_);
  const std::uint64_t epoch = epoch_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < used_; ++i) {
    if (readers_[i].load(std::memory_order_relaxed) != absent) continue;
    readers_[i].store(epoch, std::memory_order_release);
    return ReaderId{static_cast<std::uint32_t>(i)};
  }
  if (used_ == maximum_readers) throw std::length_error("too many readers of one routing table");
  readers_[used_].store(epoch, std::memory_order_release);
  return ReaderId{static_cast<std::uint32_t>(used_++)};
}

void Retired::unregister_reader(ReaderId reader) {
  const std::scoped_lock lock(registration_);
  readers_[static_cast<std::size_t>(reader)].store(absent, std::memory_order_release);
}

void Retired::retire(const void* object, Deleter deleter) {
  waiting_.push_back({object, deleter, epoch_.fetch_add(1, std::memory_order_acq_rel)});
}

void Retired::reclaim() {
  if (waiting_.empty()) return;
  std::uint64_t passed = absent;
  {
    const std::scoped_lock lock(registration_);
    for (std::size_t i = 0; i < used_; ++i) {
      passed = std::min(passed, readers_[i].load(std::memory_order_acquire));
    }
  }
  while (!waiting_.empty() && waiting_.front().epoch < passed) {
    waiting_.front().deleter(waiting_.front().object);
    waiting_.pop_front();
  }
}

}  // namespace wanlab::routing
