// Tables. Rows are addressed by numbers that follow from the design alone, so that the same sweep
// gives the same rows whatever order its runs ended in.
#include "sim/sweep/ledger.hpp"

#include "sim/base/document_json.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

namespace wanlab::sweep {

namespace {

namespace fs = std::filesystem;
using base::InputError;

// "wlsw" as the file's application, and the version of the tables
// (https://www.sqlite.org/fileformat.html#application_id).
constexpr std::int64_t application = 0x776c7377;
constexpr std::int64_t format = 1;

constexpr const char* tables = R"(
CREATE TABLE sweep(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE parameters(axis INTEGER, path TEXT, step INTEGER, value TEXT NOT NULL,
                        PRIMARY KEY(axis, path, step)) WITHOUT ROWID;
CREATE TABLE points(point INTEGER, path TEXT, value TEXT NOT NULL,
                    PRIMARY KEY(point, path)) WITHOUT ROWID;
CREATE TABLE runs(run INTEGER PRIMARY KEY, point INTEGER NOT NULL, seed INTEGER NOT NULL,
                  status TEXT NOT NULL, digest TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE metrics(run INTEGER, metric TEXT, value NUMERIC,
                     PRIMARY KEY(run, metric)) WITHOUT ROWID;
-- What the runs cost the machine they ran on: differs each time.
CREATE TABLE machine(run INTEGER, measure TEXT, value NUMERIC,
                     PRIMARY KEY(run, measure)) WITHOUT ROWID;
)";

constexpr std::array<std::string_view, 5> status_names{"passed", "failed", "refused", "crashed",
                                                       "timed out"};

Status status_of(const std::string& name) {
  const auto found = std::find(status_names.begin(), status_names.end(), name);
  if (found == status_names.end()) throw std::runtime_error("unknown status " + name);
  return static_cast<Status>(found - status_names.begin());
}

// A name or text inside SQL.
std::string in_quotes(std::string_view text, char quote) {
  std::string all(1, quote);
  for (const char c : text) {
    all += c;
    if (c == quote) all += c;
  }
  return all + quote;
}

// For people with SQL: a row per run and metric, the parameters as columns.
std::string results_view(const Grid& grid) {
  std::string columns;
  for (const Axis& axis : grid.axes()) {
    for (const std::string& path : axis.paths) {
      columns += "(SELECT value FROM points WHERE points.point = runs.point AND points.path = " +
                 in_quotes(path, '\'') + ") AS " + in_quotes(path, '"') + ", ";
    }
  }
  return "CREATE VIEW results AS SELECT runs.run, " + columns +
         "seed, status, metric, metrics.value FROM runs JOIN metrics USING(run)";
}

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored) && fs::file_size(file, ignored) > 0;
}

}  // namespace

std::string_view to_string(Status status) {
  return status_names[static_cast<std::size_t>(status)];
}

Ledger::Ledger(const fs::path& file, const Design& design) {
  if (is_there(file)) {
    // Looked at before it is opened for writing, so that nobody else's file is touched.
    std::int64_t whose = 0, version = 0;
    {
      Database looked(file, Database::Access::read);
      whose = looked.number("PRAGMA application_id");
      version = looked.number("PRAGMA user_version");
    }
    if (whose != application) {
      throw InputError(file.string(), "",
                       "this file is not the result of a sweep; it was left as it is. Give "
                       "another --out");
    }
    if (version != format) {
      throw InputError(file.string(), "",
                       "written by another version of wanlab (format " + std::to_string(version) +
                           ", this one writes " + std::to_string(format) + "); give another --out");
    }
    database_ = std::make_unique<Database>(file, Database::Access::write);
    Statement check(*database_, "PRAGMA quick_check(1)");
    if (!check.step() || check.text(0) != "ok") {
      throw InputError(file.string(), "",
                       "the file is damaged: " + check.text(0) + ". Give another --out");
    }
    check_same(design);
    return;
  }
  database_ = std::make_unique<Database>(file, Database::Access::write);
  create(design);
}

