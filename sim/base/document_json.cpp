// The one place that parses JSON text: builds the tree from the parser's events, because only the
// events still show a key that appears twice.
#include "sim/base/document_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace wanlab::base {
namespace {

constexpr std::size_t deepest = 64;

class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  TreeBuilder(std::string_view source, std::string file)
      : source_(source), file_(std::move(file)) {}

  Json take() { return std::move(root_); }

  bool null() override { return add(Json{}); }
  bool boolean(bool value) override { return add(Json::make_boolean(value)); }
  bool number_integer(number_integer_t value) override {
    if (value >= 0) return add(Json::make_natural(static_cast<std::uint64_t>(value)));
    Json json;
    json.kind = Json::Kind::negative;
    json.negative = value;
    return add(std::move(json));
  }
  bool number_unsigned(number_unsigned_t value) override { return add(Json::make_natural(value)); }
  bool number_float(number_float_t value, const string_t&) override {
    return add(Json::make_real(value));
  }
  bool string(string_t& value) override { return add(Json::make_text(std::move(value))); }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override { return open(Json::make_object()); }
  bool start_array(std::size_t) override { return open(Json::make_array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& value) override {
    const Json& object = *open_.back();
    if (object.find(value) != nullptr)
      throw InputError(file_, pointer(), "the key \"" + value + "\" appears twice in this object");
    key_ = std::move(value);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    std::string reason = error.what();
    // The library's text is "[id] parse error at line L, column C: REASON".
    if (const auto colon = reason.find(": "); colon != std::string::npos)
      reason = reason.substr(colon + 2);
    if (error.id == 406) reason = "a number is too large";
    const std::size_t end = std::min(position == 0 ? 0 : position - 1, source_.size());
    const std::string_view before = source_.substr(0, end);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto newline = before.rfind('\n');
    const std::size_t column = newline == std::string_view::npos ? end + 1 : end - newline;
    throw InputError(file_ + ":" + std::to_string(line) + ":" + std::to_string(column), "",
                     source_.empty() ? "not JSON: the file is empty" : "not JSON: " + reason);
  }

 private:
  Json* place(Json json) {
    if (open_.empty()) {
      root_ = std::move(json);
      return &root_;
    }
    Json& parent = *open_.back();
    if (parent.kind == Json::Kind::array) {
      parent.elements.push_back(std::move(json));
      return &parent.elements.back();
    }
    parent.members.emplace_back(std::move(key_), std::move(json));
    return &parent.members.back().second;
  }

  bool add(Json json) {
    place(std::move(json));
    return true;
  }

  bool open(Json json) {
    if (open_.size() >= deepest)
      throw InputError(file_, pointer(),
                       "nested deeper than " + std::to_string(deepest) + " levels");
    open_.push_back(place(std::move(json)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string pointer() const {
    std::string text;
    for (std::size_t level = 1; level < open_.size(); ++level) {
      const Json& parent = *open_[level - 1];
      text += parent.kind == Json::Kind::array ? "/" + std::to_string(parent.elements.size() - 1)
                                               : pointer_step(parent.members.back().first);
    }
    return text;
  }

  std::string_view source_;
  std::string file_;
  Json root_;
  std::vector<Json*> open_;  // a parent gets no further child while one of these points into it
  std::string key_;
};

Json parse(std::string_view text, const std::string& file) {
  TreeBuilder builder(text, file);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder,
                            nlohmann::json::input_format_t::json, true, true);
  return builder.take();
}

}  // namespace

Document parse_document(std::string_view text, std::string file) {
  Json root = parse(text, file);
  return Document(std::move(file), std::move(root));
}

Document read_document(const std::filesystem::path& path) {
  return parse_document(read_file(path), path.string());
}

std::optional<Json> parse_json(std::string_view text) {
  try {
    return parse(text, "");
  } catch (const InputError&) {
    return std::nullopt;
  }
}

}  // namespace wanlab::base
