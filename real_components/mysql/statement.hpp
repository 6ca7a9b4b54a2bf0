// What can be said of a statement without parsing SQL: enough to know what a proxy that shares
// database connections among sessions may do with it. Looks at the first words, and through the
// rest for what would leave something behind on the connection. When in doubt it says `other`.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace wanlab::mysql {

enum class StatementKind : unsigned char {
  read,           // changes nothing, so it may be repeated
  other,          // may change data
  use_database,   // USE: changes the session's default database
  no_effect,      // already true of every session here: SET NAMES utf8mb4, SET autocommit=1, COMMIT
  session_state,  // needs a database connection of the session's own: BEGIN, LOCK, SET, PREPARE,
                  // SELECT .. INTO @name, GET_LOCK(), LAST_INSERT_ID(), ...
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
    } else if (text[0] == '#' || text.starts_with("-- ") || text.starts_with("--\t") ||
               text.starts_with("--\n")) {
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
    // Connections to databases speak UTF-8: another character set would be promised, not applied.
    skip_blank(rest);
    if (!rest.empty() && (rest[0] == '\'' || rest[0] == '"')) rest.remove_prefix(1);
    word = take_word(rest);
    const bool spoken = (equals(word, "UTF") && rest.starts_with('8')) || equals(word, "DEFAULT");
    return spoken && rest.find(',') == std::string_view::npos ? StatementKind::no_effect
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

// EXPLAIN ANALYZE, under each of its names, executes what it explains.
constexpr StatementKind kind_of_explain(std::string_view rest) {
  return equals(take_word(rest), "ANALYZE") ? StatementKind::other : StatementKind::read;
}

// One look-up per character: every statement passes through here, at the edge and at the origin.
inline constexpr std::array<bool, 256> name_characters = [] {
  std::array<bool, 256> table{};
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    table[static_cast<std::size_t>(value)] = [c] {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) >= 0x80;
    }();
  }
  return table;
}();
constexpr bool is_name(char c) {
  return name_characters[static_cast<unsigned char>(c)];
}

// What stands anywhere in a statement, outside of strings, quoted names and comments.
struct Inside {
  bool executable_comment = false;  // /*! .. */: which part counts depends on the server's version
  bool into = false;                // the word INTO
  bool connection_state = false;    // sets or reads what belongs to one database connection
};

// Functions whose effect or answer depends on the connection they run on.
constexpr bool is_connection_function(std::string_view word, std::string_view arguments) {
  switch (word.size()) {
    case 8:
      return equals(word, "GET_LOCK");
    case 9:
      return equals(word, "ROW_COUNT");
    case 10:
      return equals(word, "FOUND_ROWS");
    case 12:
      return equals(word, "RELEASE_LOCK");
    case 17:
      return equals(word, "RELEASE_ALL_LOCKS");
    case 14: {
      // With an argument it says by itself what it answers.
      if (!equals(word, "LAST_INSERT_ID")) return false;
      arguments.remove_prefix(1);
      skip_blank(arguments);
      return !arguments.empty() && arguments[0] == ')';
    }
    default:
      return false;
  }
}

constexpr Inside look_inside(std::string_view text) {
  Inside inside;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (is_name(c)) {
      const std::size_t start = at;
      while (at < text.size() && is_name(text[at])) ++at;
      const std::string_view word = text.substr(start, at - start);
      const bool qualified = start != 0 && (text[start - 1] == '.' || text[start - 1] == '@');
      if (qualified || word.size() < 4) continue;
      if (equals(word, "INTO")) inside.into = true;
      std::string_view rest = text.substr(at);
      while (!rest.empty() && is_space(rest[0])) rest.remove_prefix(1);
      if (!rest.empty() && rest[0] == '(' && is_connection_function(word, rest)) {
        inside.connection_state = true;
      }
    } else if (c == '\'' || c == '"' || c == '`') {
      // A doubled quote ends one string and begins the next: nothing in between is lost.
      for (++at; at < text.size() && text[at] != c; ++at) {
        if (text[at] == '\\' && c != '`') ++at;
      }
      ++at;
    } else if (c == '#' ||
               (c == '-' && text.substr(at, 2) == "--" &&
                (at + 2 == text.size() || static_cast<unsigned char>(text[at + 2]) <= ' '))) {
      at = text.find('\n', at);
    } else if (c == '/' && text.substr(at, 2) == "/*") {
      if (text.substr(at, 3) == "/*!") inside.executable_comment = true;
      at = text.find("*/", at + 2);
      if (at != std::string_view::npos) at += 2;
    } else {
      if (c == ':' && text.substr(at, 2) == ":=") inside.connection_state = true;
      ++at;
    }
  }
  return inside;
}

constexpr StatementKind kind_by_first_words(std::string_view statement) {
  const std::string_view first = take_word(statement);
  if (first.empty()) return StatementKind::other;
  switch (detail::upper(first[0])) {
    case 'S':
      if (equals(first, "SELECT") || equals(first, "SHOW")) return StatementKind::read;
      if (equals(first, "SET")) return detail::kind_of_set(statement);
      if (equals(first, "START") || equals(first, "SAVEPOINT")) return StatementKind::session_state;
      break;
    case 'D':
      if (equals(first, "DESC") || equals(first, "DESCRIBE")) return kind_of_explain(statement);
      if (equals(first, "DEALLOCATE")) return StatementKind::session_state;
      break;
    case 'E':
      if (equals(first, "EXPLAIN")) return kind_of_explain(statement);
      if (equals(first, "EXECUTE")) return StatementKind::session_state;
      break;
    case 'C':
      if (equals(first, "COMMIT")) return StatementKind::no_effect;
      if (equals(first, "CREATE") && equals(take_word(statement), "TEMPORARY")) {
        return StatementKind::session_state;
      }
      break;
    case 'F':
      // WITH READ LOCK and FOR EXPORT lock until the connection ends.
      if (equals(first, "FLUSH")) {
        std::string_view word = take_word(statement);
        if (equals(word, "LOCAL") || equals(word, "NO_WRITE_TO_BINLOG"))
          word = take_word(statement);
        if (equals(word, "TABLE") || equals(word, "TABLES")) return StatementKind::session_state;
      }
      break;
    case 'H':
      if (equals(first, "HANDLER")) return StatementKind::session_state;
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

}  // namespace detail

constexpr StatementKind kind_of(std::string_view statement) {
  const StatementKind kind = detail::kind_by_first_words(statement);
  if (kind != StatementKind::read && kind != StatementKind::other) return kind;
  const detail::Inside inside = detail::look_inside(statement);
  if (inside.executable_comment || inside.connection_state) return StatementKind::session_state;
  // SELECT .. INTO writes a file or sets variables.
  return kind == StatementKind::read && inside.into ? StatementKind::session_state : kind;
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
