#include "sim/scenario/scenario_document.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "sim/base/nearest_name.hpp"

namespace wanlab::scenario {
namespace {

using base::Document;
using base::InputError;
using base::Json;
using base::Value;

// What an element of an array goes by in a path, in order of preference.
constexpr std::array<std::string_view, 6> identifying_keys{"name", "site",   "region",
                                                           "user", "branch", "metric"};

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> steps;
  const bool pointer = path.starts_with('/');
  if (pointer) path.remove_prefix(1);
  std::string step;
  for (std::size_t index = 0; index < path.size(); ++index) {
    const char letter = path[index];
    if (letter == (pointer ? '/' : '.')) {
      steps.push_back(std::move(step));
      step.clear();
    } else if (pointer && letter == '~' && index + 1 < path.size()) {
      step += path[++index] == '1' ? '/' : '~';
    } else {
      step += letter;
    }
  }
  steps.push_back(std::move(step));
  return steps;
}

std::vector<std::string> names_in(const Json& array) {
  std::vector<std::string> names;
  for (const Json& element : array.elements)
    for (const std::string_view key : identifying_keys)
      if (const Json* value = element.find(key); value != nullptr && !value->text.empty()) {
        names.push_back(value->text);
        break;
      }
  return names;
}

std::optional<std::size_t> find_element(const Json& array, const std::string& step) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error == std::errc() && end == step.data() + step.size())
    return index < array.elements.size() ? std::optional(index) : std::nullopt;
  for (const std::string_view key : identifying_keys)
    for (std::size_t position = 0; position < array.elements.size(); ++position)
      if (const Json* value = array.elements[position].find(key);
          value != nullptr && value->text == step)
        return position;
  return std::nullopt;
}

// Puts `value` at `path`, or removes what is there when it is null. `how` completes a message.
void assign(Document& document, std::string_view path, Json value, const std::string& how) {
  const std::vector<std::string> steps = split_path(path);
  Json* here = &document.tree();
  std::string pointer;
  for (std::size_t level = 0; level < steps.size(); ++level) {
    const std::string& step = steps[level];
    const bool last = level + 1 == steps.size();
    const auto refuse = [&](const std::string& reason) {
      throw InputError(document.file(), pointer, reason + " (" + how + ")");
    };
    if (step.empty()) refuse("the path \"" + std::string(path) + "\" has an empty step");
    if (here->kind == Json::Kind::array) {
      const auto index = find_element(*here, step);
      if (!index) {
        const auto names = names_in(*here);
        std::string all;
        for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
        const std::string near = base::did_you_mean(step, names);
        refuse("no element \"" + step + "\" in this array of " +
               std::to_string(here->elements.size()) +
               (!near.empty() ? near : (all.empty() ? "" : "; it has " + all)));
      }
      pointer += base::pointer_step(std::to_string(*index));
      if (last && value.kind == Json::Kind::null) {
        here->elements.erase(here->elements.begin() + static_cast<std::ptrdiff_t>(*index));
        return;
      }
      here = &here->elements[*index];
    } else if (here->kind == Json::Kind::object) {
      pointer += base::pointer_step(step);
      if (last && value.kind == Json::Kind::null) return here->remove(step);
      Json* found = here->find(step);
      here = found != nullptr ? found : &here->set(step, Json::make_object());
    } else {
      refuse("\"" + step + "\" leads nowhere: there is " + base::describe(*here));
    }
    if (last) *here = std::move(value);
  }
  document.note_change(pointer, how);
}

void apply_set_object(Document& document, const Value& set) {
  for (const auto& [path, value] : set.members()) {
    const std::string how = "set by \"" + path + "\" at " + set.pointer() + " of " + set.file();
    assign(document, path, value.json(), how);
  }
}

// A scenario and everything it extends; `chain` holds the files that are being read.
Document open_chain(const std::filesystem::path& path, std::vector<std::filesystem::path>& chain,
                    const Value* referrer) {
  std::error_code error;
  std::filesystem::path canonical = std::filesystem::weakly_canonical(path, error);
  if (error) canonical = path;
  if (std::find(chain.begin(), chain.end(), canonical) != chain.end()) {
    std::string circle;
    for (const auto& file : chain) circle += file.filename().string() + " -> ";
    referrer->refuse("cyclic reference: " + circle + canonical.filename().string());
  }
  if (referrer != nullptr && !std::filesystem::exists(path, error))
    referrer->refuse("missing file: " + path.string() + " does not exist");
  chain.push_back(canonical);
  Document own = base::read_document(path);
  const Value root = own.root();
  if (!root.is_object()) root.refuse_expected("an object (scenario)");
  const Json* extends = root.json().find("extends");
  const Json* set = root.json().find("set");
  if (extends == nullptr) {
    if (set != nullptr)
      root.step("set", *set)
          .refuse(
              "\"set\" changes what a scenario extends; there is no "
              "\"extends\" here");
    chain.pop_back();
    return own;
  }
  const Value reference = root.step("extends", *extends);
  const std::filesystem::path base_path = path.parent_path() / reference.text();
  const Document base = open_chain(base_path, chain, &reference);
  chain.pop_back();

  // The heir's file speaks for the document; what it inherits is known to stand in the other file.
  Document merged(own.file(), base.root().json());
  for (const auto& [key, value] : base.root().members())
    merged.note_file(value.pointer(), value.file());
  merged.tree().remove("name");
  for (const auto& [key, value] : root.members()) {
    if (key == "extends" || key == "set") continue;
    merged.tree().set(key, value.json());
    merged.note_file(value.pointer(), own.file());
  }
  if (set != nullptr) apply_set_object(merged, root.step("set", *set));
  return merged;
}

}  // namespace

Document open_scenario(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> chain;
  return open_chain(path, chain, nullptr);
}

void apply_set(Document& document, const std::string& assignment) {
  const std::string how = "set by --set " + assignment;
  const auto equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0)
    throw InputError("--set " + assignment, "",
                     "expected path=value, for example clients.fleet.hosts=500");
  const std::string text = assignment.substr(equals + 1);
  auto value = base::parse_json(text);
  assign(document, std::string_view(assignment).substr(0, equals),
         value ? *std::move(value) : Json::make_text(text), how);
}

}  // namespace wanlab::scenario
