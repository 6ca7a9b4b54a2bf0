// What can be said of a statement without parsing SQL: enough to know what a proxy that shares
// database connections among sessions may do with it. Looks at the first words, and through the
// rest for what would leave something behind on the connection. What it cannot judge is
// `open_ended`: then the connection is the session's own until the server's answer shows that
// nothing is left on it.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string_view>

namespace wanlab::mysql {

enum class StatementKind : unsigned char {
  read,           // changes nothing, so it may be repeated
  other,          // may change data, nothing of the session
  use_database,   // USE: changes the session's default database
  settings,       // SET of session variables: settings.hpp says which, if it can be told
  begin,          // BEGIN, START TRANSACTION
  end,            // COMMIT and ROLLBACK of a whole transaction
  open_ended,     // CALL, EXECUTE, several statements, ...: the server's answer tells
  session_state,  // leaves on its connection what no answer speaks of: GET_LOCK(), SET @x, PREPARE
  lock_tables,    // ... until unlock_tables
  unlock_tables,
  next_transaction,  // SET TRANSACTION: about the next one only
  diagnostics,       // SHOW WARNINGS and the like: about the statement before
  kill,              // KILL: names a connection of the client's world, not of the database's
  refused,           // SET PASSWORD: concerns the account that all sessions of the branch share
};

// A statement and what else of it matters where connections are shared.
struct Statement {
  StatementKind kind = StatementKind::open_ended;
  bool calculates_found_rows = false;  // SQL_CALC_FOUND_ROWS: FOUND_ROWS() is asked next
  bool reads_last_insert_id = false;   // LAST_INSERT_ID() without an argument
  bool gives_last_insert_id = false;   // LAST_INSERT_ID(5)
  bool reads_row_count = false;        // ROW_COUNT()
  bool reads_found_rows = false;       // FOUND_ROWS()
  bool reads_warnings = false;         // @@warning_count, @@error_count
  bool ends_no_transaction = false;    // surely not: SELECT, INSERT, UPDATE, DELETE, ...

