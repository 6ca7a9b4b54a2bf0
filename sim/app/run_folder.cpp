// Writing beside the target and renaming over it: rename(2) is atomic within a file system.
#include "sim/app/run_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace wanlab::app {

namespace {

namespace fs = std::filesystem;

std::error_code last_error() {
  return {errno, std::generic_category()};
}

// Closes on every way out; the error of close() itself matters (a full disk may show only there).
class OpenFile {
 public:
  explicit OpenFile(const fs::path& path)
      : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  bool write_all(std::string_view content) {
    while (!content.empty()) {
      const ssize_t written = ::write(descriptor_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      content.remove_prefix(static_cast<std::size_t>(written));
    }
    return ::fsync(descriptor_) == 0;
  }
  bool close() { return ::close(std::exchange(descriptor_, -1)) == 0; }

 private:
  int descriptor_;
};

fs::path part_of(const fs::path& path) {
  return path.string() + ".part";
}

void write_part(const fs::path& path, std::string_view content) {
  OpenFile file(part_of(path));
  if (!file.is_open()) throw OutputError(path.string(), last_error());
  if (file.write_all(content) && file.close()) return;
  const std::error_code reason = last_error();
  ::unlink(part_of(path).c_str());
  throw OutputError(path.string(), reason);
}

void put_in_place(const fs::path& path) {
  if (std::rename(part_of(path).c_str(), path.c_str()) == 0) return;
  const std::error_code reason = last_error();
  ::unlink(part_of(path).c_str());
  throw OutputError(path.string(), reason);
}

// Everything that a run leaves in its folder.
constexpr std::string_view results[] = {"plan.json",      "summary.json", "summary.txt",
                                        "timeseries.csv", "record.json",  "report.html"};

}  // namespace

void write_atomically(const fs::path& path, std::string_view content) {
  write_part(path, content);
  put_in_place(path);
}

RunFolder::RunFolder(const fs::path& out, const std::string& scenario, std::uint64_t seed)
    : out_(out), path_(out / folder_name(scenario) / std::to_string(seed)) {
  std::error_code reason;
  fs::create_directories(path_, reason);
  if (reason) throw OutputError(path_.string(), reason);
}

RunFolder::~RunFolder() {
  std::error_code ignored;
  for (const std::string& name : staged_) fs::remove(part_of(path_ / name), ignored);
}

void RunFolder::stage(const std::string& name, std::string_view content) {
  write_part(path_ / name, content);
  staged_.push_back(name);
}

void RunFolder::publish() {
  for (const std::string_view name : results) {
    if (std::find(staged_.begin(), staged_.end(), name) != staged_.end()) continue;
    std::error_code reason;
    fs::remove(path_ / name, reason);
    if (reason) throw OutputError((path_ / name).string(), reason);
  }
  for (const std::string& name : staged_) put_in_place(path_ / name);
  staged_.clear();
}

void RunFolder::link_as_latest() const {
  std::error_code ignored;
  const fs::path beside = out_ / "latest.part";
  fs::remove(beside, ignored);
  fs::create_symlink(fs::relative(path_, out_, ignored), beside, ignored);
  fs::rename(beside, out_ / "latest", ignored);
  fs::remove(beside, ignored);
}

std::string folder_name(std::string_view scenario) {
  std::string name;
  for (const char c : scenario) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || (c == '.' && !name.empty());
    name += plain ? c : '-';
  }
  return name.empty() ? "unnamed" : name;
}

}  // namespace wanlab::app
