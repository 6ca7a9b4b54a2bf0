// CPU time of this thread, and what several repetitions of a measurement say together.
#pragma once

#include <string>
#include <vector>

namespace wanlab::bench {

// Seconds of CPU this thread has used.
double cpu_seconds();

// Binds the process to one core, for caches and clocks; returns which, or -1 where that is not
// allowed.
int pin_to_one_core();

struct Spread {
  double median = 0, least = 0, most = 0;
  bool empty() const { return most == 0; }
};

class Samples {
 public:
  void add(double value) { values_.push_back(value); }
  Spread spread() const;

 private:
  std::vector<double> values_;
};

// Keeps the compiler from dropping a computation whose result nobody reads.
template <typename T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

}  // namespace wanlab::bench
