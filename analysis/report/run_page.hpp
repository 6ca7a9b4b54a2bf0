// The page of a run: one HTML file that holds everything it shows and opens without a network.
#pragma once

#include "sim/scenario/plan.hpp"
#include "sim/trace/run_record.hpp"

#include <string>
#include <string_view>

namespace wanlab::analysis {

struct RunPage {
  const scenario::Plan& plan;
  const trace::RunRecord& record;
  std::string_view summary_json, summary_text;  // as they were judged when the run was over
  std::string version;                          // of the program that ran it
  std::string folder;  // where the run is kept, for the commands that the page names
};

std::string run_page(const RunPage& page);

}  // namespace wanlab::analysis
