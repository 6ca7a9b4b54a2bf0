#include "sim/scenario/check_references.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sim/base/nearest_name.hpp"
#include "sim/scenario/fault_targets.hpp"
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
    check_store();
    check_credentials();
    check_endpoints();
    check_clients();
    check_faults();
    for (std::size_t index = 0; index < plan_.expectations.size(); ++index) {
      const Expectation& expectation = plan_.expectations[index];
      if (expectation.form == ExpectationForm::threshold && !expectation.at_least &&
          !expectation.at_most && !expectation.equals)
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

  void check_store() {
    need(sites_, plan_.store_site, "", 0, "store_site");
    if (plan_.store_members.empty()) return;
    for (const std::string& site : plan_.store_members) need(sites_, site, "", 0, "store_members");
    if (plan_.store_members.size() % 2 == 0 || plan_.store_members.size() > 7)
      refuse("", 0, "store_members",
             "expected 1, 3, 5 or 7 members, got " + std::to_string(plan_.store_members.size()) +
                 ": an even number tolerates no more failures than one less");
    if (plan_.store_members.front() != plan_.store_site)
      refuse("", 0, "store_members",
             "\"store_site\" is \"" + plan_.store_site + "\" and must come first");
  }

  void check_faults() {
    if (plan_.faults.empty()) return;
    Names hosts("a host of this scenario"), cables("a cable or corridor of the topology");
    Names zones("a zone with a machine, such as \"us-east-1/2\""), regions("a site with a machine");
    Names users("the user of a credential"), stores("a member of the store");
    for (const HostPlace& place : host_places(plan_)) {
      hosts.add(place.name);
      if (place.site.empty()) continue;
      zones.add(place.site + "/" + std::to_string(place.zone + 1));
      regions.add(place.site);
    }
    for (const StoreMember& member : store_members(plan_)) stores.add(member.host);
    for (const auto& cable : plan_.topology.backbone_cables) {
      if (!cable.corridor.empty()) cables.add(cable.corridor);
      cables.add(cable.source + "-" + cable.target);
    }
    for (const Credential& credential : plan_.credentials) users.add(credential.user);
    for (std::size_t index = 0; index < plan_.faults.size(); ++index) {
      const Fault& fault = plan_.faults[index];
      if (!fault.name.empty()) unique("faults", index, "name", "fault name", fault.name);
      const auto need_match = [&](const Names& names, const std::string& pattern,
                                  std::string_view key) {
        if (std::none_of(names.list().begin(), names.list().end(),
                         [&](const std::string& name) { return matches(pattern, name); }))
          refuse("faults", index, key, names.refusal(pattern));
      };
      switch (fault.scope) {
        case FaultScope::path:
          check_path(index);
          break;
        case FaultScope::cable:
          if (cables.empty())
            refuse("faults", index, "source",
                   "topology \"" + plan_.topology.name + "\" has no cables to cut");
          need(cables, fault.source, "faults", index, "source");
          break;
        case FaultScope::host:
          need_match(hosts, fault.source, "source");
          break;
        case FaultScope::pop:
          need_match(pops_, fault.source, "source");
          break;
        case FaultScope::zone:
          need_match(zones, fault.source, "source");
          break;
        case FaultScope::region:
          need_match(regions, fault.source, "source");
          break;
        case FaultScope::resolver:
          need_match(sites_, fault.source, "source");
          break;
        case FaultScope::endpoint:
          need_match(endpoints_, fault.source, "source");
          break;
        case FaultScope::user:
          need(users, fault.source, "faults", index, "source");
          break;
        case FaultScope::store:
          break;
      }
      check_kind(index, stores);
      if (fault.shape == FaultShape::ramp && fault.duration > Duration::zero() &&
          fault.ramp > fault.duration)
        refuse("faults", index, "ramp", "the ramp is longer than the fault lasts");
    }
  }

  // Of both ends, something must exist; that they meet each other is the user's business.
  void check_path(std::size_t index) {
    const Fault& fault = plan_.faults[index];
    for (const bool first : {true, false}) {
      const std::string& text = first ? fault.source : fault.target;
      if (path_end(plan_, text).empty())
        refuse("faults", index, first ? "source" : "target", sites_.refusal(text));
    }
  }

  // What a kind demands of what was aimed at.
  void check_kind(std::size_t index, const Names& stores) {
    const Fault& fault = plan_.faults[index];
    const std::vector<std::string> meant = hosts_meant(plan_, fault);
    const auto only = [&](bool good, const std::string& name, const std::string& which) {
      if (!good)
        refuse("faults", index, "source",
               "only " + which + ", and \"" + name + "\" is none; narrow the pattern");
    };
    const auto is = [](std::string_view name, std::string_view prefix) {
      return name.starts_with(prefix);
    };
    switch (fault.kind) {
      case FaultKind::crash_host:
        for (const std::string& name : meant)
          if (std::find(plan_.idle_hosts.begin(), plan_.idle_hosts.end(), name) !=
              plan_.idle_hosts.end())
            refuse("faults", index, "source", "nothing runs on \"" + name + "\" that could crash");
        break;
      case FaultKind::drain:
        if (fault.scope == FaultScope::host)
          for (const std::string& name : meant)
            only(is(name, "edge-") || is(name, "origin-"), name,
                 "edges and origins can be drained");
        break;
      case FaultKind::replica_lag:
      case FaultKind::replace_replica:
        for (const std::string& name : meant) only(is(name, "replica-"), name, "replicas");
        break;
      case FaultKind::store_lag:
        if (plan_.store_members.size() < 3)
          refuse("faults", index, "source",
                 "a store of one member cannot lag behind others; give it \"store_members\"");
        [[fallthrough]];
      case FaultKind::store_slow_watch:
      case FaultKind::store_compaction:
      case FaultKind::store_watch_cancel:
        if (fault.scope == FaultScope::host)
          for (const std::string& name : meant)
            if (!stores.has(name)) refuse("faults", index, "source", stores.refusal(name));
        break;
      case FaultKind::add_cluster:
      case FaultKind::remove_cluster:
        check_cluster(index);
        break;
      default:
        break;
    }
  }

  void check_cluster(std::size_t index) {
    const Fault& fault = plan_.faults[index];
    const auto credential =
        std::find_if(plan_.credentials.begin(), plan_.credentials.end(),
                     [&](const Credential& each) { return each.user == fault.source; });
    const auto database =
        std::find_if(plan_.databases.begin(), plan_.databases.end(),
                     [&](const Database& each) { return each.branch == credential->branch; });
    Names regions("a region of branch \"" + credential->branch + "\"");
    regions.add(database->primary_region);
    for (const auto& region : database->read_only_regions) regions.add(region);
    need(regions, fault.target, "faults", index, "target");
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
