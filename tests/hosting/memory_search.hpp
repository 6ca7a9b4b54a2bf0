// Looks for known bytes in the memory of another process. That must be a child of this one, or the
// system may refuse.
#pragma once

#include "real_components/runtime/bytes.hpp"

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace wanlab::testing {

class MemorySearch {
 public:
  // 4 bytes at least. The name is what findings go by; several needles may share one.
  void add(const std::string& name, ByteView needle);
  // And as hexadecimal digits of either case.
  void add_with_digits(const std::string& name, ByteView needle);

  // How often each was found in whatever the process can write to. Throws std::runtime_error when
  // its memory cannot be read.
  std::map<std::string, std::size_t> in(pid_t process) const;
  // Of the last search.
  std::size_t bytes_searched() const { return searched_; }

 private:
  struct Needle {
    std::string name;
    Bytes bytes;
  };
  void look(ByteView memory, std::size_t until, std::map<std::string, std::size_t>& found) const;

  std::vector<Needle> needles_;
  std::map<std::uint32_t, std::vector<std::size_t>> by_beginning_;
  std::vector<bool> beginnings_ = std::vector<bool>(1 << 16);
  std::size_t longest_ = 0;
  mutable std::size_t searched_ = 0;
};

}  // namespace wanlab::testing
