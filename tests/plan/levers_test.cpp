// Objectives in words, and plans with one quantity changed.
#include "analysis/planner/levers.hpp"
#include "analysis/planner/objective.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace wanlab::analysis {
namespace {

using namespace std::chrono_literals;

TEST(Objective, UnderstandsLatenciesRefusalsAndMetrics) {
  const auto objective = read_objective(
      "p99 connect under 250ms, max first answer <= 2s,connections.lost<=3, speed >= 1.5");
  ASSERT_EQ(objective.size(), 4u);
  EXPECT_EQ(objective[0].metric, "connect_latency_ms.p99");
  EXPECT_EQ(objective[0].at_most, 250);
  EXPECT_EQ(objective[1].metric, "first_answer_latency_ms.max");
  EXPECT_EQ(objective[1].at_most, 2000);
  EXPECT_EQ(objective[2].metric, "connections.lost");
  EXPECT_EQ(objective[2].at_most, 3);
  EXPECT_EQ(objective[3].at_least, 1.5);
  for (const auto& part : read_objective("nothing refused")) EXPECT_EQ(part.equals, 0);
}

TEST(Objective, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"", "p98 connect under 1ms", "p99 connect under", "p99 connect over 5ms",
                           "connections.failed < many", "<= 3", "nothing refused,"}) {
    EXPECT_THROW(read_objective(text), std::invalid_argument) << text;
  }
}

TEST(Objective, OfOnePopKeepsWhatAPopHasFiguresFor) {
  const auto objective = at_pop(read_objective("p99 connect under 250ms, speed >= 1"), "iad");
  ASSERT_EQ(objective.size(), 1u);
  EXPECT_EQ(objective[0].metric, "pops.iad.connect_latency_ms.p99");
}

scenario::Plan some_plan() {
  scenario::Plan plan;
  plan.edges.resize(2);
  plan.edges[0].name = "iad";
  plan.edges[1].name = "fra";
  plan.origins.resize(1);
  plan.origins[0].region = "east";
  plan.databases.resize(1);
  plan.clients.resize(1);
  plan.clients[0].hosts = 40;
  plan.clients[0].connections_per_host = 200;
  plan.duration = 60s;
  return plan;
}

TEST(Lever, SetsOnePlaceAndLeavesTheOthers) {
  scenario::Plan plan = some_plan();
  set_quantity(plan, {Quantity::edges, "fra"}, 7);
  EXPECT_EQ(plan.edges[0].nodes, 1u);
  EXPECT_EQ(plan.edges[1].nodes, 7u);
  set_quantity(plan, {Quantity::backhaul, ""}, 9);
  EXPECT_EQ(plan.edges[0].backhaul_connections, 9u);
  EXPECT_EQ(plan.edges[1].backhaul_connections, 9u);
  set_quantity(plan, {Quantity::memory, "iad"}, 2);
  EXPECT_EQ(plan.edges[0].host.memory_bytes, 2 * memory_step);
  EXPECT_EQ(quantity_of(plan, {Quantity::edges, "fra"}), 7u);
}

// A pool that is larger than what the database admits would measure the database.
TEST(Lever, LetsTheDatabaseAdmitThePool) {
  scenario::Plan plan = some_plan();
  set_quantity(plan, {Quantity::pool, "east"}, 5000);
  EXPECT_EQ(plan.origins[0].pool_size, 5000u);
  EXPECT_GE(plan.databases[0].maximum_connections, 5000u);
}

TEST(Lever, ScalesLoadToWhatWholeNumbersAllow) {
  for (const std::uint64_t load : {10'000u, 123'456u, 999'999u, 1'020'000u, 7'654'321u}) {
    scenario::Plan plan = some_plan();
    scale_load(plan, load);
    const double wanted = 8000.0 * static_cast<double>(load) / whole_load;
    EXPECT_NEAR(static_cast<double>(connections_in(plan)), wanted, std::max(1.0, wanted * 0.005));
  }
  scenario::Plan unchanged = some_plan();
  scale_load(unchanged, whole_load);
  EXPECT_EQ(unchanged.clients[0].hosts, 40u);
}

TEST(Lever, ScalesRecordedArrivalsExactlyInAll) {
  scenario::Plan plan = some_plan();
  plan.clients[0].kind = scenario::ClientKind::arrivals;
  for (int i = 0; i < 7; ++i) plan.clients[0].arrivals.push_back({i * 1s, "x", 3});
  scale_load(plan, 500'000);
  EXPECT_EQ(connections_in(plan), 11u);  // 10.5
}

TEST(Loss, ComesAMinuteBeforeTheClientsOrWhenItIsTold) {
  scenario::Plan before = some_plan();
  lose_regions(before, {"east"}, std::nullopt);
  ASSERT_EQ(before.faults.size(), 1u);
  EXPECT_EQ(before.faults[0].kind, scenario::FaultKind::fail);
  EXPECT_EQ(before.faults[0].scope, scenario::FaultScope::region);
  EXPECT_EQ(before.faults[0].at, 0s);
  EXPECT_EQ(before.clients[0].start, 60s);
  EXPECT_EQ(before.duration, 120s);
  scenario::Plan during = some_plan();
  lose_regions(during, {"east"}, 10s);
  EXPECT_EQ(during.faults[0].at, 10s);
  EXPECT_EQ(during.clients[0].start, 0s);
}

TEST(Loss, GoesThroughAllCombinations) {
  const std::vector<std::string> regions{"a", "b", "c", "d"};
  EXPECT_EQ(combinations(regions, 0), (std::vector<std::vector<std::string>>{{}}));
  EXPECT_EQ(combinations(regions, 1).size(), 4u);
  EXPECT_EQ(combinations(regions, 2).size(), 6u);
  EXPECT_EQ(combinations(regions, 2).back(), (std::vector<std::string>{"c", "d"}));
  EXPECT_TRUE(combinations(regions, 5).empty());
}

}  // namespace
}  // namespace wanlab::analysis
