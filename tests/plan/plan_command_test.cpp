// `wanlab plan` from outside, on scenarios small enough to be searched in a moment.
#include "tests/app/command.hpp"

#include "sim/base/document_json.hpp"

#include <gtest/gtest.h>

namespace wanlab::app {
namespace {

namespace fs = std::filesystem;
using base::Json;

class Plan : public CommandTest {
 protected:
  // 1,500 logins in half a second on edge nodes of one core, which can do 3,000 a second each.
  std::string storm(const std::string& more = "") const {
    std::ofstream(folder_ / "storm.json") << R"({
      "name": "storm", "topology": "aws-3-us",
      "edges": [{"name": "iad", "site": "us-east-1", "host": {"cores": 1, "accept_backlog": 64}}],
      "databases": [{"region": "us-east-1", "read_only_regions": ["us-west-2"]}],
      "credentials": [{"user": "app", "role": "reader", "tablet_type": "replica"}],
      "clients": [{"name": "fleet", "site": "us-east-1", "hosts": 30, "connections_per_host": 50,
                   "connects_in_flight": 50, "ramp": "100ms", "hold": "5s",
                   "query": {"every": ["1s", "2s"]}}])"
                                          << more << "}";
    return "storm.json";
  }
  static const Json& at(const Json& json, std::string_view key) {
    const Json* found = json.find(key);
    EXPECT_NE(found, nullptr) << key;
    return *found;
  }
  static Json parsed(const std::string& text) {
    auto json = base::parse_json(text);
    EXPECT_TRUE(json) << text;
    return json ? *json : Json();
  }
  std::string root() const { return WANLAB_SOURCE_DIR; }
};

TEST_F(Plan, ProvesTheSmallestNumberByTwoRunsThatReplay) {
  const std::string file = storm();
  const Outcome outcome = wanlab({"plan", file, "--find", "edges", "--json", "--objective",
                                  "p99 connect under 100ms, nothing refused", "--out", "planned"});
  ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  const Json report = parsed(outcome.out);
  const Json& answer = at(report, "answers").elements.at(0);
  EXPECT_EQ(at(answer, "outcome").text, "proven by the runs on both sides");
  const auto& proof = at(answer, "proof").elements;
  ASSERT_EQ(proof.size(), 2u);
  EXPECT_EQ(at(proof[0], "value").natural, at(proof[1], "value").natural + 1);
  EXPECT_TRUE(at(proof[0], "passed").boolean);
  EXPECT_FALSE(at(proof[1], "passed").boolean);
  // The commands that are told say the same when they are run.
  for (const Json& side : proof) {
    for (const Json& run : at(side, "runs").elements) {
      const std::string replay = at(run, "replay").text;
      ASSERT_TRUE(replay.starts_with("./wanlab run ")) << replay;
      EXPECT_EQ(wanlab({"run", replay.substr(13), "--quiet", "--out", "again"}).status,
                at(run, "passed").boolean ? 0 : 1);
    }
  }
  EXPECT_TRUE(fs::exists(folder_ / "planned" / "storm" / "capacity.md"));
  EXPECT_TRUE(fs::exists(folder_ / "planned" / "storm" / "capacity.json"));
  EXPECT_FALSE(at(answer, "cross_checks").elements.empty());
  const std::string page = content("planned/storm/capacity.html");
  EXPECT_NE(page.find(at(answer, "headline").text), std::string::npos);
  EXPECT_EQ(page.find("http"), std::string::npos);  // it asks no network for anything
}

TEST_F(Plan, BracketsTheBreakingPointToTwoPerCentAndFindsItLowerWithARegionLost) {
  const std::string file = storm();
  const Outcome outcome =
      wanlab({"plan", file, "--find", "breaking-point", "--json", "--lose-regions", "1",
              "--lose-from", "us-west-2", "--objective", "p99 query under 150ms, nothing refused"});
  ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  const Json report = parsed(outcome.out);
  const auto& answers = at(report, "answers").elements;
  ASSERT_EQ(answers.size(), 2u);  // with all regions, and with one lost
  for (const Json& answer : answers) {
    const auto& proof = at(answer, "proof").elements;
    ASSERT_EQ(proof.size(), 2u);
    EXPECT_TRUE(at(proof[0], "passed").boolean);
    EXPECT_FALSE(at(proof[1], "passed").boolean);
    const double good = static_cast<double>(at(proof[0], "value").natural);
    const double bad = static_cast<double>(at(proof[1], "value").natural);
    EXPECT_LT(good, bad);
    EXPECT_LE(bad, good * 1.02);
  }
}

TEST_F(Plan, FindsTheBreakingPointOfAPopByItself) {
  const Outcome outcome = wanlab({"plan", storm(), "--find", "breaking-point", "--at", "i*",
                                  "--json", "--objective", "p99 connect under 100ms"});
  ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find("\"breaking point of iad\""), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("pops.iad.connect_latency_ms.p99: expected at most 100"),
            std::string::npos)
      << outcome.out;
}

