#include "real_components/mysql/settings.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace wanlab::mysql {
namespace {

// One variable: its lower-case name, and the text that gives it its value.
struct Item {
  std::string name;
  std::string text;
};

constexpr bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
constexpr bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Takes tokens off the front of a SET statement. Comments are no part of what is understood.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  void skip() {
    while (!rest_.empty() && is_blank(rest_[0])) rest_.remove_prefix(1);
  }
  bool done() {
    skip();
    return rest_.empty() || rest_ == ";";
  }
  bool take(std::string_view mark) {
    skip();
    if (!rest_.starts_with(mark)) return false;
    rest_.remove_prefix(mark.size());
    return true;
  }
  // In lower case; empty if there is none.
  std::string word() {
    skip();
    std::size_t size = 0;
    while (size < rest_.size() && is_word(rest_[size])) ++size;
    std::string word(rest_.substr(0, size));
    std::transform(word.begin(), word.end(), word.begin(), lower);
    rest_.remove_prefix(size);
    return word;
  }
  bool word_is(std::string_view expected) {
    const std::string_view before = rest_;
    if (word() == expected) return true;
    rest_ = before;
    return false;
  }
  // A number, a word or a string without anything to escape; as a server in any mode reads it.
  std::optional<std::string> constant() {
    skip();
    if (rest_.empty()) return std::nullopt;
    const char first = rest_[0];
    if (first == '\'' || first == '"') {
      const std::size_t end = rest_.find(first, 1);
      if (end == std::string_view::npos) return std::nullopt;
      const std::string_view inside = rest_.substr(1, end - 1);
      rest_.remove_prefix(end + 1);
      const bool plain = inside.find_first_of("'\\\"") == std::string_view::npos;
      // A second string right behind belongs to it, a doubled quote as well.
      skip();
      const bool goes_on = !rest_.empty() && (rest_[0] == '\'' || rest_[0] == '"');
      if (!plain || goes_on) return std::nullopt;
      return "'" + std::string(inside) + "'";
    }
    std::size_t size = first == '-' || first == '+' ? 1 : 0;
    while (size < rest_.size() && (is_word(rest_[size]) || rest_[size] == '.')) ++size;
    if (size == 0) return std::nullopt;
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    skip();
    // Anything but the end of the item makes it an expression.
    if (!rest_.empty() && rest_[0] != ',' && rest_ != ";") return std::nullopt;
    return text;
  }

 private:
  std::string_view rest_;
};

// Values that hold for one statement, belong to one connection, or tell this code what it must
// know.
bool is_kept_apart(std::string_view name) {
  constexpr std::array<std::string_view, 15> names{
      "insert_id",  "last_insert_id", "identity",         "timestamp",        "rand_seed1",
      "rand_seed2", "gtid_next",      "pseudo_thread_id", "skip_replication", "sql_log_bin",
      "session",    "local",          "transaction",      "password",         "role"};
  return name.starts_with("session_track_") || name.starts_with("gtid_") ||
         name.starts_with("pseudo_") || std::find(names.begin(), names.end(), name) != names.end();
}

// NAMES [=] charset [COLLATE collation]
std::optional<Item> read_names(Scanner& scanner) {
  Item item{"names", "NAMES "};
  const auto charset = [&]() -> std::optional<std::string> {
    if (auto quoted = scanner.take("'") ? std::optional<std::string>("'") : std::nullopt) {
      std::string name = scanner.word();
      if (!scanner.take("'")) return std::nullopt;
      return name;
    }
    if (scanner.take("\"")) {
      std::string name = scanner.word();
      if (!scanner.take("\"")) return std::nullopt;
      return name;
    }
    return scanner.word();
  };
  const auto name = charset();
  if (!name || name->empty()) return std::nullopt;
  item.text += *name;
  if (scanner.word_is("collate")) {
    const auto collation = charset();
    if (!collation || collation->empty()) return std::nullopt;
    item.text += " COLLATE " + *collation;
  }
  return item;
}

// [SESSION] TRANSACTION ISOLATION LEVEL .. | READ ONLY | READ WRITE, for all that follow.
std::optional<Item> read_transaction(Scanner& scanner) {
  if (scanner.word_is("isolation")) {
    if (!scanner.word_is("level")) return std::nullopt;
    std::string level = scanner.word();
    if (level == "read" || level == "repeatable") level += "-" + scanner.word();
    return Item{"tx_isolation", "tx_isolation='" + level + "'"};
  }
  if (!scanner.word_is("read")) return std::nullopt;
  const std::string access = scanner.word();
  if (access != "only" && access != "write") return std::nullopt;
  return Item{"tx_read_only", access == "only" ? "tx_read_only=1" : "tx_read_only=0"};
}

