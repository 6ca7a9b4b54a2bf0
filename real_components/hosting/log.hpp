// What a daemon has to say, one line each in logfmt on standard error. The level states the
// consequence, so that a filter on it is a decision:
//   fatal    the process ends
//   error    somebody was not served, or will not be; an operator has to act
//   warning  everybody is served, with less in reserve or later than usual
//   info     something changed as it should
//   debug    for whoever looks for something
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace wanlab::hosting {

enum class LogLevel : std::uint8_t { fatal, error, warning, info, debug };
std::string_view to_string(LogLevel level);

// A value of a line: text is quoted where it needs to be.
class LogValue {
 public:
  LogValue(std::string_view text);
  LogValue(const char* text) : LogValue(std::string_view(text)) {}
  LogValue(const std::string& text) : LogValue(std::string_view(text)) {}
  template <typename Number>
  requires std::is_integral_v<Number> LogValue(Number number) : text_(std::to_string(number)) {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

using LogFields = std::initializer_list<std::pair<std::string_view, LogValue>>;

// For all threads. `who` is in every line from then on.
void set_log(std::string who, LogLevel level);
bool logs(LogLevel level);
void log(LogLevel level, std::string_view what, LogFields fields = {});

}  // namespace wanlab::hosting
