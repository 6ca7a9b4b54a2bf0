// Pairing, and judging by tolerances.
#include "analysis/comparison.hpp"

#include "analysis/numbers.hpp"
#include "sim/base/document_json.hpp"
#include "sim/base/nearest_name.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

namespace wanlab::analysis {

namespace {

using base::InputError;

std::optional<double> value_of(const ComparedRun& run, const std::string& metric) {
  const auto found = run.figures.find(metric);
  return found == run.figures.end() ? std::nullopt : found->second;
}

ComparedFigure compare_figure(const std::string& metric, const std::vector<ComparedRun>& a,
                              const std::vector<ComparedRun>& b) {
  ComparedFigure figure;
  figure.metric = metric;
  figure.worse = worse_when(metric);
  std::vector<double> of_a, of_b, difference;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto left = value_of(a[i], metric), right = value_of(b[i], metric);
    if (left) of_a.push_back(*left);
    if (right) of_b.push_back(*right);
    if (left && right) difference.push_back(*right - *left);
    figure.only_a += left && !right;
    figure.only_b += right && !left;
  }
  figure.a = estimate(of_a);
  figure.b = estimate(of_b);
  figure.difference = estimate(difference);
  return figure;
}

bool is_beyond(const ComparedFigure& figure, const Tolerance& tolerance) {
  // What took place in every run of A and in none of B is as bad as can be, e.g. a recovery.
  if (figure.only_a > 0 && figure.b.count == 0 && figure.worse == Worse::more) return true;
  if (figure.difference.count == 0) return false;
  const double room =
      tolerance.relative ? tolerance.within * std::abs(figure.a.mean) : tolerance.within;
  const double by = figure.worse == Worse::more   ? figure.difference.mean
                    : figure.worse == Worse::less ? -figure.difference.mean
                                                  : std::abs(figure.difference.mean);
  const double rounding = 1e-9 * std::abs(figure.a.mean);
  return by > room + rounding && figure.surely();
}

}  // namespace

std::string Tolerance::text() const {
  if (within == 0) return "nothing";
  if (!relative) return figure_value(metric, within);
  return decimals(within * 100, within < 0.01 ? 1 : 0) + " %";
}

Tolerance read_tolerance(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  Tolerance tolerance;
  tolerance.metric = text.substr(0, equals);
  if (equals != std::string::npos && equals > 0) {
    std::string value = text.substr(equals + 1);
    tolerance.relative = value.ends_with('%');
    if (tolerance.relative) value.pop_back();
    char* end = nullptr;
    tolerance.within = std::strtod(value.c_str(), &end);
    const bool whole = end != value.c_str() && *end == '\0';
    if (whole && std::isfinite(tolerance.within) && tolerance.within >= 0) {
      if (tolerance.relative) tolerance.within /= 100;
      return tolerance;
    }
  }
  throw InputError("--tolerance", "",
                   "expected METRIC=SHARE or METRIC=AMOUNT, e.g. query_latency_ms.p99=5% or "
                   "connections.failed=0, got " +
                       text);
}

std::vector<Tolerance> usual_tolerances() {
  return {{"connections.failed", 0, false},      {"connections.lost", 0, false},
          {"queries.failed", 0, false},          {"oracles.violations", 0, false},
          {"query_latency_ms.p50", 0.05, true},  {"query_latency_ms.p99", 0.1, true},
          {"connect_latency_ms.p99", 0.1, true}, {"failover.queries.unknown", 0, false}};
}

bool ComparedFigure::differs() const {
  return only_a + only_b > 0 || difference.least != 0 || difference.most != 0;
}

bool ComparedFigure::surely() const {
  if (!differs()) return false;
  if (difference.count == 0) return true;
  const double size = std::abs(difference.mean);
  return difference.half_width ? size > *difference.half_width : size > 0;
}

std::optional<double> ComparedFigure::share() const {
  if (difference.count == 0 || a.mean == 0) return std::nullopt;
  return difference.mean / std::abs(a.mean);
}

std::size_t Comparison::beyond() const {
  return static_cast<std::size_t>(std::count_if(
      figures.begin(), figures.end(), [](const ComparedFigure& each) { return each.beyond; }));
}

std::size_t Comparison::differing() const {
  return static_cast<std::size_t>(std::count_if(
      figures.begin(), figures.end(), [](const ComparedFigure& each) { return each.differs(); }));
}

Comparison compare(const std::vector<ComparedRun>& a, const std::vector<ComparedRun>& b,
                   const std::vector<Tolerance>& tolerances) {
  Comparison result;
  std::set<std::string> names;
  for (std::size_t i = 0; i < a.size(); ++i) {
    result.seeds.push_back(a[i].seed);
    result.same_seeds = result.same_seeds && a[i].seed == b[i].seed;
    result.identical += a[i].digest == b[i].digest;
    for (const ComparedRun* run : {&a[i], &b[i]}) {
      for (const auto& [name, value] : run->figures) {
        if (name != "seed" && !measures_machine(name)) names.insert(name);
      }
    }
  }
  for (const std::string& name : names) result.figures.push_back(compare_figure(name, a, b));
  for (const Tolerance& tolerance : tolerances) {
    const auto found = std::lower_bound(
        result.figures.begin(), result.figures.end(), tolerance.metric,
        [](const ComparedFigure& figure, const std::string& name) { return figure.metric < name; });
    if (found == result.figures.end() || found->metric != tolerance.metric) {
      const std::vector<std::string> known(names.begin(), names.end());
      throw InputError(
          "--tolerance", "",
          "there is no figure " + tolerance.metric + base::did_you_mean(tolerance.metric, known));
    }
    found->tolerance = tolerance;
    found->beyond = is_beyond(*found, tolerance);
  }
  return result;
}

}  // namespace wanlab::analysis
