// What people and CI viewers get to read about a batch.
#include "analysis/check_report.hpp"

#include "sim/base/document_json.hpp"

#include <gtest/gtest.h>

namespace wanlab::analysis {
namespace {

using namespace std::chrono_literals;

CheckedScenario scenario(std::string label, CheckVerdict verdict) {
  CheckedScenario made;
  made.label = std::move(label);
  made.file = "scenarios/" + made.label + ".json";
  made.verdict = verdict;
  made.replay = "./wanlab run " + made.file;
  made.digest = "00000000000000ff";
  made.wall = 1500ms;
  if (verdict == CheckVerdict::failed)
    made.problems = {"queries.failed: expected at most 0, got 2"};
  return made;
}

std::vector<CheckedScenario> one_of_each() {
  return {scenario("failover/good", CheckVerdict::passed),
          scenario("failover/missed", CheckVerdict::failed),
          scenario("storms/typo", CheckVerdict::bad_input),
          scenario("storms/crash", CheckVerdict::broken),
          scenario("top", CheckVerdict::interrupted)};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(CheckReport, AFailedLineSaysWhatHappenedAndHowToSeeItAgain) {
  const std::string lines =
      check_lines(scenario("failover/missed", CheckVerdict::failed), 20, false);
  EXPECT_TRUE(lines.starts_with("FAILED  failover/missed")) << lines;
  EXPECT_TRUE(contains(lines, "queries.failed: expected at most 0, got 2\n")) << lines;
  EXPECT_TRUE(contains(lines, "replay: ./wanlab run scenarios/failover/missed.json\n")) << lines;
}

TEST(CheckReport, APassedLineIsOneLineAndSaysWhereThereIsNoBaseline) {
  CheckedScenario good = scenario("failover/good", CheckVerdict::passed);
  good.figures = {"connections lost 0", "queries answered 20"};
  EXPECT_EQ(check_lines(good, 14, false),
            "ok      failover/good   queries answered 20; no baseline (1.50 s)\n");
  good.has_baseline = good.ran_twice = true;
  EXPECT_EQ(check_lines(good, 14, false),
            "ok      failover/good   queries answered 20; as recorded; run twice (1.50 s)\n");
}

TEST(CheckReport, TheSummaryCountsEveryKind) {
  EXPECT_EQ(
      check_summary(one_of_each(), 3s),
      "5 scenarios in 3.00 s: 1 passed, 1 failed, 1 with bad input, 1 broken, 1 not finished; 0 "
      "run twice, 2 without a baseline (--update-baseline records one)\n");
}

TEST(CheckReport, JsonHoldsEveryScenario) {
  const auto json = base::parse_json(check_json(one_of_each(), 3s));
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->find("failed")->natural, 1u);
  ASSERT_EQ(json->find("scenarios")->elements.size(), 5u);
  EXPECT_EQ(json->find("scenarios")->elements[1].find("verdict")->text, "failed");
}

TEST(CheckJunit, HasASuitePerFolderWithItsCounts) {
  const std::string xml = check_junit(one_of_each(), 3s);
  EXPECT_TRUE(contains(
      xml, R"(<testsuites name="wanlab check" tests="5" failures="1" errors="2" time="3.000">)"))
      << xml;
  EXPECT_TRUE(contains(
      xml,
      R"(<testsuite name="wanlab.failover" tests="2" failures="1" errors="0" skipped="0" time="3.000">)"))
      << xml;
  EXPECT_TRUE(contains(
      xml,
      R"(<testcase name="missed" classname="wanlab.failover" file="scenarios/failover/missed.json" time="1.500">)"))
      << xml;
  EXPECT_TRUE(contains(
      xml, R"(<failure message="queries.failed: expected at most 0, got 2" type="failed">)"))
      << xml;
  EXPECT_TRUE(contains(xml, "<skipped message=\"interrupted\"/>")) << xml;
}

TEST(CheckJunit, EscapesWhatXmlCannotHold) {
  CheckedScenario made = scenario("storms/odd", CheckVerdict::broken);
  made.problems = {"a<b & \"c\"\nnext"};
  made.output = "bell\a colour\033[0m broken\xff\xc3 fine \xc3\xa9 ]]>";
  const std::string xml = check_junit({made}, 1s);
  EXPECT_TRUE(contains(xml, R"(message="a&lt;b &amp; &quot;c&quot;&#10;next")")) << xml;
  EXPECT_TRUE(contains(xml,
                       "bell\xef\xbf\xbd colour\xef\xbf\xbd[0m broken\xef\xbf\xbd\xef\xbf\xbd "
                       "fine \xc3\xa9 ]]&gt;"))
      << xml;
}

TEST(CheckJunit, KeepsTheEndOfALongOutput) {
  CheckedScenario made = scenario("storms/loud", CheckVerdict::broken);
  made.output = std::string(1'000'000, 'x') + "the end";
  const std::string xml = check_junit({made}, 1s);
  EXPECT_LT(xml.size(), 20'000u);
  EXPECT_TRUE(contains(xml, "the end</system-err>"));
}

}  // namespace
}  // namespace wanlab::analysis
