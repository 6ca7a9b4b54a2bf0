#include "sim/scenario/check_references.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sim/base/nearest_name.hpp"
#include "sim/scenario/host_names.hpp"

namespace wanlab::scenario {
namespace {

// A set of names something may refer to.
class Names {
 public:
  explicit Names(std::string what) : what_(std::move(what)) {}

  void add(const std::string& name) {
    if (known_.insert(name).second) list_.push_back(name);
  }
  bool has(const std::string& name) const { return known_.contains(name); }
  bool empty() const { return list_.empty(); }
  const std::vector<std::string>& list() const { return list_; }

  // "expected a site of topology "aws-22", got "us-esat-1"; did you mean "us-east-1"?"
  std::string refusal(const std::string& name) const {
    std::string hint = base::did_you_mean(name, list_);
    constexpr std::size_t few = 8;
    if (hint.empty() && list_.size() <= few) {
      for (const auto& known : list_) hint += (hint.empty() ? "; there is \"" : "\", \"") + known;
      if (!hint.empty()) hint += "\"";
    }
    return "expected " + what_ + ", got \"" + name + "\"" + hint;
  }

 private:
  std::string what_;
  std::unordered_set<std::string> known_;
  std::vector<std::string> list_;
};

class Checker {
 public:
  Checker(const Plan& plan, const Places& places) : plan_(plan), places_(places) {
    for (const auto& site : plan.topology.sites) sites_.add(site.name);
    for (const auto& edge : plan.edges) pops_.add(edge.name);
    for (const auto& origin : plan.origins) origins_.add(origin.region);
    for (const auto& database : plan.databases) branches_.add(database.branch);
    for (const auto& endpoint : plan.endpoints) endpoints_.add(endpoint.name);
  }

  void run() {
    check_edges();
    check_origins_and_databases();
    need(sites_, plan_.store_site, "", 0, "store_site");
    check_credentials();
    check_endpoints();
    check_clients();
    check_faults();
    for (std::size_t index = 0; index < plan_.expectations.size(); ++index) {
      const Expectation& expectation = plan_.expectations[index];
      if (!expectation.at_least && !expectation.at_most && !expectation.equals)
        refuse("expect", index, "",
               "expected a threshold: \"at_least\", \"at_most\" or \"equals\"");
    }
    for (std::size_t index = 0; index < plan_.idle_hosts.size(); ++index)
      unique("idle_hosts", index, "", "host name", plan_.idle_hosts[index]);
  }

 private:
  [[noreturn]] void refuse(std::string_view list, std::size_t index, std::string_view key,
                           const std::string& message) {
    places_(list, index, key).refuse(message);
  }

  void need(const Names& names, const std::string& name, std::string_view list, std::size_t index,
            std::string_view key) {
    if (!names.has(name)) refuse(list, index, key, names.refusal(name));
  }

  // `what` is what a message calls the name; names are compared within one `what`.
  void unique(std::string_view list, std::size_t index, std::string_view key,
              const std::string& what, const std::string& name) {
    const auto [found, added] = taken_.try_emplace(what + '\n' + name, index);
    if (!added)
      refuse(list, index, key,
             "duplicate " + what + " \"" + name + "\"; " +
                 places_(list, found->second, key).pointer() + " has it already");
  }

  void check_edges() {
    for (std::size_t index = 0; index < plan_.edges.size(); ++index) {
      const EdgePop& pop = plan_.edges[index];
      unique("edges", index, "name", "edge name", pop.name);
      need(sites_, pop.site, "edges", index, "site");
    }
  }

  void check_origins_and_databases() {
    // First, because origins and the store stand where the databases are when nothing else is said.
    for (std::size_t index = 0; index < plan_.databases.size(); ++index)
      need(sites_, plan_.databases[index].primary_region, "databases", index, "primary_region");
    for (std::size_t index = 0; index < plan_.origins.size(); ++index) {
      const std::string& region = plan_.origins[index].region;
      unique("origins", index, "region", "origin region", region);
      need(sites_, region, "origins", index, "region");
    }
    for (std::size_t index = 0; index < plan_.databases.size(); ++index) {
      const Database& database = plan_.databases[index];
      unique("databases", index, "branch", "branch", database.branch);
      need(origins_, database.primary_region, "databases", index, "primary_region");
      for (const std::string& region : database.read_only_regions) {
        need(sites_, region, "databases", index, "read_only_regions");
        need(origins_, region, "databases", index, "read_only_regions");
        if (region == database.primary_region)
          refuse("databases", index, "read_only_regions",
                 "\"" + region + "\" is the branch's own region and cannot be read-only too");
        unique("databases", index, "read_only_regions",
               "read-only region of branch " + database.branch, region);
      }
    }
  }

