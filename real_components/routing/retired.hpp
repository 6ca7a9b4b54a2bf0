// Memory that readers may still be looking at, freed after every registered reader said it holds
// nothing (quiescent-state reclamation). retire() and reclaim() belong to the writing thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>

namespace wanlab::routing {

enum class ReaderId : std::uint32_t {};

class Retired {
 public:
  static constexpr std::size_t maximum_readers = 64;

  Retired() = default;
  ~Retired();
  Retired(const Retired&) = delete;
  Retired& operator=(const Retired&) = delete;

  // Any thread. Throws std::length_error beyond maximum_readers: that is a mistake in the program.
  ReaderId register_reader();
  void unregister_reader(ReaderId reader);
  // That reader's own thread, while it holds nothing.
  void quiescent(ReaderId reader) const {
    readers_[static_cast<std::size_t>(reader)].store(epoch_.load(std::memory_order_acquire),
                                                     std::memory_order_release);
  }

  // `object` must already be unreachable for anyone who starts to look now.
  template <typename Object>
  void retire(const Object* object) {
    retire(object, [](const void* pointer) { delete static_cast<const Object*>(pointer); });
  }
  void reclaim();
  std::size_t size() const { return waiting_.size(); }

 private:
  using Deleter = void (*)(const void*);
  struct Waiting {
    const void* object;
    Deleter deleter;
    std::uint64_t epoch;
  };
  static constexpr std::uint64_t absent = ~std::uint64_t{0};

  void retire(const void* object, Deleter deleter);

  // Counts retirements. A reader that has seen a value above an object's epoch cannot reach it any
  // more.
  std::atomic<std::uint64_t> epoch_{0};
  mutable std::array<std::atomic<std::uint64_t>, maximum_readers> readers_{};
  std::size_t used_ = 0;  // slots of readers_ ever used, under registration_
  std::mutex registration_;
  std::deque<Waiting> waiting_;
};

}  // namespace wanlab::routing
