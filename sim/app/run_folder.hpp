// Where the results of a run are kept: OUT/<scenario>/<seed>/. They appear all together, when the
// run is over; until then, and if anything goes wrong, those of an earlier run stay as they are.
#pragma once

#include "sim/app/output_error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::app {

class RunFolder {
 public:
  // Makes the folder. Throws OutputError.
  RunFolder(const std::filesystem::path& out, const std::string& scenario, std::uint64_t seed);
  ~RunFolder();  // what was not published is gone
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Writes a result beside its place, as NAME.part. Throws OutputError.
  void stage(const std::string& name, std::string_view content);
  // Puts everything staged in its place and removes what else an earlier run left. Throws
  // OutputError.
  void publish();
  // Points OUT/latest here. That is a convenience: where it cannot be done, nothing happens.
  void link_as_latest() const;

 private:
  std::filesystem::path out_, path_;
  std::vector<std::string> staged_;
};

// Replaces the file as a whole, or leaves it as it was and throws OutputError.
void write_atomically(const std::filesystem::path& path, std::string_view content);

// The name as one component of a path: what could mean anything else becomes '-'.
std::string folder_name(std::string_view scenario);

}  // namespace wanlab::app