  void check_credentials() {
    for (std::size_t index = 0; index < plan_.credentials.size(); ++index) {
      const Credential& credential = plan_.credentials[index];
      unique("credentials", index, "user", "user", credential.user);
      need(branches_, credential.branch, "credentials", index, "branch");
      const auto database =
          std::find_if(plan_.databases.begin(), plan_.databases.end(),
                       [&](const Database& each) { return each.branch == credential.branch; });
      Names regions("a region of branch \"" + credential.branch + "\"");
      regions.add(database->primary_region);
      for (const auto& region : database->read_only_regions) regions.add(region);
      for (const auto& region : credential.regions) {
        need(regions, region, "credentials", index, "regions");
        unique("credentials", index, "regions", "region of user " + credential.user, region);
      }
      if (credential.regions.empty())
        refuse("credentials", index, "regions", "expected at least one region");
    }
  }

  void check_endpoints() {
    Names providers("a provider with an edge");
    for (const auto& edge : plan_.edges)
      if (!edge.provider.empty()) providers.add(edge.provider);
    for (std::size_t index = 0; index < plan_.endpoints.size(); ++index) {
      const Endpoint& endpoint = plan_.endpoints[index];
      unique("endpoints", index, "name", "endpoint name", endpoint.name);
      switch (endpoint.kind) {
        case EndpointKind::direct:
          need(pops_, endpoint.pop, "endpoints", index, "pop");
          break;
        case EndpointKind::optimized:
          need(providers, endpoint.provider, "endpoints", index, "provider");
          break;
        case EndpointKind::database:
          need(branches_, endpoint.branch, "endpoints", index, "branch");
          break;
      }
    }
  }

  void check_clients() {
    for (std::size_t index = 0; index < plan_.clients.size(); ++index) {
      const ClientGroup& group = plan_.clients[index];
      unique("clients", index, "name", "client group name", group.name);
      need(endpoints_, group.endpoint, "clients", index, "endpoint");
      if (!group.resolver_site.empty())
        need(sites_, group.resolver_site, "clients", index, "resolver_site");
      if (group.kind == ClientKind::arrivals) {
        if (group.arrivals.empty())
          refuse("clients", index, "arrivals", "expected at least one arrival");
        for (const auto& arrival : group.arrivals)
          need(sites_, arrival.site, "clients", index, "arrivals");
        const bool sorted =
            std::is_sorted(group.arrivals.begin(), group.arrivals.end(),
                           [](const auto& left, const auto& right) { return left.at < right.at; });
        if (!sorted) refuse("clients", index, "arrivals", "arrivals are not in order of time");
      } else {
        need(sites_, group.site, "clients", index, "site");
      }
    }
  }

  void check_faults() {
    if (plan_.faults.empty()) return;
    Names hosts("a host of this scenario"), cables("a cable or corridor of the topology");
    for (const auto& name : host_names(plan_)) hosts.add(name);
    for (const auto& cable : plan_.topology.backbone_cables) {
      if (!cable.corridor.empty()) cables.add(cable.corridor);
      cables.add(cable.source + "-" + cable.target);
    }
    for (std::size_t index = 0; index < plan_.faults.size(); ++index) {
      const Fault& fault = plan_.faults[index];
      switch (fault.kind) {
        case FaultKind::slow:
        case FaultKind::lossy:
        case FaultKind::partition:
          need(sites_, fault.source, "faults", index, "source");
          need(sites_, fault.target, "faults", index, "target");
          break;
        case FaultKind::cut_cable:
          if (cables.empty())
            refuse("faults", index, "source",
                   "topology \"" + plan_.topology.name + "\" has no cables to cut");
          need(cables, fault.source, "faults", index, "source");
          break;
        case FaultKind::crash_host:
          need(hosts, fault.source, "faults", index, "source");
          if (fault.source == store_host_name(plan_) ||
              std::find(plan_.idle_hosts.begin(), plan_.idle_hosts.end(), fault.source) !=
                  plan_.idle_hosts.end()) {
            refuse("faults", index, "source",
                   "only edges, origins and databases can crash so far; freeze \"" + fault.source +
                       "\" instead");
          }
          break;
        case FaultKind::freeze_host:
          need(hosts, fault.source, "faults", index, "source");
          break;
      }
    }
  }

  const Plan& plan_;
  const Places& places_;
  Names sites_{"a site of topology \"" + plan_.topology.name + "\""};
  Names pops_{"the name of an edge"};
  Names origins_{"a region with an origin"};
  Names branches_{"the branch of a database"};
  Names endpoints_{"the name of an endpoint"};
  std::unordered_map<std::string, std::size_t> taken_;
};

}  // namespace

void check_references(const Plan& plan, const Places& places) {
  Checker(plan, places).run();
}

}  // namespace wanlab::scenario
