// What a sweep came to: every figure at every point of the grid, over its seeds.
#pragma once

#include "analysis/intervals.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace wanlab::analysis {

struct SweepAxis {
  std::string name;  // the path, or several joined by " + "
  std::vector<std::string> values;
};

struct SweepPoint {
  std::vector<std::size_t> steps;     // on each axis
  std::vector<std::string> settings;  // "path=value", as --set takes them
  std::uint64_t passed = 0, failed = 0, refused = 0, crashed = 0, timed_out = 0;
  // One per metric, in the order of SweepResults::metrics; of runs that ended by themselves.
  std::vector<Estimate> figures;

  std::uint64_t done() const { return passed + failed + refused + crashed + timed_out; }
};

// A run that gave no figures.
struct SweepTrouble {
  std::size_t point = 0;
  std::uint64_t seed = 0;
  std::string status, message;
};

struct SweepResults {
  std::string scenario, why, file;
  std::uint64_t seeds = 1, first_seed = 1;
  std::vector<SweepAxis> axes;
  std::vector<std::string> common;   // "path=value" that hold at every point
  std::vector<std::string> metrics;  // sorted
  std::vector<SweepPoint> points;
  std::vector<SweepTrouble> troubles;

  std::uint64_t runs() const { return points.size() * seeds; }
  std::uint64_t done() const;
  std::uint64_t without_figures() const;  // of those done
  // The command that repeats one run.
  std::string replay(std::size_t point, std::uint64_t seed) const;
  // The metrics to show where there is no room for all: chosen ones that differ between points.
  std::vector<std::string> key_metrics(std::size_t most) const;
  const Estimate& at(std::size_t point, const std::string& metric) const;
};

// Gathers the runs of a sweep.
class SweepTally {
 public:
  // Everything but metrics, figures and troubles must be there.
  explicit SweepTally(SweepResults frame) : results_(std::move(frame)) {
    samples_.resize(results_.points.size());
  }
  // `status` as the ledger has it.
  void add(std::size_t point, std::uint64_t seed, const std::string& status,
           const std::string& message,
           const std::vector<std::pair<std::string, std::optional<double>>>& figures);
  SweepResults finish();

 private:
  SweepResults results_;
  std::vector<std::map<std::string, std::vector<double>, std::less<>>> samples_;
};

}  // namespace wanlab::analysis
