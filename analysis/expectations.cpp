// Looking metrics up, combining two, and comparing with bounds.
#include "analysis/expectations.hpp"

#include "analysis/metrics.hpp"
#include "sim/base/nearest_name.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace wanlab::analysis {

namespace {

using MetricsByName = std::map<std::string, MetricValue, std::less<>>;

MetricsByName by_name(const Summary& summary) {
  MetricsByName found;
  for (const Metric& metric : metrics(summary)) found.emplace(metric.dotted(), metric.value);
  return found;
}

struct Expression {
  std::string left, right;  // right is empty for a single metric
  char operation = ' ';
};

Expression parse(const std::string& text) {
  for (const char operation : {'-', '/'}) {
    const std::string between = std::string(" ") + operation + " ";
    if (const std::size_t at = text.find(between); at != std::string::npos) {
      return {text.substr(0, at), text.substr(at + between.size()), operation};
    }
  }
  return {text, "", ' '};
}

MetricValue value_of(const MetricsByName& known, const std::string& name) {
  const auto found = known.find(name);
  return found == known.end() ? MetricValue() : found->second;
}

MetricValue evaluate(const MetricsByName& known, const std::string& text) {
  const Expression expression = parse(text);
  if (expression.right.empty()) return value_of(known, expression.left);
  const std::optional<double> left = number(value_of(known, expression.left));
  const std::optional<double> right = number(value_of(known, expression.right));
  if (!left || !right) return {};
  if (expression.operation == '-') return *left - *right;
  return *right == 0 ? MetricValue() : MetricValue(*left / *right);
}

std::string bound_text(const char* words, double bound) {
  return std::string(words) + " " + to_string(MetricValue(bound));
}

}  // namespace

std::vector<ExpectationProblem> problems_with_expectations(const scenario::Plan& plan) {
  std::vector<ExpectationProblem> problems;
  if (plan.expectations.empty()) return problems;
  const MetricsByName known = by_name(summarize(plan, {}));
  std::vector<std::string> names;
  for (const auto& [name, value] : known) names.push_back(name);

  for (std::size_t i = 0; i < plan.expectations.size(); ++i) {
    const scenario::Expectation& expectation = plan.expectations[i];
    const std::string pointer = "/expectations/" + std::to_string(i);
    const Expression expression = parse(expectation.metric);
    for (const std::string& name : {expression.left, expression.right}) {
      if (name.empty() && expression.operation == ' ') continue;
      if (known.contains(name)) continue;
      problems.push_back({pointer + "/metric",
                          "unknown metric \"" + name + "\"" + base::did_you_mean(name, names)});
    }
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
  for (const scenario::Expectation& expectation : plan.expectations) {
    const MetricValue value = evaluate(known, expectation.metric);
    const std::optional<double> got = number(value);
    const auto state = [&](std::string expected, bool holds) {
      verdicts.push_back({expectation.metric, std::move(expected), to_string(value), got && holds});
    };
    if (const auto& bound = expectation.at_least) {
      state(bound_text("at least", *bound), got.value_or(0) >= *bound);
    }
    if (const auto& bound = expectation.at_most) {
      state(bound_text("at most", *bound), got.value_or(0) <= *bound);
    }
    if (const auto& bound = expectation.equals) {
      state(bound_text("equal to", *bound), got.value_or(0) == *bound);
    }
  }
  return verdicts;
}

}  // namespace wanlab::analysis
