// Everything that watches a run while it goes on: the oracles, the figures of a failover, and the
// windows that expectations ask for. The way to use all of it:
//
//   Witness witness(plan);
//   witness.attach(recorder);      // before the world is built
//   ... run, recorder.finish(...) ...
//   Summary summary = summarize(plan, record);
//   witness.complete(summary, record);   // failover, oracles, verdicts
#pragma once

#include "analysis/checks/oracles.hpp"
#include "analysis/failover.hpp"
#include "analysis/summary.hpp"
#include "analysis/windows.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/trace/run_record.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace wanlab::analysis {

class Witness {
 public:
  // `plan` must outlive the witness and have no problems_with_expectations().
  explicit Witness(const scenario::Plan& plan);
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  void attach(trace::Recorder& recorder);
  void complete(Summary& summary, const trace::RunRecord& record);

 private:
  const scenario::Plan& plan_;
  Fleet fleet_;
  std::vector<std::unique_ptr<Oracle>> oracles_;
  Failover failover_;
  std::vector<std::unique_ptr<Window>> windows_;  // by expectation; null: of the whole run
};

}  // namespace wanlab::analysis
