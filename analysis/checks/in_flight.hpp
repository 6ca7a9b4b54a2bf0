// What has begun and not ended, by host and number: a small hash table for millions of short lives.
// Nothing is ever decided by the order of its places.
#pragma once

#include "sim/trace/host_label.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace wanlab::analysis {

template <typename Value>
class InFlight {
 public:
  struct Entry {
    std::uint64_t subject = 0;
    std::uint32_t host = none;
    Value value{};
  };

  InFlight() : entries_(64) {}

  std::size_t size() const { return size_; }

  Value* find(trace::HostIndex host, std::uint64_t subject) {
    for (std::size_t at = place(key(host), subject);; at = next(at)) {
      Entry& entry = entries_[at];
      if (entry.host == none) return nullptr;
      if (entry.subject == subject && entry.host == key(host)) return &entry.value;
    }
  }
  // The value, made anew if there was none; `second`: there was none.
  std::pair<Value*, bool> insert(trace::HostIndex host, std::uint64_t subject) {
    if ((size_ + 1) * 2 > entries_.size()) grow();
    for (std::size_t at = place(key(host), subject);; at = next(at)) {
      Entry& entry = entries_[at];
      if (entry.host == none) {
        entry = {subject, key(host), Value{}};
        ++size_;
        return {&entry.value, true};
      }
      if (entry.subject == subject && entry.host == key(host)) return {&entry.value, false};
    }
  }
  void erase(const Value* value) {
    const auto* entry = reinterpret_cast<const Entry*>(reinterpret_cast<const std::byte*>(value) -
                                                       offsetof(Entry, value));
    auto hole = static_cast<std::size_t>(entry - entries_.data());
    --size_;
    // Whoever was pushed past the hole moves back into it.
    for (std::size_t at = next(hole); entries_[at].host != none; at = next(at)) {
      const std::size_t home = place(entries_[at].host, entries_[at].subject);
      if (((at - home) & mask()) < ((at - hole) & mask())) continue;
      entries_[hole] = entries_[at];
      hole = at;
    }
    entries_[hole] = Entry{};
  }
  void erase_host(trace::HostIndex host) {
    std::vector<Entry> kept;
    for (const Entry& entry : entries_) {
      if (entry.host != none && entry.host != key(host)) kept.push_back(entry);
    }
    entries_.assign(entries_.size(), Entry{});
    size_ = 0;
    for (const Entry& entry : kept) {
      *insert(static_cast<trace::HostIndex>(entry.host), entry.subject).first = entry.value;
    }
  }
  // In no order that means anything: sort what is shown.
  template <typename Visit>
  void each(const Visit& visit) const {
    for (const Entry& entry : entries_) {
      if (entry.host != none)
        visit(static_cast<trace::HostIndex>(entry.host), entry.subject, entry.value);
    }
  }

 private:
  static constexpr std::uint32_t none = 0xffffffff;

  static std::uint32_t key(trace::HostIndex host) { return static_cast<std::uint32_t>(host); }
  std::size_t mask() const { return entries_.size() - 1; }
  std::size_t next(std::size_t at) const { return (at + 1) & mask(); }
  std::size_t place(std::uint32_t host, std::uint64_t subject) const {
    const std::uint64_t hash = (subject + (std::uint64_t{host} << 32)) * 0x9e3779b97f4a7c15u;
    return (hash >> 32) & mask();
  }
  void grow() {
    std::vector<Entry> old(entries_.size() * 2);
    old.swap(entries_);
    size_ = 0;
    for (const Entry& entry : old) {
      if (entry.host == none) continue;
      *insert(static_cast<trace::HostIndex>(entry.host), entry.subject).first = entry.value;
    }
  }

  std::vector<Entry> entries_;
  std::size_t size_ = 0;
};

}  // namespace wanlab::analysis
