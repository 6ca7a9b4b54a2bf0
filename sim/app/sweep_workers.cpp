// Command lines of single runs.
#include "sim/app/sweep_workers.hpp"

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <thread>

#include <sched.h>

namespace wanlab::app {

namespace fs = std::filesystem;

void LocalWorkers::start(const SweepJob& job) {
  std::vector<std::string> arguments{"run", job.file.string(), "--json", "--quiet", "--no-folder"};
  if (job.overrides.seed) {
    arguments.insert(arguments.end(), {"--seed", std::to_string(*job.overrides.seed)});
  }
  for (const std::string& set : job.overrides.sets) {
    arguments.insert(arguments.end(), {"--set", set});
  }
  children_.start(job.number, arguments);
}

std::string LocalWorkers::run_program() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error || self.filename() == "wanlab") return "/proc/self/exe";
  const fs::path beside = self.parent_path() / "wanlab";
  return fs::exists(beside, error) ? beside.string() : "/proc/self/exe";
}

std::size_t usual_jobs() {
  const std::size_t all = std::max(1u, std::thread::hardware_concurrency());
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  std::size_t mine = all;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    mine = std::max<std::size_t>(1, static_cast<std::size_t>(CPU_COUNT(&allowed)));
  }
  if (mine < all) return mine;  // somebody gave this process its share
  // Open MPI: so many processes of this job on this machine.
  const char* const beside = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  const auto sharing = static_cast<std::size_t>(beside == nullptr ? 1 : std::atoi(beside));
  return std::max<std::size_t>(1, mine / std::max<std::size_t>(1, sharing));
}

}  // namespace wanlab::app
