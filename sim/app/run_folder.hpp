// Where the results of a run are kept: OUT/<scenario>/<seed>/. A file appears whole or not at all.
#pragma once

#include "sim/app/output_error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace wanlab::app {

class RunFolder {
 public:
  // Makes the folder and removes the results of an earlier run from it, so that a run that breaks
  // off leaves no foreign ones behind. Throws OutputError.
  RunFolder(const std::filesystem::path& out, const std::string& scenario, std::uint64_t seed);

  const std::filesystem::path& path() const { return path_; }
  // Throws OutputError; then the file is as it was before.
  void write(std::string_view name, std::string_view content) const;
  // Points OUT/latest here. That is a convenience: where it cannot be done, nothing happens.
  void link_as_latest() const;

 private:
  std::filesystem::path out_, path_;
};

// Replaces the file as a whole, or leaves it as it was and throws OutputError.
void write_atomically(const std::filesystem::path& path, std::string_view content);

// The name as one component of a path: what could mean anything else becomes '-'.
std::string folder_name(std::string_view scenario);

}  // namespace wanlab::app
