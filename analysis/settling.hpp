// Whether a world recovers: from the plan's settled_after on everything has to be as if no fault
// had ever been. Hears the trace only; a plan that does not demand it is never judged.
//
// What it demands from then on, of users whose Credential and Route are good and of clients that
// behave: no connect, no statement and no session fails; every statement goes to a region about as
// near as the nearest of its Route; all edges hold the newest Route of each user; no region of a
// Route is held DOWN or draining. And at the end everybody is done, and nothing is held.
#pragma once

#include "analysis/summary.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/trace/run_record.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::analysis {

// A demand that was not met: the first time, and how often in all.
struct Unsettled {
  std::string what;  // "statement failed": the same words for the same kind of trouble
  std::string text;  // who, where, and the figures
  Instant at{};
  std::uint64_t times = 0;
};

class Settling final : public trace::Observer {
 public:
  explicit Settling(const scenario::Plan& plan);

  static trace::Kinds kinds();
  void observe(Instant now, const trace::HostLabel& host,
               const runtime::TraceEvent& event) override;
  // After the run. In the order in which they were first seen.
  std::vector<Unsettled> judge(const trace::RunRecord& record);
  // The same as verdicts of the summary: one for each, or one that says that all is well.
  void add_verdicts(const trace::RunRecord& record, Summary& summary);

 private:
  struct Route {
    std::uint64_t revision = 0;
    std::uint64_t number = 0;  // at this edge
    std::vector<std::string> regions;
  };
  struct Edge {
    std::map<std::string, Route, std::less<>> routes;  // by user
    std::map<std::uint64_t, std::string> users;        // by number of their Route
    std::map<std::string, std::uint64_t, std::less<>>
        truth;  // by region: nanoseconds there and back
    std::map<std::string, std::uint64_t, std::less<>> states;  // by region; none: never told
    std::vector<std::string> next_regions;                     // of the route_visible to come
  };
  void observe_edge(Instant now, const trace::HostLabel& host, const runtime::TraceEvent& event);
  void observe_client(Instant now, const trace::HostLabel& host, const runtime::TraceEvent& event);
  void judge_choice(Instant now, const trace::HostLabel& host, const Edge& edge,
                    const runtime::TraceEvent& event);
  void complain(Instant now, std::string_view what, std::string text);

  const scenario::Plan& plan_;
  Instant settled_at_ = Instant::max();
  std::set<std::string, std::less<>> good_groups_;  // whose clients must be served well
  std::map<std::string, Edge, std::less<>> edges_;  // by host
  std::map<std::string, std::uint64_t, std::less<>> committed_;  // revision by user's Route
  std::set<std::string> good_users_;
  std::set<std::string, std::less<>> cold_pops_;  // whose backhaul is dialled on demand
  std::vector<Unsettled> found_;
};

}  // namespace wanlab::analysis
