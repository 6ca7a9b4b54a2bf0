// The list.
#include "analysis/checks/oracles.hpp"

namespace wanlab::analysis {

std::vector<std::unique_ptr<Oracle>> make_oracles(Fleet& fleet, const scenario::Plan& plan) {
  std::vector<std::unique_ptr<Oracle>> oracles;
  oracles.push_back(make_route_respected(fleet));
  oracles.push_back(make_order_is_best());
  oracles.push_back(make_ended_once(fleet, plan));
  oracles.push_back(make_secrets_stay_home());
  oracles.push_back(make_credentials_end(fleet));
  oracles.push_back(make_edges_converge(fleet, plan));
  oracles.push_back(make_flow_conserved(fleet));
  oracles.push_back(make_nothing_leaks(fleet));
  oracles.push_back(make_sessions_survive(fleet, plan));
  return oracles;
}

}  // namespace wanlab::analysis
