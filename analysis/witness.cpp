// Who hears what, in which order, and what becomes of it.
#include "analysis/witness.hpp"

#include "analysis/expectations.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace wanlab::analysis {

namespace {

UnderWay& under_way_in(const std::vector<std::unique_ptr<Oracle>>& oracles) {
  for (const auto& oracle : oracles) {
    if (auto* found = dynamic_cast<UnderWay*>(oracle.get())) return *found;
  }
  throw std::logic_error("no oracle keeps what is under way");
}

}  // namespace

Witness::Witness(const scenario::Plan& plan)
    : plan_(plan),
      oracles_(make_oracles(fleet_, plan)),
      failover_(plan, fleet_,
                [&under_way = under_way_in(oracles_)](trace::HostIndex host, std::uint64_t number) {
                  return under_way.begun_at(host, number);
                }) {
  for (const scenario::Expectation& expectation : plan.expectations) {
    windows_.push_back(expectation.has_window() ? make_window(plan, expectation, fleet_) : nullptr);
  }
}

void Witness::attach(trace::Recorder& recorder) {
  recorder.add_observer(failover_, Failover::kinds());
  recorder.add_observer(fleet_, Fleet::kinds());
  for (const auto& oracle : oracles_) {
    const auto& off = plan_.oracles.off;
    if (std::find(off.begin(), off.end(), oracle->name()) != off.end() &&
        dynamic_cast<UnderWay*>(oracle.get()) == nullptr) {
      continue;
    }
    recorder.add_observer(*oracle, oracle->kinds());
  }
  for (const auto& window : windows_) {
    if (window != nullptr) recorder.add_observer(*window, window->kinds());
  }
}

void Witness::complete(Summary& summary, const trace::RunRecord& record) {
  const Instant end(record.simulated);
  // Nobody has anything left to do, and the world took its time to settle.
  const bool quiet = !record.interrupted && record.quiet;
  failover_.finish(end);
  summary.failover = failover_.summary();
  summary.oracles.clear();
  for (const auto& oracle : oracles_) {
    oracle->finish(end, quiet);
    OracleReport& report = summary.oracles.emplace_back(oracle->report());
    const auto& off = plan_.oracles.off;
    report.on = std::find(off.begin(), off.end(), report.name) == off.end();
    report.must_trip = report.name == plan_.oracles.must_trip;
  }
  summary.verdicts.clear();
  if (record.interrupted) return;
  for (std::size_t i = 0; i < plan_.expectations.size(); ++i) {
    std::vector<Verdict> verdicts =
        windows_[i] != nullptr ? windows_[i]->judge(end) : judge(plan_.expectations[i], summary);
    std::move(verdicts.begin(), verdicts.end(), std::back_inserter(summary.verdicts));
  }
}

}  // namespace wanlab::analysis
