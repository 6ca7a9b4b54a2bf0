// What a world that has to have recovered by some moment may no longer do after it. Each demand is
// shown with an event that breaks it, and the same event before that moment, which does not.
#include "analysis/settling.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace wanlab::analysis {
namespace {

using namespace std::chrono_literals;
using runtime::TraceEvent;
using runtime::TraceKind;

constexpr std::uint64_t near = 20'000'000, far = 90'000'000;  // nanoseconds there and back

class Recovery : public ::testing::Test {
 protected:
  Recovery() {
    plan_.warm_up = 2s;
    plan_.duration = 200s;
    plan_.settled_after = 100s;
    plan_.edges.resize(1);
    plan_.edges[0].name = "pop";
    plan_.credentials.resize(2);
    plan_.credentials[0].user = "good";
    plan_.credentials[0].regions = {"near", "far"};
    plan_.credentials[1].user = "gone";
    plan_.credentials[1].revoked_after = 10s;
    add_clients("clients", "good");
    add_clients("strangers", "nobody");
    add_clients("revoked", "gone");
  }

  void add_clients(const std::string& name, const std::string& user) {
    scenario::ClientGroup group;
    group.name = name;
    group.user = user;
    plan_.clients.push_back(group);
  }

  // What the world looked like long before: two edges with the Route, and where its regions are.
  void begin(Settling& settling) {
    for (const char* name : {"edge-1", "edge-2"}) {
      tell(settling, 1s, name, {TraceKind::path_truth, 0, near, 0, "near"});
      tell(settling, 1s, name, {TraceKind::path_truth, 0, far, 0, "far"});
      tell(settling, 1s, name, {TraceKind::route_clusters, 0, 0, 0, "near,far"});
      tell(settling, 1s, name, {TraceKind::route_visible, 0, 5, 0, "good"});
    }
  }
  static void tell(Settling& settling, Duration at, const std::string& edge,
                   const TraceEvent& event) {
    settling.observe(Instant() + at, {edge, trace::HostRole::edge, "pop", {}, {}}, event);
  }
  static void tell_client(Settling& settling, Duration at, const std::string& group,
                          TraceKind kind) {
    settling.observe(Instant() + at, {group + "-1", trace::HostRole::client, "town", group, {}},
                     {.kind = kind});
  }

  std::vector<std::string> judge(const std::function<void(Settling&)>& events,
                                 Duration simulated = 120s) {
    Settling settling(plan_);
    begin(settling);
    events(settling);
    trace::RunRecord record;
    record.simulated = simulated;
    std::vector<std::string> found;
    for (const Unsettled& unsettled : settling.judge(record)) found.push_back(unsettled.what);
    return found;
  }

