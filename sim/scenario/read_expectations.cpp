// The "expect" section: bounds, events that must or must not come, windows around faults, oracles.
#include "sim/base/nearest_name.hpp"
#include "sim/base/units.hpp"
#include "sim/scenario/known_keys.hpp"
#include "sim/scenario/read_scenario.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace wanlab::scenario {

namespace {

using base::Object;
using base::Value;

constexpr std::string_view moments =
    "expected a moment: a duration from the start (\"12s\"), the name of a fault, \"NAME.heal\", "
    "\"heal\" (of the fault in \"from\") or \"end\"; each but \"end\" also with \" + 3s\" or \" - "
    "3s\"";

struct Moment {
  std::optional<Duration> at;  // none: the end
  const Fault* fault = nullptr;
};

class Moments {
 public:
  explicit Moments(const Plan& plan) : plan_(plan) {}

  Moment read(const Value& value, const Fault* fault_of_from) const {
    const std::string text = value.text();
    std::string name = text;
    Duration offset{};
    for (const char sign : {'+', '-'}) {
      const std::string between{' ', sign, ' '};
      const std::size_t at = text.find(between);
      if (at == std::string::npos) continue;
      name = text.substr(0, at);
      const auto parsed = base::parse_duration(text.substr(at + between.size()));
      if (!parsed) value.refuse(std::string(moments) + ", got \"" + text + "\"");
      offset = sign == '+' ? parsed.value : -parsed.value;
    }
    if (name == "end") return {};
    Moment moment = named(value, name, fault_of_from);
    moment.at = *moment.at + offset;
    if (*moment.at < Duration::zero()) value.refuse("this moment is before the start of the run");
    return moment;
  }

 private:
  Moment named(const Value& value, const std::string& name, const Fault* fault_of_from) const {
    if (name == "start") return {Duration::zero(), nullptr};
    if (name == "heal") {
      if (fault_of_from == nullptr) value.refuse("\"heal\" needs a fault in \"from\"");
      return {healed(value, *fault_of_from), fault_of_from};
    }
    if (const auto duration = base::parse_duration(name)) return {duration.value, nullptr};
    constexpr std::string_view heal = ".heal";
    const bool of_heal = name.ends_with(heal);
    const std::string fault_name = of_heal ? name.substr(0, name.size() - heal.size()) : name;
    for (std::size_t i = 0; i < plan_.faults.size(); ++i) {
      const Fault& fault = plan_.faults[i];
      const std::string number = "fault-" + std::to_string(i + 1);
      if (fault.name != fault_name && (!fault.name.empty() || number != fault_name)) continue;
      return {of_heal ? healed(value, fault) : fault.at, &fault};
    }
    std::vector<std::string> names;
    for (const Fault& fault : plan_.faults) names.push_back(fault.name);
    value.refuse(std::string(moments) + ", got \"" + name + "\"" +
                 base::did_you_mean(fault_name, names));
  }
  static Duration healed(const Value& value, const Fault& fault) {
    if (fault.duration == Duration::zero()) value.refuse("this fault lasts to the end of the run");
    return fault.at + fault.duration;
  }

