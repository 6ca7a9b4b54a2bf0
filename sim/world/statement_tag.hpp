// A mark by which an answer can be told to belong to its statement: clients put it into a comment
// behind the statement, simulated databases at the front of the value they give back.
#pragma once

#include "real_components/runtime/bytes.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace wanlab::world {

inline constexpr std::size_t tag_digits = 16;
inline constexpr std::string_view tag_opens = " /*", tag_closes = "*/";
// Before the digits in a value.
inline constexpr std::string_view tag_word = "tag:";
// Only plans with at most so many connections: beyond, an oracle that samples sees no more, and the
// bytes would cost.
inline constexpr std::uint64_t most_tagged_connections = 20'000;

inline std::array<char, tag_digits> tag_text(std::uint64_t tag) {
  std::array<char, tag_digits> text{};
  for (std::size_t place = tag_digits; place-- > 0; tag >>= 4) {
    text[place] = "0123456789abcdef"[tag & 0xf];
  }
  return text;
}

// The digits that a statement ends with; nothing if it has none.
inline std::string_view tag_of_statement(std::string_view statement) {
  constexpr std::size_t size = tag_opens.size() + tag_digits + tag_closes.size();
  if (statement.size() < size || !statement.ends_with(tag_closes)) return {};
  const std::string_view end = statement.substr(statement.size() - size);
  return end.starts_with(tag_opens) ? end.substr(tag_opens.size(), tag_digits) : std::string_view();
}

// The digits in an answer; nothing if it shows none, or not all of them.
inline std::string_view tag_in_answer(ByteView answer) {
  const std::string_view text = as_text(answer);
  const std::size_t at = text.find(tag_word);
  if (at == std::string_view::npos || at + tag_word.size() + tag_digits > text.size()) return {};
  return text.substr(at + tag_word.size(), tag_digits);
}

}  // namespace wanlab::world
