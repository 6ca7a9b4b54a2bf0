// Paths to words: steps without their units, the name of a group, POP or fault last.
#include "analysis/figures.hpp"

#include "analysis/numbers.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

namespace wanlab::analysis {

namespace {

using base::Json;

enum class Unit : std::uint8_t { none, milliseconds, seconds, bytes };
constexpr std::array<std::pair<std::string_view, Unit>, 3> unit_endings{
    {{"_ms", Unit::milliseconds}, {"_s", Unit::seconds}, {"_bytes", Unit::bytes}}};
// Steps whose next step is a name that somebody chose.
constexpr std::array<std::string_view, 5> naming_steps{"groups", "pops", "usage", "faults",
                                                       "failovers"};

std::vector<std::string> steps_of(std::string_view path) {
  std::vector<std::string> steps;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t dot = std::min(path.find('.', from), path.size());
    steps.emplace_back(path.substr(from, dot - from));
    from = dot + 1;
  }
  return steps;
}

// Takes the unit off a step: "time_to_target_s" -> "time_to_target". Rates ("per_s") have none.
Unit take_unit(std::string& step) {
  for (const auto& [ending, unit] : unit_endings) {
    if (!step.ends_with(ending) || step.ends_with("per_s")) continue;
    step.resize(step.size() - ending.size());
    return unit;
  }
  return Unit::none;
}

void collect(const Json& json, const std::string& path, Figures& figures) {
  switch (json.kind) {
    case Json::Kind::object:
      for (const auto& [key, value] : json.members) {
        collect(value, path.empty() ? key : path + "." + key, figures);
      }
      break;
    case Json::Kind::null:
      figures.emplace(path, std::nullopt);
      break;
    case Json::Kind::natural:
      figures.emplace(path, static_cast<double>(json.natural));
      break;
    case Json::Kind::negative:
      figures.emplace(path, static_cast<double>(json.negative));
      break;
    case Json::Kind::real:
      figures.emplace(path, json.real);
      break;
    default:
      break;
  }
}

// As a duration reads best, negative ones too (differences).
std::string time_text(double value, double nanoseconds_each) {
  const double magnitude = std::abs(value) * nanoseconds_each;
  if (magnitude >= 9e18) return decimals(value * nanoseconds_each / 1e9, 0) + " s";
  std::string text(value < 0 ? "-" : "");
  return text += duration_text(Duration(std::llround(magnitude)));
}

std::string number_text(double value) {
  if (value >= 0 && value < 1e15 && value == std::floor(value)) {
    return grouped(static_cast<std::uint64_t>(value));
  }
  char text[64];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

}  // namespace

Figures figures_in(const Json& summary) {
  Figures figures;
  collect(summary, "", figures);
  return figures;
}

std::string figure_words(std::string_view path) {
  std::vector<std::string> steps = steps_of(path);
  std::string whose;
  const bool names =
      std::find(naming_steps.begin(), naming_steps.end(), steps.front()) != naming_steps.end();
  if (names && steps.size() >= 3) {
    whose = " of " + steps[1];
    steps.erase(steps.begin(), steps.begin() + 2);
  }
  std::string words;
  for (std::string& step : steps) {
    take_unit(step);
    std::replace(step.begin(), step.end(), '_', ' ');
    (words += words.empty() ? "" : " ") += step;
  }
  return words + whose;
}

std::string figure_value(std::string_view path, const std::optional<double>& value) {
  if (!value) return "no value";
  std::vector<std::string> steps = steps_of(path);
  if (steps.back() == "count") return number_text(*value);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    switch (take_unit(*step)) {
      case Unit::milliseconds:
        return time_text(*value, 1e6);
      case Unit::seconds:
        return time_text(*value, 1e9);
      case Unit::bytes:
        if (*value >= 0) return bytes_text(static_cast<std::uint64_t>(*value));
        break;
      case Unit::none:
        break;
    }
  }
  return number_text(*value);
}

}  // namespace wanlab::analysis
