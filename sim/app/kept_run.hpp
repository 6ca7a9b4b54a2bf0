// A run read back from its folder.
#pragma once

#include "sim/scenario/plan.hpp"
#include "sim/trace/run_record.hpp"

#include <filesystem>
#include <string>

namespace wanlab::app {

struct KeptRun {
  std::filesystem::path folder;
  scenario::Plan plan;
  trace::RunRecord record;
  std::string summary_json, summary_text;  // as judged then
};

// `run` is the folder, or a file in it. Throws base::InputError for what is no run folder, is
// damaged or was written by another version.
KeptRun load_kept_run(const std::filesystem::path& run);

}  // namespace wanlab::app
