// Erlang's formulas against published tables and against the cases that have closed forms.
#include "analysis/planner/queueing.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace wanlab::analysis {
namespace {

using namespace std::chrono_literals;

// The offered traffic at which one call in a hundred is lost, from the Erlang B tables that every
// textbook on teletraffic prints.
TEST(ErlangB, GivesTheTablesOfOnePerCentLoss) {
  struct Row {
    std::uint32_t servers;
    double offered;
  };
  for (const Row row : {Row{1, 0.0101}, Row{2, 0.153}, Row{5, 1.361}, Row{10, 4.461},
                        Row{20, 12.03}, Row{50, 37.90}, Row{100, 84.06}}) {
    EXPECT_NEAR(erlang_b(row.servers, row.offered), 0.01, 0.0001) << row.servers << " servers";
  }
}

TEST(ErlangB, StaysAShareForAsManyServersAsThereMayBe) {
  EXPECT_NEAR(erlang_b(100'000, 100'000), 0.0025, 0.0001);  // sqrt(2 / (pi * n))
  EXPECT_EQ(erlang_b(3, 0), 0);
  EXPECT_EQ(erlang_b(0, 2), 1);
}

// With one server everybody waits who finds it busy; with two the formula is 2 rho^2 / (1 + rho).
TEST(ErlangC, GivesTheClosedFormsOfOneAndTwoServers) {
  for (const double load : {0.1, 0.5, 0.9, 0.99}) {
    EXPECT_NEAR(erlang_c(1, load), load, 1e-12);
    EXPECT_NEAR(erlang_c(2, 2 * load), 2 * load * load / (1 + load), 1e-12);
  }
}

// Ten Erlangs for fourteen agents: 17.4 %, the worked example of call centre handbooks
// (callcentrehelper.com/erlang-c-formula-example-121281.htm).
TEST(ErlangC, GivesPublishedExamples) {
  EXPECT_NEAR(erlang_c(14, 10), 0.1741, 0.0001);
  EXPECT_NEAR(erlang_c(4, 3.6), 0.78775, 0.00001);
}

TEST(ErlangC, IsOneWhereTheQueueOnlyGrows) {
  EXPECT_EQ(erlang_c(4, 4), 1);
  EXPECT_EQ(erlang_c(4, 5), 1);
  const Queue queue{.servers = 4, .arrivals_per_second = 100, .holding = 50ms};
  EXPECT_FALSE(queue.stable());
  EXPECT_FALSE(queue.waiting_probability());
  EXPECT_FALSE(queue.mean_wait());
  EXPECT_FALSE(queue.wait_quantile(0.99));
}

// M/M/1: the mean wait is rho / (mu - lambda), and M/D/1's is half of it (Pollaczek and Khinchine).
TEST(Queue, WaitsAsTheSimpleCasesDo) {
  Queue queue{.servers = 1, .arrivals_per_second = 80, .holding = 10ms};
  EXPECT_NEAR(static_cast<double>(queue.mean_wait()->count()), 40e6, 10);
  queue.variability = 0;
  EXPECT_NEAR(static_cast<double>(queue.mean_wait()->count()), 20e6, 10);
}

TEST(Queue, KeepsLittlesLaw) {
  const Queue queue{.servers = 3, .arrivals_per_second = 25, .holding = 100ms};
  EXPECT_NEAR(*queue.mean_waiting(), 25 * static_cast<double>(queue.mean_wait()->count()) / 1e9,
              1e-12);
  EXPECT_DOUBLE_EQ(queue.offered(), 2.5);
  EXPECT_DOUBLE_EQ(mean_present(200, 250ms), 50);
}

// P(W > t) = C exp(-(c mu - lambda) t).
TEST(Queue, HasAnExponentialTail) {
  const Queue queue{.servers = 2, .arrivals_per_second = 150, .holding = 10ms};
  const double waits = *queue.waiting_probability();
  const Duration at = *queue.wait_quantile(0.99);
  EXPECT_NEAR(waits * std::exp(-50 * static_cast<double>(at.count()) / 1e9), 0.01, 1e-8);
  EXPECT_EQ(queue.wait_quantile(1 - waits), Duration::zero());
}

TEST(ServersForWaiting, IsTheSmallestNumber) {
  for (const double offered : {0.5, 3.6, 40.0}) {
    const auto servers = servers_for_waiting(offered, 0.05, 1000);
    ASSERT_TRUE(servers);
    EXPECT_LE(erlang_c(*servers, offered), 0.05);
    EXPECT_GT(erlang_c(*servers - 1, offered), 0.05);
  }
  EXPECT_FALSE(servers_for_waiting(40, 0.05, 40));
}

}  // namespace
}  // namespace wanlab::analysis
