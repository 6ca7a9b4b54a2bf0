// The command from outside: exit status, messages, and what is left on disk.
#include "tests/app/command.hpp"
#include "sim/base/document_json.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace wanlab::app {
namespace {

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// Bad input is told in one line, on standard error, before anything ran.
void expect_refused(const Outcome& outcome, const std::vector<std::string>& words) {
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(lines_of(outcome.err), 1u) << outcome.err;
  for (const std::string& word : words) {
    EXPECT_NE(outcome.err.find(word), std::string::npos) << "no " << word << " in " << outcome.err;
  }
}

using Command = CommandTest;

TEST_F(Command, HelpIsNoError) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--help"}, {"run", "--help"}, {"version"}}) {
    const Outcome outcome = wanlab(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_NE(outcome.out, "");
  }
}

TEST_F(Command, AWrongCommandLineIsBadInput) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {},
           {"run"},
           {"rum", "x.json"},
           {"run", "x.json", "--sed", "1"},
           {"run", "x.json", "--seed", "minus one"},
           {"run", scenario("hello"), "--seed", "-1"},
           {"run", scenario("hello"), "--seed=-1"},
           {"run", scenario("hello"), "--seed", "18446744073709551616"}}) {
    const Outcome outcome = wanlab(arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.err, "");
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(Command, AFileThatCannotBeReadIsNamed) {
  expect_refused(wanlab({"run", "absent.json"}), {"absent.json", "No such file"});
}

TEST_F(Command, AFileThatIsNotJsonIsRefusedWithItsPlace) {
  expect_refused(wanlab({"run", file("broken.json", "{\n  \"name\": \n}")}), {"broken.json"});
}

TEST_F(Command, AnUnknownKeyComesWithTheNearestOne) {
  expect_refused(wanlab({"run", scenario("hello"), "--set", "clients.0.hots=3"}),
                 {"/clients/0/hots", "\"hosts\""});
}

TEST_F(Command, AnUnknownMetricIsRefusedBeforeTheRunWithTheNearestOne) {
  expect_refused(
      wanlab({"run", scenario("hello"), "--set", "expect.0.metric=connections.establishd"}),
      {"/expect/0/metric", "\"connections.established\""});
  EXPECT_FALSE(exists("out/hello"));
}

TEST_F(Command, AFolderThatCannotBeMadeIsRefusedBeforeTheRun) {
  file("occupied", "not a folder");
  expect_refused(wanlab({"run", scenario("hello"), "--out", "occupied"}), {"occupied"});
}

TEST_F(Command, ValidateChecksEveryFileAndRunsNone) {
  const Outcome good = wanlab({"validate", scenario("hello"), scenario("lambda-1m-ramp")});
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_EQ(lines_of(good.out), 2u) << good.out;
  const Outcome bad = wanlab({"validate", scenario("hello"), "absent.json"});
  EXPECT_EQ(bad.status, 2);
  EXPECT_EQ(lines_of(bad.out), 1u);
  EXPECT_FALSE(exists("out"));
}

TEST_F(Command, SchemasAreJson) {
  for (const char* kind : {"scenario", "topology"}) {
    const Outcome outcome = wanlab({"schema", kind});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_TRUE(base::parse_json(outcome.out).has_value()) << kind;
  }
}

TEST_F(Command, ARunLeavesItsPlanSummaryAndSeries) {
  const Outcome outcome = wanlab({"run", scenario("hello"), "--seed", "5"});
  EXPECT_EQ(outcome.status, 0) << outcome.err << outcome.out;
  EXPECT_NE(outcome.out.find("hello, seed 5: passed"), std::string::npos) << outcome.out;
  for (const char* name : {"plan.json", "summary.json", "summary.txt", "timeseries.csv", "record.json",
                           "report.html"}) {
    EXPECT_TRUE(exists(std::filesystem::path("out/hello/5") / name)) << name;
  }
  EXPECT_TRUE(exists("out/latest/plan.json"));
}

TEST_F(Command, JsonIsAloneOnStandardOutput) {
  const Outcome outcome = wanlab({"run", scenario("hello"), "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const std::optional<base::Json> json = base::parse_json(outcome.out);
  ASSERT_TRUE(json.has_value()) << outcome.out;
  EXPECT_EQ(json->find("scenario")->text, "hello");
  EXPECT_EQ(outcome.out, content("out/hello/1/summary.json"));
}

TEST_F(Command, ThePlanOfARunReplaysToTheSameDigest) {
  const auto digest_of = [](const Outcome& outcome) {
    const std::optional<base::Json> json = base::parse_json(outcome.out);
    return json && json->find("digest") ? json->find("digest")->text : "none: " + outcome.err;
  };
  const Outcome first = wanlab({"run", scenario("hello"), "--json", "--seed", "3"});
  const Outcome again = wanlab({"run", "out/hello/3/plan.json", "--json", "--out", "again"});
  EXPECT_EQ(digest_of(first), digest_of(again));
  EXPECT_EQ(content("out/hello/3/plan.json"), content("again/hello/3/plan.json"));
}

TEST_F(Command, AMissedExpectationIsStatusOneAndSaysWhatCame) {
  const Outcome outcome = wanlab({"run", scenario("hello"), "--set", "expect.0.equals=2"});
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  EXPECT_NE(outcome.out.find("hello, seed 1: FAILED"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("equal to 2"), std::string::npos);
}

TEST_F(Command, QuietPrintsNothing) {
  const Outcome outcome = wanlab({"run", scenario("hello"), "--quiet"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Command, CtrlCKeepsAndMarksPartialResults) {
  const pid_t child = start({"run", scenario("lambda-1m-ramp"), "--json"});
  for (int i = 0; i < 600 && !exists("out/lambda-1m-ramp/1/plan.json.part"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  std::this_thread::sleep_for(std::chrono::seconds(1));
  ::kill(child, SIGINT);
  const Outcome outcome = wait_for(child);
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  const std::optional<base::Json> json = base::parse_json(outcome.out);
  ASSERT_TRUE(json.has_value()) << outcome.out;
  EXPECT_EQ(json->find("status")->text, "interrupted");
  EXPECT_TRUE(json->find("interrupted")->boolean);
  EXPECT_EQ(outcome.out, content("out/lambda-1m-ramp/1/summary.json"));
}

TEST_F(Command, OutputThatCannotBeWrittenIsNoSuccess) {
  std::filesystem::create_symlink("/dev/full", folder_ / "full");
  const std::string command = "cd " + folder_.string() + " && " + WANLAB_BINARY + " run " +
                              scenario("hello") + " --json > full 2> err";
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_NE(content("err").find("No space left"), std::string::npos) << content("err");
  EXPECT_TRUE(exists("out/hello/1/summary.json"));
}

TEST_F(Command, AFullDiskIsSaidAndLeavesEarlierResultsAlone) {
  ASSERT_EQ(wanlab({"run", scenario("hello"), "--quiet"}).status, 0);
  const std::string before = content("out/hello/1/summary.json");
  std::filesystem::create_symlink("/dev/full", folder_ / "out/hello/1/report.html.part");
  const Outcome outcome = wanlab({"run", scenario("hello"), "--set", "expect.0.equals=2"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_NE(outcome.err.find("report.html: No space left"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.out.find("hello, seed 1: FAILED"), std::string::npos) << outcome.out;
  EXPECT_EQ(content("out/hello/1/summary.json"), before);
}

TEST_F(Command, ThePageWrittenAgainFromTheRecordIsTheSame) {
  ASSERT_EQ(wanlab({"run", scenario("failover/edge-crash"), "--quiet"}).status, 0);
  const std::string page = content("out/edge-crash/1/report.html");
  ASSERT_GT(page.size(), 100'000u);
  std::filesystem::remove(folder_ / "out/edge-crash/1/report.html");
  const Outcome outcome = wanlab({"report", "out/edge-crash/1"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(page == content("out/edge-crash/1/report.html"));
}

TEST_F(Command, AFolderThatIsNoRunOrIsDamagedIsRefusedByName) {
  std::filesystem::create_directory(folder_ / "mine");
  expect_refused(wanlab({"report", "mine"}), {"mine", "not the folder of a run", "plan.json"});
  ASSERT_EQ(wanlab({"run", scenario("hello"), "--quiet"}).status, 0);
  const std::string record = content("out/hello/1/record.json");
  file("out/hello/1/record.json", record.substr(0, record.size() / 2));
  expect_refused(wanlab({"report", "out/hello/1"}), {"record.json"});
  file("out/hello/1/record.json", "{\"record_format\": 99}");
  expect_refused(wanlab({"report", "out/hello/1"}), {"record.json", "/record_format", "99"});
}

}  // namespace
}  // namespace wanlab::app
