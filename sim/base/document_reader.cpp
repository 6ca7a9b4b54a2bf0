// The typed side of the document reader: checks and their messages.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <system_error>

#include "sim/base/document_json.hpp"
#include "sim/base/nearest_name.hpp"
#include "sim/base/units.hpp"

namespace wanlab::base {

struct DocumentData {
  std::string file;
  Json root;
  std::vector<std::pair<std::string, std::string>> changes;  // pointer, note
  std::vector<std::pair<std::string, std::string>> files;    // pointer, file
};

namespace {

std::string join(const std::string& file, const std::string& pointer, const std::string& message) {
  return pointer.empty() ? file + ": " + message : file + " at " + pointer + ": " + message;
}

std::string plain_number(double value) {
  Json json = Json::make_real(value);
  return describe(json);
}

bool stands_under(const std::string& pointer, const std::string& ancestor) {
  return pointer.starts_with(ancestor) &&
         (pointer.size() == ancestor.size() || pointer[ancestor.size()] == '/');
}

std::string range_text(std::uint64_t least, std::uint64_t most) {
  return "from " + std::to_string(least) + " to " + std::to_string(most);
}

template <typename T>
T checked(const Value& value, const Parsed<T>& parsed) {
  if (!parsed) value.refuse(parsed.error);
  return parsed.value;
}

}  // namespace

InputError::InputError(std::string file, std::string pointer, std::string message)
    : std::runtime_error(join(file, pointer, message)),
      file_(std::move(file)),
      pointer_(std::move(pointer)),
      message_(std::move(message)) {}

std::string read_file(const std::filesystem::path& path) {
  const auto refuse = [&](const std::string& reason) -> InputError {
    return InputError(path.string(), "", "cannot be read: " + reason);
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw refuse("it is a folder, not a file");
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) throw refuse(std::strerror(errno));
  std::string text;
  char buffer[65536];
  std::size_t got = 0;
  while ((got = std::fread(buffer, 1, sizeof buffer, file)) > 0) {
    text.append(buffer, got);
    if (text.size() > (std::size_t{1} << 30)) {
      std::fclose(file);
      throw refuse("it is larger than 1 GiB");
    }
  }
  const bool failed = std::ferror(file) != 0;
  const int reason = errno;
  std::fclose(file);
  if (failed) throw refuse(std::strerror(reason));
  return text;
}

Document::Document(std::string file, Json root)
    : data_(
          std::make_shared<DocumentData>(DocumentData{std::move(file), std::move(root), {}, {}})) {}
Value Document::root() const {
  return Value(*data_, data_->root, "");
}
Json& Document::tree() {
  return data_->root;
}
const std::string& Document::file() const {
  return data_->file;
}
void Document::note_change(std::string pointer, std::string note) {
  data_->changes.emplace_back(std::move(pointer), std::move(note));
}

void Document::note_file(std::string pointer, std::string file) {
  data_->files.emplace_back(std::move(pointer), std::move(file));
}

const std::string& Value::file() const {
  const std::string* file = &document_->file;
  for (const auto& [pointer, name] : document_->files)
    if (stands_under(pointer_, pointer)) file = &name;
  return *file;
}

void Value::refuse(const std::string& message) const {
  std::string note;
  for (const auto& [pointer, text] : document_->changes)
    if (stands_under(pointer_, pointer)) note = " (" + text + ")";
  throw InputError(file(), pointer_, message + note);
}

void Value::refuse_expected(const std::string& expected) const {
  refuse("expected " + expected + ", got " + describe(*json_));
}

std::string Value::text() const {
  if (json_->kind != Json::Kind::text || json_->text.empty()) refuse_expected("a non-empty string");
  return json_->text;
}

std::string Value::any_text() const {
  if (json_->kind != Json::Kind::text) refuse_expected("a string");
  return json_->text;
}

bool Value::boolean() const {
  if (json_->kind != Json::Kind::boolean) refuse_expected("true or false");
  return json_->boolean;
}

std::uint64_t Value::count(Range<std::uint64_t> range) const {
  std::uint64_t value = json_->natural;
  bool whole = json_->kind == Json::Kind::natural;
  // 1e6 is a whole number too, as long as a double holds it exactly.
  constexpr double exact = 9007199254740992.0;
  if (json_->kind == Json::Kind::real && json_->real >= 0 && json_->real <= exact &&
      std::trunc(json_->real) == json_->real) {
    value = static_cast<std::uint64_t>(json_->real);
    whole = true;
  }
  if (!whole || value < range.least || value > range.most)
    refuse_expected("a whole number " + range_text(range.least, range.most));
  return value;
}

double Value::number(Range<double> range) const {
  double value = json_->real;
  if (json_->kind == Json::Kind::natural) value = static_cast<double>(json_->natural);
  if (json_->kind == Json::Kind::negative) value = static_cast<double>(json_->negative);
  const bool numeric = json_->kind == Json::Kind::natural || json_->kind == Json::Kind::negative ||
                       json_->kind == Json::Kind::real;
  if (!numeric || !(value >= range.least && value <= range.most))
    refuse_expected("a number from " + plain_number(range.least) + " to " +
                    plain_number(range.most));
  return value;
}

Duration Value::duration(Range<Duration> range) const {
  if (json_->kind != Json::Kind::text)
    refuse_expected("a duration such as \"35ms\" or \"1.5s\" (units: ns, us, ms, s, min, h)");
  const Duration value = checked(*this, parse_duration(json_->text));
  if (value < range.least || value > range.most)
    refuse_expected("a duration from " + format_duration(range.least) + " to " +
                    format_duration(range.most));
  return value;
}

std::uint64_t Value::byte_size(Range<std::uint64_t> range) const {
  if (json_->kind != Json::Kind::text)
    refuse_expected(
        "a size such as \"64KiB\" or \"1500B\" (units: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)");
  const std::uint64_t value = checked(*this, parse_byte_size(json_->text));
  if (value < range.least || value > range.most)
    refuse_expected("a size from " + format_byte_size(range.least) + " to " +
                    format_byte_size(range.most));
  return value;
}

std::uint64_t Value::bit_rate(Range<std::uint64_t> range) const {
  if (json_->kind != Json::Kind::text)
    refuse_expected(
        "a bit rate such as \"10Gbit/s\" (units: bit/s, kbit/s, Mbit/s, Gbit/s, Tbit/s)");
  const std::uint64_t value = checked(*this, parse_bit_rate(json_->text));
  if (value < range.least || value > range.most)
    refuse_expected("a bit rate from " + format_bit_rate(range.least) + " to " +
                    format_bit_rate(range.most));
  return value;
}

double Value::ratio() const {
  if (json_->kind == Json::Kind::text)
    return static_cast<double>(checked(*this, parse_ratio_billionths(json_->text))) /
           static_cast<double>(billion);
  const bool numeric = json_->kind == Json::Kind::natural || json_->kind == Json::Kind::real;
  const double value =
      json_->kind == Json::Kind::natural ? static_cast<double>(json_->natural) : json_->real;
  if (!numeric || !(value >= 0 && value <= 1))
    refuse_expected("a ratio from 0 to 1 such as \"0.1%\" or \"0.001\"");
  return value;
}

std::size_t Value::choice(std::span<const std::string_view> names) const {
  std::string list;
  for (const std::string_view name : names)
    list += (list.empty() ? "\"" : ", \"") + std::string(name) + "\"";
  if (json_->kind != Json::Kind::text) refuse_expected("one of " + list);
  const auto found = std::find(names.begin(), names.end(), json_->text);
  if (found == names.end())
    refuse("expected one of " + list + ", got " + describe(*json_) +
           did_you_mean(json_->text, names));
  return static_cast<std::size_t>(found - names.begin());
}

std::size_t Value::choice(std::initializer_list<std::string_view> names) const {
  return choice(std::span(names.begin(), names.size()));
}

Value Value::step(std::string_view key, const Json& json) const {
  return Value(*document_, json, pointer_ + pointer_step(key));
}

std::vector<Value> Value::elements() const {
  if (json_->kind != Json::Kind::array) refuse_expected("an array");
  std::vector<Value> result;
  result.reserve(json_->elements.size());
  for (std::size_t index = 0; index < json_->elements.size(); ++index)
    result.push_back(step(std::to_string(index), json_->elements[index]));
  return result;
}

std::vector<std::pair<std::string, Value>> Value::members() const {
  if (json_->kind != Json::Kind::object) refuse_expected("an object");
  std::vector<std::pair<std::string, Value>> result;
  result.reserve(json_->members.size());
  for (const auto& [key, json] : json_->members) result.emplace_back(key, step(key, json));
  return result;
}

std::vector<std::string> Value::texts() const {
  std::vector<std::string> result;
  for (const Value& element : elements()) result.push_back(element.text());
  return result;
}

Object::Object(Value value, std::string_view kind, std::span<const std::string_view> keys)
    : value_(std::move(value)), kind_(kind) {
  if (!value_.is_object()) value_.refuse_expected("an object (" + kind_ + ")");
  for (const auto& [key, json] : value_.json().members) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    // An editor's "$schema" line says nothing about the run.
    if (key == "$schema" && value_.pointer().empty()) continue;
    std::string known;
    for (const std::string_view name : keys)
      known += (known.empty() ? "" : ", ") + std::string(name);
    const std::string near = did_you_mean(key, keys);
    value_.step(key, json).refuse("unknown key \"" + key + "\" in " + kind_ +
                                  (near.empty() ? "; known keys: " + known : near));
  }
}