  constexpr bool operator==(const Statement&) const = default;
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

constexpr bool is_any(std::string_view word, std::initializer_list<std::string_view> words) {
  for (const std::string_view each : words) {
    if (equals(word, each)) return true;
  }
  return false;
}

// Whether the front begins a comment to the end of the line. Behind "--" stands white space or a
// control character, or nothing: else it is arithmetic.
constexpr bool begins_line_comment(std::string_view text) {
  if (text.starts_with('#')) return true;
  if (!text.starts_with("--")) return false;
  return text.size() == 2 || static_cast<unsigned char>(text[2]) <= ' ' || text[2] == '\x7f';
}

// Drops white space and comments from the front; but not /*! and /*+, whose content means
// something.
constexpr void skip_blank(std::string_view& text) {
  while (!text.empty()) {
    if (is_space(text[0]) || text[0] == '(') {
      text.remove_prefix(1);
    } else if (begins_line_comment(text)) {
      const std::size_t end = text.find('\n');
      text.remove_prefix(end == std::string_view::npos ? text.size() : end);
    } else if (text.starts_with("/*") && !text.starts_with("/*!") && !text.starts_with("/*M!") &&
               !text.starts_with("/*+")) {
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
  if (equals(word, "TRANSACTION")) return StatementKind::next_transaction;
  if (equals(word, "PASSWORD")) return StatementKind::refused;
  if (equals(word, "GLOBAL") || equals(word, "STATEMENT")) return StatementKind::open_ended;
  if (equals(word, "ROLE")) return StatementKind::session_state;
  if (equals(word, "DEFAULT")) return StatementKind::open_ended;
  return StatementKind::settings;
}

// EXPLAIN ANALYZE, under each of its names, executes what it explains.
constexpr StatementKind kind_of_explain(std::string_view rest) {
  return equals(take_word(rest), "ANALYZE") ? StatementKind::other : StatementKind::read;
}

// What a character may begin. One look-up each: every statement passes through here at the edge.
enum class Begins : unsigned char { nothing, name, quoted, comment, assignment, statement };
inline constexpr std::array<Begins, 256> beginnings = [] {
  std::array<Begins, 256> table{};
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    table[static_cast<std::size_t>(value)] = [c] {
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
          c == '$' || static_cast<unsigned char>(c) >= 0x80) {
        return Begins::name;
      }
      if (c == '\'' || c == '"' || c == '`') return Begins::quoted;
      if (c == '#' || c == '-' || c == '/') return Begins::comment;
      if (c == ':') return Begins::assignment;
      return c == ';' ? Begins::statement : Begins::nothing;
    }();
  }
  return table;
}();
constexpr Begins begins(char c) {
  return beginnings[static_cast<unsigned char>(c)];
}
constexpr bool is_name(char c) {
  return begins(c) == Begins::name;
}

// What stands anywhere in a statement, outside of strings, quoted names and comments.
struct Inside {
  bool executable_comment = false;  // /*! .. */: which part counts depends on the server's version
  bool into = false;                // the word INTO
  bool connection_state = false;    // sets what belongs to one database connection
  bool last_insert_id = false;
  bool gives_last_insert_id = false;
  bool row_count = false;
  bool found_rows = false;
  bool warnings = false;
  bool found_rows_wanted = false;
  bool several = false;  // something behind a semicolon
};

// Functions whose effect or answer depends on the connection they run on. `rest` begins with the
// bracket behind the name.
constexpr void look_at_function(std::string_view word, std::string_view rest, Inside& inside) {
  switch (word.size()) {
    case 8:
      inside.connection_state |= equals(word, "GET_LOCK");
      return;
    case 9:
      inside.row_count |= equals(word, "ROW_COUNT");
      return;
    case 10:
      inside.found_rows |= equals(word, "FOUND_ROWS");
      return;
    case 12:
      inside.connection_state |= equals(word, "RELEASE_LOCK");
      return;
    case 17:
      inside.connection_state |= equals(word, "RELEASE_ALL_LOCKS");
      return;
    case 14: {
      // With an argument it says by itself what it answers.
      if (!equals(word, "LAST_INSERT_ID")) return;
      rest.remove_prefix(1);
      skip_blank(rest);
      const bool asked = !rest.empty() && rest[0] == ')';
      inside.last_insert_id |= asked;
      inside.gives_last_insert_id |= !asked;
      return;
    }
    default:
      return;
  }
}

// Variables that speak of the statement or the insert before.
constexpr void look_at_variable(std::string_view word, Inside& inside) {
  inside.warnings |= equals(word, "WARNING_COUNT") || equals(word, "ERROR_COUNT");
  inside.last_insert_id |= equals(word, "LAST_INSERT_ID") || equals(word, "IDENTITY");
}

// A name of four letters or more that ends before `end`.
constexpr void look_at_name(std::string_view text, std::size_t start, std::size_t end,
                            Inside& inside) {
  const std::string_view word = text.substr(start, end - start);
  const bool qualified = start != 0 && (text[start - 1] == '.' || text[start - 1] == '@');
  if (qualified) {
    if (start > 1 && text[start - 2] != '\'') look_at_variable(word, inside);
    return;
  }
  if (equals(word, "INTO")) inside.into = true;
  if (equals(word, "SQL_CALC_FOUND_ROWS")) inside.found_rows_wanted = true;
  while (end < text.size() && is_space(text[end])) ++end;
  if (end < text.size() && text[end] == '(') look_at_function(word, text.substr(end), inside);
}

// Behind the comment that begins at `at`, or behind the character if none does.
constexpr std::size_t skip_comment(std::string_view text, std::size_t at, Inside& inside) {
  if (text[at] != '/') {
    return begins_line_comment(text.substr(at)) ? text.find('\n', at) : at + 1;
  }
  if (text.substr(at, 2) != "/*") return at + 1;
  if (text.substr(at, 3) == "/*!" || text.substr(at, 4) == "/*M!") inside.executable_comment = true;
  const std::size_t end = text.find("*/", at + 2);
  return end == std::string_view::npos ? end : end + 2;
}

constexpr Inside look_inside(std::string_view text) {
  constexpr std::size_t shortest_word = 4;
  Inside inside;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = at;
    switch (begins(text[at])) {
      case Begins::nothing:
        ++at;
        break;
      case Begins::name:
        do ++at;
        while (at < text.size() && is_name(text[at]));
        if (at - start >= shortest_word) look_at_name(text, start, at, inside);
        break;
      case Begins::quoted:
        // A doubled quote ends one string and begins the next: nothing in between is lost.
        for (++at; at < text.size() && text[at] != text[start]; ++at) {
          if (text[at] == '\\' && text[start] != '`') ++at;
        }
        ++at;
        break;
      case Begins::comment:
        at = skip_comment(text, at, inside);
        break;
      case Begins::assignment:
        if (text.substr(at, 2) == ":=") inside.connection_state = true;
        ++at;
        break;
      case Begins::statement: {
        std::string_view rest = text.substr(++at);
        const std::string_view word = take_word(rest);
        if (word.empty() || word == ";") break;
        inside.several = true;
        // Locks are what a server's answer does not speak of.
        if (is_any(word, {"LOCK", "FLUSH", "HANDLER", "XA"})) inside.connection_state = true;
        break;
      }
    }
  }
  return inside;
}

constexpr bool nothing_follows(std::string_view rest) {
  skip_blank(rest);
  return rest.empty() || rest == ";";
}

// COMMIT and ROLLBACK, unless a savepoint, a chained transaction or the connection is meant.
constexpr StatementKind kind_of_end(std::string_view rest) {
  std::string_view behind = rest;
  if (equals(take_word(behind), "WORK")) rest = behind;
  return nothing_follows(rest) ? StatementKind::end : StatementKind::open_ended;
}

constexpr StatementKind kind_of_begin(std::string_view rest) {
  std::string_view behind = rest;
  if (equals(take_word(behind), "WORK")) rest = behind;
  // BEGIN NOT ATOMIC is a whole program.
  return nothing_follows(rest) ? StatementKind::begin : StatementKind::open_ended;
}

constexpr StatementKind kind_of_show(std::string_view rest) {
  const std::string_view word = take_word(rest);
  if (is_any(word, {"WARNINGS", "ERRORS"})) return StatementKind::diagnostics;
  // SHOW COUNT(*) WARNINGS
  return equals(word, "COUNT") ? StatementKind::diagnostics : StatementKind::read;
}

// FLUSH TABLES .. WITH READ LOCK and FOR EXPORT lock until UNLOCK TABLES.
constexpr StatementKind kind_of_flush(std::string_view rest) {
  std::string_view word = take_word(rest);
  if (is_any(word, {"LOCAL", "NO_WRITE_TO_BINLOG"})) word = take_word(rest);
  return is_any(word, {"TABLE", "TABLES"}) ? StatementKind::lock_tables : StatementKind::other;
}

constexpr StatementKind kind_by_first_words(std::string_view statement) {
  const std::string_view first = take_word(statement);
  if (first.empty()) return StatementKind::open_ended;
  switch (upper(first[0])) {
    case 'S':
      if (equals(first, "SELECT")) return StatementKind::read;
      if (equals(first, "SHOW")) return kind_of_show(statement);
      if (equals(first, "SET")) return kind_of_set(statement);
      if (equals(first, "START")) {
        return equals(take_word(statement), "TRANSACTION") ? StatementKind::begin
                                                           : StatementKind::open_ended;
      }
      break;
    case 'I':
      if (equals(first, "INSERT")) return StatementKind::other;
      break;
    case 'D':
      if (equals(first, "DELETE")) return StatementKind::other;
      if (is_any(first, {"DESC", "DESCRIBE"})) return kind_of_explain(statement);
      if (is_any(first, {"DROP", "DO"})) return StatementKind::other;
      break;
    case 'E':
      if (equals(first, "EXPLAIN")) return kind_of_explain(statement);
      break;
    case 'C':
      if (equals(first, "COMMIT")) return kind_of_end(statement);
      if (equals(first, "CREATE")) {
        // CREATE [OR REPLACE] TEMPORARY TABLE
        std::string_view word = take_word(statement);
        if (equals(word, "OR")) {
          take_word(statement);
          word = take_word(statement);
        }
        return equals(word, "TEMPORARY") ? StatementKind::session_state : StatementKind::other;
      }
      if (is_any(first, {"CHECK", "CHECKSUM"})) return StatementKind::other;
      break;
    case 'F':
      if (equals(first, "FLUSH")) return kind_of_flush(statement);
      break;
    case 'G':
      if (equals(first, "GET")) return StatementKind::diagnostics;
      if (equals(first, "GRANT")) return StatementKind::other;
      break;
    case 'H':
      if (equals(first, "HANDLER")) return StatementKind::session_state;
      break;
    case 'K':
      if (equals(first, "KILL")) return StatementKind::kill;
      break;
    case 'R':
      if (equals(first, "ROLLBACK")) return kind_of_end(statement);
      if (is_any(first, {"REPLACE", "RENAME", "REVOKE", "REPAIR"})) return StatementKind::other;
      break;
    case 'U':
      if (equals(first, "UPDATE")) return StatementKind::other;
      if (equals(first, "USE")) return StatementKind::use_database;
      if (equals(first, "UNLOCK")) return StatementKind::unlock_tables;
      break;
    case 'A':
      if (is_any(first, {"ALTER", "ANALYZE"})) return StatementKind::other;
      break;
    case 'B':
      if (equals(first, "BEGIN")) return kind_of_begin(statement);
      break;
    case 'L':
      if (equals(first, "LOCK")) return StatementKind::lock_tables;
      if (equals(first, "LOAD")) return StatementKind::other;
      break;
    case 'O':
      if (equals(first, "OPTIMIZE")) return StatementKind::other;
      break;
    case 'P':
      if (equals(first, "PREPARE")) return StatementKind::session_state;
      break;
    case 'T':
      if (is_any(first, {"TRUNCATE", "TABLE"})) return StatementKind::other;
      break;
    case 'V':
      if (equals(first, "VALUES")) return StatementKind::other;
      break;
    case 'W':
      if (equals(first, "WITH")) return StatementKind::other;
      break;
    case 'X':
      if (equals(first, "XA")) return StatementKind::session_state;
      break;
    default:
      break;
  }
  return StatementKind::open_ended;
}

// Other first words (ALTER, CREATE, ...) commit what is open; of CALL nobody knows.
constexpr bool leaves_transactions_open(std::string_view statement, StatementKind kind) {
  if (kind == StatementKind::read || kind == StatementKind::diagnostics) return true;
  const std::string_view first = take_word(statement);
  return is_any(first, {"INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "SAVEPOINT", "DO"});
}

}  // namespace detail

// `several`: whether the session may send several statements at once (otherwise what stands behind
// a semicolon is a syntax error, which is the server's to tell).
constexpr Statement classify(std::string_view text, bool several = false) {
  Statement statement;
  statement.kind = detail::kind_by_first_words(text);
  if (statement.kind == StatementKind::refused || statement.kind == StatementKind::session_state) {
    return statement;
  }
  const detail::Inside inside = detail::look_inside(text);
  statement.calculates_found_rows = inside.found_rows_wanted;
  statement.reads_last_insert_id = inside.last_insert_id;
  statement.gives_last_insert_id = inside.gives_last_insert_id;
  statement.reads_row_count = inside.row_count;
  statement.reads_found_rows = inside.found_rows;
  statement.reads_warnings = inside.warnings;
  if (inside.executable_comment || (inside.several && several)) {
    // Whatever their parts are: what words alone can tell of them is taken for granted.
    statement.kind =
        inside.connection_state ? StatementKind::session_state : StatementKind::open_ended;
    return statement;
  }
  const bool plain =
      statement.kind == StatementKind::read || statement.kind == StatementKind::other;
  if (plain && inside.connection_state) statement.kind = StatementKind::session_state;
  // SELECT .. INTO writes a file or sets variables.
  if (statement.kind == StatementKind::read && inside.into) {
    statement.kind = StatementKind::session_state;
  }
  statement.ends_no_transaction = detail::leaves_transactions_open(text, statement.kind);
  return statement;
}

constexpr StatementKind kind_of(std::string_view statement) {
  return classify(statement).kind;
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