  using Found = std::vector<std::string>;
  scenario::Plan plan_;
};

TEST_F(Recovery, IsCompleteWhenNothingIsWrong) {
  EXPECT_EQ(judge([](Settling&) {}), Found{});
}

TEST_F(Recovery, IsNotAskedForByAPlanThatDoesNotSaySo) {
  plan_.settled_after.reset();
  EXPECT_EQ(judge([](Settling& settling) {
              tell_client(settling, 110s, "clients", TraceKind::client_lost);
            }),
            Found{});
}

TEST_F(Recovery, LeavesNoClientInTrouble) {
  const std::map<TraceKind, std::string> words{
      {TraceKind::client_failed, "a client cannot connect"},
      {TraceKind::client_attempt_failed, "a client cannot connect"},
      {TraceKind::client_lost, "a session ends"},
      {TraceKind::client_query_failed, "a statement fails"}};
  for (const auto& [kind, what] : words) {
    EXPECT_EQ(judge([&](Settling& settling) { tell_client(settling, 110s, "clients", kind); }),
              Found{what});
    EXPECT_EQ(judge([&](Settling& settling) { tell_client(settling, 101s, "clients", kind); }),
              Found{})
        << "the warm-up counts";
    for (const char* group : {"strangers", "revoked"}) {
      EXPECT_EQ(judge([&](Settling& settling) { tell_client(settling, 110s, group, kind); }),
                Found{})
          << group;
    }
  }
}

TEST_F(Recovery, SendsEveryStatementToTheBestRegion) {
  const auto routed = [](Duration at, const char* region, std::uint64_t attempt = 1) {
    return [=](Settling& settling) {
      tell(settling, at, "edge-1",
           {TraceKind::query_routed, 1, 1, runtime::attempt_and_route(attempt, 0), region});
    };
  };
  EXPECT_EQ(judge(routed(110s, "near")), Found{});
  EXPECT_EQ(judge(routed(110s, "far")), Found{"not the best region"});
  EXPECT_EQ(judge(routed(90s, "far")), Found{});
  EXPECT_EQ(judge(routed(110s, "elsewhere")), Found{"not the best region"});
  EXPECT_EQ(judge(routed(110s, "near", 2)), Found{"a statement is repeated"});
}

TEST_F(Recovery, AllowsForWhatHysteresisAndMeasurementCannotTellApart) {
  const auto truth = [](std::uint64_t of_far) {
    return [of_far](Settling& settling) {
      tell(settling, 50s, "edge-1", {TraceKind::path_truth, 0, of_far, 0, "far"});
      tell(settling, 110s, "edge-1",
           {TraceKind::query_routed, 1, 1, runtime::attempt_and_route(1, 0), "far"});
    };
  };
  EXPECT_EQ(judge(truth(near + 10'000'000)), Found{});
  EXPECT_EQ(judge(truth(near + 30'000'000)), Found{"not the best region"});
}

TEST_F(Recovery, BringsEveryEdgeToTheNewestRoute) {
  EXPECT_EQ(judge([](Settling& settling) {
              tell(settling, 50s, "edge-1", {TraceKind::route_clusters, 0, 0, 0, "near"});
              tell(settling, 50s, "edge-1", {TraceKind::route_visible, 0, 6, 0, "good"});
            }),
            Found{"a Route is stale"});
  EXPECT_EQ(judge([](Settling& settling) {
              tell(settling, 50s, "edge-1", {TraceKind::route_removed, 0, 6, 0, "good"});
            }),
            Found{"a Route is missing"});
  EXPECT_EQ(judge([](Settling& settling) {
              settling.observe(Instant() + 50s, {"store", trace::HostRole::store, "far", {}, {}},
                               {TraceKind::store_committed, 9, 0, 0, "/wanlab/routes/good"});
            }),
            Found{"a Route is stale"});
}

TEST_F(Recovery, LeavesNoRegionInDoubt) {
  const auto state = [](Duration at, std::uint64_t after) {
    return [=](Settling& settling) {
      tell(settling, at, "edge-2", {TraceKind::region_state, 0, 0, after, "far"});
    };
  };
  EXPECT_EQ(judge(state(50s, 3)), Found{"a region is doubted"}) << "and still is at the end";
  EXPECT_EQ(judge(state(110s, 3)), Found{"a region is doubted"});
  EXPECT_EQ(judge(state(110s, 2)), Found{}) << "one lost segment after another";
  EXPECT_EQ(judge(state(50s, 1)), Found{"a region is doubted"}) << "on probation for ever";
  EXPECT_EQ(judge([&](Settling& settling) {
              state(50s, 3)(settling);
              state(80s, 0)(settling);
            }),
            Found{});
}

TEST_F(Recovery, LeavesNothingBehind) {
  EXPECT_EQ(judge([](Settling& settling) {
              tell(settling, 110s, "edge-1", {TraceKind::held, 0, 2, 0, "sessions"});
            }),
            Found{"held at the end: sessions"});
  EXPECT_EQ(judge([](Settling&) {}, 202s), Found{"clients are not done"});
}

}  // namespace
}  // namespace wanlab::analysis
