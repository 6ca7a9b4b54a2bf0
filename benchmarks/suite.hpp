// What a run of the benchmarks measures: subjects, and in each the contestants that take turns.
//
// A new subject is one function here, its file, and one line in suite.cpp.
#pragma once

#include "benchmarks/measure.hpp"
#include "benchmarks/peers.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace wanlab::bench {

struct SuiteOptions {
  bool quick = false;
  std::string only;              // key of a subject; empty: all
  const Peers* peers = nullptr;  // null: without
  int rounds() const { return quick ? 3 : 5; }
  // Operations per round: what a whole run takes, or about a fifth of it.
  std::uint64_t operations(std::uint64_t whole) const { return quick ? whole / 5 : whole; }
};

// The first contestant of a size is the one the others are compared with.
struct Contestant {
  std::string name;
  std::function<double()> round;         // runs one; nanoseconds of CPU per operation
  std::function<double()> memory_bytes;  // after the rounds, per unit of the size; may be missing
};

struct Result {
  std::uint64_t size = 0;
  std::string contestant;
  Spread nanoseconds;  // per operation; nothing if `failure` says why
  double memory_bytes = 0;
  double against_first = 0;  // its time divided by that of the first contestant of this size
  std::string failure;
};

struct Subject {
  std::string key, title;
  std::string operation;  // "event", "frame"
  std::string unit;       // what `size` counts: "pending", "LPs"
  std::vector<std::string> notes;
  std::vector<Result> results;

  const Result* find(std::uint64_t size, const std::string& contestant) const;
};

// A figure the project wants to reach, and what this run says.
struct Aim {
  std::string what, aim;
  double measured = 0;
  bool met = false;
};

// Lets every contestant run once per round, in turn, so that a disturbance of the machine hits all
// alike.
void compete(Subject& subject, std::uint64_t size, const std::vector<Contestant>& contestants,
             int rounds);

// Times `operations` operations.
double nanoseconds_each(std::uint64_t operations, const std::function<void()>& run);

using Progress = std::function<void(const std::string& what)>;

Subject measure_hold_exponential(const SuiteOptions& options);
Subject measure_hold_wan(const SuiteOptions& options);
Subject measure_phold(const SuiteOptions& options);
Subject measure_mux(const SuiteOptions& options);
Subject measure_statements(const SuiteOptions& options);
Subject measure_streams(const SuiteOptions& options);

std::vector<std::string> subject_keys();
std::vector<Subject> run_suite(const SuiteOptions& options, const Progress& progress);
std::vector<Aim> judge(const std::vector<Subject>& subjects);

}  // namespace wanlab::bench
