// From a name's hash to a slot number: open addressing, written by one thread, read wait-free by
// any. It holds no names; whoever asks compares the name in the slot.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "real_components/routing/retired.hpp"

namespace wanlab::routing {

// FNV-1a with a final mix: stable between runs and machines, so it may decide things that are
// compared.
std::uint64_t hash_name(std::string_view name, std::uint64_t seed = 0);

class NameIndex {
 public:
  NameIndex();
  ~NameIndex();
  NameIndex(const NameIndex&) = delete;
  NameIndex& operator=(const NameIndex&) = delete;

  static constexpr std::uint32_t none = 0xffffffff;

  // Any thread. The first slot with this hash for which is_it(slot) holds.
  template <typename Predicate>
  std::uint32_t find(std::uint64_t hash, Predicate&& is_it) const {
    const Table& table = *table_.load(std::memory_order_acquire);
    for (std::uint64_t at = hash >> 32;; ++at) {
      const std::uint64_t entry = table.entries[at & table.mask].load(std::memory_order_acquire);
      if (entry == empty) return none;
      if (entry == erased || (entry >> 32) != (hash >> 32)) continue;
      const auto slot = static_cast<std::uint32_t>(entry & 0xffffffff) - first_slot;
      if (is_it(slot)) return slot;
    }
  }

  // Writing thread. The pair must not be present (insert) or must be present (erase).
  void insert(std::uint64_t hash, std::uint32_t slot, Retired& retired);
  void erase(std::uint64_t hash, std::uint32_t slot);

 private:
  // A search begins at the upper half of the hash: it is what an entry keeps, so a table can be
  // rebuilt.
  struct Table {
    explicit Table(std::size_t capacity)
        : mask(capacity - 1), entries(new std::atomic<std::uint64_t>[capacity]()) {}
    std::uint64_t mask;
    std::unique_ptr<std::atomic<std::uint64_t>[]> entries;
  };
  static constexpr std::uint64_t empty = 0;
  static constexpr std::uint64_t erased = 1;
  static constexpr std::uint32_t first_slot = 2;  // keeps every entry apart from the two above

  void grow(Retired& retired);

  std::atomic<Table*> table_;
  std::size_t used_ = 0;  // entries that are not empty, erased ones included
  std::size_t live_ = 0;
};

}  // namespace wanlab::routing
