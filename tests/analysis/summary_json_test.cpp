// The JSON object: the keys other tools rely on, nulls, and marks of partial results.
#include "analysis/summary_json.hpp"

#include "analysis/expectations.hpp"
#include "sim/base/document_json.hpp"
#include "tests/analysis/sample_run.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace wanlab::analysis {
namespace {

using base::Json;

Json parsed(const Summary& summary) {
  const std::optional<Json> json = base::parse_json(summary_json(summary));
  EXPECT_TRUE(json.has_value());
  return json.value_or(Json{});
}

// The value at a dotted path; fails the test when there is none.
Json at(const Json& root, const std::string& path) {
  const Json* here = &root;
  std::istringstream steps(path);
  for (std::string step; std::getline(steps, step, '.');) {
    here = here->find(step);
    if (here == nullptr) {
      ADD_FAILURE() << "no " << path;
      return {};
    }
  }
  return *here;
}

TEST(SummaryJson, HasTheKeysThatAreAgreedOn) {
  const Json json = parsed(summarize(sample_plan(), sample_record()));
  for (const char* path : {"connections.attempted",
                           "connections.established",
                           "connections.failed",
                           "connections.peak_open",
                           "connect_latency_ms.p50",
                           "connect_latency_ms.p90",
                           "connect_latency_ms.p99",
                           "connect_latency_ms.p999",
                           "connect_latency_ms.max",
                           "query_latency_ms.p50",
                           "query_latency_ms.p90",
                           "query_latency_ms.p99",
                           "query_latency_ms.p999",
                           "query_latency_ms.max",
                           "queries.sent",
                           "queries.answered",
                           "queries.failed",
                           "time_to_target_s",
                           "simulated_s",
                           "wall_s",
                           "events",
                           "peak_rss_bytes",
                           "bytes_per_connection",
                           "digest"}) {
    EXPECT_NE(at(json, path).kind, Json::Kind::null) << path;
  }
  EXPECT_EQ(at(json, "connections.established").natural, 3u);
  EXPECT_EQ(at(json, "groups.storm.queries.sent").natural, 3u);
  EXPECT_EQ(at(json, "pops.iad.sessions.accepted").natural, 3u);
  EXPECT_EQ(at(json, "digest").text, "0123456789abcdef");
  EXPECT_EQ(at(json, "backhauls").elements.size(), 1u);
}

TEST(SummaryJson, LatenciesAreMilliseconds) {
  const Json json = parsed(summarize(sample_plan(), sample_record()));
  const Json latency = at(json, "connect_latency_ms.p50");
  EXPECT_DOUBLE_EQ(
      latency.kind == Json::Kind::real ? latency.real : static_cast<double>(latency.natural), 10);
}

TEST(SummaryJson, AFigureWithoutAValueIsNull) {
  const Json json = parsed(summarize(sample_plan(), {}));
  EXPECT_EQ(at(json, "connect_latency_ms.p50").kind, Json::Kind::null);
  EXPECT_EQ(at(json, "time_to_target_s").kind, Json::Kind::null);
  EXPECT_EQ(at(json, "bytes_per_connection").kind, Json::Kind::null);
  EXPECT_EQ(at(json, "connect_latency_ms.count").natural, 0u);
}

TEST(SummaryJson, MarksPartialAndFailedRuns) {
  trace::RunRecord record = sample_record();
  record.interrupted = true;
  EXPECT_EQ(at(parsed(summarize(sample_plan(), record)), "status").text, "interrupted");

  scenario::Plan plan = sample_plan();
  plan.expectations.resize(1);
  plan.expectations[0].metric = "connections.failed";
  plan.expectations[0].at_most = 0;
  Summary summary = summarize(plan, sample_record());
  EXPECT_EQ(at(parsed(summary), "status").text, "passed");
  summary.verdicts = judge(plan, summary);
  EXPECT_EQ(at(parsed(summary), "status").text, "failed");
}

}  // namespace
}  // namespace wanlab::analysis
