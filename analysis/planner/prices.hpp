// What a plan costs by a price table that the user gives. No price is built in.
#pragma once

#include "sim/scenario/plan.hpp"
#include "sim/trace/run_record.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace wanlab::analysis {

// Per hour, or per GB carried; 0: free.
struct Prices {
  std::string currency = "USD";
  double edge_node_hour = 0, edge_core_hour = 0, edge_gib_hour = 0;
  double origin_node_hour = 0, database_node_hour = 0;
  double backhaul_gb = 0;
  std::map<std::string, double> pop_factor;  // by POP: what its edge prices are multiplied by
};

// A JSON object with these keys (comments welcome); "pops" holds the factors. Throws
// base::InputError.
Prices read_prices(const std::filesystem::path& file);

inline constexpr double hours_per_month = 730;

struct CostLine {
  std::string what;
  double per_month = 0;
};
// Machines as planned, and what the run carried as if it went on like that for a month.
std::vector<CostLine> monthly_cost(const scenario::Plan& plan, const trace::RunRecord& record,
                                   const Prices& prices);

}  // namespace wanlab::analysis
