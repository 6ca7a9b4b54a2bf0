// What a run page shows, as the script in it reads it (page/data.js). Figures of the summary are
// not repeated here: the page carries summary.json itself.
#pragma once

#include "analysis/report/run_page.hpp"
#include "sim/base/json_tree.hpp"

namespace wanlab::analysis {

base::Json page_data(const RunPage& page);
// The plan for reading on the page: without the topology and long lists, which plan.json has.
base::Json plan_excerpt(const scenario::Plan& plan);

}  // namespace wanlab::analysis
