// The "faults" of a scenario, by the table of fault_rules.hpp.
#include "sim/scenario/fault_rules.hpp"
#include "sim/scenario/known_keys.hpp"
#include "sim/scenario/read_choice.hpp"
#include "sim/scenario/read_scenario.hpp"

#include <string>
#include <vector>

namespace wanlab::scenario {
namespace {

using base::Object;
using base::Value;

std::vector<std::string_view> words(std::string_view list) {
  std::vector<std::string_view> found;
  while (!list.empty()) {
    const std::size_t blank = list.find(' ');
    found.push_back(list.substr(0, blank));
    list = blank == std::string_view::npos ? std::string_view() : list.substr(blank + 1);
  }
  return found;
}

// "host", "pop", "zone" or "region"
std::string alternatives(std::string_view list) {
  std::string text;
  const std::vector<std::string_view> all = words(list);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) text += i + 1 == all.size() ? " or " : ", ";
    text += "\"" + std::string(all[i]) + "\"";
  }
  return text;
}

FaultScope scope_of(std::string_view key) {
  return key == "endpoint"   ? FaultScope::endpoint
         : key == "resolver" ? FaultScope::resolver
         : key == "cable"    ? FaultScope::cable
         : key == "user"     ? FaultScope::user
         : key == "pop"      ? FaultScope::pop
         : key == "zone"     ? FaultScope::zone
         : key == "region"   ? FaultScope::region
                             : FaultScope::host;
}

void refuse_foreign_keys(const Object& object, const FaultRule& rule) {
  for (const std::string_view key : keys::fault) {
    const bool common = has_word("kind name at", key);
    const bool course =
        rule.course != FaultCourse::moment && has_word("for shape ramp period duty", key);
    if (common || course || has_word(rule.targets, key) || has_word(rule.required, key) ||
        has_word(rule.optional, key) || !object.has(key)) {
      continue;
    }
    object.at(key).refuse("\"" + std::string(key) + "\" means nothing for a fault of kind \"" +
                          std::string(name_of(rule.kind)) + "\"");
  }
}

void read_targets(const Object& object, const FaultRule& rule, Fault& fault) {
  if (rule.all_targets) {
    const bool path = has_word(rule.targets, "from");
    fault.scope = path ? FaultScope::path : FaultScope::user;
    fault.source = object.at(path ? "from" : "user").text();
    fault.target = object.at(path ? "to" : "region").text();
    return;
  }
  std::string_view found;
  for (const std::string_view key : words(rule.targets)) {
    if (!object.has(key)) continue;
    if (!found.empty())
      object.at(key).refuse("either \"" + std::string(found) + "\" or \"" + std::string(key) +
                            "\", not both");
    found = key;
  }
  if (!found.empty()) {
    fault.scope = scope_of(found);
    fault.source = object.at(found).text();
    return;
  }
  const std::vector<std::string_view> all = words(rule.targets);
  if (!all.empty() && !rule.target_optional) {
    if (all.size() == 1) object.at(all.front());  // which refuses
    object.refuse("expected " + alternatives(rule.targets) + " for a fault of kind \"" +
                  std::string(name_of(rule.kind)) + "\"");
  }
  // Without a target: the store by itself, or all of its members, resolvers or endpoints.
  fault.source = all.empty() ? "" : "*";
  fault.scope = all.empty() || all.front() == "host" ? FaultScope::store : scope_of(all.front());
}

void read_course(const Object& object, const FaultRule& rule, Fault& fault) {
  fault.at = object.duration("at", Duration::zero());
  if (rule.course == FaultCourse::moment) return;
  fault.duration = object.duration("for", Duration::zero());
  fault.shape = read_choice(object, "shape", fault.shape);
  const auto forbid = [&](std::string_view key, FaultShape shape) {
    if (fault.shape != shape && object.has(key))
      object.at(key).refuse("\"" + std::string(key) + "\" needs \"shape\": \"" +
                            std::string(name_of(shape)) + "\"");
  };
  forbid("ramp", FaultShape::ramp);
  forbid("period", FaultShape::flapping);
  forbid("duty", FaultShape::flapping);
  if (fault.shape == FaultShape::ramp) {
    if (rule.course != FaultCourse::graded)
      object.at("shape").refuse("a fault of kind \"" + std::string(name_of(rule.kind)) +
                                "\" is there or not; it cannot grow as a ramp");
    fault.ramp = object.at("ramp").duration({std::chrono::milliseconds(1), std::chrono::hours(24)});
  }
  if (fault.shape == FaultShape::flapping) {
    fault.period =
        object.at("period").duration({std::chrono::milliseconds(1), std::chrono::hours(24)});
    fault.duty = object.ratio("duty", fault.duty);
    if (fault.duty <= 0 || fault.duty >= 1)
      object.at("duty").refuse_expected("a share of the period between 0 and 1");
  }
}

void read_strength(const Object& object, const FaultRule& rule, Fault& fault) {
  // Loops over what stands there; what a kind does not take was refused before.
  for (const std::string_view key : words(rule.required)) object.at(key);
  fault.one_way = object.boolean("one_way", false);
  for (const std::string_view key : {"add_delay", "add_jitter"})
    if (const auto value = object.find(key)) fault.extra_delay = value->duration();
  if (const auto value = object.find("loss")) fault.loss = value->ratio();
  fault.burst =
      object.duration("burst", fault.burst, {std::chrono::milliseconds(1), std::chrono::hours(1)});
  if (object.has("loss_in_burst") && !object.has("burst"))
    object.at("loss_in_burst").refuse("\"loss_in_burst\" needs \"burst\"");
  fault.loss_in_burst = object.ratio("loss_in_burst", fault.loss_in_burst);
  if (fault.burst > Duration::zero() && fault.loss >= fault.loss_in_burst)
    object.at("loss").refuse(
        "the average loss must be below the loss within a burst, or there is nothing between "
        "bursts");
  if (const auto value = object.find("share")) fault.share = value->ratio();
  if (fault.kind == FaultKind::starve_cpu && fault.share > 0.999)
    object.at("share").refuse(
        "at most \"99.9%\" of a machine can be taken away; freeze it instead");
  if (const auto value = object.find("limit"))
    fault.bits_per_second = value->bit_rate({1000, 1'000'000'000'000'000});
  fault.reroute_after = object.duration("reroute_after", Duration::zero(),
                                        {std::chrono::milliseconds(1), std::chrono::hours(24)});
  if (const auto value = object.find("mode"))
    fault.refuses = value->choice({"dropping", "refusing"}) == 1;
  if (has_word(rule.optional, "ahead")) {
    if (object.has("ahead") == object.has("behind"))
      object.refuse("expected either \"ahead\" or \"behind\": how wrong the clock is");
    fault.behind = object.has("behind");
    fault.extra_delay = object.at(fault.behind ? "behind" : "ahead").duration();
  }
  fault.password = object.text("password", "");
}

}  // namespace

void read_faults(const Object& scenario, ScenarioReading& reading) {
  for (const Value& value : scenario.elements("faults")) {
    const Object object(value, "fault", keys::fault);
    Fault fault;
    object.at("kind");
    fault.kind = read_choice(object, "kind", fault.kind);
    const FaultRule& rule = rule_of(fault.kind);
    refuse_foreign_keys(object, rule);
    if (const auto name = object.find("name")) fault.name = read_name(*name);
    read_targets(object, rule, fault);
    read_course(object, rule, fault);
    read_strength(object, rule, fault);
    reading.plan.faults.push_back(std::move(fault));
    reading.places["faults"].push_back(value);
  }
}

}  // namespace wanlab::scenario