void Ledger::create(const Design& design) {
  Database& database = *database_;
  database.execute("BEGIN");
  database.execute(("PRAGMA application_id = " + std::to_string(application)).c_str());
  database.execute(("PRAGMA user_version = " + std::to_string(format)).c_str());
  database.execute(tables);
  database.execute(results_view(*design.grid).c_str());
  Statement fact(database, "INSERT INTO sweep VALUES(?, ?)");
  for (const auto& [name, value] : design.facts) fact.bind(name).bind(value).run();
  Statement parameter(database, "INSERT INTO parameters VALUES(?, ?, ?, ?)");
  const std::vector<Axis>& axes = design.grid->axes();
  for (std::size_t a = 0; a < axes.size(); ++a) {
    for (std::size_t s = 0; s < axes[a].size(); ++s) {
      for (std::size_t p = 0; p < axes[a].paths.size(); ++p) {
        parameter.bind(static_cast<std::int64_t>(a)).bind(axes[a].paths[p]);
        parameter.bind(static_cast<std::int64_t>(s)).bind(axes[a].steps[s][p]).run();
      }
    }
  }
  Statement point(database, "INSERT INTO points VALUES(?, ?, ?)");
  for (std::size_t i = 0; i < design.grid->points(); ++i) {
    for (const Assignment& assignment : design.grid->at(i)) {
      point.bind(static_cast<std::int64_t>(i)).bind(assignment.path).bind(assignment.value).run();
    }
  }
  database.execute("COMMIT");
}

void Ledger::check_same(const Design& design) const {
  for (const auto& [name, value] : design.facts) {
    Statement fact(*database_, "SELECT value FROM sweep WHERE name = ?");
    fact.bind(name);
    const std::string before = fact.step() ? fact.text(0) : "nothing";
    if (before == value) continue;
    const bool readable = value.size() <= 200 && before.size() <= 200 && !name.ends_with("sha256");
    throw InputError(
        file().string(), "",
        "holds another sweep, which was left as it is (" + name +
            (readable ? ": " + before + " then, " + value + " now" : std::string(" differs")) +
            "). Repeat the command that began it, or give another --out");
  }
}

std::vector<bool> Ledger::done() const {
  std::vector<bool> done(
      static_cast<std::size_t>(database_->number("SELECT (1 + max(point)) FROM points") *
                               database_->number("SELECT value FROM sweep WHERE name = 'seeds'")));
  Statement runs(*database_, "SELECT run FROM runs");
  while (runs.step()) done.at(static_cast<std::size_t>(runs.whole(0))) = true;
  return done;
}

std::vector<Run> Ledger::outlines() const {
  std::vector<Run> all;
  Statement runs(*database_,
                 "SELECT run, point, seed, status, digest, message FROM runs ORDER BY run");
  while (runs.step()) {
    Run& run = all.emplace_back();
    run.number = static_cast<std::uint64_t>(runs.whole(0));
    run.point = static_cast<std::uint64_t>(runs.whole(1));
    run.seed = static_cast<std::uint64_t>(runs.whole(2));
    run.status = status_of(runs.text(3));
    run.digest = runs.text(4);
    run.message = runs.text(5);
  }
  return all;
}

void Ledger::for_each_run(const std::function<void(Run&&)>& visit) const {
  Statement metrics(*database_, "SELECT metric, value FROM metrics WHERE run = ? ORDER BY metric");
  for (Run& run : outlines()) {
    metrics.bind(static_cast<std::int64_t>(run.number));
    while (metrics.step()) run.metrics.push_back({metrics.text(0), metrics.real(1)});
    visit(std::move(run));
  }
}

void Ledger::keep(const Run& run) {
  if (!open_transaction_) {
    database_->execute("BEGIN");
    open_transaction_ = true;
  }
  const auto number = static_cast<std::int64_t>(run.number);
  Statement row(*database_, "INSERT INTO runs VALUES(?, ?, ?, ?, ?, ?)");
  row.bind(number).bind(static_cast<std::int64_t>(run.point));
  row.bind(static_cast<std::int64_t>(run.seed)).bind(to_string(run.status));
  row.bind(run.digest).bind(run.message).run();
  Statement metric(*database_, "INSERT INTO metrics VALUES(?, ?, ?)");
  for (const Figure& figure : run.metrics) {
    metric.bind(number).bind(figure.name).bind(figure.value).run();
  }
  Statement measure(*database_, "INSERT INTO machine VALUES(?, ?, ?)");
  for (const Figure& figure : run.machine) {
    measure.bind(number).bind(figure.name).bind(figure.value).run();
  }
}

void Ledger::commit() {
  if (!open_transaction_) return;
  open_transaction_ = false;
  database_->execute("COMMIT");
}

std::uint64_t Ledger::forget_unlucky() {
  database_->execute("BEGIN");
  constexpr const char* which = "(SELECT run FROM runs WHERE status IN ('crashed', 'timed out'))";
  for (const char* table : {"metrics", "machine", "runs"}) {
    database_->execute((std::string("DELETE FROM ") + table + " WHERE run IN " + which).c_str());
  }
  const std::int64_t count = database_->number("SELECT changes()");
  database_->execute("COMMIT");
  return static_cast<std::uint64_t>(count);
}

}  // namespace wanlab::sweep