std::optional<Item> read_item(Scanner& scanner) {
  bool scoped = false;
  if (scanner.take("@@")) {
    std::string name = scanner.word();
    if (scanner.take(".")) {
      if (name != "session" && name != "local") return std::nullopt;
      name = scanner.word();
    } else if (name == "transaction_isolation" || name == "tx_isolation" ||
               name == "transaction_read_only" || name == "tx_read_only") {
      return std::nullopt;  // without a scope: for the next transaction only
    }
    if (!scanner.take(":=") && !scanner.take("=")) return std::nullopt;
    if (name.empty() || is_kept_apart(name)) return std::nullopt;
    const auto value = scanner.constant();
    if (!value) return std::nullopt;
    return Item{name, name + "=" + *value};
  }
  std::string name = scanner.word();
  if (name == "session" || name == "local") {
    scoped = true;
    name = scanner.word();
  }
  if (name == "global" || name.empty()) return std::nullopt;
  if (name == "transaction") return scoped ? read_transaction(scanner) : std::nullopt;
  if (name == "names" && !scoped) return read_names(scanner);
  if (name == "charset" || name == "character") {
    if (name == "character" && !scanner.word_is("set")) return std::nullopt;
    const auto value = scanner.constant();
    if (!value) return std::nullopt;
    return Item{"names", "CHARACTER SET " + *value};
  }
  if (is_kept_apart(name)) return std::nullopt;
  if (!scanner.take(":=") && !scanner.take("=")) return std::nullopt;
  auto value = scanner.constant();
  if (!value) return std::nullopt;
  return Item{name, name + "=" + *value};
}

// Names of one variable.
void unify(Item& item) {
  const auto rename = [&item](std::string_view from, std::string_view to) {
    if (item.name != from) return;
    item.text.replace(0, item.name.size(), to);
    item.name = to;
  };
  rename("transaction_isolation", "tx_isolation");
  rename("transaction_read_only", "tx_read_only");
}

// NAMES and CHARACTER SET give all of these.
bool is_of_names(std::string_view name) {
  return name == "names" || name == "character_set_client" || name == "character_set_connection" ||
         name == "character_set_results" || name == "collation_connection";
}

bool read_items(std::string_view list, std::vector<Item>& items) {
  Scanner scanner(list);
  do {
    auto item = read_item(scanner);
    if (!item) return false;
    unify(*item);
    if (item->name == "names") {
      std::erase_if(items, [](const Item& other) { return is_of_names(other.name); });
    } else if (item->name == "character_set_connection" || item->name == "collation_connection") {
      // The two are one: the later one decides.
      std::erase_if(items, [](const Item& other) {
        return other.name == "character_set_connection" || other.name == "collation_connection";
      });
    } else {
      std::erase_if(items, [&item](const Item& other) { return other.name == item->name; });
    }
    items.push_back(std::move(*item));
  } while (scanner.take(","));
  return scanner.done();
}

}  // namespace

std::optional<std::string> merge_settings(std::string_view before, std::string_view set_statement) {
  std::vector<Item> items;
  if (!before.empty() && !read_items(before, items)) return std::nullopt;
  Scanner scanner(set_statement);
  if (scanner.word() != "set") return std::nullopt;
  std::string_view list = set_statement;
  list.remove_prefix(list.find_first_of("sS") + 3);
  if (!read_items(list, items)) return std::nullopt;
  // In one order, so that the same settings are the same text; what NAMES gives comes first, since
  // single character sets may follow it.
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    const bool first_of_a = a.name == "names", first_of_b = b.name == "names";
    return first_of_a != first_of_b ? first_of_a : a.name < b.name;
  });
  std::string merged;
  for (const Item& item : items) {
    if (!merged.empty()) merged += ",";
    merged += item.text;
  }
  if (merged.size() > longest_settings) return std::nullopt;
  return merged;
}

bool autocommit_off(std::string_view settings) {
  constexpr std::string_view name = "autocommit=";
  std::size_t at = settings.starts_with(name) ? 0 : settings.find(",autocommit=");
  if (at == std::string_view::npos) return false;
  at = settings.find('=', at) + 1;
  std::string value(settings.substr(at, std::min(settings.find(',', at), settings.size()) - at));
  std::erase(value, '\'');
  std::transform(value.begin(), value.end(), value.begin(), lower);
  return value == "0" || value == "off" || value == "false";
}

}  // namespace wanlab::mysql
