// What watches a run: windows of expectations, the figures of a failover, and the oracles, on
// events written by hand. That the oracles see broken components is shown by scenarios/negative.
#include "analysis/witness.hpp"

#include "analysis/expectations.hpp"
#include "tests/analysis/sample_run.hpp"

#include <gtest/gtest.h>

namespace wanlab::analysis {
namespace {

using runtime::TraceKind;
using scenario::Expectation;
using scenario::ExpectationForm;

// One client on one edge with two regions, "near" (10 ms) and "far" (30 ms); moments count from the
// end of a warm-up of 1 s.
class WitnessTest : public testing::Test {
 protected:
  WitnessTest() : plan_(sample_plan()) {
    plan_.faults.resize(1);
    plan_.faults[0].name = "near-down";
    plan_.faults[0].at = 2s;
    plan_.faults[0].duration = 3s;
  }

  void begin() {
    witness_.emplace(plan_);
    recorder_.emplace();
    world_ = recorder_->add_host({trace::world_name, trace::HostRole::world, "", ""});
    edge_ = recorder_->add_host({"edge-1.iad", trace::HostRole::edge, "iad", ""});
    origin_ = recorder_->add_host({"origin-1.near", trace::HostRole::origin, "near", ""});
    client_ = recorder_->add_host({"storm-1", trace::HostRole::client, "us-east-1", "storm"});
    witness_->attach(*recorder_);
    tell(-1s, edge_, {TraceKind::route_clusters, 1, 0, 0, "near,far"});
    tell(-1s, edge_, {TraceKind::route_visible, 1, 5, 0, "app"});
    tell(-1s, edge_, {TraceKind::path_truth, 0, 10'000'000, 0, "near"});
    tell(-1s, edge_, {TraceKind::path_truth, 0, 30'000'000, 0, "far"});
    tell(-1s, edge_, {TraceKind::backhaul_up, 1, 0, 0, "near"});
    tell(-1s, edge_, {TraceKind::backhaul_up, 2, 0, 0, "far"});
    tell(0s, client_, {TraceKind::client_connecting, 0, 1, 0, "edge-1.iad"});
    tell(0s, client_, {TraceKind::client_established, 0, 1'000'000, 0, ""});
  }
  void tell(Duration at, trace::HostIndex host, const runtime::TraceEvent& event) {
    recorder_->record(Instant(1s + at), host, event);
  }
  // A statement that is sent at `at` and takes `took`, through `region`.
  void statement(Duration at, std::uint64_t number, std::string_view region, Duration took,
                 bool served = true) {
    tell(at, client_, {TraceKind::client_query_sent, 0, number});
    tell(at, edge_, {TraceKind::query_routed, 7, number, runtime::attempt_and_route(1, 0), region});
    if (served) tell(at + took, origin_, {TraceKind::statement_served, 7, 1, 64, "edge-1.iad"});
    tell(at + took, edge_, {TraceKind::query_answered, 7, number, 64});
    tell(at + took, client_,
         {TraceKind::client_query_answered, 0, number, static_cast<std::uint64_t>(took.count())});
  }
  Summary end(Duration at = 9s) {
    trace::RunRecord record;
    record.simulated = 1s + at;
    recorder_->finish(Instant(record.simulated), record);
    Summary summary = summarize(plan_, record);
    witness_->complete(summary, record);
    return summary;
  }
  const OracleReport& oracle(const Summary& summary, std::string_view name) {
    for (const OracleReport& report : summary.oracles) {
      if (report.name == name) return report;
    }
    throw std::logic_error("no such oracle");
  }
  Expectation& expect(std::string metric) {
    plan_.expectations.emplace_back().metric = std::move(metric);
    return plan_.expectations.back();
  }

