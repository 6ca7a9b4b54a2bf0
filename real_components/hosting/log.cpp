#include "real_components/hosting/log.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace wanlab::hosting {
namespace {

std::atomic<LogLevel> shown{LogLevel::info};
std::string speaker;

std::string present() {
  const auto now = std::chrono::system_clock::now();
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(now);
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now - seconds).count();
  const std::time_t time = std::chrono::system_clock::to_time_t(seconds);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + size, text.size() - size, ".%03dZ", static_cast<int>(milliseconds));
  return text.data();
}

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::fatal:
      return "fatal";
    case LogLevel::error:
      return "error";
    case LogLevel::warning:
      return "warning";
    case LogLevel::info:
      return "info";
    case LogLevel::debug:
      return "debug";
  }
  return "unknown";
}

LogValue::LogValue(std::string_view text) {
  const auto plain = [](char c) {
    return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7f;
  };
  bool quoted = text.empty();
  for (const char c : text) quoted = quoted || !plain(c);
  if (!quoted) {
    text_ = text;
    return;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  text_ = '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      text_ += {'\\', c};
    } else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) {
      // Nobody may write lines, or move a cursor, through a name.
      text_ += {'\\', 'x', digits[(static_cast<unsigned char>(c) >> 4) & 0xf], digits[c & 0xf]};
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

void set_log(std::string who, LogLevel level) {
  speaker = std::move(who);
  shown = level;
}

bool logs(LogLevel level) {
  return level <= shown.load(std::memory_order_relaxed);
}

void log(LogLevel level, std::string_view what, LogFields fields) {
  if (!logs(level)) return;
  std::string line = "time=" + present() + " level=" + std::string(to_string(level));
  if (!speaker.empty()) line += " node=" + LogValue(speaker).text();
  line += " what=" + LogValue(what).text();
  for (const auto& [name, value] : fields) {
    line += ' ';
    line += name;
    line += '=';
    line += value.text();
  }
  line += '\n';
  // One write, so that the lines of several threads stay apart. Where nobody takes them, they go.
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace wanlab::hosting
