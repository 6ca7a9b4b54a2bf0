// wanlab-sweep-mpi: what `mpirun ... wanlab sweep` becomes. Rank 0 is the sweep, the other ranks
// run what it sends them.
#include "sim/app/mpi/crew.hpp"
#include "sim/app/perform.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace wanlab::app {
namespace {

ExitStatus work(const SweepOptions& options, int rank, int ranks) {
  if (rank != 0) {
    serve(options);
    return ExitStatus::good;
  }
  Crew crew(ranks);
  return sweep_all(options, [&](const SweepOptions& asked) {
    return std::make_unique<CrewWorkers>(crew, asked);
  });
}

ExitStatus main_command(int argc, char** argv) {
  int rank = 0, ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  CLI::App app("Sweeps over the processes of an MPI job; use it as mpirun ... wanlab sweep",
               "wanlab");
  app.require_subcommand(1);
  const auto options = std::make_shared<SweepOptions>();
  describe_sweep(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // All ranks read the same words; one of them talks.
    if (rank == 0) app.exit(error);
    return error.get_exit_code() == 0 ? ExitStatus::good : ExitStatus::bad_input;
  }
  const ExitStatus status = perform([&] { return work(*options, rank, ranks); });
  // Rank 0 would wait for ever for one that cannot go on. What was kept stays.
  if (rank != 0 && status != ExitStatus::good) {
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(status));
  }
  return status;
}

}  // namespace
}  // namespace wanlab::app

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  const auto status = wanlab::app::main_command(argc, argv);
  MPI_Finalize();
  return static_cast<int>(status);
}
