// Two plans, or two runs, held against each other: every figure on the same seeds, so that chance
// is the same on both sides and only the difference scatters.
#pragma once

#include "analysis/figures.hpp"
#include "analysis/intervals.hpp"
#include "analysis/metric_meaning.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::analysis {

// How much worse a figure may get.
struct Tolerance {
  std::string metric;
  double within = 0;
  bool relative = false;  // `within` is a share of A's mean

  std::string text() const;  // "5 %", "nothing"
};
// "METRIC=5%" or "METRIC=3" in the figure's own unit. Throws base::InputError.
Tolerance read_tolerance(const std::string& text);
// What nobody wants to get worse, where nothing else is asked for.
std::vector<Tolerance> usual_tolerances();

// The figures of one run of a side.
struct ComparedRun {
  std::uint64_t seed = 0;
  std::string digest;
  Figures figures;
};

struct ComparedFigure {
  std::string metric;
  Worse worse = Worse::neither;
  Estimate a, b, difference;           // B less A, of the runs in which both have a value
  std::size_t only_a = 0, only_b = 0;  // runs in which one side alone has a value
  std::optional<Tolerance> tolerance;
  bool beyond = false;  // worse by more than is tolerated

  bool differs() const;
  // Differs by more than chance explains: the interval does not hold nothing. With one run per
  // side, whatever differs.
  bool surely() const;
  // Of A's mean; none where that is nothing.
  std::optional<double> share() const;
};

struct Comparison {
  std::vector<std::uint64_t> seeds;  // of A; B's are the same unless `same_seeds` is false
  bool same_seeds = true;
  std::size_t identical = 0;            // runs with the same digest
  std::vector<ComparedFigure> figures;  // sorted by name; those of the machine are left out

  bool all_identical() const { return identical == seeds.size(); }
  std::size_t beyond() const;
  std::size_t differing() const;
};

// As many runs on each side, pair by pair. Throws base::InputError for a tolerance whose metric
// neither side has.
Comparison compare(const std::vector<ComparedRun>& a, const std::vector<ComparedRun>& b,
                   const std::vector<Tolerance>& tolerances);

}  // namespace wanlab::analysis
