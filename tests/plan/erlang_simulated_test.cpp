// The simulated pool against Erlang: where everything the M/M/c queue assumes is given (see
// scenarios/capacity/erlang-c.json), the share of statements that wait for a connection is the
// formula's.
#include "analysis/planner/queueing.hpp"
#include "sim/scenario/load_plan.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/world/simulated_world.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace wanlab {
namespace {

using namespace std::chrono_literals;

struct Load {
  Duration service;  // 10,000 connections, one statement each in 1,000 s: 10 a second
  std::size_t runs;
};

void PrintTo(const Load& load, std::ostream* out) {
  *out << "a load of " << static_cast<double>(load.service.count()) * 10 / 4e9;
}

// Two-sided 95 % quantiles of Student's t.
double student(std::size_t degrees) {
  return degrees == 5 ? 2.571 : degrees == 9 ? 2.262 : 12.706;
}

trace::RunRecord run(Duration service, std::uint64_t seed) {
  scenario::Plan plan = scenario::load_plan(
      std::string(WANLAB_SOURCE_DIR) + "/scenarios/capacity/erlang-c.json", {.seed = seed});
  plan.databases[0].host.cost[static_cast<std::size_t>(runtime::Work::serve_statement)] = service;
  trace::Recorder recorder;
  world::SimulatedWorld world(plan, recorder);
  world.run([](const world::Progress&) { return true; });
  trace::RunRecord record;
  world.finish(record);
  return record;
}

class PoolOfFour : public ::testing::TestWithParam<Load> {};

TEST_P(PoolOfFour, MakesAsManyStatementsWaitAsErlangSays) {
  const Load& load = GetParam();
  const analysis::Queue theory{.servers = 4, .arrivals_per_second = 10, .holding = load.service};
  std::vector<double> shares;
  double sum = 0;
  for (std::uint64_t seed = 1; seed <= load.runs; ++seed) {
    const trace::RunRecord record = run(load.service, seed);
    for (const trace::HostStatistics& host : record.hosts) {
      if (host.pool_size == 0) continue;
      ASSERT_GT(host.pool_served, 190'000u) << "seed " << seed;
      shares.push_back(static_cast<double>(host.pool_waited) /
                       static_cast<double>(host.pool_served));
      sum += shares.back();
    }
  }
  ASSERT_EQ(shares.size(), load.runs);
  const auto runs = static_cast<double>(load.runs);
  const double mean = sum / runs;
  double squares = 0;
  for (const double share : shares) squares += (share - mean) * (share - mean);
  const double half_width = student(load.runs - 1) * std::sqrt(squares / (runs - 1) / runs);
  const double expected = *theory.waiting_probability();
  std::cout << "waiting: Erlang C " << expected << ", simulated " << mean << " +- " << half_width
            << " (95 %, seeds 1 to " << load.runs << ")\n";
  EXPECT_NEAR(mean, expected, 0.02 * expected);
  EXPECT_LT(half_width, 0.01 * mean);
}

INSTANTIATE_TEST_SUITE_P(Loads, PoolOfFour,
                         ::testing::Values(Load{200ms, 10}, Load{280ms, 10}, Load{360ms, 6}));

// Little's law on the same pool, which needs no assumption: what is under way on average is the
// rate times the time each takes.
TEST(PoolOfFourAlone, KeepsLittlesLaw) {
  const trace::RunRecord record = run(280ms, 1);
  for (const trace::HostStatistics& host : record.hosts) {
    if (host.pool_size == 0) continue;
    const double seconds = static_cast<double>(record.simulated.count()) / 1e9;
    const double busy = static_cast<double>(host.pool_busy_time.count()) / 1e9 / seconds;
    EXPECT_NEAR(busy, analysis::mean_present(10, 280ms), 0.02 * busy);
    EXPECT_LE(busy, 4);
  }
}

}  // namespace
}  // namespace wanlab
