// Building and writing of the JSON tree.
#include "sim/base/json_tree.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace wanlab::base {
namespace {

constexpr std::size_t line_width = 100;

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view hexadecimal = "0123456789abcdef";
  out += '"';
  for (const char letter : text) {
    switch (letter) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(letter) < 0x20) {
          out += "\\u00";
          out += hexadecimal[static_cast<unsigned char>(letter) >> 4];
          out += hexadecimal[static_cast<unsigned char>(letter) & 15];
        } else {
          out += letter;
        }
    }
  }
  out += '"';
}

void append_real(std::string& out, double value) {
  std::array<char, 40> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), result.ptr);
}

void append_scalar(std::string& out, const Json& json) {
  switch (json.kind) {
    case Json::Kind::null:
      out += "null";
      break;
    case Json::Kind::boolean:
      out += json.boolean ? "true" : "false";
      break;
    case Json::Kind::natural:
      out += std::to_string(json.natural);
      break;
    case Json::Kind::negative:
      out += std::to_string(json.negative);
      break;
    case Json::Kind::real:
      append_real(out, json.real);
      break;
    case Json::Kind::text:
      append_quoted(out, json.text);
      break;
    case Json::Kind::array:
    case Json::Kind::object:
      break;
  }
}

bool is_scalar(const Json& json) {
  return json.kind != Json::Kind::array && json.kind != Json::Kind::object;
}

// Everything on one line; false when it would contain something nested.
bool append_flat(std::string& out, const Json& json) {
  const bool array = json.kind == Json::Kind::array;
  out += array ? '[' : '{';
  bool first = true;
  const auto separate = [&] {
    if (!first) out += ", ";
    first = false;
  };
  for (const Json& element : json.elements) {
    if (!is_scalar(element)) return false;
    separate();
    append_scalar(out, element);
  }
  for (const auto& [key, value] : json.members) {
    if (!is_scalar(value)) return false;
    separate();
    append_quoted(out, key);
    out += ": ";
    append_scalar(out, value);
  }
  out += array ? ']' : '}';
  return true;
}

void append(std::string& out, const Json& json, std::size_t indent) {
  if (is_scalar(json)) return append_scalar(out, json);
  const std::size_t start = out.size();
  if (append_flat(out, json) && out.size() - start + indent <= line_width) return;
  out.resize(start);
  const bool array = json.kind == Json::Kind::array;
  out += array ? '[' : '{';
  bool first = true;
  const auto new_line = [&] {
    out += first ? "\n" : ",\n";
    first = false;
    out.append(indent + 2, ' ');
  };
  for (const Json& element : json.elements) {
    new_line();
    append(out, element, indent + 2);
  }
  for (const auto& [key, value] : json.members) {
    new_line();
    append_quoted(out, key);
    out += ": ";
    append(out, value, indent + 2);
  }
  out += '\n';
  out.append(indent, ' ');
  out += array ? ']' : '}';
}

void append_line(std::string& out, const Json& json) {
  if (is_scalar(json)) return append_scalar(out, json);
  const bool array = json.kind == Json::Kind::array;
  out += array ? '[' : '{';
  for (const Json& element : json.elements) {
    append_line(out, element);
    out += ',';
  }
  for (const auto& [key, value] : json.members) {
    append_quoted(out, key);
    out += ':';
    append_line(out, value);
    out += ',';
  }
  if (out.back() == ',') out.pop_back();
  out += array ? ']' : '}';
}

}  // namespace

Json Json::make_boolean(bool value) {
  Json json = of(Kind::boolean);
  json.boolean = value;
  return json;
}

Json Json::make_natural(std::uint64_t value) {
  Json json = of(Kind::natural);
  json.natural = value;
  return json;
}

Json Json::make_real(double value) {
  Json json = of(Kind::real);
  json.real = value;
  return json;
}

Json Json::make_text(std::string value) {
  Json json = of(Kind::text);
  json.text = std::move(value);
  return json;
}

const Json* Json::find(std::string_view key) const {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.first == key; });
  return found == members.end() ? nullptr : &found->second;
}

Json* Json::find(std::string_view key) {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.first == key; });
  return found == members.end() ? nullptr : &found->second;
}

Json& Json::set(std::string_view key, Json value) {
  if (Json* found = find(key)) return *found = std::move(value);
  return members.emplace_back(std::string(key), std::move(value)).second;
}

void Json::remove(std::string_view key) {
  std::erase_if(members, [&](const Member& member) { return member.first == key; });
}

std::string to_text(const Json& json) {
  std::string out;
  append(out, json, 0);
  out += '\n';
  return out;
}

std::string to_line(const Json& json) {
  std::string out;
  append_line(out, json);
  return out;
}

std::string describe(const Json& json) {
  constexpr std::size_t longest = 60;
  if (json.kind == Json::Kind::array) return json.elements.empty() ? "an empty array" : "an array";
  if (json.kind == Json::Kind::object)
    return json.members.empty() ? "an empty object" : "an object";
  std::string text;
  append_scalar(text, json);
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  return text;
}

std::string pointer_step(std::string_view key) {
  std::string step = "/";
  for (const char letter : key) {
    if (letter == '~') {
      step += "~0";
    } else if (letter == '/') {
      step += "~1";
    } else {
      step += letter;
    }
  }
  return step;
}

}  // namespace wanlab::base
