// Looking metrics up, combining them, and comparing with bounds.
#include "analysis/expectations.hpp"

#include "analysis/metrics.hpp"
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

struct Bound {
  std::string words;
  bool holds = false;
};

std::vector<Bound> bounds_of(const Expectation& expectation, double got) {
  std::vector<Bound> bounds;
  const auto add = [&](const char* words, double bound, bool holds) {
    bounds.push_back({std::string(words) + " " + to_string(MetricValue(bound)), holds});
  };
  if (const auto& bound = expectation.at_least) add("at least", *bound, got >= *bound);
  if (const auto& bound = expectation.at_most) add("at most", *bound, got <= *bound);
  if (const auto& bound = expectation.equals) add("equal to", *bound, got == *bound);
  return bounds;
}

}  // namespace

std::vector<ExpectationProblem> problems_with_expectations(const scenario::Plan& plan) {
  std::vector<ExpectationProblem> problems;
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
    const std::string pointer = "/expect/" + std::to_string(i);
    const Expression expression = parse(expectation.metric);
    check_name(pointer + "/metric", expression.left);
    if (expression.operation != ' ') check_name(pointer + "/metric", expression.right);
    if (!expectation.at_least && !expectation.at_most && !expectation.equals) {
      problems.push_back({pointer, "the expectation on \"" + expectation.metric +
                                       "\" states no bound: at_least, at_most or equals"});
    }
  }
  return problems;
}

std::vector<Verdict> judge(const scenario::Plan& plan, const Summary& summary) {
  std::vector<Verdict> verdicts;
  const MetricsByName known = by_name(summary);
  for (const Expectation& expectation : plan.expectations) {
    const MetricValue value = evaluate(known, expectation.metric);
    const std::optional<double> got = number(value);
    for (const Bound& bound : bounds_of(expectation, got.value_or(0))) {
      verdicts.push_back(
          {expectation.metric, bound.words, to_string(value), got.has_value() && bound.holds});
    }
  }
  return verdicts;
}

}  // namespace wanlab::analysis
