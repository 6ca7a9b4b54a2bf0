// The sections of a scenario document, read into a plan. Names are not checked against each other
// here (check_references does that).
#pragma once

#include "sim/base/document_json.hpp"
#include "sim/scenario/plan.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::scenario {

struct ScenarioReading {
  Plan plan;
  // Where each element of a list of the plan was written, by the list's name ("edges", "clients",
  // ...).
  std::map<std::string, std::vector<base::Value>, std::less<>> places;
};

// `root` as in Overrides. The document must outlive the result.
// Everything but the traffic: the topology, the machines, the users.
ScenarioReading read_network(const base::Document& document, const std::filesystem::path& root);
// Clients, faults and expectations, which refer to all that; its references should have been
// checked.
void read_traffic(const base::Document& document, ScenarioReading& reading);

// The "clients" section; the rest of the plan must be there already. Endpoints that clients use
// without any being declared are added to the plan.
void read_clients(const base::Object& scenario, ScenarioReading& reading);

// The "expect" section; faults must be there already, because windows refer to them.
void read_expectations(const base::Object& scenario, ScenarioReading& reading);

// The "faults" section.
void read_faults(const base::Object& scenario, ScenarioReading& reading);

// A name that can stand in host names and metrics: letters, digits, "-" and "_".
std::string read_name(const base::Value& value);

}  // namespace wanlab::scenario
