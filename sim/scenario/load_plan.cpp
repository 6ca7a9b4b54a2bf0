#include "sim/scenario/load_plan.hpp"

#include "sim/scenario/check_references.hpp"
#include "sim/scenario/memory_estimate.hpp"
#include "sim/scenario/plan_json.hpp"
#include "sim/scenario/read_scenario.hpp"
#include "sim/scenario/scenario_document.hpp"

#include <vector>

namespace wanlab::scenario {
namespace {

using base::Document;
using base::Json;
using base::Value;

// The list's element, or its member `key` when it has one; the root when the list is not in the
// file.
Value place_in_plan(const Value& root, std::string_view list, std::size_t index,
                    std::string_view key) {
  const auto member = [](const Value& value, std::string_view name) {
    const Json* json = value.json().find(name);
    return json == nullptr ? value : value.step(name, *json);
  };
  if (list.empty()) return member(root, key);
  const Json* elements = root.json().find(list);
  if (elements == nullptr || index >= elements->elements.size()) return root;
  return member(root.step(list, *elements).elements()[index], key);
}

// What plan.json calls differently from a scenario.
std::string_view key_in_scenario(std::string_view list, std::string_view key) {
  if (list == "databases" && key == "primary_region") return "region";
  if (list == "faults" && key == "target") return "to";
  if (list == "faults" && key == "duration") return "for";
  return key;
}

Value place_in_scenario(const ScenarioReading& reading, const Value& root, std::string_view list,
                        std::size_t index, std::string_view key) {
  const auto places = reading.places.find(list);
  const bool known = places != reading.places.end() && index < places->second.size();
  const Value& element = known ? places->second[index] : root;
  if (!known && !list.empty()) return root;
  std::vector<std::string_view> candidates{key_in_scenario(list, key)};
  // What a fault is aimed at has many names; an edge without "site" stands at one of its "sites".
  if (list == "faults" && key == "source") {
    candidates = {"from", "cable", "host", "pop", "zone", "user", "region", "resolver", "endpoint"};
  } else if (list == "faults" && key == "target") {
    candidates = {"to", "region"};
  } else if (list == "edges" && key == "site") {
    candidates.push_back("sites");
  }
  for (const std::string_view candidate : candidates) {
    if (const Json* json = element.json().find(candidate)) return element.step(candidate, *json);
  }
  return element;
}

Plan load(const Document& document, const std::filesystem::path& root_folder) {
  const Value root = document.root();
  if (root.json().find(plan_format_key) != nullptr) {
    Plan plan = read_plan(root);
    check_references(plan, [&](std::string_view list, std::size_t index, std::string_view key) {
      return place_in_plan(root, list, index, key);
    });
    return plan;
  }
  ScenarioReading reading = read_network(document, root_folder);
  const Places places = [&](std::string_view list, std::size_t index, std::string_view key) {
    return place_in_scenario(reading, root, list, index, key);
  };
  check_references(reading.plan, places);
  read_traffic(document, reading);
  check_references(reading.plan, places);
  return std::move(reading.plan);
}

}  // namespace

Plan load_plan(const std::filesystem::path& path, const Overrides& overrides) {
  Document document = open_scenario(path);
  for (const std::string& assignment : overrides.sets) apply_set(document, assignment);
  Plan plan = load(document, overrides.root);
  if (overrides.seed) plan.seed = *overrides.seed;
  if (overrides.memory_limit_bytes != std::optional<std::uint64_t>(0)) {
    const std::uint64_t limit =
        overrides.memory_limit_bytes.value_or(physical_memory_bytes() / 10 * 9);
    if (const auto reason = too_large_for(plan, limit))
      throw InputError(path.string(), "/clients", *reason);
  }
  return plan;
}

}  // namespace wanlab::scenario
