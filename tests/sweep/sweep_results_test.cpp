// Means, their intervals, and which way is worse.
#include "analysis/sweep_results.hpp"

#include "analysis/metric_meaning.hpp"
#include "analysis/sweep_report.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace wanlab::analysis {
namespace {

// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, critical values of Student's t.
TEST(StudentT, AgreesWithTheTables) {
  EXPECT_NEAR(student_t(0.95, 1), 12.706, 5e-4);
  EXPECT_NEAR(student_t(0.95, 2), 4.303, 5e-4);
  EXPECT_NEAR(student_t(0.95, 4), 2.776, 5e-4);
  EXPECT_NEAR(student_t(0.95, 9), 2.262, 5e-4);
  EXPECT_NEAR(student_t(0.95, 30), 2.042, 5e-4);
  EXPECT_NEAR(student_t(0.95, 100), 1.984, 5e-4);
  EXPECT_NEAR(student_t(0.99, 5), 4.032, 5e-4);
  EXPECT_NEAR(student_t(0.90, 7), 1.895, 5e-4);
}

TEST(StudentT, ApproachesTheNormalDistribution) {
  EXPECT_NEAR(student_t(0.95, 1'000'000), 1.960, 1e-3);
}

TEST(Estimate, IsTheMeanWithItsInterval) {
  const Estimate of = estimate({2, 4, 6});
  EXPECT_DOUBLE_EQ(of.mean, 4);
  EXPECT_EQ(of.least, 2);
  EXPECT_EQ(of.most, 6);
  ASSERT_TRUE(of.half_width.has_value());
  EXPECT_NEAR(*of.half_width, 4.303 * 2 / std::sqrt(3.0), 1e-3);
}

TEST(Estimate, OneSampleHasNoIntervalAndEqualOnesHaveNoWidth) {
  EXPECT_FALSE(estimate({5}).half_width.has_value());
  const Estimate same = estimate({0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1});
  EXPECT_EQ(same.mean, 0.1);
  EXPECT_EQ(*same.half_width, 0);
  EXPECT_EQ(estimate({}).count, 0u);
}

TEST(Meaning, KnowsWhichWayIsWorse) {
  EXPECT_EQ(worse_when("query_latency_ms.p99"), Worse::more);
  EXPECT_EQ(worse_when("groups.readers.query_latency_ms.p99"), Worse::more);
  EXPECT_EQ(worse_when("query_latency_ms.count"), Worse::neither);
  EXPECT_EQ(worse_when("failover.regret_ms.p99"), Worse::more);
  EXPECT_EQ(worse_when("failover.regret_ms.count"), Worse::neither) << "of all statements";
  EXPECT_EQ(worse_when("connections.failed"), Worse::more);
  EXPECT_EQ(worse_when("connections.failed_by_cause.tls"), Worse::more);
  EXPECT_EQ(worse_when("connections.established"), Worse::less);
  EXPECT_EQ(worse_when("connections.attempted"), Worse::neither);
  EXPECT_EQ(worse_when("usage.edge.cpu_peak"), Worse::more);
  EXPECT_EQ(worse_when("usage.edge.hosts"), Worse::neither);
}

TEST(Meaning, TellsTheMachineFromTheRun) {
  EXPECT_TRUE(measures_machine("wall_s"));
  EXPECT_TRUE(measures_machine("peak_rss_bytes"));
  EXPECT_FALSE(measures_machine("simulated_s"));
  EXPECT_FALSE(measures_machine("events"));
}

SweepResults small_sweep() {
  SweepResults frame;
  frame.scenario = "small";
  frame.file = "a b.json";
  frame.seeds = 3;
  frame.first_seed = 7;
  frame.axes = {{"edges", {"1", "2"}}};
  frame.points.resize(2);
  frame.points[0] = {{0}, {"edges=1"}, 0, 0, 0, 0, 0, {}};
  frame.points[1] = {{1}, {"edges=2"}, 0, 0, 0, 0, 0, {}};
  SweepTally tally(std::move(frame));
  const std::string passed = "passed";
  tally.add(0, 7, passed, "", {{"query_latency_ms.p99", 10.0}, {"connections.failed", 0.0}});
  tally.add(0, 8, "failed", "x", {{"query_latency_ms.p99", 14.0}, {"connections.failed", 0.0}});
  tally.add(0, 9, passed, "", {{"query_latency_ms.p99", 12.0}, {"connections.failed", 0.0}});
  tally.add(1, 7, passed, "", {{"query_latency_ms.p99", 20.0}, {"connections.failed", 0.0}});
  tally.add(1, 8, "crashed", "ended by signal: Killed", {});
  return tally.finish();
}

TEST(SweepReport, IsATableOfMeansWithIntervals) {
  EXPECT_EQ(sweep_text(small_sweep(), {}),
            "small: 5 runs of 6 at 2 points, seeds 7 to 9; 1 failed an expectation; "
            "1 gave no figures\n"
            "\n"
            "  edges  passed  query latency p99\n"
            "      1  2 of 3  12.0 ms +- 5.0 ms\n"
            "      2  1 of 2            20.0 ms\n"
            "\n"
            "  mean +- half of its 95 % confidence interval over the seeds (Student's t)\n"
            "\n"
            "without figures\n"
            "  crashed: ended by signal: Killed\n"
            "    ./wanlab run 'a b.json' --seed 8 --set edges=2\n");
}

TEST(SweepReport, ShowsTheMetricsAskedFor) {
  const std::string text = sweep_text(small_sweep(), {"connections.failed"});
  EXPECT_NE(text.find("connections failed"), std::string::npos) << text;
  EXPECT_EQ(text.find("query latency"), std::string::npos) << text;
}

}  // namespace
}  // namespace wanlab::analysis
