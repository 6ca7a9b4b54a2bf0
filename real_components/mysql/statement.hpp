// What can be said of a statement from its first words, without parsing SQL: enough to know what a
// proxy that shares database connections among sessions may do with it. When in doubt it says
// `other`.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace wanlab::mysql {

enum class StatementKind : unsigned char {
  read,          // changes nothing, so it may be repeated
  other,         // may change data
  use_database,  // USE: changes the session's default database
  no_effect,  // already true of every session here: SET NAMES, SET autocommit=1, COMMIT, ROLLBACK
  session_state,  // needs a database connection of the session's own: BEGIN, LOCK, SET, PREPARE,
                  // ...
};

namespace detail {

constexpr bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
constexpr char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

constexpr bool equals(std::string_view word, std::string_view upper_case) {
  if (word.size() != upper_case.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (upper(word[i]) != upper_case[i]) return false;
  }
  return true;
}

// Drops white space and comments from the front; but not /*! and /*+, whose content means
// something.
constexpr void skip_blank(std::string_view& text) {
  while (!text.empty()) {
    if (is_space(text[0]) || text[0] == '(') {
      text.remove_prefix(1);
    } else if (text[0] == '#' || text.starts_with("-- ") || text.starts_with("--\n")) {
      const std::size_t end = text.find('\n');
      text.remove_prefix(end == std::string_view::npos ? text.size() : end);
    } else if (text.starts_with("/*") && !text.starts_with("/*!") && !text.starts_with("/*+")) {
      const std::size_t end = text.find("*/", 2);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    } else {
      return;
    }
  }
}

// Takes a word of letters and underscores, or one other character, off the front.
constexpr std::string_view take_word(std::string_view& text) {
  skip_blank(text);
  std::size_t size = 0;
  while (size < text.size()) {
    const char c = upper(text[size]);
    if (!(c >= 'A' && c <= 'Z') && c != '_' && c != '@') break;
    ++size;
  }
  if (size == 0 && !text.empty()) size = 1;
  const std::string_view word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

constexpr StatementKind kind_of_set(std::string_view rest) {
  std::string_view word = take_word(rest);
  if (equals(word, "SESSION")) word = take_word(rest);
  if (equals(word, "NAMES")) {
    const std::string_view character_set = take_word(rest);
    (void)character_set;
    return rest.find(',') == std::string_view::npos ? StatementKind::no_effect
                                                    : StatementKind::session_state;
  }
  if (equals(word, "AUTOCOMMIT") || equals(word, "@@AUTOCOMMIT")) {
    std::string_view sign = take_word(rest);
    if (sign == ":") sign = take_word(rest);
    const std::string_view value = take_word(rest);
    skip_blank(rest);
    if (sign == "=" && (value == "1" || equals(value, "ON") || equals(value, "TRUE")) &&
        (rest.empty() || rest == ";")) {
      return StatementKind::no_effect;
    }
  }
  return StatementKind::session_state;
}

}  // namespace detail

constexpr StatementKind kind_of(std::string_view statement) {
  using detail::equals;
  using detail::take_word;
  const std::string_view first = take_word(statement);
  if (first.empty()) return StatementKind::other;
  switch (detail::upper(first[0])) {
    case 'S':
      if (equals(first, "SELECT") || equals(first, "SHOW")) return StatementKind::read;
      if (equals(first, "SET")) return detail::kind_of_set(statement);
      if (equals(first, "START") || equals(first, "SAVEPOINT")) return StatementKind::session_state;
      break;
    case 'D':
      if (equals(first, "DESC") || equals(first, "DESCRIBE")) return StatementKind::read;
      if (equals(first, "DEALLOCATE")) return StatementKind::session_state;
      break;
    case 'E':
      // EXPLAIN ANALYZE executes what it explains.
      if (equals(first, "EXPLAIN")) {
        return equals(take_word(statement), "ANALYZE") ? StatementKind::other : StatementKind::read;
      }
      if (equals(first, "EXECUTE")) return StatementKind::session_state;
      break;
    case 'C':
      if (equals(first, "COMMIT")) return StatementKind::no_effect;
      if (equals(first, "CREATE") && equals(take_word(statement), "TEMPORARY")) {
        return StatementKind::session_state;
      }
      break;
    case 'R':
      if (equals(first, "ROLLBACK")) return StatementKind::no_effect;
      break;
    case 'U':
      if (equals(first, "USE")) return StatementKind::use_database;
      if (equals(first, "UNLOCK")) return StatementKind::session_state;
      break;
    case 'B':
      if (equals(first, "BEGIN")) return StatementKind::session_state;
      break;
    case 'L':
      if (equals(first, "LOCK")) return StatementKind::session_state;
      break;
    case 'P':
      if (equals(first, "PREPARE")) return StatementKind::session_state;
      break;
    case 'X':
      if (equals(first, "XA")) return StatementKind::session_state;
      break;
    default:
      break;
  }
  return StatementKind::other;
}

// The name in "USE name", without its back-quotes; empty if it is not that.
constexpr std::string_view database_of_use(std::string_view statement) {
  if (!detail::equals(detail::take_word(statement), "USE")) return {};
  detail::skip_blank(statement);
  while (!statement.empty() && (detail::is_space(statement.back()) || statement.back() == ';')) {
    statement.remove_suffix(1);
  }
  if (statement.size() >= 2 && statement.front() == '`' && statement.back() == '`') {
    statement = statement.substr(1, statement.size() - 2);
  }
  return statement;
}

}  // namespace wanlab::mysql
