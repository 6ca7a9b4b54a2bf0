// Draws of one named stream, in the words that world making needs. Nothing else may be a source of
// chance here.
#pragma once

#include "real_components/runtime/time.hpp"
#include "sim/base/random.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::fuzz {

class Dice {
 public:
  Dice(std::uint64_t seed, std::string_view name) : stream_(seed, name) {}

  // Both ends included.
  std::uint32_t between(std::uint32_t least, std::uint32_t most) {
    return least + static_cast<std::uint32_t>(scale_to(stream_.next(), most - least + 1));
  }
  // Whole milliseconds, so that what is made stays readable; both ends included.
  Duration between(Duration least, Duration most) {
    const auto unit = std::chrono::milliseconds(1);
    return least +
           unit * static_cast<std::int64_t>(scale_to(
                      stream_.next(), static_cast<std::uint64_t>((most - least) / unit) + 1));
  }
  // Many short ones and few long ones: uniform in the exponent of two.
  Duration skewed(Duration least, Duration most) {
    Duration top = least;
    while (top < most && chance(60)) top = std::min(top * 2, most);
    return between(least, top);
  }
  bool chance(std::uint32_t percent) { return between(1, 100) <= percent; }
  std::size_t index(std::size_t size) { return scale_to(stream_.next(), size); }
  template <typename T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[index(choices.size())];
  }
  // Each with this chance; at least one, if there are any.
  template <typename T>
  std::vector<T> some_of(const std::vector<T>& choices, std::uint32_t percent) {
    std::vector<T> chosen;
    for (const T& each : choices)
      if (chance(percent)) chosen.push_back(each);
    if (chosen.empty() && !choices.empty()) chosen.push_back(one_of(choices));
    return chosen;
  }

 private:
  NamedStream stream_;
};

}  // namespace wanlab::fuzz
