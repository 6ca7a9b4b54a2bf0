// One object of a configuration file: JSON with comments, read key by key. Every complaint names
// the file and the place as a JSON pointer; a key that nobody asked for is an error that names the
// nearest one that exists.
#pragma once

#include "real_components/runtime/time.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wanlab::hosting {

class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class ConfigNode {
 public:
  // Throws ConfigError, like everything here.
  static ConfigNode read_file(const std::filesystem::path& file);
  static ConfigNode parse(std::string_view text, const std::string& file);

  bool has(std::string_view key) const;
  std::string text(std::string_view key) const;  // required
  std::string text(std::string_view key, std::string otherwise) const;
  std::uint64_t number(std::string_view key, std::uint64_t otherwise, std::uint64_t least,
                       std::uint64_t most) const;
  bool flag(std::string_view key, bool otherwise) const;
  // "250ms", "30s", "5min", "2h", and "0s".
  Duration duration(std::string_view key, Duration otherwise) const;
  // One of `words`; the result is its place among them.
  std::size_t choice(std::string_view key, const std::vector<std::string_view>& words,
                     std::size_t otherwise) const;
  // A path, taken from where the file lies; empty when the key is absent and not required.
  std::string path(std::string_view key, bool required = false) const;
  std::vector<std::string> texts(std::string_view key) const;
  std::map<std::string, std::string> table(std::string_view key) const;  // of texts
  // Empty objects and lists when the key is absent.
  ConfigNode object(std::string_view key) const;
  std::vector<ConfigNode> objects(std::string_view key) const;

  // To be called when all keys have been asked for, here and in the objects within.
  void finish() const;
  [[noreturn]] void fail(std::string_view key, const std::string& complaint) const;

 private:
  struct Inside;
  explicit ConfigNode(std::shared_ptr<Inside> inside) : inside_(std::move(inside)) {}
  std::shared_ptr<Inside> inside_;
};

// 64 hexadecimal digits, from a file that nobody but its owner may read.
std::vector<std::byte> read_secret(const std::filesystem::path& file, std::size_t bytes);

// The first line of such a file.
std::string read_line(const std::filesystem::path& file);

// "host:port" or "[address]:port"; `otherwise` where no port is given (0: it must be). Throws
// ConfigError without a place.
std::pair<std::string, std::uint16_t> parse_host_port(std::string_view text,
                                                      std::uint16_t otherwise);

}  // namespace wanlab::hosting
