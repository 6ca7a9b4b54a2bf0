// What a hunt for failures has come to so far: counts, and failures by kind. Plain values; runs
// nothing.
#pragma once

#include "sim/app/trials.hpp"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

namespace wanlab::app {

// All failures of one kind.
struct Finding {
  std::string failure;
  std::uint64_t times = 0;
  std::vector<std::string> worlds;
  Outcome outcome;             // of the run that shows it fastest
  std::uint64_t number = 0;    // of that world
  std::filesystem::path file;  // that world, or what was left of it after shrinking
  std::uint64_t shrinking_runs = 0, reductions = 0;
};

class Findings {
 public:
  void count(const Outcome& outcome);
  // The one of that kind, made now if there was none.
  Finding& add(const std::string& failure);
  bool empty() const { return findings_.empty(); }
  // By how fast they show.
  std::vector<Finding*> ranked();

  std::string status_line(Duration wall) const;
  std::string report(std::uint64_t seed, std::uint64_t first, std::uint64_t made, Duration wall);

 private:
  std::deque<Finding> findings_;
  std::uint64_t runs_ = 0, events_ = 0, statements_ = 0, failed_ = 0;
  Duration cpu_{}, simulated_{};
};

}  // namespace wanlab::app
