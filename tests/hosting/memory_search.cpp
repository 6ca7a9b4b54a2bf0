#include "tests/hosting/memory_search.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace wanlab::testing {
namespace {

constexpr std::size_t chunk = 1 << 20;

std::uint32_t beginning(const std::byte* bytes) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

}  // namespace

void MemorySearch::add(const std::string& name, ByteView needle) {
  if (needle.size() < 4) throw std::invalid_argument("too short to mean anything");
  const std::uint32_t word = beginning(needle.data());
  by_beginning_[word].push_back(needles_.size());
  beginnings_[word & 0xffff] = true;
  longest_ = std::max(longest_, needle.size());
  needles_.push_back({name, Bytes(needle.begin(), needle.end())});
}

void MemorySearch::add_with_digits(const std::string& name, ByteView needle) {
  add(name, needle);
  for (const char* const digits : {"0123456789abcdef", "0123456789ABCDEF"}) {
    std::string text;
    for (const std::byte byte : needle) {
      text += digits[std::to_integer<unsigned>(byte) >> 4];
      text += digits[std::to_integer<unsigned>(byte) & 15];
    }
    add(name + ", in digits", as_bytes(text));
  }
}

// Of needles that begin before `until`.
void MemorySearch::look(ByteView memory, std::size_t until,
                        std::map<std::string, std::size_t>& found) const {
  for (std::size_t at = 0; at < until && at + 4 <= memory.size(); ++at) {
    const std::uint32_t word = beginning(&memory[at]);
    if (!beginnings_[word & 0xffff]) continue;
    const auto candidates = by_beginning_.find(word);
    if (candidates == by_beginning_.end()) continue;
    for (const std::size_t index : candidates->second) {
      const Needle& needle = needles_[index];
      if (memory.size() - at >= needle.bytes.size() &&
          std::equal(needle.bytes.begin(), needle.bytes.end(), &memory[at])) {
        ++found[needle.name];
      }
    }
  }
}

std::map<std::string, std::size_t> MemorySearch::in(pid_t process) const {
  const std::string folder = "/proc/" + std::to_string(process);
  const int memory = ::open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  if (memory < 0) {
    throw std::runtime_error(folder + "/mem: " + std::strerror(errno));
  }
  std::map<std::string, std::size_t> found;
  searched_ = 0;
  std::ifstream maps(folder + "/maps");
  Bytes bytes(chunk + longest_);
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t from = 0, to = 0;
    char rights[5]{};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, rights) != 3) continue;
    if (rights[0] != 'r' || rights[1] != 'w') continue;
    for (std::uint64_t at = from; at < to; at += chunk) {
      const std::size_t wanted = std::min<std::uint64_t>(bytes.size(), to - at);
      const ssize_t got = ::pread(memory, bytes.data(), wanted, static_cast<off_t>(at));
      if (got <= 0) continue;  // gone since the list was read
      const auto size = static_cast<std::size_t>(got);
      look(ByteView(bytes).first(size), std::min(size, chunk), found);
      searched_ += std::min(size, chunk);
    }
  }
  ::close(memory);
  if (searched_ == 0) throw std::runtime_error(folder + "/mem: nothing could be read");
  return found;
}

}  // namespace wanlab::testing