std::optional<Value> Object::find(std::string_view key) const {
  const Json* json = value_.json().find(key);
  if (json == nullptr) return std::nullopt;
  return value_.step(key, *json);
}

Value Object::at(std::string_view key) const {
  if (auto found = find(key)) return *std::move(found);
  refuse("missing key \"" + std::string(key) + "\" in " + kind_);
}

std::string Object::text(std::string_view key, std::string otherwise) const {
  const auto found = find(key);
  return found ? found->text() : std::move(otherwise);
}

bool Object::boolean(std::string_view key, bool otherwise) const {
  const auto found = find(key);
  return found ? found->boolean() : otherwise;
}

std::uint64_t Object::count(std::string_view key, std::uint64_t otherwise,
                            Range<std::uint64_t> range) const {
  const auto found = find(key);
  return found ? found->count(range) : otherwise;
}

std::uint32_t Object::count32(std::string_view key, std::uint32_t otherwise,
                              Range<std::uint64_t> range) const {
  range.most = std::min<std::uint64_t>(range.most, std::numeric_limits<std::uint32_t>::max());
  return static_cast<std::uint32_t>(count(key, otherwise, range));
}

double Object::number(std::string_view key, double otherwise, Range<double> range) const {
  const auto found = find(key);
  return found ? found->number(range) : otherwise;
}

Duration Object::duration(std::string_view key, Duration otherwise, Range<Duration> range) const {
  const auto found = find(key);
  return found ? found->duration(range) : otherwise;
}

std::uint64_t Object::byte_size(std::string_view key, std::uint64_t otherwise,
                                Range<std::uint64_t> range) const {
  const auto found = find(key);
  return found ? found->byte_size(range) : otherwise;
}

std::uint64_t Object::bit_rate(std::string_view key, std::uint64_t otherwise,
                               Range<std::uint64_t> range) const {
  const auto found = find(key);
  return found ? found->bit_rate(range) : otherwise;
}

double Object::ratio(std::string_view key, double otherwise) const {
  const auto found = find(key);
  return found ? found->ratio() : otherwise;
}

std::vector<std::string> Object::texts(std::string_view key) const {
  const auto found = find(key);
  return found ? found->texts() : std::vector<std::string>();
}

std::vector<Value> Object::elements(std::string_view key) const {
  const auto found = find(key);
  return found ? found->elements() : std::vector<Value>();
}

}  // namespace wanlab::base
