// The windows of the secrets, and the comparison behind a mark.
#include "sim/world/secret_tap.hpp"

#include <algorithm>

namespace wanlab::world {

void SecretTap::add(Secret secret) {
  if (secret.bytes.size() < shortest) return;
  const auto number = static_cast<std::uint32_t>(secrets_.size());
  for (std::uint32_t at = 0; at + stride <= secret.bytes.size(); ++at) {
    const auto word = load_little_endian<std::uint64_t>(secret.bytes.data() + at);
    const Window window{word, number, at};
    const auto place =
        std::upper_bound(windows_.begin(), windows_.end(), word,
                         [](std::uint64_t left, const Window& right) { return left < right.word; });
    windows_.insert(place, window);
    marks_[place_of(word) >> 6] |= std::uint64_t{1} << (place_of(word) & 63);
  }
  secrets_.push_back(std::move(secret));
}

const SecretTap::Secret* SecretTap::confirm(ByteView bytes, std::size_t at,
                                            std::uint64_t word) const {
  auto window =
      std::lower_bound(windows_.begin(), windows_.end(), word,
                       [](const Window& left, std::uint64_t right) { return left.word < right; });
  for (; window != windows_.end() && window->word == word; ++window) {
    const Secret& secret = secrets_[window->secret];
    // As far as both reach, on either side of the window.
    std::size_t first = window->at, last = window->at + stride;
    std::size_t here = at;
    while (first > 0 && here > 0 && secret.bytes[first - 1] == bytes[here - 1]) --first, --here;
    here = at + stride;
    while (last < secret.bytes.size() && here < bytes.size() && secret.bytes[last] == bytes[here]) {
      ++last, ++here;
    }
    if (last - first >= shortest) return &secret;
  }
  return nullptr;
}

}  // namespace wanlab::world
