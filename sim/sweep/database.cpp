// Result codes of SQLite (https://www.sqlite.org/rescode.html) become errors that say what to do.
#include "sim/sweep/database.hpp"

#include "sim/base/document_json.hpp"

#include <cerrno>
#include <cmath>

#include <sqlite3.h>

namespace wanlab::sweep {

Database::Database(const std::filesystem::path& file, Access access) : file_(file) {
  // Who only looks must be able to undo what a killed process left half done, as any reader does.
  const int flags = SQLITE_OPEN_READWRITE | (access == Access::write ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(file.c_str(), &handle_, flags, nullptr);
  try {
    if (code != SQLITE_OK) fail(code);
    sqlite3_extended_result_codes(handle_, 1);
    if (access == Access::write) {
      // A rollback journal, not a write-ahead log: the results stay one file, on any file system,
      // and a process that is killed leaves a journal that the next one rolls back.
      execute("PRAGMA journal_mode = DELETE");
      execute("PRAGMA locking_mode = EXCLUSIVE");
      execute("PRAGMA synchronous = FULL");
      execute("BEGIN EXCLUSIVE");
      execute("COMMIT");
    }
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

Database::~Database() {
  sqlite3_close(handle_);
}

void Database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

std::int64_t Database::number(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.whole(0) : 0;
}

void Database::fail(int code) const {
  const std::string name = file_.string();
  switch (code & 0xff) {
    case SQLITE_NOTADB:
      throw base::InputError(name, "", "this is no SQLite file; it was left as it is");
    case SQLITE_CORRUPT:
      throw base::InputError(name, "",
                             "the file is damaged; it was left as it is. Give another --out, or "
                             "save what can be read: sqlite3 " +
                                 name + " .recover");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw base::InputError(name, "", "in use: another sweep or program has it open");
    case SQLITE_FULL:
      throw StorageError(std::error_code(ENOSPC, std::generic_category()));
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw StorageError(std::error_code(EACCES, std::generic_category()));
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR: {
      const int reason = sqlite3_system_errno(handle_);
      throw StorageError(std::error_code(reason != 0 ? reason : EIO, std::generic_category()));
    }
    default:
      throw std::runtime_error(name + ": " + sqlite3_errmsg(handle_));
  }
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  check(sqlite3_prepare_v2(database_.handle_, sql.data(), static_cast<int>(sql.size()), &handle_,
                           nullptr));
}

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) database_.fail(code);
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(handle_, ++bound_, value));
  return *this;
}

Statement& Statement::bind(std::string_view value) {
  // The null pointer of an empty view would become NULL.
  check(sqlite3_bind_text64(handle_, ++bound_, value.empty() ? "" : value.data(), value.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(const std::optional<double>& value) {
  constexpr double most_exact = 9007199254740992;  // 2^53
  if (!value) {
    check(sqlite3_bind_null(handle_, ++bound_));
  } else if (std::abs(*value) <= most_exact && *value == std::trunc(*value)) {
    return bind(static_cast<std::int64_t>(*value));
  } else {
    check(sqlite3_bind_double(handle_, ++bound_, *value));
  }
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  bound_ = 0;
  if (code != SQLITE_DONE) database_.fail(code);
  return false;
}

std::int64_t Statement::whole(int column) const {
  return sqlite3_column_int64(handle_, column);
}

std::string Statement::text(int column) const {
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  const int size = sqlite3_column_bytes(handle_, column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(size));
}

std::optional<double> Statement::real(int column) const {
  if (sqlite3_column_type(handle_, column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_double(handle_, column);
}

}  // namespace wanlab::sweep
