#include "real_components/hosting/config_node.hpp"

#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

namespace wanlab::hosting {
namespace {

using nlohmann::json;

// No configuration is longer; more is a mistake, such as a file of data.
constexpr std::uintmax_t longest_file = 1024 * 1024;

std::string escaped(std::string_view key) {
  std::string step = "/";
  for (const char c : key) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// Keeps the first of two equal keys from vanishing silently.
json parse_strictly(std::string_view text, const std::string& file) {
  std::vector<std::set<std::string>> keys;
  const json::parser_callback_t callback = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key &&
        !keys.back().insert(parsed.get<std::string>()).second) {
      throw ConfigError(file + ": the key \"" + parsed.get<std::string>() +
                        "\" appears twice in one object");
    }
    return true;
  };
  try {
    return json::parse(text, callback, true, true);
  } catch (const json::exception& error) {
    // The library's text is "[id] parse error at line L, column C: REASON".
    const std::string_view what = error.what();
    const std::size_t at = what.find("line ");
    throw ConfigError(file + ": not JSON: " + std::string(what.substr(at < what.size() ? at : 0)));
  }
}

}  // namespace

struct ConfigNode::Inside {
  std::shared_ptr<const json> document;  // which `value` is part of
  const json* value = nullptr;
  std::string file;
  std::string pointer;
  std::set<std::string, std::less<>> asked;
  std::map<std::string, std::shared_ptr<Inside>> children;  // by the step to them

  // Null when absent.
  const json* find(std::string_view key) {
    asked.emplace(key);
    const auto found = value->find(key);
    return found == value->end() || found->is_null() ? nullptr : &*found;
  }
  std::shared_ptr<Inside> child(const json& of, const std::string& at) {
    // The same object for all who ask, so that it knows of all the keys they asked for.
    std::shared_ptr<Inside>& made = children[at];
    if (made != nullptr) return made;
    made = std::make_shared<Inside>();
    made->document = document;
    made->value = &of;
    made->file = file;
    made->pointer = pointer + at;
    return made;
  }
};

ConfigNode ConfigNode::read_file(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) throw ConfigError(file.string() + ": " + error.message());
  if (size > longest_file) throw ConfigError(file.string() + ": too long for a configuration");
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) throw ConfigError(file.string() + ": " + std::strerror(errno));
  return parse(text.str(), file.string());
}

ConfigNode ConfigNode::parse(std::string_view text, const std::string& file) {
  auto inside = std::make_shared<Inside>();
  inside->document = std::make_shared<const json>(parse_strictly(text, file));
  inside->value = inside->document.get();
  inside->file = file;
  if (!inside->value->is_object()) throw ConfigError(file + ": must be one JSON object");
  return ConfigNode(std::move(inside));
}

void ConfigNode::fail(std::string_view key, const std::string& complaint) const {
  const std::string place = inside_->pointer + (key.empty() ? "" : escaped(key));
  throw ConfigError(inside_->file + ": " + (place.empty() ? "/" : place) + ": " + complaint);
}

bool ConfigNode::has(std::string_view key) const {
  return inside_->find(key) != nullptr;
}

std::string ConfigNode::text(std::string_view key) const {
  if (!has(key)) fail(key, "is missing");
  return text(key, {});
}

std::string ConfigNode::text(std::string_view key, std::string otherwise) const {
  const json* found = inside_->find(key);
  if (found == nullptr) return otherwise;
  if (!found->is_string()) fail(key, "must be a text");
  return found->get<std::string>();
}

