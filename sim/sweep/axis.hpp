// What a sweep varies: lists and ranges of values as a command line states them, and the grid they
// span. Knows nothing of what a path or a value means to a scenario.
#pragma once

#include "sim/base/document_json.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::sweep {

// One parameter, or several that advance together.
struct Axis {
  std::vector<std::string> paths;
  std::vector<std::vector<std::string>> steps;  // of each step, one value per path

  std::size_t size() const { return steps.size(); }
};

struct Assignment {
  std::string path, value;
  // As --set takes it.
  std::string text() const { return path + "=" + value; }
  bool operator==(const Assignment&) const = default;
};

// "PATH=VALUES": values separated by commas (none inside brackets, braces or quotes counts), each a
// value as --set takes it, or a range that includes its ends where it meets them:
//   10ms..50ms/10ms   steps of 10 ms     1..5      steps of one (whole numbers only)
//   1..64*2           each twice the one before
// Ends and step of a range share their kind: times, sizes, bit rates, percentages or plain numbers.
// Throws base::InputError with `option` as the place.
Axis read_axis(const std::string& option, std::string_view text);

// One axis on which all of these advance together. Throws base::InputError when their sizes differ.
Axis zipped(const std::vector<Axis>& axes);

// Every combination of the axes' steps; the last axis changes fastest.
class Grid {
 public:
  // Throws base::InputError for a path that is varied twice, and for more points than anybody has
  // time for.
  explicit Grid(std::vector<Axis> axes);

  const std::vector<Axis>& axes() const { return axes_; }
  std::size_t points() const { return points_; }
  // Which step of each axis this point is.
  std::vector<std::size_t> steps(std::size_t point) const;
  std::vector<Assignment> at(std::size_t point) const;

 private:
  std::vector<Axis> axes_;
  std::size_t points_ = 1;
};

}  // namespace wanlab::sweep
