// One SQLite file: statements that bind, step and close themselves. All that is known of SQLite's
// interface is here and in the .cpp; what the tables mean is not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

struct sqlite3;
struct sqlite3_stmt;

namespace wanlab::sweep {

// The file could not be read or written: a full disk, a missing right, a failing device. What was
// committed before is still there.
class StorageError : public std::system_error {
 public:
  using std::system_error::system_error;
};

class Database {
 public:
  enum class Access : std::uint8_t { read, write };
  // With `write`, creates the file if need be and keeps others out until the end. Throws
  // base::InputError for what is damaged, no database, or in use; StorageError for the rest.
  Database(const std::filesystem::path& file, Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void execute(const char* sql);
  std::int64_t number(const char* sql);  // the one value that the statement gives
  const std::filesystem::path& file() const { return file_; }

 private:
  friend class Statement;
  [[noreturn]] void fail(int code) const;

  std::filesystem::path file_;
  sqlite3* handle_ = nullptr;
};

class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Values in the order of the question marks; NULL for none, whole numbers as such.
  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view value);
  Statement& bind(const std::optional<double>& value);
  // True while there is a row. After the last one the statement may be bound and run again.
  bool step();
  void run() {
    while (step()) {
    }
  }

  std::int64_t whole(int column) const;
  std::string text(int column) const;
  std::optional<double> real(int column) const;

 private:
  void check(int code) const;

  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

}  // namespace wanlab::sweep
