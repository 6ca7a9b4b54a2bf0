// The figures of a summary against the arithmetic of a run made by hand.
#include "analysis/summary.hpp"

#include "analysis/timeseries.hpp"
#include "tests/analysis/sample_run.hpp"

#include <gtest/gtest.h>

namespace wanlab::analysis {
namespace {

TEST(Summary, CountsConnectionsPerGroupAndPop) {
  const Summary summary = summarize(sample_plan(), sample_record());
  EXPECT_EQ(summary.clients.attempted, 4u);
  EXPECT_EQ(summary.clients.attempts, 5u);
  EXPECT_EQ(summary.clients.established, 3u);
  EXPECT_EQ(summary.clients.failed, 1u);
  EXPECT_EQ(summary.clients.peak_open, 3u);
  ASSERT_EQ(summary.groups.size(), 2u);
  EXPECT_EQ(summary.groups[0].name, "storm");
  EXPECT_EQ(summary.groups[0].established, 3u);
  EXPECT_EQ(summary.groups[1].failed, 1u);
  ASSERT_EQ(summary.pops.size(), 2u);
  EXPECT_EQ(summary.pops[0].clients.established, 3u);
  EXPECT_EQ(summary.pops[0].sessions.accepted, 3u);
  EXPECT_EQ(summary.pops[1].clients.failed, 1u);
}

TEST(Summary, MeasuresTimeToTargetFromTheStartOfTheFirstGroup) {
  // Clients start at 1 s of warm-up + 1 s; the third connection stands at 2.21 s.
  const Summary summary = summarize(sample_plan(), sample_record());
  EXPECT_EQ(summary.target_connections, 4u);
  ASSERT_TRUE(summary.time_to_target.has_value());
  EXPECT_EQ(*summary.time_to_target, Duration(210ms));
}

TEST(Summary, TheRateSpansFromTheFirstToTheLastEstablished) {
  const Summary summary = summarize(sample_plan(), sample_record());
  ASSERT_TRUE(summary.clients.established_per_second.has_value());
  EXPECT_DOUBLE_EQ(*summary.clients.established_per_second, 2 / 0.2);
  EXPECT_EQ(summary.clients.peak_established_per_second, 3u);
  EXPECT_FALSE(summary.groups[1].established_per_second.has_value());
}

TEST(Summary, CostsAreOfTheWholeProcessPerConnection) {
  const Summary summary = summarize(sample_plan(), sample_record());
  EXPECT_DOUBLE_EQ(*summary.bytes_per_connection(), (3 << 20) / 3.0);
  EXPECT_DOUBLE_EQ(*summary.cpu_microseconds_per_connection(), 100'000);
  EXPECT_DOUBLE_EQ(*summary.speed(), 20);
  EXPECT_DOUBLE_EQ(*summary.events_per_second(), 246'912);
  EXPECT_FALSE(summary.cpu_microseconds_per_connection_at_mark().has_value());
}

TEST(Summary, NamesWhatRanOutAndNothingElse) {
  const Summary summary = summarize(sample_plan(), sample_record());
  ASSERT_EQ(summary.saturated.size(), 2u);
  EXPECT_EQ(
      summary.saturated[0].text,
      "CPU of edge at iad: 97.0 % in the busiest second, 25.0 % on average; work waited up to "
      "40.0 ms");
  EXPECT_EQ(summary.saturated[1].text,
            "accept backlog of edge at iad: full at 128, 12 SYNs dropped");
}

TEST(Summary, AnEmptyRecordGivesZerosForEverythingInThePlan) {
  const Summary summary = summarize(sample_plan(), {});
  EXPECT_EQ(summary.groups.size(), 2u);
  EXPECT_EQ(summary.pops.size(), 2u);
  EXPECT_EQ(summary.clients.attempted, 0u);
  EXPECT_FALSE(summary.time_to_target.has_value());
  EXPECT_FALSE(summary.bytes_per_connection().has_value());
  EXPECT_TRUE(summary.saturated.empty());
}

TEST(Summary, TheTargetIsWhatIsWantedAtTheSameTime) {
  scenario::Plan plan = sample_plan();
  plan.clients[0].hosts = 100;  // 300 connections from 1 s on
  plan.clients[0].hold = 4s;
  plan.clients[0].drain = 2s;
  plan.clients[1].hosts = 50;
  plan.clients[1].start = 8s;
  EXPECT_EQ(target_connections(plan), 300u);
  plan.clients[1].start = 6s;  // when half of the first are closed
  EXPECT_EQ(target_connections(plan), 300u);
  plan.clients[1].hosts = 200;
  EXPECT_EQ(target_connections(plan), 350u);
  plan.clients[1].start = 1s;
  plan.clients[1].ramp = 8s;  // half of them are open when the first begin to close
  EXPECT_EQ(target_connections(plan), 400u);
}

TEST(Summary, RecordedArrivalsStateNoTarget) {
  scenario::Plan plan = sample_plan();
  plan.clients[1].kind = scenario::ClientKind::arrivals;
  EXPECT_EQ(target_connections(plan), 0u);
}

TEST(Summary, LongRunsHaveCoarserSeries) {
  scenario::Plan plan;
  plan.duration = std::chrono::hours(2);
  EXPECT_EQ(series_interval(plan), Duration(1s));
  plan.duration = std::chrono::hours(24);
  EXPECT_EQ(series_interval(plan), Duration(12s));
}

TEST(Timeseries, HasOneLinePerSecondAndEmptyFieldsForMissingLatencies) {
  const std::string csv = timeseries_csv(sample_record());
  EXPECT_NE(csv.find("time_s,open,attempts,"), std::string::npos);
  EXPECT_NE(csv.find("\n0,0,0,0,0,0,0,0,0,0,0,,,,\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("\n2,3,3,3,0,0,0,3,3,0,0,10.000000,10.000000,5.000000,5.000000\n"),
            std::string::npos)
      << csv;
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 11);
}

}  // namespace
}  // namespace wanlab::analysis
