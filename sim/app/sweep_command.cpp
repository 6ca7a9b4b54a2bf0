// The command line of `wanlab sweep`. Under mpirun the program beside this one takes over, which
// alone knows MPI.
#include "sim/app/commands.hpp"
#include "sim/app/sweep.hpp"
#include "sim/base/document_json.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include <unistd.h>

namespace wanlab::app {

namespace {

constexpr const char* examples = R"(
Values: a list (1,2,4), a range with its step (10ms..50ms/10ms, 1..5), or by factors (1..64*2).
Each --vary is a dimension of the grid; all --zip advance together and are one dimension.

Examples:
  wanlab sweep scenarios/lambda-storm-overload.json --vary edges.0.nodes=1..4 --seeds 5
  wanlab sweep scenarios/hello.json --vary clients.0.query.every=10ms..50ms/10ms \
      --vary jitter=true,false --seeds 10 --show query_latency_ms.p99
  wanlab sweep a.json --zip edges.0.nodes=1,2,4 --zip databases.0.pool=50,100,200
  mpirun -n 8 --hostfile machines wanlab sweep a.json --vary edges.0.nodes=1..16 --seeds 100

Results go to one SQLite file (--out), a page beside it, and a table. Whatever stopped a sweep, the
same command goes on where it stopped. In the file, the view "results" has a row per run and metric:
  sqlite3 out/hello.sweep.sqlite "SELECT * FROM results WHERE metric = 'query_latency_ms.p99'"

Exit status: 0 every run gave figures (whether or not its expectations held), 2 bad input,
3 some crashed or took too long (--retry runs them again), 130 stopped by Ctrl-C.)";

// Replaces this process by the program of that name that lies beside it.
ExitStatus become_mpi_program() {
  std::error_code error;
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "wanlab-sweep-mpi";
  // The same words again.
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv(program.c_str(), pointers.data());
  throw base::InputError(program.string(), "",
                         std::string(std::strerror(errno)) +
                             ": sweeps under MPI need this program, which is built where Open MPI "
                             "is (Debian: apt-get install libopenmpi-dev openmpi-bin, then "
                             "./wanlab build)");
}

std::string natural_problem(const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  const bool good = read.ec == std::errc() && read.ptr == end;
  return good ? std::string() : "expected a whole number, got " + text;
}

}  // namespace

CLI::App* describe_sweep(CLI::App& app, const std::shared_ptr<SweepOptions>& options) {
  CLI::App* command =
      app.add_subcommand("sweep", "Run a scenario over a grid of parameters and seeds");
  command->footer(examples);
  command->add_option("file", options->file, "Scenario file")->required()->type_name("SCENARIO");
  command
      ->add_option("--vary", options->vary,
                   "A parameter and its values; the path as for --set of run (repeatable)")
      ->type_name("PATH=VALUES")
      ->allow_extra_args(false);
  command
      ->add_option("--zip", options->zip,
                   "The same, but all of these advance together (repeatable)")
      ->type_name("PATH=VALUES")
      ->allow_extra_args(false);
  command->add_option("--set", options->sets, "Change a value everywhere, as in run (repeatable)")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command->add_option("--seeds", options->seeds, "So many seeds at every point")
      ->type_name("N")
      ->check(natural_problem)
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}))
      ->capture_default_str();
  command
      ->add_option("--first-seed", options->first_seed,
                   "The first of them; default: the scenario's own")
      ->type_name("N")
      ->check(natural_problem);
  command
      ->add_option("--jobs,-j", options->jobs,
                   "Runs at a time (under MPI: of each process); default: as many as cores")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1024}));
  command->add_option("--out", options->out, "The results; default: out/SCENARIO.sweep.sqlite")
      ->type_name("FILE");
  command
      ->add_option("--show", options->show,
                   "A metric for the table, e.g. query_latency_ms.p99 (repeatable)")
      ->type_name("METRIC")
      ->allow_extra_args(false);
  command->add_flag("--per-pop", options->per_pop, "Also keep the figures of every POP");
  command->add_flag("--retry", options->retry, "Run those again that crashed or took too long");
  command->add_option("--time-limit", options->time_limit_s, "End a run that takes longer")
      ->type_name("SECONDS")
      ->check(CLI::Range(1u, 2'592'000u))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print one JSON object, nothing else");
  command->add_flag("--quiet,-q", options->quiet, "No progress; table and errors only");
  command->parse_complete_callback([options] {
    if (options->vary.empty() && options->zip.empty() && !options->file.empty()) {
      throw CLI::RequiredError("--vary or --zip");
    }
  });
  return command;
}

void add_sweep_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<SweepOptions>();
  describe_sweep(app, options)->callback([options, &chosen] {
    chosen = [options] {
      if (std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr) return become_mpi_program();
      return sweep_all(*options, [](const SweepOptions& asked) {
        return std::make_unique<LocalWorkers>(asked.jobs, std::chrono::seconds(asked.time_limit_s));
      });
    };
  });
}

}  // namespace wanlab::app