TEST_F(Plan, SaysThatAnObjectiveCannotBeMetAndExitsWithOne) {
  const Outcome outcome = wanlab(
      {"plan", storm(), "--find", "edges", "--most", "3", "--objective", "p99 connect under 1us"});
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  EXPECT_NE(outcome.out.find("cannot be met: even 3 edge nodes at iad fail"), std::string::npos)
      << outcome.out;
}

TEST_F(Plan, ComparesThePoolWithErlang) {
  const Outcome outcome =
      wanlab({"plan", root() + "/scenarios/capacity/erlang-c.json", "--find", "pool", "--json",
              "--set", "clients.0.hold=3000s", "--objective", "p99 query under 2s"});
  ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find("Erlang C, 5 servers"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("they agree"), std::string::npos) << outcome.out;
}

TEST_F(Plan, RefusesBadInputWithWhatWouldBeGood) {
  const std::string file = storm();
  const auto refused = [&](std::vector<std::string> arguments, const std::string& word) {
    const Outcome outcome = wanlab(arguments);
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_NE(outcome.err.find(word), std::string::npos) << outcome.err;
  };
  refused({"plan", file, "--find", "happiness"}, "breaking-point");
  refused({"plan", file, "--find", "edges", "--objective", "fast"}, "nothing refused");
  refused({"plan", file, "--find", "edges", "--objective", "conections.failed <= 1"},
          "connections.failed");
  refused({"plan", file, "--find", "edges", "--at", "lhr"}, "lhr");
  refused({"plan", file, "--find", "edges", "--lose-regions", "2", "--lose-from", "us-w*"},
          "--lose-from");
  refused({"plan", file, "--find", "edges", "--prices", "nothing.json"}, "nothing.json");
  refused({"plan", "missing.json", "--find", "edges"}, "missing.json");
}

TEST_F(Plan, AddsPopsWhereUsersAreAndProvesHowManyAnObjectiveNeeds) {
  std::ofstream(folder_ / "few.json") << R"({
    "name": "few", "topology": "cloudflare-339",
    "edges": [{"name": "iad", "site": "IAD"}], "databases": [{"region": "us-east-1"}],
    "credentials": [{"user": "app"}],
    "endpoints": [{"name": "cf", "kind": "optimized", "provider": "cloudflare"}],
    "clients": [{"name": "world", "kind": "metros", "endpoint": "cf", "hold": "2s",
                 "metros": {"connections": 300, "day": "5s", "steps": 2}}]})";
  const Outcome cover =
      wanlab({"plan", "few.json", "--find", "pops", "--cover", "60", "--json", "--out", "one"});
  ASSERT_EQ(cover.status, 0) << cover.out << cover.err;
  const Json covered = at(parsed(cover.out), "answers").elements.at(0);
  EXPECT_EQ(at(covered, "outcome").text, "computed from the topology");
  const auto& places = at(covered, "places").elements;
  ASSERT_EQ(places.size(), at(covered, "value").natural + 1);  // and the one that is there
  EXPECT_GE(at(places.back(), "covered").real, 0.6);
  EXPECT_LT(at(places[places.size() - 2], "covered").real, 0.6);
  const Outcome runs = wanlab({"plan", "few.json", "--find", "pops", "--add", "8", "--nearest",
                               "--json", "--objective", "p50 connect under 450ms", "--out", "two"});
  ASSERT_EQ(runs.status, 0) << runs.out << runs.err;
  const Json proven = at(parsed(runs.out), "answers").elements.at(1);
  EXPECT_EQ(at(proven, "outcome").text, "proven by the runs on both sides") << runs.out;
}

TEST_F(Plan, CostsWhatThePricesSay) {
  std::ofstream(folder_ / "prices.json") << R"({"currency": "EUR", "edge_node_hour": 2})";
  const Outcome outcome = wanlab({"plan", storm(), "--find", "backhaul", "--prices", "prices.json",
                                  "--json", "--objective", "queries.failed <= 0"});
  ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  const Json report = parsed(outcome.out);
  EXPECT_EQ(at(report, "currency").text, "EUR");
  const Json& lines = at(at(report, "answers").elements.at(0), "cost_per_month");
  ASSERT_FALSE(lines.elements.empty());
  EXPECT_EQ(at(lines.elements[0], "amount").natural, 1460u);  // one node, 730 hours
}

}  // namespace
}  // namespace wanlab::app