  scenario::Plan plan_;
  std::optional<Witness> witness_;
  std::optional<trace::Recorder> recorder_;
  trace::HostIndex world_{}, edge_{}, origin_{}, client_{};
};

TEST_F(WitnessTest, CountsAStatementInTheWindowInWhichItWasSent) {
  Expectation& slow = expect("query_latency_ms.max");
  slow.from = 2s;
  slow.until = 4s;
  slow.at_most = 40;
  begin();
  statement(1500ms, 1, "near", 700ms);  // ends within, but was sent before
  statement(3s, 2, "near", 30ms);
  statement(4s, 3, "near", 900ms);
  const Summary summary = end();
  ASSERT_EQ(summary.verdicts.size(), 1u);
  EXPECT_TRUE(summary.verdicts[0].passed) << summary.verdicts[0].got;
  EXPECT_EQ(summary.verdicts[0].got, "30");
}

TEST_F(WitnessTest, NamesTheMomentOfTheWorstSampleOfAFailedWindow) {
  Expectation& slow = expect("query_latency_ms.max");
  slow.from = 2s;
  slow.at_most = 40;
  begin();
  statement(3s, 1, "near", 100ms);
  const Verdict verdict = end().verdicts.at(0);
  EXPECT_FALSE(verdict.passed);
  EXPECT_EQ(verdict.from, 3s - before_violation);
}

TEST_F(WitnessTest, HoldsABoundInEachIntervalAndSaysWhereItFailed) {
  Expectation& each = expect("queries.answered");
  each.every = 1s;
  each.from = 0s;
  each.until = 3s;
  each.at_least = 1;
  begin();
  statement(100ms, 1, "near", 10ms);
  statement(2100ms, 2, "near", 10ms);
  const Verdict verdict = end().verdicts.at(0);
  EXPECT_FALSE(verdict.passed);
  EXPECT_EQ(verdict.got, "0 at 1.0 s");
}

TEST_F(WitnessTest, TellsLatencyByRegionFromTheEdgesSide) {
  Expectation& far = expect("query_latency_ms.mean");
  far.cluster = "far";
  far.equals = 50;
  begin();
  statement(1s, 1, "near", 10ms);
  statement(2s, 2, "far", 50ms);
  EXPECT_TRUE(end().verdicts.at(0).passed);
}

TEST_F(WitnessTest, KnowsEventsThatMustAndMustNotCome) {
  Expectation& never = expect("head_changed");
  never.form = ExpectationForm::never;
  never.until = 3s;
  Expectation& eventually = expect("head_changed");
  eventually.form = ExpectationForm::eventually;
  eventually.from = 3s;
  eventually.until = 5s;
  eventually.cluster = "far";
  begin();
  tell(4s, edge_, {TraceKind::head_changed, 1, 10'000, 30'000, "far"});
  const Summary summary = end();
  EXPECT_TRUE(summary.verdicts.at(0).passed);
  EXPECT_TRUE(summary.verdicts.at(1).passed);
}

TEST_F(WitnessTest, AWindowThatTheRunDoesNotReachFails) {
  Expectation& late = expect("queries.failed");
  late.from = 20s;
  late.equals = 0;
  begin();
  EXPECT_FALSE(end(9s).verdicts.at(0).passed);
}

TEST_F(WitnessTest, RegretIsWhatTheChosenRegionIsFartherThanTheBest) {
  begin();
  statement(1s, 1, "near", 10ms);
  statement(2s, 2, "far", 30ms);
  const LatencySummary regret = end().failover.regret;
  EXPECT_EQ(regret.count, 2u);
  EXPECT_EQ(regret.maximum, Duration(20ms));
}

TEST_F(WitnessTest, MeasuresDetectionRerouteAndRecoveryOfAFault) {
  begin();
  statement(1s, 1, "near", 10ms);
  tell(2s, world_, {TraceKind::fault_started, 0, 0, 0, "near-down"});
  tell(2s, edge_, {TraceKind::path_truth, 0, runtime::path_unreachable, 0, "near"});
  tell(2500ms, client_, {TraceKind::client_query_sent, 0, 2});
  tell(2500ms, edge_, {TraceKind::query_routed, 7, 2, runtime::attempt_and_route(1, 0), "near"});
  tell(3700ms, edge_, {TraceKind::region_state, 2, 0, 3, "near"});
  tell(3800ms, edge_, {TraceKind::query_routed, 7, 2, runtime::attempt_and_route(2, 0), "far"});
  tell(3830ms, origin_, {TraceKind::statement_served, 7, 1, 64, "edge-1.iad"});
  tell(3830ms, edge_, {TraceKind::query_answered, 7, 2, 64});
  tell(3830ms, client_, {TraceKind::client_query_answered, 0, 2, 1'330'000'000});
  tell(5s, edge_, {TraceKind::path_truth, 0, 10'000'000, 0, "near"});
  tell(5s, world_, {TraceKind::fault_healed, 0, 0, 0, "near-down"});
  const Summary summary = end();
  const FaultSummary& fault = summary.failover.faults.at(0);
  EXPECT_EQ(fault.name, "near-down");
  EXPECT_EQ(fault.time_to_detect, Duration(1700ms));
  EXPECT_EQ(fault.time_to_reroute, Duration(500ms));
  EXPECT_EQ(fault.time_to_recover, Duration(1830ms));
  EXPECT_EQ(summary.failover.late, 1u);
  EXPECT_EQ(summary.failover.retried, 1u);
  EXPECT_EQ(summary.failover.sent_into_the_void, 1u);
  EXPECT_EQ(summary.failover.unavailable.maximum, Duration(1330ms));
  EXPECT_TRUE(summary.passed());
}

TEST_F(WitnessTest, AnAnswerThatNoOriginServedFailsTheRun) {
  begin();
  statement(1s, 1, "near", 10ms, false);
  const Summary summary = end();
  EXPECT_EQ(oracle(summary, "ended_once").count, 1u);
  EXPECT_FALSE(summary.passed());
}

TEST_F(WitnessTest, AStatementThatEndsTwiceFailsTheRun) {
  begin();
  statement(1s, 1, "near", 10ms);
  tell(2s, client_, {TraceKind::client_query_failed, 0, 1, 2013});
  EXPECT_EQ(oracle(end(), "ended_once").count, 1u);
}

TEST_F(WitnessTest, ARegionOutsideTheRouteFailsTheRunAndANegativeThatWantsItPasses) {
  plan_.oracles.must_trip = "route_respected";
  begin();
  statement(1s, 1, "elsewhere", 10ms);
  const Summary summary = end();
  EXPECT_EQ(oracle(summary, "route_respected").count, 1u);
  EXPECT_TRUE(summary.passed());
}

TEST_F(WitnessTest, ANegativeWhoseOracleSeesNothingFails) {
  plan_.oracles.must_trip = "route_respected";
  begin();
  statement(1s, 1, "near", 10ms);
  EXPECT_FALSE(end().passed());
}

TEST_F(WitnessTest, AnOracleThatIsOffSaysNothing) {
  plan_.oracles.off = {"route_respected"};
  begin();
  statement(1s, 1, "elsewhere", 10ms);
  EXPECT_TRUE(end().passed());
}

TEST_F(WitnessTest, RefusesWindowsThatMakeNoSense) {
  const auto problem = [this](Expectation expectation) {
    plan_.expectations = {std::move(expectation)};
    const auto problems = problems_with_expectations(plan_);
    return problems.empty() ? std::string() : problems.front().message;
  };
  Expectation unknown;
  unknown.metric = "query_latency_ms.p98";
  unknown.from = 1s;
  unknown.at_most = 1;
  EXPECT_NE(problem(unknown).find("did you mean \"query_latency_ms.p9"), std::string::npos);
  Expectation group;
  group.metric = "head_changes";
  group.group = "storm";
  group.equals = 0;
  EXPECT_NE(problem(group).find("edges, which know no client groups"), std::string::npos);
  Expectation event;
  event.metric = "head_chnged";
  event.form = ExpectationForm::never;
  EXPECT_NE(problem(event).find("did you mean \"head_changed\""), std::string::npos);
  plan_.expectations.clear();
  plan_.oracles.off = {"rout_respected"};
  EXPECT_NE(problems_with_expectations(plan_).at(0).message.find("route_respected"),
            std::string::npos);
}

}  // namespace
}  // namespace wanlab::analysis
