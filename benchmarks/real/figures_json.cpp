#include "benchmarks/real/figures.hpp"

#include <nlohmann/json.hpp>

namespace wanlab::bench {
namespace {

using Json = nlohmann::ordered_json;

Json spread(const Spread& spread) {
  if (spread.empty()) return nullptr;
  return {{"median", spread.median}, {"min", spread.least}, {"max", spread.most}};
}

}  // namespace

std::string to_json(const RealConditions& conditions, const RealFigures& figures) {
  Json all = {
      {"command", conditions.command}, {"machine", conditions.machine}, {"load", conditions.load}};
  for (const QueryRow& row : figures.queries) {
    all["queries"].push_back({{"name", row.name},
                              {"sessions", row.sessions},
                              {"per_second", spread(row.per_second)},
                              {"cpu_us",
                               {{"proxy", spread(row.proxy)},
                                {"edge", spread(row.edge)},
                                {"database", spread(row.database)},
                                {"client", spread(row.client)},
                                {"above_direct", row.above_direct}}},
                              {"p50_us", row.p50},
                              {"p99_us", row.p99}});
  }
  for (const HandshakeRow& row : figures.handshakes) {
    all["handshakes"].push_back({{"name", row.name},
                                 {"per_second", spread(row.per_second)},
                                 {"cpu_us", spread(row.cpu_microseconds)},
                                 {"per_core_second", row.per_core_second}});
  }
  for (const IdleRow& row : figures.idle) {
    all["idle"].push_back({{"name", row.name},
                           {"sessions", row.sessions},
                           {"bytes_each", row.bytes_each},
                           {"logins_per_second", row.logins_per_second},
                           {"descriptors", row.descriptors}});
  }
  if (figures.hostile) {
    Json& hostile = all["hostile"];
    hostile = {{"half_open", figures.hostile->half_open},
               {"slow_handshakes", figures.hostile->slow},
               {"times_p99", figures.hostile->times_p99},
               {"edge_growth_megabytes", figures.hostile->edge_megabytes},
               {"origin_growth_megabytes", figures.hostile->origin_megabytes},
               {"left_over", figures.hostile->left_over}};
    for (const HostileRow& row : figures.hostile->rows) {
      hostile["rounds"].push_back({{"name", row.name},
                                   {"answered", row.answered},
                                   {"failed", row.failed},
                                   {"p50_us", row.p50},
                                   {"p99_us", row.p99},
                                   {"most_us", row.most}});
    }
  }
  for (const RealAim& aim : judge(figures)) {
    all["aims"].push_back(
        {{"what", aim.what}, {"aim", aim.aim}, {"measured", aim.measured}, {"met", aim.met}});
  }
  for (const std::string& what : figures.missing) all["missing"].push_back(what);
  return all.dump(2);
}

}  // namespace wanlab::bench
