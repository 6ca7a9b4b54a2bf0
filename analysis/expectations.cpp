// Looking metrics up, combining them, and comparing with bounds.
#include "analysis/expectations.hpp"

#include "analysis/bounds.hpp"
#include "analysis/checks/oracles.hpp"
#include "analysis/metrics.hpp"
#include "analysis/windows.hpp"
#include "sim/base/nearest_name.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace wanlab::analysis {

namespace {

using scenario::Expectation;
using MetricsByName = std::map<std::string, MetricValue, std::less<>>;

MetricsByName by_name(const Summary& summary) {
  MetricsByName found;
  for (const Metric& metric : metrics(summary)) found.emplace(metric.dotted(), metric.value);
  return found;
}

MetricValue value_of(const MetricsByName& known, const std::string& name) {
  const auto found = known.find(name);
  return found == known.end() ? MetricValue() : found->second;
}

struct Expression {
  std::string left, right;
  char operation = ' ';  // with a space, `left` is all there is
};

Expression parse(const std::string& text) {
  for (const char operation : {'-', '/'}) {
    const std::string between{' ', operation, ' '};
    if (const std::size_t at = text.find(between); at != std::string::npos) {
      return {text.substr(0, at), text.substr(at + between.size()), operation};
    }
  }
  return {text, "", ' '};
}

MetricValue evaluate(const MetricsByName& known, const std::string& text) {
  const Expression expression = parse(text);
  if (expression.operation == ' ') return value_of(known, expression.left);
  const std::optional<double> left = number(value_of(known, expression.left));
  const std::optional<double> right = number(value_of(known, expression.right));
  if (!left || !right) return {};
  if (expression.operation == '-') return *left - *right;
  return *right == 0 ? MetricValue() : MetricValue(*left / *right);
}

// Names of oracles, wherever the plan says them.
void check_oracles(const scenario::Plan& plan, std::vector<ExpectationProblem>& problems) {
  if (plan.oracles.off.empty() && plan.oracles.must_trip.empty()) return;
  std::vector<std::string> names;
  Fleet fleet;
  for (const auto& oracle : make_oracles(fleet, plan)) names.emplace_back(oracle->name());
  const auto check = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) != names.end()) return;
    problems.push_back(
        {"/expect", "unknown oracle \"" + name + "\"" + base::did_you_mean(name, names)});
  };
  for (const std::string& name : plan.oracles.off) check(name);
  if (!plan.oracles.must_trip.empty()) check(plan.oracles.must_trip);
}

}  // namespace

std::vector<ExpectationProblem> problems_with_expectations(const scenario::Plan& plan) {
  std::vector<ExpectationProblem> problems;
  check_oracles(plan, problems);
  if (plan.expectations.empty()) return problems;
  std::vector<std::string> names;
  for (const Metric& metric : metrics(summarize(plan, {}))) names.push_back(metric.dotted());
  const auto check_name = [&](const std::string& pointer, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) != names.end()) return;
    problems.push_back(
        {pointer, "unknown metric \"" + name + "\"" + base::did_you_mean(name, names)});
  };
  for (std::size_t i = 0; i < plan.expectations.size(); ++i) {
    const Expectation& expectation = plan.expectations[i];
    const std::string pointer =
        "/expect/" + std::to_string(expectation.number.value_or(static_cast<std::uint32_t>(i)));
    if (expectation.has_window()) {
      if (const auto problem = problem_with_window(expectation)) {
        problems.push_back({pointer, *problem});
      }
      if (expectation.form != scenario::ExpectationForm::threshold) continue;
    }
    const Expression expression = parse(expectation.metric);
    if (!expectation.has_window()) check_name(pointer + "/metric", expression.left);
    if (!expectation.has_window() && expression.operation != ' ') check_name(pointer + "/metric", expression.right);
    if (!expectation.at_least && !expectation.at_most && !expectation.equals) {
      problems.push_back({pointer, "the expectation on \"" + expectation.metric +
                                       "\" states no bound: at_least, at_most or equals"});
    }
  }
  return problems;
}

std::vector<Verdict> judge(const Expectation& expectation, const Summary& summary) {
  std::vector<Verdict> verdicts;
  const MetricValue value = evaluate(by_name(summary), expectation.metric);
  const std::optional<double> got = number(value);
  for (const BoundCheck& bound : bounds_of(expectation)) {
    verdicts.push_back({expectation.metric, bound.words, to_string(value),
                        got.has_value() && bound.holds(*got), {}, {}});
  }
  return verdicts;
}

std::vector<Verdict> judge(const scenario::Plan& plan, const Summary& summary) {
  std::vector<Verdict> verdicts;
  for (const Expectation& expectation : plan.expectations) {
    if (expectation.has_window()) continue;
    for (Verdict& verdict : judge(expectation, summary)) verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

}  // namespace wanlab::analysis
