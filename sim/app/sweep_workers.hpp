// Who does the runs of a sweep: processes of this machine, or those of other machines as well.
#pragma once

#include "sim/app/child_runs.hpp"
#include "sim/scenario/load_plan.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::app {

struct SweepJob {
  std::size_t number = 0;
  std::filesystem::path file;  // the scenario
  scenario::Overrides overrides;
};

class SweepWorkers {
 public:
  virtual ~SweepWorkers() = default;

  virtual bool has_room() const = 0;
  virtual std::size_t running() const = 0;
  // The run `job.number` begins. There must be room.
  virtual void start(const SweepJob& job) = 0;
  // The next one to end, under its number; none when a signal came or `patience` is over.
  virtual std::optional<EndedRun> wait(std::chrono::milliseconds patience) = 0;
  // Asks all that run to stop; they still end one by one.
  virtual void interrupt() = 0;
};

// `jobs` processes at a time, each `wanlab run` of one run that keeps no folder.
class LocalWorkers : public SweepWorkers {
 public:
  LocalWorkers(std::size_t jobs, Duration time_limit)
      : jobs_(jobs), children_(time_limit, run_program()) {}

  bool has_room() const override { return children_.running() < jobs_; }
  std::size_t running() const override { return children_.running(); }
  void start(const SweepJob& job) override;
  std::optional<EndedRun> wait(std::chrono::milliseconds patience) override {
    return children_.wait(patience);
  }
  void interrupt() override { children_.interrupt(); }

  // The program whose `run` does one run: this one, or the wanlab beside it.
  static std::string run_program();

 private:
  std::size_t jobs_;
  ChildRuns children_;
};

// As many as there are processors for this process.
std::size_t usual_jobs();

}  // namespace wanlab::app
