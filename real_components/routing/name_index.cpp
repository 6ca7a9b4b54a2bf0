// The writing side of the name index.
#include "real_components/routing/name_index.hpp"

#include <bit>

namespace wanlab::routing {

std::uint64_t hash_name(std::string_view name, std::uint64_t seed) {
  // FNV-1a (Fowler, Noll, Vo), then the finaliser of MurmurHash3 (Appleby): FNV's high bits are
  // weak.
  std::uint64_t hash = 0xcbf29ce484222325u ^ seed;
  for (const char character : name) {
    hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3u;
  }
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
  return hash ^ (hash >> 33);
}

namespace {
constexpr std::size_t smallest_table = 64;
}

NameIndex::NameIndex() : table_(new Table(smallest_table)) {}
NameIndex::~NameIndex() {
  delete table_.load();
}

void NameIndex::insert(std::uint64_t hash, std::uint32_t slot, Retired& retired) {
  // A quarter always stays empty, so every search ends.
  if ((used_ + 1) * 4 > (table_.load()->mask + 1) * 3) grow(retired);
  const Table& table = *table_.load();
  for (std::uint64_t at = hash >> 32;; ++at) {
    std::atomic<std::uint64_t>& entry = table.entries[at & table.mask];
    const std::uint64_t held = entry.load(std::memory_order_relaxed);
    if (held != empty && held != erased) continue;
    if (held == empty) ++used_;
    ++live_;
    entry.store((hash >> 32 << 32) | (slot + first_slot), std::memory_order_release);
    return;
  }
}

void NameIndex::erase(std::uint64_t hash, std::uint32_t slot) {
  const Table& table = *table_.load();
  const std::uint64_t wanted = (hash >> 32 << 32) | (slot + first_slot);
  for (std::uint64_t at = hash >> 32;; ++at) {
    std::atomic<std::uint64_t>& entry = table.entries[at & table.mask];
    const std::uint64_t held = entry.load(std::memory_order_relaxed);
    if (held == empty) return;
    if (held != wanted) continue;
    entry.store(erased, std::memory_order_release);
    --live_;
    return;
  }
}

void NameIndex::grow(Retired& retired) {
  const Table* old = table_.load();
  auto* bigger = new Table(std::bit_ceil((live_ + 1) * 2 + smallest_table / 2));
  for (std::uint64_t i = 0; i <= old->mask; ++i) {
    const std::uint64_t entry = old->entries[i].load(std::memory_order_relaxed);
    if (entry == empty || entry == erased) continue;
    std::uint64_t at = entry >> 32;
    while (bigger->entries[at & bigger->mask].load(std::memory_order_relaxed) != empty) ++at;
    bigger->entries[at & bigger->mask].store(entry, std::memory_order_relaxed);
  }
  used_ = live_;
  table_.store(bigger, std::memory_order_release);
  retired.retire(old);
}

}  // namespace wanlab::routing
