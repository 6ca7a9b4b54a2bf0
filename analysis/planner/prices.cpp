// Multiplication.
#include "analysis/planner/prices.hpp"

#include "analysis/numbers.hpp"
#include "sim/base/document_json.hpp"

namespace wanlab::analysis {

Prices read_prices(const std::filesystem::path& file) {
  const base::Document document = base::read_document(file);
  const base::Object table(document.root(), "price table",
                           {"currency", "edge_node_hour", "edge_core_hour", "edge_gib_hour",
                            "origin_node_hour", "database_node_hour", "backhaul_gb", "pops"});
  Prices prices;
  prices.currency = table.text("currency", prices.currency);
  const base::Range<double> range{0, 1e9};
  const auto read = [&](const char* key, double& into) { into = table.number(key, into, range); };
  read("edge_node_hour", prices.edge_node_hour);
  read("edge_core_hour", prices.edge_core_hour);
  read("edge_gib_hour", prices.edge_gib_hour);
  read("origin_node_hour", prices.origin_node_hour);
  read("database_node_hour", prices.database_node_hour);
  read("backhaul_gb", prices.backhaul_gb);
  if (const auto pops = table.find("pops")) {
    for (const auto& [pop, factor] : pops->members()) prices.pop_factor[pop] = factor.number(range);
  }
  return prices;
}

std::vector<CostLine> monthly_cost(const scenario::Plan& plan, const trace::RunRecord& record,
                                   const Prices& prices) {
  double edges = 0, origins = 0, databases = 0, bytes = 0;
  std::uint64_t edge_nodes = 0, origin_nodes = 0, database_nodes = 0;
  for (const scenario::EdgePop& pop : plan.edges) {
    const auto found = prices.pop_factor.find(pop.name);
    const double factor = found == prices.pop_factor.end() ? 1 : found->second;
    const double gib = static_cast<double>(pop.host.memory_bytes) / (1 << 30);
    edges += pop.nodes * factor *
             (prices.edge_node_hour + pop.host.cores * prices.edge_core_hour +
              gib * prices.edge_gib_hour);
    edge_nodes += pop.nodes;
  }
  for (const scenario::OriginRegion& origin : plan.origins) origin_nodes += origin.nodes;
  for (const scenario::Database& database : plan.databases) {
    database_nodes += 1 + database.replicas + database.read_only_regions.size();
  }
  origins = static_cast<double>(origin_nodes) * prices.origin_node_hour;
  databases = static_cast<double>(database_nodes) * prices.database_node_hour;
  for (const trace::BackhaulStatistics& backhaul : record.backhauls) {
    bytes += static_cast<double>(backhaul.bytes_to_region + backhaul.bytes_to_pop);
  }
  const double hours = seconds_of(record.simulated) / 3600;
  const double gb_per_month = hours > 0 ? bytes / 1e9 / hours * hours_per_month : 0;
  return {{grouped(edge_nodes) + " edge nodes", edges * hours_per_month},
          {grouped(origin_nodes) + " origin nodes", origins * hours_per_month},
          {grouped(database_nodes) + " database machines", databases * hours_per_month},
          {decimals(gb_per_month, 1) + " GB over the backhaul, if all days are like the run",
           gb_per_month * prices.backhaul_gb}};
}

}  // namespace wanlab::analysis
