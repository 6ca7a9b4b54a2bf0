// The summary as a person reads it in a terminal or a file.
#pragma once

#include "analysis/summary.hpp"

#include <string>

namespace wanlab::analysis {

struct TextOptions {
  bool color = false;          // terminal escapes around the verdict
  std::size_t most_rows = 20;  // of a table per POP, backhaul or place; the rest is counted
};

std::string summary_text(const Summary& summary, const TextOptions& options = {});

}  // namespace wanlab::analysis
