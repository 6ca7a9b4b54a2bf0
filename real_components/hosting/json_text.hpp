// Writes JSON, piece by piece. The caller sees to it that the pieces make sense.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace wanlab::hosting {

class JsonText {
 public:
  JsonText& begin_object() { return open('{'); }
  JsonText& end_object() { return close('}'); }
  JsonText& begin_list() { return open('['); }
  JsonText& end_list() { return close(']'); }
  JsonText& key(std::string_view name) {
    separate();
    quote(name);
    text_ += ':';
    fresh_ = true;
    return *this;
  }
  JsonText& value(std::string_view text) {
    separate();
    quote(text);
    return *this;
  }
  JsonText& value(const char* text) { return value(std::string_view(text)); }
  JsonText& value(bool flag) {
    separate();
    text_ += flag ? "true" : "false";
    return *this;
  }
  template <typename Number>
  requires(std::is_integral_v<Number> &&
           !std::is_same_v<Number, bool>) JsonText& value(Number number) {
    separate();
    text_ += std::to_string(number);
    return *this;
  }
  template <typename Value>
  JsonText& member(std::string_view name, const Value& its_value) {
    key(name);
    return value(its_value);
  }
  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }

 private:
  JsonText& open(char bracket) {
    separate();
    text_ += bracket;
    fresh_ = true;
    return *this;
  }
  JsonText& close(char bracket) {
    text_ += bracket;
    fresh_ = false;
    return *this;
  }
  void separate() {
    if (!fresh_) text_ += ',';
    fresh_ = false;
  }
  void quote(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    text_ += '"';
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        text_ += {'\\', c};
      } else if (byte < 0x20 || byte >= 0x7f) {
        // Names may hold bytes that are no UTF-8; each is shown as the character of its number.
        text_ += {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 0xf]};
      } else {
        text_ += c;
      }
    }
    text_ += '"';
  }

  std::string text_;
  bool fresh_ = true;
};

}  // namespace wanlab::hosting
