#include "sim/emulation/lab_layout.hpp"

#include "sim/base/document_json.hpp"
#include "sim/emulation/child_process.hpp"
#include "sim/network/wan.hpp"
#include "sim/scenario/host_names.hpp"

#include <sys/random.h>
#include <algorithm>
#include <set>

namespace wanlab::emulation {
namespace {

using base::InputError;

// Each is a process or several; more would only measure how one machine swaps.
constexpr std::size_t most_edges = 16, most_origins = 16, most_databases = 8;

void require(bool holds, const std::string& complaint) {
  if (!holds) throw InputError("the scenario", "", complaint);
}

std::string random_text(std::size_t size) {
  static constexpr std::string_view letters =
      "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  std::string text(size, ' ');
  for (char& c : text) {
    std::uint8_t byte = 255;
    while (byte >= 256 / letters.size() * letters.size()) {
      if (::getrandom(&byte, 1, 0) != 1) throw ProcessError("the kernel gives no random bytes");
    }
    c = letters[byte % letters.size()];
  }
  return text;
}

class Ports {
 public:
  std::uint16_t next() {
    std::uint16_t port = free_port();
    while (!taken_.insert(port).second) port = free_port();
    return port;
  }

 private:
  std::set<std::uint16_t> taken_;
};

}  // namespace

LabLayout lay_out(const scenario::Plan& plan, const std::filesystem::path& folder,
                  std::uint16_t first_port) {
  LabLayout layout;
  layout.folder = folder;
  const network::Wan wan(plan.topology);
  Ports ports;

  for (const scenario::EdgePop& pop : plan.edges) {
    for (std::uint32_t node = 1; node <= pop.nodes; ++node) {
      const std::uint32_t zones = std::max(1u, wan.site(wan.require(pop.site)).zones);
      const auto place = static_cast<std::uint16_t>(layout.edges.size());
      layout.edges.push_back(
          {scenario::edge_host_name(pop, node), pop.name, pop.site, (node - 1) % zones,
           first_port != 0 ? static_cast<std::uint16_t>(first_port + place) : ports.next(),
           ports.next()});
      require(layout.edges.size() <= most_edges,
              "more than " + std::to_string(most_edges) + " edges do not fit on one machine");
    }
  }
  for (const scenario::OriginRegion& region : plan.origins) {
    for (std::uint32_t node = 1; node <= region.nodes; ++node) {
      const std::uint32_t zones = std::max(1u, wan.site(wan.require(region.region)).zones);
      layout.origins.push_back({scenario::origin_host_name(region, node), region.region,
                                (node - 1) % zones, ports.next(), ports.next()});
      require(layout.origins.size() <= most_origins,
              "more than " + std::to_string(most_origins) + " origins do not fit on one machine");
    }
  }
  require(!layout.edges.empty() && !layout.origins.empty(),
          "a laboratory needs at least one edge and one origin");

  std::uint32_t server_id = 1;
  for (const scenario::Database& database : plan.databases) {
    layout.databases.push_back({scenario::primary_host_name(database), database.branch,
                                database.primary_region, true, server_id++, ports.next()});
    for (std::uint32_t replica = 1; replica <= database.replicas; ++replica) {
      layout.databases.push_back(
          {scenario::replica_host_name(database, database.primary_region, replica), database.branch,
           database.primary_region, false, server_id++, ports.next()});
    }
    for (const std::string& region : database.read_only_regions) {
      layout.databases.push_back({scenario::replica_host_name(database, region, 1), database.branch,
                                  region, false, server_id++, ports.next()});
    }
  }
  require(!layout.databases.empty(), "a laboratory needs a database");
  require(layout.databases.size() <= most_databases,
          "more than " + std::to_string(most_databases) +
              " database servers do not fit on one machine; fewer \"replicas\" do");

  for (const EdgePlace& edge : layout.edges) {
    for (const OriginPlace& origin : layout.origins) {
      const network::PathQuality& path =
          wan.path(wan.require(edge.site), edge.zone, wan.require(origin.region), origin.zone);
      layout.paths.push_back({edge.name, origin.name, path.forward, path.backward, 0});
    }
  }
  for (const scenario::Credential& credential : plan.credentials) {
    layout.users.push_back({credential.user,
                            credential.password.empty() ? random_text(24) : credential.password,
                            credential.branch, credential.regions});
  }
  layout.backend_password = random_text(24);
  return layout;
}

}  // namespace wanlab::emulation
