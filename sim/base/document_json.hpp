// A typed reader for files that people write (JSON with // and /* */ comments). Every refusal is
// one InputError that names the file, the place in it, what was expected and what was found.
//
//   const Document document = read_document(path);
//   const Object edge(document.root(), "edge", {"name", "nodes"});   // refuses unknown keys at
//   once pop.name = edge.at("name").text();                               // required pop.nodes =
//   edge.count("nodes", pop.nodes, {1, 10'000});         // optional, with its default
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "real_components/runtime/time.hpp"
#include "sim/base/json_tree.hpp"

namespace wanlab::base {

// Bad input: what() is "FILE at POINTER: MESSAGE" (without " at POINTER" where there is none).
class InputError : public std::runtime_error {
 public:
  InputError(std::string file, std::string pointer, std::string message);
  const std::string& file() const { return file_; }
  const std::string& pointer() const { return pointer_; }
  const std::string& message() const { return message_; }

 private:
  std::string file_, pointer_, message_;
};

// The whole of a regular file; throws InputError with the system's reason.
std::string read_file(const std::filesystem::path& path);

template <typename T>
struct Range {
  T least, most;
};

inline constexpr Range<Duration> up_to_a_year{Duration::zero(), std::chrono::hours(8760)};
inline constexpr Range<std::uint64_t> up_to_a_billion{0, 1'000'000'000};

struct DocumentData;

// One value of a document and where it stands. Cheap to copy; the Document must outlive it.
class Value {
 public:
  Value(const DocumentData& document, const Json& json, std::string pointer)
      : document_(&document), json_(&json), pointer_(std::move(pointer)) {}

  const Json& json() const { return *json_; }
  const std::string& pointer() const { return pointer_; }
  // The file this value was written in.
  const std::string& file() const;

  // Each refuses a value of another type, of another unit, or out of the range.
  std::string text() const;  // not empty
  std::string any_text() const;
  bool boolean() const;
  std::uint64_t count(Range<std::uint64_t> range = up_to_a_billion) const;
  double number(Range<double> range) const;
  Duration duration(Range<Duration> range = up_to_a_year) const;
  std::uint64_t byte_size(Range<std::uint64_t> range) const;
  std::uint64_t bit_rate(Range<std::uint64_t> range) const;
  double ratio() const;  // 0..1, from "0.1%", "0.001" or a number
  // One of `names`; the result is its position.
  std::size_t choice(std::span<const std::string_view> names) const;
  std::size_t choice(std::initializer_list<std::string_view> names) const;

  std::vector<Value> elements() const;                         // of an array
  std::vector<std::pair<std::string, Value>> members() const;  // of an object with free keys
  std::vector<std::string> texts() const;                      // an array of non-empty strings
  bool is_object() const { return json_->kind == Json::Kind::object; }
  bool is_array() const { return json_->kind == Json::Kind::array; }
  bool is_text() const { return json_->kind == Json::Kind::text; }

  Value step(std::string_view key, const Json& json) const;
  [[noreturn]] void refuse(const std::string& message) const;
  // "expected EXPECTED, got WHAT"
  [[noreturn]] void refuse_expected(const std::string& expected) const;

 private:
  const DocumentData* document_;
  const Json* json_;
  std::string pointer_;
};

// An object with a fixed set of keys. `kind` is what a message calls it ("edge").
class Object {
 public:
  Object(Value value, std::string_view kind, std::span<const std::string_view> keys);
  Object(Value value, std::string_view kind, std::initializer_list<std::string_view> keys)
      : Object(std::move(value), kind, std::span(keys.begin(), keys.size())) {}

  const Value& value() const { return value_; }
  bool has(std::string_view key) const { return find(key).has_value(); }
  std::optional<Value> find(std::string_view key) const;
  // Refuses the object when the key is missing.
  Value at(std::string_view key) const;

  // Optional keys: the value, or the default when the key is absent.
  std::string text(std::string_view key, std::string otherwise) const;
  bool boolean(std::string_view key, bool otherwise) const;
  std::uint64_t count(std::string_view key, std::uint64_t otherwise,
                      Range<std::uint64_t> range = up_to_a_billion) const;
  // The same for the 32-bit fields most counts are.
  std::uint32_t count32(std::string_view key, std::uint32_t otherwise,
                        Range<std::uint64_t> range = up_to_a_billion) const;
  double number(std::string_view key, double otherwise, Range<double> range) const;
  Duration duration(std::string_view key, Duration otherwise,
                    Range<Duration> range = up_to_a_year) const;
  std::uint64_t byte_size(std::string_view key, std::uint64_t otherwise,
                          Range<std::uint64_t> range) const;
  std::uint64_t bit_rate(std::string_view key, std::uint64_t otherwise,
                         Range<std::uint64_t> range) const;
  double ratio(std::string_view key, double otherwise) const;
  std::vector<std::string> texts(std::string_view key) const;  // empty when absent
  std::vector<Value> elements(std::string_view key) const;     // empty when absent

  [[noreturn]] void refuse(const std::string& message) const { value_.refuse(message); }

 private:
  Value value_;
  std::string kind_;
};

// A parsed file and what a command line changed in it.
class Document {
 public:
  Document(std::string file, Json root);
  Value root() const;
  Json& tree();
  const std::string& file() const;
  // From now on, refusals at or under `pointer` say that `note` put the value there.
  void note_change(std::string pointer, std::string note);
  // What stands at or under `pointer` was written in another file. Later notes win.
  void note_file(std::string pointer, std::string file);

 private:
  std::shared_ptr<DocumentData> data_;
};

// Refuses what is not JSON (with line and column), keys that appear twice in an object, and nesting
// deeper than 64. `file` is only for messages.
Document parse_document(std::string_view text, std::string file);
Document read_document(const std::filesystem::path& path);
// A single JSON value without a file; empty when the text is no JSON.
std::optional<Json> parse_json(std::string_view text);

}  // namespace wanlab::base
