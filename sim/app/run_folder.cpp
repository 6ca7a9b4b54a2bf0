// Writing beside the target and renaming over it: rename(2) is atomic within a file system.
#include "sim/app/run_folder.hpp"

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

}  // namespace

void write_atomically(const fs::path& path, std::string_view content) {
  const fs::path beside = path.string() + ".part";
  OpenFile file(beside);
  if (!file.is_open()) throw OutputError(path.string(), last_error());
  if (!file.write_all(content) || !file.close() || std::rename(beside.c_str(), path.c_str()) != 0) {
    const std::error_code reason = last_error();
    ::unlink(beside.c_str());
    throw OutputError(path.string(), reason);
  }
}

RunFolder::RunFolder(const fs::path& out, const std::string& scenario, std::uint64_t seed)
    : out_(out), path_(out / folder_name(scenario) / std::to_string(seed)) {
  std::error_code reason;
  fs::create_directories(path_, reason);
  if (reason) throw OutputError(path_.string(), reason);
  for (const char* name : {"summary.json", "summary.txt", "timeseries.csv"}) {
    fs::remove(path_ / name, reason);
    if (reason) throw OutputError((path_ / name).string(), reason);
  }
}

void RunFolder::write(std::string_view name, std::string_view content) const {
  write_atomically(path_ / name, content);
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
