#include "benchmarks/real/processes.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace wanlab::bench {
namespace {

std::string place_of(pid_t process) {
  return "/proc/" + std::to_string(process);
}

// "Name:   123 kB", in bytes.
std::uint64_t kibibytes_in(const std::string& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1)) * 1024;
  }
  return 0;
}

std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> children;
  std::error_code gone;
  for (const auto& thread :
       std::filesystem::directory_iterator(place_of(process) + "/task", gone)) {
    std::ifstream in(thread.path() / "children");
    for (pid_t child = 0; in >> child;) children.push_back(child);
  }
  return children;
}

}  // namespace

double cpu_seconds_of(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double cpu_seconds_of_family(pid_t process) {
  double seconds = cpu_seconds_of(process);
  for (const pid_t child : children_of(process)) seconds += cpu_seconds_of(child);
  return seconds;
}

std::uint64_t resident_bytes(pid_t process) {
  return kibibytes_in(place_of(process) + "/smaps_rollup", "Pss");
}

std::uint64_t roughly_resident_bytes(pid_t process) {
  return kibibytes_in(place_of(process) + "/status", "VmRSS");
}

std::size_t open_descriptors(pid_t process) {
  std::error_code gone;
  const std::filesystem::directory_iterator entries(place_of(process) + "/fd", gone);
  return gone ? 0 : static_cast<std::size_t>(std::distance(entries, {}));
}

}  // namespace wanlab::bench
