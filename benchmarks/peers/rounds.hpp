// The peers' side of the conversation with wanlab_bench: after a fixed number of operations say
// what they cost, then wait until the next round is asked for. Called from inside the peer's own
// event loop, so that nothing is torn down between rounds.
//
// On standard output: "ready" once the population stands and is warm, then one line per round:
// nanoseconds of CPU per operation, bytes of memory per unit. A line on standard input starts a
// round.
#pragma once

#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace wanlab::bench {

inline double peer_cpu_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

inline double peer_resident_bytes() {
  unsigned long total = 0, resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%lu %lu", &total, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

class Rounds {
 public:
  // `units` is what memory is divided by; resident memory is counted from here on.
  Rounds(std::uint64_t warm_up, std::uint64_t per_round, double units)
      : left_(warm_up), per_round_(per_round), units_(units), resident_(peer_resident_bytes()) {}

  void tick() {
    if (--left_ == 0) next();
  }

 private:
  void next() {
    if (!ready_) {
      ready_ = true;
      std::puts("ready");
    } else {
      const double spent = peer_cpu_seconds() - started_;
      std::printf("%.17g %.17g\n", spent * 1e9 / static_cast<double>(per_round_),
                  (peer_resident_bytes() - resident_) / units_);
    }
    std::fflush(stdout);
    char line[16];
    // The peers' own ends are of no interest and can take long.
    if (std::fgets(line, sizeof line, stdin) == nullptr) _exit(0);
    left_ = per_round_;
    started_ = peer_cpu_seconds();
  }

  std::uint64_t left_;
  std::uint64_t per_round_;
  double units_;
  double resident_;
  double started_ = 0;
  bool ready_ = false;
};

}  // namespace wanlab::bench
