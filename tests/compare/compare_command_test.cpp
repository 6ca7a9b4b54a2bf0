// `wanlab compare` from outside.
#include "tests/app/command.hpp"

#include "sim/base/document_json.hpp"

#include <gtest/gtest.h>

#include <map>

namespace wanlab::app {
namespace {

namespace fs = std::filesystem;

class Compare : public CommandTest {
 protected:
  Outcome compare(const std::vector<std::string>& arguments) {
    std::vector<std::string> words{"compare"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return wanlab(words);
  }
  static bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  // A run in DIR/hello/<seed>.
  std::string kept(const std::string& name, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"run", scenario("hello"), "--quiet", "--out", name};
    words.insert(words.end(), more.begin(), more.end());
    wanlab(words);
    return (folder_ / name / "hello" / "1").string();
  }
  // Whole numbers are written without a fraction.
  static double number(const base::Json& json) {
    return json.kind == base::Json::Kind::real ? json.real : static_cast<double>(json.natural);
  }
  std::map<std::string, std::string> files_of(const fs::path& folder) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
      files[entry.path().filename().string()] = content(entry.path());
    }
    return files;
  }
};

TEST_F(Compare, TheSamePlanWithItselfIsIdentical) {
  const Outcome outcome = compare({scenario("hello"), scenario("hello"), "--seeds", "2"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "identical: the same digests for every seed")) << outcome.out;
  EXPECT_TRUE(exists("out/compare.html"));
}

TEST_F(Compare, NamesTheDifferingFigureItsIntervalAndTheMomentTheHistoriesPart) {
  const Outcome outcome = compare({scenario("hello"), "--set-b", "clients.0.hold=2s", "--set-b",
                                   "clients.0.query.every=200ms", "--seeds", "3", "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  const auto json = base::parse_json(outcome.out);
  ASSERT_TRUE(json.has_value()) << outcome.out;
  const base::Json* answered = nullptr;
  for (const base::Json& figure : json->find("figures")->elements) {
    if (figure.find("metric")->text == "queries.answered") answered = &figure;
  }
  ASSERT_NE(answered, nullptr);
  EXPECT_EQ(answered->find("difference")->find("count")->natural, 3u);
  EXPECT_EQ(number(*answered->find("difference")->find("mean")), 7);
  EXPECT_EQ(number(*answered->find("difference")->find("half_width")), 0);
  EXPECT_EQ(answered->find("verdict")->text, "better");
  const base::Json* parting = json->find("parting");
  ASSERT_NE(parting->find("at_s"), nullptr);
  // The first statement is the same; 200 ms after it B sends another.
  EXPECT_NEAR(number(*parting->find("at_s")), 0.3246, 1e-3);
  EXPECT_EQ(parting->find("host")->text, "hello-1");
  EXPECT_EQ(parting->find("b")->elements.at(0).find("words")->text, "sends statement 2");
  EXPECT_EQ(json->find("plan_differences")->elements.at(0).text, R"(clients.0.hold: "1s" -> "2s")");
  EXPECT_FALSE(json->find("parting")->find("behind")->elements.empty());
}

TEST_F(Compare, AWorseOneEndsWithStatusOne) {
  const std::vector<std::string> worse{scenario("hello"), "--set-b", "edges.0.site=us-east-1",
                                       "--seeds", "2"};
  const Outcome outcome = compare(worse);
  EXPECT_EQ(outcome.status, 1) << outcome.out << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "WORSE")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "connect latency p99 got worse by more than 10 %"))
      << outcome.out;
  std::vector<std::string> tolerated = worse;
  tolerated.insert(tolerated.end(), {"--tolerance", "none", "--no-history"});
  EXPECT_EQ(compare(tolerated).status, 0);
  tolerated.insert(tolerated.end(), {"--tolerance", "connect_latency_ms.p99=1000%"});
  EXPECT_EQ(compare(tolerated).status, 0);
}

TEST_F(Compare, RunFoldersAreHeldAgainstEachOtherAsTheyAre) {
  const std::string a = kept("a"), b = kept("b", {"--set", "clients.0.hold=2s"});
  const auto before = files_of(a);
  const Outcome same = compare({a, a});
  EXPECT_EQ(same.status, 0) << same.err;
  EXPECT_TRUE(contains(same.out, "identical: the same digest\n")) << same.out;
  const Outcome other = compare({a, b});
  EXPECT_EQ(other.status, 0) << other.out << other.err;
  EXPECT_TRUE(contains(other.out, "differences without intervals")) << other.out;
  EXPECT_TRUE(contains(other.out, "closes the connection")) << other.out;
  EXPECT_EQ(files_of(a), before) << "they are only read";
}

TEST_F(Compare, DamagedForeignAndInterruptedRunsAreToldAndLeftAlone) {
  const std::string good = kept("a"), damaged = kept("b");
  std::ofstream(fs::path(damaged) / "record.json") << "{\"cut off";
  const auto before = files_of(damaged);
  const Outcome outcome = compare({good, damaged});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_TRUE(contains(outcome.err, "record.json")) << outcome.err;
  EXPECT_EQ(files_of(damaged), before);

  fs::create_directory(folder_ / "foreign");
  const Outcome foreign = compare({good, (folder_ / "foreign").string()});
  EXPECT_EQ(foreign.status, 2);
  EXPECT_TRUE(contains(foreign.err, "not the folder of a run")) << foreign.err;

  const Outcome mixed = compare({good, scenario("hello")});
  EXPECT_EQ(mixed.status, 2);
  EXPECT_TRUE(contains(mixed.err, "not one of each")) << mixed.err;

  const pid_t child =
      start({"run", scenario("hello"), "--set", "duration=9000000s", "--set",
             "clients.0.hold=9000000s", "--set", "clients.0.query.every=1us", "--out", "c"});
  std::this_thread::sleep_for(std::chrono::seconds(2));
  ::kill(child, SIGINT);
  ASSERT_EQ(wait_for(child).status, 130);
  const Outcome interrupted = compare({good, (folder_ / "c/hello/1").string()});
  EXPECT_EQ(interrupted.status, 2);
  EXPECT_TRUE(contains(interrupted.err, "interrupted")) << interrupted.err;
}

TEST_F(Compare, BadInputIsToldBeforeAnythingRuns) {
  EXPECT_EQ(compare({scenario("hello")}).status, 2);
  EXPECT_EQ(compare({scenario("hello"), "--set-b", "edges.0.node=2"}).status, 2);
  EXPECT_EQ(compare({scenario("hello"), "--set-b", "edges.0.nodes=2", "--tolerance", "x"}).status,
            2);
  EXPECT_FALSE(exists("out"));
}

}  // namespace
}  // namespace wanlab::app