std::uint64_t ConfigNode::number(std::string_view key, std::uint64_t otherwise, std::uint64_t least,
                                 std::uint64_t most) const {
  const json* found = inside_->find(key);
  if (found == nullptr) return otherwise;
  const bool good = found->is_number_unsigned() && found->get<std::uint64_t>() >= least &&
                    found->get<std::uint64_t>() <= most;
  if (!good) {
    fail(key,
         "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return found->get<std::uint64_t>();
}

bool ConfigNode::flag(std::string_view key, bool otherwise) const {
  const json* found = inside_->find(key);
  if (found == nullptr) return otherwise;
  if (!found->is_boolean()) fail(key, "must be true or false");
  return found->get<bool>();
}

Duration ConfigNode::duration(std::string_view key, Duration otherwise) const {
  const json* found = inside_->find(key);
  if (found == nullptr) return otherwise;
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units{
      {{"us", 1'000},
       {"ms", 1'000'000},
       {"s", 1'000'000'000},
       {"min", 60'000'000'000},
       {"h", 3'600'000'000'000}}};
  if (found->is_string()) {
    const auto& text = found->get_ref<const std::string&>();
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const auto& [name, nanoseconds] : units) {
      if (error == std::errc() && unit == name && count >= 0 &&
          count <= std::numeric_limits<std::int64_t>::max() / nanoseconds) {
        return Duration(count * nanoseconds);
      }
    }
  }
  fail(key, "must be a time such as \"250ms\", \"30s\", \"5min\" or \"2h\"");
}

std::size_t ConfigNode::choice(std::string_view key, const std::vector<std::string_view>& words,
                               std::size_t otherwise) const {
  if (!has(key)) return otherwise;
  const std::string chosen = text(key);
  const auto found = std::find(words.begin(), words.end(), chosen);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string list;
  for (const std::string_view word : words) list += (list.empty() ? "" : ", ") + std::string(word);
  fail(key, "must be one of: " + list);
}

std::string ConfigNode::path(std::string_view key, bool required) const {
  const std::string given = required ? text(key) : text(key, {});
  if (given.empty()) {
    if (required) fail(key, "must name a file");
    return {};
  }
  return (std::filesystem::path(inside_->file).parent_path() / given).lexically_normal().string();
}

std::vector<std::string> ConfigNode::texts(std::string_view key) const {
  const json* found = inside_->find(key);
  std::vector<std::string> list;
  if (found == nullptr) return list;
  if (!found->is_array()) fail(key, "must be a list of texts");
  for (const json& each : *found) {
    if (!each.is_string()) {
      fail(key, "must be a list of texts; element " + std::to_string(list.size()) + " is none");
    }
    list.push_back(each.get<std::string>());
  }
  return list;
}

std::map<std::string, std::string> ConfigNode::table(std::string_view key) const {
  const json* found = inside_->find(key);
  std::map<std::string, std::string> entries;
  if (found == nullptr) return entries;
  if (!found->is_object()) fail(key, "must be an object of texts");
  for (const auto& [name, value] : found->items()) {
    if (!value.is_string()) fail(key, "must be an object of texts; \"" + name + "\" is none");
    entries[name] = value.get<std::string>();
  }
  return entries;
}

ConfigNode ConfigNode::object(std::string_view key) const {
  static const json nothing = json::object();
  const json* found = inside_->find(key);
  if (found != nullptr && !found->is_object()) fail(key, "must be an object");
  return ConfigNode(inside_->child(found != nullptr ? *found : nothing, escaped(key)));
}

std::vector<ConfigNode> ConfigNode::objects(std::string_view key) const {
  const json* found = inside_->find(key);
  std::vector<ConfigNode> list;
  if (found == nullptr) return list;
  if (!found->is_array()) fail(key, "must be a list of objects");
  for (const json& each : *found) {
    const std::string at = escaped(key) + "/" + std::to_string(list.size());
    list.push_back(ConfigNode(inside_->child(each, at)));
    if (!each.is_object()) list.back().fail({}, "must be an object");
  }
  return list;
}

void ConfigNode::finish() const {
  for (const auto& [key, value] : inside_->value->items()) {
    if (inside_->asked.contains(key)) continue;
    std::string_view nearest;
    std::size_t least = std::max<std::size_t>(3, key.size() / 2 + 1);
    for (const std::string& name : inside_->asked) {
      const std::size_t far = distance(key, name);
      if (far < least) {
        least = far;
        nearest = name;
      }
    }
    fail(key, nearest.empty()
                  ? std::string("is not known here")
                  : "is not known here; did you mean \"" + std::string(nearest) + "\"?");
  }
  for (const auto& [step, child] : inside_->children) ConfigNode(child).finish();
}

std::string read_line(const std::filesystem::path& file) {
  struct ::stat about {};
  if (::stat(file.c_str(), &about) != 0) {
    throw ConfigError(file.string() + ": " + std::strerror(errno));
  }
  if ((about.st_mode & 077) != 0) {
    throw ConfigError(file.string() + ": holds a secret that others may read; chmod 600 it");
  }
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line) && !stream.eof()) {
    throw ConfigError(file.string() + ": cannot be read");
  }
  return line;
}

std::vector<std::byte> read_secret(const std::filesystem::path& file, std::size_t bytes) {
  const std::string digits = read_line(file);
  std::vector<std::byte> secret;
  for (std::size_t at = 0; at + 2 <= digits.size(); at += 2) {
    unsigned value = 0;
    const char* from = digits.data() + at;
    if (std::from_chars(from, from + 2, value, 16).ptr != from + 2) break;
    secret.push_back(static_cast<std::byte>(value));
  }
  if (digits.size() != 2 * bytes || secret.size() != bytes) {
    throw ConfigError(file.string() + ": must hold " + std::to_string(2 * bytes) +
                      " hexadecimal digits");
  }
  return secret;
}

std::pair<std::string, std::uint16_t> parse_host_port(std::string_view text,
                                                      std::uint16_t otherwise) {
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) throw ConfigError("the bracket is not closed");
    host = text.substr(1, end - 1);
    if (end + 1 < text.size() && text[end + 1] == ':') port = text.substr(end + 2);
  } else if (const std::size_t colon = text.rfind(':');
             colon != std::string_view::npos && text.find(':') == colon) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  std::uint16_t number = otherwise;
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc() || end != port.data() + port.size()) number = 0;
  }
  if (host.empty() || number == 0) {
    throw ConfigError("\"" + std::string(text) + "\" is not HOST:PORT");
  }
  return {std::string(host), number};
}

}  // namespace wanlab::hosting
