// What counts as a change of behaviour, how it is said, and what is recorded.
#include "analysis/baseline.hpp"

#include "sim/base/document_json.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace wanlab::analysis {
namespace {

Figures figures_of(const std::string& json) {
  return figures_in(*base::parse_json(json));
}

class BaselineFile : public testing::Test {
 protected:
  BaselineFile() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "wanlab-baseline-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~BaselineFile() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path file(const std::string& text) const {
    std::ofstream(folder_ / "x.baseline.json") << text;
    return folder_ / "x.baseline.json";
  }
  std::filesystem::path folder_;
};

TEST(Figures, AreEveryNumberUnderItsPath) {
  const Figures figures = figures_of(
      R"({"seed": 3, "digest": "ab", "query_latency_ms": {"p99": 84.25, "p50": null}, "list": [1]})");
  EXPECT_EQ(figures.size(), 3u);
  EXPECT_EQ(figures.at("query_latency_ms.p99"), 84.25);
  EXPECT_EQ(figures.at("query_latency_ms.p50"), std::nullopt);
}

TEST(Figures, ReadAsWordsWithTheirUnits) {
  EXPECT_EQ(figure_words("query_latency_ms.p99"), "query latency p99");
  EXPECT_EQ(figure_words("groups.readers.queries.failed"), "queries failed of readers");
  EXPECT_EQ(figure_words("connections.established_per_s"), "connections established per s");
  EXPECT_EQ(figure_value("query_latency_ms.p99", 84.25), "84.2 ms");
  EXPECT_EQ(figure_value("time_to_target_s", 3.4), "3.40 s");
  EXPECT_EQ(figure_value("peak_rss_bytes", 2048.0), "2.00 KiB");
  EXPECT_EQ(figure_value("query_latency_ms.count", 1234567.0), "1,234,567");
  EXPECT_EQ(figure_value("connections.established_per_s", 12.5), "12.5");
  EXPECT_EQ(figure_value("time_to_target_s", std::nullopt), "no value");
}

TEST_F(BaselineFile, TellsAChangeBeyondItsToleranceInWords) {
  const auto baseline =
      read_baseline(file(R"({"figures": {"time_to_reroute_s": {"value": 2.1, "within": "10%"}}})"));
  ASSERT_TRUE(baseline.has_value());
  const auto changes = changes_since(*baseline, figures_of(R"({"time_to_reroute_s": 3.4})"));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(changes[0].beyond_tolerance);
  EXPECT_EQ(changes[0].words, "time to reroute 2.10 s -> 3.40 s (+62 %, allowed 10 %)");
}

TEST_F(BaselineFile, MentionsAChangeWithinItsToleranceAndNothingThatStayed) {
  const auto baseline = read_baseline(file(R"({"figures": {
      "a_s": {"value": 2.0, "within": "10%"}, "b_s": {"value": 5, "within": 0.5}, "c": {"value": 7}}})"));
  const auto changes = changes_since(*baseline, figures_of(R"({"a_s": 2.1, "b_s": 5.5, "c": 7})"));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_FALSE(changes[0].beyond_tolerance);
  EXPECT_FALSE(changes[1].beyond_tolerance);
}

TEST_F(BaselineFile, WithoutAToleranceAnyChangeIsOne) {
  const auto baseline = read_baseline(file(R"({"figures": {"connections.lost": {"value": 0}}})"));
  const auto changes = changes_since(*baseline, figures_of(R"({"connections": {"lost": 1}})"));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(changes[0].beyond_tolerance);
}

TEST_F(BaselineFile, AValueThatAppearsVanishesOrIsNoLongerKnownIsAChange) {
  const auto baseline = read_baseline(file(
      R"({"figures": {"a_s": {"value": 2, "within": "50%"}, "b_s": {"value": null}, "c": {"value": 1}}})"));
  const auto changes = changes_since(*baseline, figures_of(R"({"a_s": null, "b_s": 2})"));
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0].words, "a 2.00 s -> no value (allowed 50 %)");
  for (const BaselineChange& change : changes) EXPECT_TRUE(change.beyond_tolerance);
}

TEST_F(BaselineFile, RefusesWhatItDoesNotKnowWithItsPlace) {
  try {
    read_baseline(file(R"({"figures": {"a": {"value": 1, "withn": "5%"}}})"));
    FAIL() << "accepted";
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("/figures/a/withn"), std::string::npos)
        << error.what();
  }
  EXPECT_EQ(read_baseline(folder_ / "absent.baseline.json"), std::nullopt);
}

TEST_F(BaselineFile, RenewedKeepsTheChoiceAndWhatIsWithinTolerance) {
  const auto before = read_baseline(file(R"({"figures": {
      "a_s": {"value": 2.0, "within": "10%"}, "b": {"value": 7}, "gone": {"value": 1}}})"));
  const Figures now = figures_of(R"({"a_s": 2.1, "b": 8, "other": 3})");
  EXPECT_EQ(baseline_text(renewed(before, now)), R"({
  "figures": {
    "a_s": {"value": 2, "within": "10%"},
    "b": {"value": 8}
  }
}
)");
}

TEST_F(BaselineFile, AFirstBaselineHoldsForTheRunItCameFrom) {
  const Figures now = figures_of(
      R"({"connections": {"lost": 3}, "query_latency_ms": {"p99": 84.123456789, "p50": null}})");
  const auto recorded = read_baseline(file(baseline_text(renewed(std::nullopt, now))));
  ASSERT_EQ(recorded->figures.size(), 2u);
  EXPECT_TRUE(changes_since(*recorded, now).empty());
}

}  // namespace
}  // namespace wanlab::analysis
