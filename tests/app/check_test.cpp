// `wanlab check` from outside, on small libraries made for the purpose.
#include "tests/app/command.hpp"

#include "sim/app/check_judgement.hpp"
#include "sim/base/document_json.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace wanlab::app {
namespace {

using analysis::CheckedScenario;
using analysis::CheckVerdict;

class Check : public CommandTest {
 protected:
  // A scenario in `name` below lib/ that extends hello.
  void add(const std::string& name, const std::string& more) const {
    const std::filesystem::path path = folder_ / "lib" / (name + ".json");
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << "{\"extends\": \"" << scenario("hello") << "\"" << more << "}";
  }
  std::string read(const std::string& name) const { return content(std::filesystem::path(name)); }
  static bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
};

constexpr const char* missed = R"(, "expect": [{"metric": "queries.answered", "equals": 99}])";

TEST_F(Check, RunsEveryScenarioOfAFolderInOrder) {
  add("b/two", "");
  add("a/one", "");
  const Outcome outcome = wanlab({"check", "lib", "--jobs", "2"});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("ok      a/one")) << outcome.out;
  EXPECT_LT(outcome.out.find("a/one"), outcome.out.find("b/two"));
  EXPECT_TRUE(contains(outcome.out, "2 scenarios in ")) << outcome.out;
}

TEST_F(Check, OneThatFailsOrIsNoGoodLeavesTheOthersAlone) {
  add("a-missed", missed);
  add("b-typo", R"(, "seeed": 1)");
  add("c-good", "");
  const Outcome outcome = wanlab({"check", "lib"});
  EXPECT_EQ(outcome.status, 2) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "queries.answered: expected equal to 99, got 1"))
      << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "replay: ./wanlab run lib/a-missed.json")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "/seeed")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "ok      c-good")) << outcome.out;
  EXPECT_EQ(wanlab({"check", "lib", "--filter", "^[ac]"}).status, 1);
  EXPECT_EQ(wanlab({"check", "lib", "--filter", "^c"}).status, 0);
}

TEST_F(Check, ARunThatTakesTooLongIsEndedAndTheOthersAreNot) {
  add("slow", R"(, "set": {"clients.0.hold": "9000000s", "clients.0.query": {"every": "1us"}},
      "duration": "9000000s")");
  add("good", "");
  const Outcome outcome = wanlab({"check", "lib", "--time-limit", "2"});
  EXPECT_EQ(outcome.status, 3) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "took longer than 2 s")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "ok      good")) << outcome.out;
}

TEST_F(Check, RecordsABaselineAndTellsWhatChangedSince) {
  add("one", "");
  EXPECT_TRUE(contains(wanlab({"check", "lib"}).out, "no baseline"));
  EXPECT_TRUE(contains(wanlab({"check", "lib", "--update-baseline"}).out, "baseline recorded"));
  const std::string recorded = read("lib/one.baseline.json");
  EXPECT_TRUE(contains(recorded, "query_latency_ms.p99")) << recorded;
  const Outcome same = wanlab({"check", "lib"});
  EXPECT_EQ(same.status, 0) << same.out;
  EXPECT_TRUE(contains(same.out, "as recorded")) << same.out;

  add("one", R"(, "set": {"clients.0.query": {"every": "100ms"}}, "expect": [])");
  const Outcome changed = wanlab({"check", "lib"});
  EXPECT_EQ(changed.status, 1) << changed.out;
  EXPECT_TRUE(contains(changed.out, "queries answered 1 -> ")) << changed.out;
  EXPECT_EQ(read("lib/one.baseline.json"), recorded);
  EXPECT_EQ(wanlab({"check", "lib", "--update-baseline"}).status, 0);
  EXPECT_EQ(wanlab({"check", "lib"}).status, 0);
}

TEST_F(Check, AScenarioThatFailsIsNotRecorded) {
  add("one", missed);
  EXPECT_EQ(wanlab({"check", "lib", "--update-baseline"}).status, 1);
  EXPECT_FALSE(exists("lib/one.baseline.json"));
}

