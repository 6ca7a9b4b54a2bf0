#include "real_components/mysql/previous.hpp"

#include "real_components/mysql/statement.hpp"

namespace wanlab::mysql {
namespace {

// Past the end of what begins at `at` and is no code: a string, a quoted name, a comment. `at`
// itself where there is none.
std::size_t behind_quiet(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '\'' || c == '"' || c == '`') {
    for (++at; at < text.size() && text[at] != c; ++at) {
      if (text[at] == '\\' && c != '`') ++at;
    }
    return std::min(at + 1, text.size());
  }
  if (detail::begins_line_comment(text.substr(at))) {
    return std::min(text.find('\n', at), text.size());
  }
  // Some comments are executed.
  if (text.substr(at, 2) == "/*" && text.substr(at, 3) != "/*!" && text.substr(at, 4) != "/*M!") {
    const std::size_t end = text.find("*/", at + 2);
    return end == std::string_view::npos ? text.size() : end + 2;
  }
  return at;
}

// The length of "ROW_COUNT ( )" at the front; 0 if it is not that.
std::size_t call_size(std::string_view text) {
  constexpr std::string_view name = "ROW_COUNT";
  if (!detail::equals(text.substr(0, name.size()), name)) return 0;
  std::size_t at = name.size();
  for (const char bracket : {'(', ')'}) {
    while (at < text.size() && detail::is_space(text[at])) ++at;
    if (at == text.size() || text[at] != bracket) return 0;
    ++at;
  }
  return at;
}

}  // namespace

std::string with_row_count(std::string_view statement, std::int64_t row_count) {
  const std::string value = "COALESCE(" + std::to_string(row_count) + ",ROW_COUNT())";
  std::string out;
  int depth = 0;
  bool at_column = false;  // what comes next begins a column of a SELECT
  bool in_columns = false;
  for (std::size_t at = 0; at < statement.size();) {
    if (const std::size_t behind = behind_quiet(statement, at); behind != at) {
      out.append(statement.substr(at, behind - at));
      const bool comment = statement[at] != '\'' && statement[at] != '"' && statement[at] != '`';
      at_column = at_column && comment;
      at = behind;
      continue;
    }
    const char c = statement[at];
    if (!detail::is_name(c)) {
      if (c == '(') ++depth;
      if (c == ')') --depth;
      if (!detail::is_space(c)) at_column = c == ',' && depth == 0 && in_columns;
      out.push_back(c);
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < statement.size() && detail::is_name(statement[end])) ++end;
    const std::string_view word = statement.substr(at, end - at);
    const bool whole = at == 0 || (statement[at - 1] != '.' && statement[at - 1] != '@');
    const std::size_t call = whole ? call_size(statement.substr(at)) : 0;
    if (call != 0 && word.size() == 9) {
      out += value;
      std::string_view rest = statement.substr(at + call);
      detail::skip_blank(rest);
      const bool alone = rest.empty() || rest[0] == ',' || rest[0] == ';';
      if (at_column && alone) {
        out.append(" AS `").append(statement.substr(at, call)).append("`");
      }
      at_column = false;
      at += call;
      continue;
    }
    if (depth == 0 && detail::equals(word, "SELECT")) {
      at_column = in_columns = true;
    } else {
      at_column = false;
      if (depth == 0 && detail::equals(word, "FROM")) in_columns = false;
    }
    out.append(word);
    at = end;
  }
  return out;
}

}  // namespace wanlab::mysql
