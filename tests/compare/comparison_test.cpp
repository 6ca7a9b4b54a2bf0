// Pairs of figures, their differences, and tolerances.
#include "analysis/comparison.hpp"

#include "analysis/comparison_report.hpp"
#include "sim/base/document_json.hpp"

#include <gtest/gtest.h>

namespace wanlab::analysis {
namespace {

// The same seeds on both sides; every run with its value of one metric.
std::vector<ComparedRun> side(const std::string& metric,
                              const std::vector<std::optional<double>>& values,
                              const std::string& digest) {
  std::vector<ComparedRun> runs;
  for (std::size_t i = 0; i < values.size(); ++i) {
    runs.push_back({i + 1, digest + std::to_string(i), {{metric, values[i]}, {"wall_s", i * 1.5}}});
  }
  return runs;
}

Comparison compared(const std::string& metric, const std::vector<std::optional<double>>& a,
                    const std::vector<std::optional<double>>& b, const std::string& tolerance) {
  return compare(side(metric, a, "a"), side(metric, b, "b"), {read_tolerance(tolerance)});
}

TEST(Comparison, PairsBySeedSoThatOnlyTheDifferenceScatters) {
  // The seeds scatter by hundreds, the difference by one.
  const Comparison result = compared("query_latency_ms.p99", {100.0, 500.0, 900.0},
                                     {110.0, 511.0, 909.0}, "query_latency_ms.p99=50%");
  ASSERT_EQ(result.figures.size(), 1u) << "what measures the machine is left out";
  const ComparedFigure& figure = result.figures[0];
  EXPECT_DOUBLE_EQ(figure.difference.mean, 10);
  EXPECT_NEAR(*figure.difference.half_width, 2.484, 1e-3);  // 4.303 / sqrt(3)
  EXPECT_TRUE(figure.surely());
  EXPECT_FALSE(figure.beyond);
}

TEST(Comparison, WhatChanceExplainsIsNotBeyondItsTolerance) {
  const Comparison result = compared("query_latency_ms.p99", {100.0, 100.0, 100.0},
                                     {90.0, 160.0, 100.0}, "query_latency_ms.p99=5%");
  EXPECT_TRUE(result.figures[0].differs());
  EXPECT_FALSE(result.figures[0].surely());
  EXPECT_EQ(result.beyond(), 0u);
}

TEST(Comparison, WorseIsMoreOfSomeFiguresAndLessOfOthers) {
  EXPECT_EQ(compared("queries.answered", {10.0, 10.0}, {8.0, 8.0}, "queries.answered=10%").beyond(),
            1u);
  EXPECT_EQ(
      compared("queries.answered", {10.0, 10.0}, {12.0, 12.0}, "queries.answered=10%").beyond(),
      0u);
  EXPECT_EQ(compared("connections.failed", {0.0, 0.0}, {1.0, 1.0}, "connections.failed=0").beyond(),
            1u);
  EXPECT_EQ(compared("connections.failed", {0.0, 0.0}, {1.0, 1.0}, "connections.failed=1").beyond(),
            0u);
  EXPECT_EQ(compared("usage.edge.hosts", {4.0}, {3.0}, "usage.edge.hosts=0").beyond(), 1u)
      << "where neither way is worse, any change is";
}

TEST(Comparison, AShareIsOfA) {
  EXPECT_EQ(
      compared("connect_latency_ms.p50", {100.0}, {105.0}, "connect_latency_ms.p50=5%").beyond(),
      0u);
  EXPECT_EQ(
      compared("connect_latency_ms.p50", {100.0}, {105.1}, "connect_latency_ms.p50=5%").beyond(),
      1u);
}

TEST(Comparison, ARecoveryThatNeverComesIsWorse) {
  const Comparison result =
      compared("failover.time_to_recover_ms", {800.0, 900.0}, {std::nullopt, std::nullopt},
               "failover.time_to_recover_ms=10%");
  EXPECT_EQ(result.beyond(), 1u);
}

TEST(Comparison, KnowsIdenticalRunsByTheirDigests) {
  const auto a = side("queries.answered", {1.0, 2.0}, "a");
  EXPECT_TRUE(compare(a, a, {}).all_identical());
  auto b = a;
  b[1].digest = "other";
  EXPECT_EQ(compare(a, b, {}).identical, 1u);
}

TEST(Comparison, RefusesTolerancesItCannotRead) {
  for (const char* text : {"a", "=1", "a=", "a=x", "a=-1", "a=5%%"}) {
    EXPECT_THROW(read_tolerance(text), base::InputError) << text;
  }
  EXPECT_THROW(compared("queries.answered", {1.0}, {1.0}, "queries.answerd=1"), base::InputError);
}

TEST(ComparisonReport, SaysWhatIsWorseFirstAndSinceWhen) {
  ComparisonReport report;
  report.a = "a.json";
  report.b = "b.json";
  report.comparison =
      compared("query_latency_ms.p99", {10.0, 10.0}, {20.0, 20.0}, "query_latency_ms.p99=5%");
  report.plan_differences = {"edges.0.nodes: 1 -> 2"};
  Parting parting;
  parting.seed = 1;
  parting.at = std::chrono::milliseconds(1500);
  parting.host = "edge-1.iad";
  parting.behind = {{std::chrono::seconds(1), "(world)", "a fault begins"}};
  parting.a = {{std::chrono::milliseconds(1500), "edge-1.iad", "session 0 accepted"}};
  report.parting = parting;
  EXPECT_EQ(comparison_text(report, false),
            "A: a.json\n"
            "B: b.json\n"
            "2 runs on each side, the same seeds (1 to 2): mean difference +- half of its 95 % "
            "confidence interval (Student's t, paired)\n"
            "\n"
            "         figure                   A        B             B - A\n"
            "  WORSE  query latency p99  10.0 ms  20.0 ms  +10.0 ms +- 0 ns  +100 %\n"
            "\n"
            "query latency p99 got worse by more than 5 % (query_latency_ms.p99, more is worse)\n"
            "\n"
            "what differs in the plans\n"
            "  edges.0.nodes: 1 -> 2\n"
            "\n"
            "the histories part 1.500000 s after the warm-up, on edge-1.iad (seed 1)\n"
            "  behind it, on both sides:\n"
            "         1.000000 s  (world): a fault begins\n"
            "    A:   1.500000 s  edge-1.iad: session 0 accepted\n"
            "    B:   nothing of the kind\n");
}

}  // namespace
}  // namespace wanlab::analysis