TEST_F(Check, ABrokenBaselineIsBadInput) {
  add("one", "");
  file("lib/one.baseline.json", R"({"figures": {"queries.answered": {"vale": 1}}})");
  const Outcome outcome = wanlab({"check", "lib"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_TRUE(contains(outcome.out, "one.baseline.json")) << outcome.out;
}

TEST_F(Check, LargeScenariosRunOnlyWhenNamed) {
  add("small", "");
  add("large", R"(, "large": true)");
  EXPECT_FALSE(contains(wanlab({"check", "lib"}).out, "large")) << "found in the folder";
  EXPECT_TRUE(contains(wanlab({"check", "lib", "--large"}).out, "ok      large"));
  EXPECT_TRUE(contains(wanlab({"check", "lib/large.json"}).out, "ok      large"));
}

TEST_F(Check, JsonAndJunitHoldTheSameVerdicts) {
  add("a", missed);
  add("b", "");
  const Outcome outcome = wanlab({"check", "lib", "--json", "--junit", "results.xml"});
  EXPECT_EQ(outcome.status, 1);
  const auto json = base::parse_json(outcome.out);
  ASSERT_TRUE(json.has_value()) << outcome.out;
  EXPECT_EQ(json->find("passed")->natural, 1u);
  EXPECT_EQ(json->find("failed")->natural, 1u);
  EXPECT_TRUE(contains(read("results.xml"), "tests=\"2\" failures=\"1\"")) << read("results.xml");
}

TEST_F(Check, CtrlCKeepsTheResultsSoFar) {
  add("a-good", "");
  add("slow", R"(, "set": {"clients.0.hold": "9000000s", "clients.0.query": {"every": "1us"}},
      "duration": "9000000s")");
  const pid_t child =
      start({"check", "lib", "--jobs", "1", "--twice", "none", "--junit", "results.xml"});
  // With one job the slow one begins when the other has ended.
  for (int i = 0; i < 600 && !exists("out/check/first/a-good/a-good/1/plan.json"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  ::kill(child, SIGINT);
  const Outcome outcome = wait_for(child);
  EXPECT_EQ(outcome.status, 130) << outcome.out << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "ok      a-good")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "1 passed, 1 not finished")) << outcome.out;
  EXPECT_TRUE(contains(read("results.xml"), "<skipped")) << read("results.xml");
}

TEST_F(Check, EachSeedIsARunOfItsOwn) {
  add("one", "");
  const Outcome outcome = wanlab({"check", "lib", "--seeds", "3", "--twice", "all"});
  EXPECT_EQ(outcome.status, 0) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "one (seed 3)")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "3 passed; 3 run twice")) << outcome.out;
}

TEST_F(Check, NothingToCheckIsBadInput) {
  EXPECT_EQ(wanlab({"check", "absent"}).status, 2);
  EXPECT_EQ(wanlab({"check"}).status, 2);
  add("one", "");
  EXPECT_EQ(wanlab({"check", "lib", "--filter", "nothing"}).status, 2);
  EXPECT_EQ(wanlab({"check", "lib", "--filter", "("}).status, 2);
}

EndedRun run_that_printed(const std::string& out) {
  EndedRun run;
  run.status = 0;
  run.out = out;
  return run;
}

TEST(CheckJudgement, TwoRunsThatDifferFail) {
  CheckedScenario result;
  judge_runs(run_that_printed(R"({"digest": "aa"})"), run_that_printed(R"({"digest": "ab"})"), 9,
             result);
  EXPECT_EQ(result.verdict, CheckVerdict::failed);
  EXPECT_EQ(result.problems.at(0), "two runs of the same plan differ: digest aa and then ab");
}

TEST(CheckJudgement, ABrokenPromiseIsToldWithWhatWasSeenAndHowToSeeIt) {
  CheckedScenario result;
  EndedRun run = run_that_printed(R"({"digest": "aa", "oracle_reports": [
      {"name": "kept", "good": true, "violations": 0, "first": []},
      {"name": "ended_once", "good": false, "violations": 2, "first": [
        {"host": "edge-1.iad", "subject": "session 1", "found": "never ended",
         "expected": "an answer", "replay": "wanlab run plan.json"}]},
      {"name": "order_is_best", "good": false, "violations": 0, "first": []}]})");
  run.status = 1;
  judge_runs(run, std::nullopt, 9, result);
  EXPECT_EQ(result.verdict, CheckVerdict::failed);
  ASSERT_EQ(result.problems.size(), 3u);
  EXPECT_EQ(result.problems[0],
            "oracle ended_once violated 2 times: edge-1.iad, session 1: never "
            "ended; expected: an answer");
  EXPECT_EQ(result.problems[1], "  see: ./wanlab run plan.json");
  EXPECT_EQ(result.problems[2], "oracle order_is_best had to trip and did not");
}

TEST(CheckJudgement, ACrashIsToldWithItsSignalAndWhatWasPrinted) {
  EndedRun run;
  run.signal = SIGSEGV;
  run.err = "wanlab: last words\n";
  CheckedScenario result;
  EXPECT_EQ(judge_runs(run, std::nullopt, 9, result), std::nullopt);
  EXPECT_EQ(result.verdict, CheckVerdict::broken);
  EXPECT_EQ(result.problems.at(0), "ended by signal 11 (Segmentation fault)");
  EXPECT_EQ(result.problems.at(1), "last words");
}

TEST(CheckJudgement, ARunWithoutASummaryIsBroken) {
  CheckedScenario result;
  judge_runs(run_that_printed("{"), std::nullopt, 9, result);
  EXPECT_EQ(result.verdict, CheckVerdict::broken);
}

}  // namespace
}  // namespace wanlab::app
