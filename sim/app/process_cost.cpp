// getrusage(2) and the memory figures of Linux.
#include "sim/app/process_cost.hpp"

#include <sys/resource.h>

#include <cstdio>
#include <memory>

#include <unistd.h>

namespace wanlab::app {

namespace {

// By this simulated second the million-connection ramp has made every handshake and about two
// statements per connection, which makes runs comparable with each other.
constexpr Duration cpu_mark = std::chrono::seconds(180);

rusage usage() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used;
}

Duration duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

Duration cpu_time() {
  const rusage used = usage();
  return duration_of(used.ru_utime) + duration_of(used.ru_stime);
}

std::uint64_t resident_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "r"),
                                                             &std::fclose);
  unsigned long long total_pages = 0, resident_pages = 0;
  if (!file || std::fscanf(file.get(), "%llu %llu", &total_pages, &resident_pages) != 2) return 0;
  return resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

ProcessCost::ProcessCost() : wall_start_(std::chrono::steady_clock::now()), cpu_start_(cpu_time()) {
  cost_.cpu_mark_at = cpu_mark;
  cost_.rss_before_bytes = resident_bytes();
}

void ProcessCost::note_mark() {
  cost_.cpu_at_mark = cpu_time() - cpu_start_;
}

trace::MachineCost ProcessCost::total() const {
  trace::MachineCost cost = cost_;
  cost.wall = std::chrono::steady_clock::now() - wall_start_;
  cost.cpu = cpu_time() - cpu_start_;
  cost.peak_rss_bytes = static_cast<std::uint64_t>(usage().ru_maxrss) * 1024;  // Linux counts KiB
  return cost;
}

}  // namespace wanlab::app
