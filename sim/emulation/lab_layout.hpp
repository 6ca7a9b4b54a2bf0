// Where everything of a laboratory of real processes is: which processes, on which ports, in which
// files. Follows from the plan, apart from the ports, which are whatever is free.
#pragma once

#include "real_components/crypto/digest.hpp"
#include "real_components/runtime/time.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace wanlab::emulation {

struct EdgePlace {
  std::string name, pop, site;  // "edge-1.iad", "iad", "us-east-1"
  std::uint32_t zone = 0;
  std::uint16_t port = 0, admin_port = 0;
  bool require_tls = true;
  std::uint32_t backhaul_connections = 0;  // to each origin; 0: as many as an edge has by itself
};
struct OriginPlace {
  std::string name, region;  // "origin-1.us-east-1", "us-east-1"
  std::uint32_t zone = 0;
  std::uint16_t port = 0, admin_port = 0;
};
struct DatabasePlace {
  std::string name, branch, region;  // "primary.main.us-east-1", "main", "us-east-1"
  bool primary = false;
  std::uint32_t server_id = 0;
  std::uint16_t port = 0;
};
// From an edge to an origin; the delays are the topology's.
struct PathPlace {
  std::string edge, origin;
  Duration forward{}, backward{};
  std::uint16_t port = 0;  // of the relay; known once it listens
};
struct UserPlace {
  std::string user, password, branch;
  std::vector<std::string> regions;
};

struct LabLayout {
  std::filesystem::path folder;
  std::vector<EdgePlace> edges;
  std::vector<OriginPlace> origins;
  std::vector<DatabasePlace> databases;
  std::vector<PathPlace> paths;
  std::vector<UserPlace> users;
  std::string store;                                 // URL of the global store
  std::map<std::string, std::string> region_stores;  // URLs, by region: Credentials and grant keys
  std::string backend_user = "wanlab", backend_password;
  crypto::Digest256 fleet_key{};

  std::filesystem::path certificates() const { return folder / "certificates"; }
  std::filesystem::path authority() const { return certificates() / "ca.pem"; }
  std::filesystem::path config_of(const std::string& name) const {
    return folder / "config" / (name + ".json");
  }
  std::filesystem::path log_of(const std::string& name) const {
    return folder / "logs" / (name + ".log");
  }
  std::filesystem::path control_socket() const { return folder / "control"; }
  std::filesystem::path state() const { return folder / "lab.json"; }
};

// Throws base::InputError for a plan that is too large for one machine or asks for what real
// processes cannot give, naming what. Ports of edges count up from `first_port` where that is
// given.
LabLayout lay_out(const scenario::Plan& plan, const std::filesystem::path& folder,
                  std::uint16_t first_port);

// The configuration files of all daemons, and the keys they name.
void write_configs(const LabLayout& layout);
// What other commands need to find this laboratory: lab.json.
void write_state(const LabLayout& layout, const std::filesystem::path& scenario);

}  // namespace wanlab::emulation
