// The runs behind a capacity plan: each a plan in a child process of its own, several at a time,
// kept in a folder from which it replays. Decides nothing.
#pragma once

#include "analysis/planner/capacity_report.hpp"
#include "sim/app/child_runs.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace wanlab::app {

class PlannedRuns {
 public:
  struct Ended {
    std::size_t id = 0;
    analysis::PlannedRun run;
    std::filesystem::path folder;  // of the run
    bool interrupted = false;
  };

  // `folder`: where the runs are kept.
  PlannedRuns(std::filesystem::path folder, std::size_t jobs, Duration time_limit, bool quiet);
  ~PlannedRuns();

  bool full() const { return children_.running() >= jobs_; }
  bool idle() const { return children_.running() == 0; }
  std::size_t jobs() const { return jobs_; }
  std::uint64_t started() const { return started_; }
  // `label` becomes the name of the plan and, made fit for paths, its folder.
  void start(std::size_t id, scenario::Plan plan, const std::string& label,
             const std::string& what);
  // The next to end, if any does soon. Throws when a run did not come to a verdict: it could not be
  // made, crashed, or took too long.
  std::optional<Ended> wait();
  // Asks what runs to stop.
  void stop();
  // What is being asked, for the line that tells how far things are.
  void show(const std::string& question);

 private:
  struct Running {
    std::filesystem::path plan_file, folder;
    analysis::PlannedRun run;
  };

  std::filesystem::path folder_;
  std::size_t jobs_;
  bool draws_, lines_;
  ChildRuns children_;
  std::map<std::size_t, Running> running_;
  std::uint64_t started_ = 0;
  std::string question_, shown_;
};

}  // namespace wanlab::app
