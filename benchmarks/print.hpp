// The results as a table for people, or as one JSON object.
#pragma once

#include "benchmarks/suite.hpp"

#include <ostream>

namespace wanlab::bench {

struct Conditions {
  int core = -1;  // the one we are bound to; -1: none
  int rounds = 0;
  std::string command;  // that prints it all
  std::string machine, compiler;
  std::string peers = "not asked for";  // "measured" or "missing" if they were
  double load = 0;                      // of the machine at the start: runnable processes
};
Conditions conditions_here();

void print_conditions(std::ostream& out, const Conditions& conditions);
void print_subject(std::ostream& out, const Subject& subject, const Conditions& conditions);
void print_aims(std::ostream& out, const std::vector<Aim>& aims);
std::string to_json(const Conditions& conditions, const std::vector<Subject>& subjects,
                    const std::vector<Aim>& aims);

}  // namespace wanlab::bench
