// Expectations: what can be refused before a run, and how the run is judged after it.
#include "analysis/expectations.hpp"

#include "tests/analysis/sample_run.hpp"

#include <gtest/gtest.h>

namespace wanlab::analysis {
namespace {

using scenario::Expectation;

Expectation on(std::string metric) {
  Expectation expectation;
  expectation.metric = std::move(metric);
  return expectation;
}
Expectation at_least(std::string metric, double bound) {
  Expectation expectation = on(std::move(metric));
  expectation.at_least = bound;
  return expectation;
}
Expectation at_most(std::string metric, double bound) {
  Expectation expectation = on(std::move(metric));
  expectation.at_most = bound;
  return expectation;
}
Expectation equals(std::string metric, double bound) {
  Expectation expectation = on(std::move(metric));
  expectation.equals = bound;
  return expectation;
}

Verdict judge_one(const Expectation& expectation) {
  scenario::Plan plan = sample_plan();
  plan.expectations = {expectation};
  const std::vector<Verdict> verdicts = judge(plan, summarize(plan, sample_record()));
  EXPECT_EQ(verdicts.size(), 1u);
  return verdicts.at(0);
}

bool passes(const Expectation& expectation) {
  return judge_one(expectation).passed;
}

std::vector<ExpectationProblem> problems_of(const Expectation& expectation) {
  scenario::Plan plan = sample_plan();
  plan.expectations = {at_most("connections.failed", 0), expectation};
  return problems_with_expectations(plan);
}

TEST(Expectations, SayWhatWasExpectedAndWhatCame) {
  const Verdict missed = judge_one(at_most("connections.failed", 0));
  EXPECT_EQ(missed.metric, "connections.failed");
  EXPECT_EQ(missed.expected, "at most 0");
  EXPECT_EQ(missed.got, "1");
  EXPECT_FALSE(missed.passed);
}

TEST(Expectations, BoundsIncludeTheirOwnValue) {
  EXPECT_TRUE(passes(at_least("connections.established", 3)));
  EXPECT_TRUE(passes(at_most("connections.established", 3)));
  EXPECT_TRUE(passes(equals("connections.established", 3)));
  EXPECT_FALSE(passes(at_least("connections.established", 4)));
  EXPECT_FALSE(passes(at_most("connections.established", 2)));
  EXPECT_FALSE(passes(equals("connections.established", 2)));
}

TEST(Expectations, ReachGroupsPopsAndHosts) {
  EXPECT_TRUE(passes(equals("groups.storm.connections.established", 3)));
  EXPECT_TRUE(passes(equals("pops.fra.connections.failed_by_cause.connect_timeout", 1)));
  EXPECT_TRUE(passes(equals("pops.iad.sessions.accepted", 3)));
  EXPECT_TRUE(passes(at_least("usage.edge.syn_dropped", 12)));
}

TEST(Expectations, CombineTwoMetrics) {
  const Verdict difference =
      judge_one(equals("first_answer_latency_ms.p50 - connect_latency_ms.p50", 5));
  EXPECT_TRUE(difference.passed) << difference.got;
  const Verdict ratio = judge_one(equals("connections.attempts / connections.attempted", 1.25));
  EXPECT_TRUE(ratio.passed) << ratio.got;
  EXPECT_EQ(judge_one(equals("connections.lost / connections.lost", 1)).got, "no value");
}

TEST(Expectations, AMetricWithoutAValueFailsEveryBound) {
  const Verdict verdict = judge_one(at_most("groups.calm.query_latency_ms.p99", 1000));
  EXPECT_FALSE(verdict.passed);
  EXPECT_EQ(verdict.got, "no value");
}

TEST(Expectations, SeveralBoundsAreSeveralVerdicts) {
  scenario::Plan plan = sample_plan();
  plan.expectations = {at_least("connections.established", 1)};
  plan.expectations[0].at_most = 2;
  const std::vector<Verdict> verdicts = judge(plan, summarize(plan, sample_record()));
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_TRUE(verdicts[0].passed);
  EXPECT_FALSE(verdicts[1].passed);
}

TEST(Expectations, AnUnknownMetricIsKnownBeforeTheRunWithTheNearestName) {
  const auto problems = problems_of(at_most("conections.failed", 0));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].pointer, "/expect/1/metric");
  EXPECT_NE(problems[0].message.find("\"connections.failed\""), std::string::npos)
      << problems[0].message;
}

TEST(Expectations, BothSidesOfACombinationAreChecked) {
  EXPECT_EQ(problems_of(at_most("connections.failed - connections.fialed", 0)).size(), 1u);
  EXPECT_EQ(problems_of(at_most("connections.failed / ", 0)).size(), 1u);
  EXPECT_TRUE(problems_of(at_most("connections.failed / connections.attempted", 0)).empty());
}

TEST(Expectations, ABoundIsNeeded) {
  EXPECT_EQ(problems_of(on("connections.failed")).size(), 1u);
  EXPECT_TRUE(problems_of(equals("groups.storm.queries.sent", 3)).empty());
}

}  // namespace
}  // namespace wanlab::analysis