  const Plan& plan_;
};

void read_window(const Object& object, const Plan& plan, Expectation& expectation) {
  const Moments moments_of(plan);
  const Fault* fault = nullptr;
  const auto say = [&](const char* word, const std::string& text) {
    if (!expectation.when.empty()) expectation.when += ' ';
    expectation.when += word;
    expectation.when += ' ';
    expectation.when += text;
  };
  if (const auto from = object.find("from")) {
    const Moment moment = moments_of.read(*from, nullptr);
    if (!moment.at) from->refuse("a window cannot begin at the end");
    expectation.from = moment.at;
    fault = moment.fault;
    say("from", from->text());
  }
  const auto until = object.find("until"), within = object.find("within");
  if (until && within) until->refuse("either \"until\" or \"within\", not both");
  if (until) {
    expectation.until = moments_of.read(*until, fault).at;
    say("until", until->text());
  }
  if (within) {
    expectation.until = expectation.from.value_or(Duration::zero()) + within->duration();
    say("within", within->text());
  }
  const Duration from = expectation.from.value_or(Duration::zero());
  if (expectation.until && *expectation.until <= from) {
    (until ? *until : *within).refuse("the window ends before it begins");
  }
}

void read_filters(const Object& object, const Plan& plan, Expectation& expectation) {
  const auto read = [&](const char* key, std::string& field, const char* what, const auto& names) {
    const auto value = object.find(key);
    if (!value) return;
    field = value->text();
    if (std::find(names.begin(), names.end(), field) != names.end()) return;
    value->refuse("expected " + std::string(what) + ", got \"" + field + "\"" +
                  base::did_you_mean(field, names));
  };
  std::vector<std::string> pops, groups, regions;
  for (const EdgePop& pop : plan.edges) pops.push_back(pop.name);
  for (const ClientGroup& group : plan.clients) groups.push_back(group.name);
  for (const OriginRegion& origin : plan.origins) regions.push_back(origin.region);
  read("pop", expectation.pop, "the name of an edge", pops);
  read("group", expectation.group, "the name of a client group", groups);
  read("cluster", expectation.cluster, "a region with origins", regions);
  expectation.text = object.text("text", "");
}

void read_oracles(const Object& object, const Value& value, ScenarioReading& reading) {
  for (const char* key : {"at_least", "at_most", "equals", "from", "until", "within", "every",
                          "pop", "group", "cluster", "text"}) {
    if (object.has(key)) object.at(key).refuse("has no meaning beside \"oracles\"");
  }
  const Object rules(value, "oracles", keys::oracles);
  OracleRules& known = reading.plan.oracles;
  for (const std::string& name : rules.texts("off")) known.off.push_back(name);
  if (const auto must_trip = rules.find("must_trip")) {
    if (!known.must_trip.empty())
      must_trip->refuse("only one oracle can be the one that must trip");
    known.must_trip = must_trip->text();
  }
}

}  // namespace

void read_expectations(const Object& scenario, ScenarioReading& reading) {
  std::uint32_t number = 0xffffffff;
  for (const Value& value : scenario.elements("expect")) {
    ++number;
    const Object object(value, "expectation", keys::expectation);
    std::optional<std::string_view> form;
    for (const std::string_view key : {"metric", "always", "never", "eventually", "oracles"}) {
      if (!object.has(key)) continue;
      if (form) {
        object.at(key).refuse("an expectation is about one thing: \"" + std::string(*form) +
                              "\" or \"" + std::string(key) + "\"");
      }
      form = key;
    }
    if (!form)
      object.refuse("expected \"metric\", \"always\", \"never\", \"eventually\" or \"oracles\"");
    if (*form == "oracles") {
      read_oracles(object, object.at("oracles"), reading);
      continue;
    }
    Expectation expectation;
    expectation.metric = object.at(*form).text();
    const auto bound = [&](std::string_view key) {
      const auto found = object.find(key);
      if (found && (*form == "never" || *form == "eventually")) {
        found->refuse("bounds belong to \"metric\" and \"always\"");
      }
      return found ? std::optional(found->number({-1e15, 1e15})) : std::nullopt;
    };
    expectation.at_least = bound("at_least");
    expectation.at_most = bound("at_most");
    expectation.equals = bound("equals");
    if (*form == "never") expectation.form = ExpectationForm::never;
    if (*form == "eventually") expectation.form = ExpectationForm::eventually;
    if (const auto every = object.find("every")) {
      if (*form != "always") every->refuse("belongs to \"always\"");
      expectation.every = every->duration({std::chrono::milliseconds(1), std::chrono::hours(24)});
    } else if (*form == "always") {
      expectation.every = std::chrono::seconds(1);
    }
    read_window(object, reading.plan, expectation);
    read_filters(object, reading.plan, expectation);
    if (number != reading.plan.expectations.size()) expectation.number = number;
    reading.plan.expectations.push_back(std::move(expectation));
    reading.places["expect"].push_back(value);
  }
}

}  // namespace wanlab::scenario
