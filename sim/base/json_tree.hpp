// A JSON document as a plain tree that keeps the order of keys. Knows nothing of files or meaning.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wanlab::base {

struct Json {
  enum class Kind : std::uint8_t {
    null,
    boolean,
    natural,   // an integer >= 0, in `natural`
    negative,  // an integer < 0, in `negative`
    real,
    text,
    array,
    object
  };
  using Member = std::pair<std::string, Json>;

  Kind kind = Kind::null;
  bool boolean = false;
  std::uint64_t natural = 0;
  std::int64_t negative = 0;
  double real = 0;
  std::string text;
  std::vector<Json> elements;
  std::vector<Member> members;

  static Json make_boolean(bool value);
  static Json make_natural(std::uint64_t value);
  static Json make_real(double value);
  static Json make_text(std::string value);
  static Json make_array() { return of(Kind::array); }
  static Json make_object() { return of(Kind::object); }

  // The member of that name, or null when there is none or this is no object.
  const Json* find(std::string_view key) const;
  Json* find(std::string_view key);
  // Adds or replaces a member and returns it. This must be an object.
  Json& set(std::string_view key, Json value);
  void remove(std::string_view key);
  void push(Json value) { elements.push_back(std::move(value)); }

  bool operator==(const Json&) const = default;

 private:
  static Json of(Kind kind) {
    Json json;
    json.kind = kind;
    return json;
  }
};

// JSON text with two spaces of indent; arrays of scalars stay on one line when they are short.
// Doubles are written with the fewest digits that read back to the same value.
std::string to_text(const Json& json);
// The same on one line, without spaces: for programs.
std::string to_line(const Json& json);

// A short piece of JSON for a message: scalars as written, "an object", "an array".
std::string describe(const Json& json);

// One step of a JSON pointer (RFC 6901), "~" and "/" escaped.
std::string pointer_step(std::string_view key);

}  // namespace wanlab::base
