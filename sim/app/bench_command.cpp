// `wanlab bench`: becomes wanlab_bench, the program beside this one, so that what only measures is
// neither built nor loaded for a run.
#include "sim/app/commands.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

namespace wanlab::app {

namespace {

struct BenchOptions {
  bool peers = false, json = false, quick = false;
  std::string only;
};

// Returns only if there is nothing to become.
ExitStatus become_bench(const BenchOptions& options) {
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "wanlab_bench";
  std::vector<std::string> words{program.string()};
  if (options.peers) words.emplace_back("--peers");
  if (options.json) words.emplace_back("--json");
  if (options.quick) words.emplace_back("--quick");
  if (!options.only.empty()) words.insert(words.end(), {"--only", options.only});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  std::cerr << "wanlab: cannot start " << program.string() << " (" << std::strerror(errno)
            << "); build the target wanlab_bench, as ./wanlab bench does\n";
  return ExitStatus::internal_error;
}

}  // namespace

void add_bench_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command = app.add_subcommand(
      "bench",
      "Measure the kernel, the multiplexer, statements and the simulated network on this machine");
  command->add_flag("--peers", options->peers,
                    "Also ns-3 and SimGrid, from Debian's packages, unpacked under build/peers");
  command->add_flag("--json", options->json, "One JSON object on standard output");
  command->add_flag("--quick", options->quick, "Fewer and shorter rounds");
  command->add_option("--only", options->only,
                      "One subject: hold, hold-wan, phold, mux, statements or streams");
  command->callback([=, &chosen] { chosen = [=] { return become_bench(*options); }; });
}

}  // namespace wanlab::app
