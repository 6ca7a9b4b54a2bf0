// `wanlab sweep` without its command line and without knowing where its runs run.
#pragma once

#include "sim/app/exit_status.hpp"
#include "sim/app/sweep_workers.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace wanlab::app {

struct SweepOptions {
  std::filesystem::path file;
  std::vector<std::string> vary, zip, sets, show;
  std::uint64_t seeds = 1;
  std::optional<std::uint64_t> first_seed;
  std::size_t jobs = usual_jobs();
  std::uint32_t time_limit_s = 3600;
  std::filesystem::path out;
  bool per_pop = false, retry = false, json = false, quiet = false;
};

// The options, the help and the examples.
CLI::App* describe_sweep(CLI::App& app, const std::shared_ptr<SweepOptions>& options);

// Makes the workers once it is clear that there is something to do.
using MakeWorkers = std::function<std::unique_ptr<SweepWorkers>(const SweepOptions&)>;

// Throws base::InputError and OutputError.
ExitStatus sweep_all(const SweepOptions& options, const MakeWorkers& make_workers);

}  // namespace wanlab::app
