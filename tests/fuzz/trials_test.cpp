// Whatever happens to the run of a world becomes an outcome, and happens to nobody else.
#include "sim/app/trials.hpp"

#include "sim/fuzz/world_maker.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>

namespace wanlab::app {
namespace {

using namespace std::chrono_literals;

Outcome outcome_of(const std::function<scenario::Plan()>& make, Duration cpu_limit = 20s) {
  Trials trials(cpu_limit);
  trials.start(1, make);
  for (int i = 0; i < 600; ++i) {
    if (auto ended = trials.wait(500ms)) {
      EXPECT_EQ(ended->id, 1u);
      return ended->outcome;
    }
  }
  ADD_FAILURE() << "the trial never ended";
  return {};
}

TEST(Trial, OfTheSameWorldGivesTheSameDigest) {
  const Outcome first = outcome_of([] { return fuzz::make_world(1, 0); });
  const Outcome second = outcome_of([] { return fuzz::make_world(1, 0); });
  EXPECT_EQ(first.failure, "") << first.text;
  EXPECT_NE(first.digest, 0u);
  EXPECT_EQ(first.digest, second.digest);
  EXPECT_GT(first.events, 1000u);
  EXPECT_GT(first.statements, 0u);
}

TEST(Trial, ThatThrowsIsAFailure) {
  const Outcome outcome =
      outcome_of([]() -> scenario::Plan { throw std::runtime_error("no (12)"); });
  EXPECT_EQ(outcome.failure, "no world: no");
  EXPECT_EQ(outcome.text, "no (12)");
}

TEST(Trial, ThatCrashesIsAFailure) {
  const Outcome outcome = outcome_of([]() -> scenario::Plan { std::abort(); });
  EXPECT_EQ(outcome.failure, "crashes: Aborted");
}

TEST(Trial, ThatEndsItselfIsAFailure) {
  const Outcome outcome = outcome_of([]() -> scenario::Plan { std::_Exit(7); });
  EXPECT_EQ(outcome.failure, "ends with status 7");
}

TEST(Trial, ThatGoesOnForEverHangs) {
  const Outcome outcome = outcome_of(
      []() -> scenario::Plan {
        for (volatile unsigned i = 0;;) i = i + 1;
      },
      1s);
  EXPECT_EQ(outcome.failure, "hangs");
}

TEST(Trial, SeesWhenAWorldDoesNotRecover) {
  scenario::Plan plan = fuzz::make_world(1, 0);
  // A fault that never heals, although the plan says that all is well by then.
  scenario::Fault fault;
  fault.kind = scenario::FaultKind::crash_host;
  fault.scope = scenario::FaultScope::host;
  fault.source = "origin-*";
  fault.at = 1s;
  plan.faults.push_back(fault);
  const Outcome outcome = outcome_of([&] { return plan; });
  EXPECT_NE(outcome.failure, "");
  EXPECT_NE(outcome.text.find("settled: "), std::string::npos) << outcome.text;
}

}  // namespace
}  // namespace wanlab::app
