// The oracles of a run. To add one: its file, its maker here, its line in make_oracles().
#pragma once

#include "analysis/checks/fleet.hpp"
#include "analysis/checks/oracle.hpp"
#include "sim/scenario/plan.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace wanlab::analysis {

// Implemented by the oracle that keeps account of it anyway.
class UnderWay {
 public:
  virtual ~UnderWay() = default;
  // When a connection's present statement, or its connecting, began; none: nothing is under way.
  virtual std::optional<Instant> begun_at(trace::HostIndex host, std::uint64_t number) = 0;
};

std::unique_ptr<Oracle> make_route_respected(Fleet& fleet);
std::unique_ptr<Oracle> make_order_is_best();
std::unique_ptr<Oracle> make_ended_once(Fleet& fleet, const scenario::Plan& plan);
std::unique_ptr<Oracle> make_secrets_stay_home();
std::unique_ptr<Oracle> make_credentials_end(Fleet& fleet);
std::unique_ptr<Oracle> make_edges_converge(Fleet& fleet, const scenario::Plan& plan);
std::unique_ptr<Oracle> make_flow_conserved(Fleet& fleet);
std::unique_ptr<Oracle> make_nothing_leaks(Fleet& fleet);
std::unique_ptr<Oracle> make_sessions_survive(Fleet& fleet, const scenario::Plan& plan);

// All of them, in the order of reports.
std::vector<std::unique_ptr<Oracle>> make_oracles(Fleet& fleet, const scenario::Plan& plan);

}  // namespace wanlab::analysis
