// The one file that a sweep leaves: what was to be run, which runs are done, and their results. It
// is also how a sweep that was killed knows where to go on: a run is in it as a whole or not at
// all.
#pragma once

#include "sim/sweep/axis.hpp"
#include "sim/sweep/database.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace wanlab::sweep {

enum class Status : std::uint8_t {
  passed,
  failed,     // an expectation or an oracle
  refused,    // the plan cannot be run: bad input
  crashed,    // ended by a signal, or by a broken invariant
  timed_out,  // ended because it took longer than allowed
};
std::string_view to_string(Status status);

struct Figure {
  std::string name;
  std::optional<double> value;
};

struct Run {
  std::uint64_t number = 0;  // point times seeds plus position of the seed
  std::uint64_t point = 0, seed = 0;
  Status status{};
  std::string digest;   // of runs that ended by themselves
  std::string message;  // what was wrong, else empty
  std::vector<Figure> metrics;
  std::vector<Figure> machine;  // what the run cost: differs from one time to the next
};

// What a sweep is: it goes on only where all of this is the same.
struct Design {
  std::vector<std::pair<std::string, std::string>> facts;  // name and value
  std::uint64_t seeds = 1, first_seed = 1;
  const Grid* grid = nullptr;

  std::uint64_t runs() const { return grid->points() * seeds; }
};

class Ledger {
 public:
  // Creates the file, or opens the one of the same sweep. Throws base::InputError when it is
  // another sweep's or nobody's, and StorageError; then the file is as it was.
  Ledger(const std::filesystem::path& file, const Design& design);

  const std::filesystem::path& file() const { return database_->file(); }
  // By number: whether there is a result.
  std::vector<bool> done() const;
  // Nothing but numbers, status, digest and message.
  std::vector<Run> outlines() const;
  // With their metrics (not the machine's), in the order of their numbers.
  void for_each_run(const std::function<void(Run&&)>& visit) const;

  // Kept for good once commit() returns; of what was kept since the last one, all or nothing.
  void keep(const Run& run);
  void commit();
  // Forgets those that crashed or took too long, so that they are run again. How many.
  std::uint64_t forget_unlucky();

 private:
  void create(const Design& design);
  void check_same(const Design& design) const;

  std::unique_ptr<Database> database_;
  bool open_transaction_ = false;
};

}  // namespace wanlab::sweep
