// Database names that sessions currently use, each stored once. A session holds a number instead of
// a string; a name nobody holds is forgotten, so clients cannot fill it with names.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::edge {

class NamePool {
 public:
  // Number 0 is the empty name and is not counted.
  NamePool() { entries_.emplace_back(); }

  // The name's number, held once more.
  std::uint32_t hold(std::string_view name) {
    if (name.empty()) return 0;
    auto found = numbers_.find(name);
    if (found == numbers_.end()) {
      std::uint32_t number = static_cast<std::uint32_t>(entries_.size());
      if (free_.empty()) {
        entries_.emplace_back();
      } else {
        number = free_.back();
        free_.pop_back();
      }
      found = numbers_.emplace(std::string(name), number).first;
      entries_[number].name = &found->first;
    }
    ++entries_[found->second].holders;
    return found->second;
  }

  void release(std::uint32_t number) {
    if (number == 0) return;
    Entry& entry = entries_[number];
    if (--entry.holders != 0) return;
    numbers_.erase(numbers_.find(*entry.name));
    entry.name = nullptr;
    free_.push_back(number);
  }

  std::string_view name(std::uint32_t number) const {
    return number == 0 ? std::string_view() : std::string_view(*entries_[number].name);
  }
  std::size_t size() const { return numbers_.size(); }

 private:
  struct Entry {
    const std::string* name = nullptr;  // a key of numbers_, which does not move
    std::uint32_t holders = 0;
  };
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
};

}  // namespace wanlab::edge
