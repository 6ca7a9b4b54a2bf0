// What can be left out of a plan or made simpler, one thing at a time.
#include "sim/fuzz/shrinker.hpp"

#include <algorithm>
#include <set>

namespace wanlab::fuzz {

using namespace scenario;

namespace {

// Nothing shorter tells a reader more.
constexpr Duration short_enough = std::chrono::seconds(1);

class Collector {
 public:
  explicit Collector(const Plan& plan) : plan_(plan) {}

  std::vector<Reduction> collect() {
    halves_of_faults();
    each(
        plan_.faults, [](const Fault& fault) { return "fault " + fault.name; }, &Plan::faults);
    each(
        plan_.clients, [](const ClientGroup& group) { return "clients " + group.name; },
        &Plan::clients);
    edges();
    endpoints();
    credentials();
    databases();
    regions();
    sites();
    store();
    simpler_faults();
    simpler_clients();
    simpler_machines();
    simpler_network();
    return std::move(list_);
  }

 private:
  template <typename Apply>
  void add(std::string what, Apply apply) {
    list_.push_back({std::move(what), std::move(apply)});
  }
  // Only if it would change something.
  template <typename T>
  void set(std::string what, const T& now, const T& simpler, std::function<T&(Plan&)> field) {
    if (now == simpler) return;
    add(std::move(what), [simpler, field](Plan& plan) { field(plan) = simpler; });
  }

  template <typename T, typename Name>
  void each(const std::vector<T>& all, Name name, std::vector<T> Plan::*list) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      add("without " + name(all[i]), [list, i](Plan& plan) {
        (plan.*list).erase((plan.*list).begin() + static_cast<std::ptrdiff_t>(i));
      });
    }
  }

  void halves_of_faults() {
    const std::size_t count = plan_.faults.size();
    if (count < 4) return;
    for (const bool first : {true, false}) {
      add(first ? "without the first faults" : "without the last faults",
          [first, count](Plan& plan) {
            const auto middle = plan.faults.begin() + static_cast<std::ptrdiff_t>(count / 2);
            first ? plan.faults.erase(plan.faults.begin(), middle)
                  : plan.faults.erase(middle, plan.faults.end());
          });
    }
  }

  static void drop_endpoint(Plan& plan, const std::string& name) {
    std::erase_if(plan.endpoints, [&](const Endpoint& endpoint) { return endpoint.name == name; });
    std::erase_if(plan.clients, [&](const ClientGroup& group) { return group.endpoint == name; });
  }

  void edges() {
    for (const EdgePop& pop : plan_.edges) {
      add("without POP " + pop.name, [name = pop.name](Plan& plan) {
        std::erase_if(plan.edges, [&](const EdgePop& edge) { return edge.name == name; });
        const std::vector<Endpoint> endpoints = plan.endpoints;
        for (const Endpoint& endpoint : endpoints)
          if (endpoint.pop == name) drop_endpoint(plan, endpoint.name);
      });
    }
  }
  void endpoints() {
    for (const Endpoint& endpoint : plan_.endpoints) {
      add("without endpoint " + endpoint.name,
          [name = endpoint.name](Plan& plan) { drop_endpoint(plan, name); });
    }
  }
  void credentials() {
    for (const Credential& credential : plan_.credentials) {
      add("without user " + credential.user, [user = credential.user](Plan& plan) {
        std::erase_if(plan.credentials, [&](const Credential& each) { return each.user == user; });
        std::erase_if(plan.clients, [&](const ClientGroup& group) { return group.user == user; });
      });
    }
  }
  void databases() {
    for (const Database& database : plan_.databases) {
      add("without branch " + database.branch, [branch = database.branch](Plan& plan) {
        std::erase_if(plan.databases, [&](const Database& each) { return each.branch == branch; });
        std::erase_if(plan.credentials, [&](const Credential& each) {
          if (each.branch != branch) return false;
          std::erase_if(plan.clients,
                        [&](const ClientGroup& group) { return group.user == each.user; });
          return true;
        });
      });
    }
  }

  // A region without its database, its origin and its place in Routes.
  void regions() {
    for (const OriginRegion& origin : plan_.origins) {
      add("without region " + origin.region, [region = origin.region](Plan& plan) {
        std::erase_if(plan.origins,
                      [&](const OriginRegion& each) { return each.region == region; });
        for (Database& database : plan.databases) std::erase(database.read_only_regions, region);
        for (Credential& credential : plan.credentials) std::erase(credential.regions, region);
        std::erase_if(plan.faults, [&](const Fault& fault) {
          return fault.scope == FaultScope::user && fault.target == region;
        });
      });
    }
    for (std::size_t i = 0; i < plan_.credentials.size(); ++i) {
      if (plan_.credentials[i].regions.size() < 2) continue;
      for (const std::string& region : plan_.credentials[i].regions) {
        add("without " + region + " in the Route of " + plan_.credentials[i].user,
            [i, region](Plan& plan) { std::erase(plan.credentials[i].regions, region); });
      }
    }
  }

  // Places where nothing stands any more.
  void sites() {
    std::set<std::string> used{plan_.store_site};
    used.insert(plan_.store_members.begin(), plan_.store_members.end());
    for (const EdgePop& pop : plan_.edges) used.insert(pop.site);
    for (const OriginRegion& origin : plan_.origins) used.insert(origin.region);
    for (const ClientGroup& group : plan_.clients) used.insert(group.site);
    std::vector<std::string> unused;
    for (const network::Site& site : plan_.topology.sites)
      if (!used.contains(site.name)) unused.push_back(site.name);
    if (unused.empty()) return;
    add("without unused places", [unused](Plan& plan) {
      const auto gone = [&](const std::string& name) {
        return std::find(unused.begin(), unused.end(), name) != unused.end();
      };
      std::erase_if(plan.topology.sites,
                    [&](const network::Site& site) { return gone(site.name); });
      std::erase_if(plan.topology.paths, [&](const network::MeasuredPath& path) {
        return gone(path.source) || gone(path.target);
      });
    });
  }

  void store() {
    if (!plan_.store_members.empty()) {
      add("with a store of one member", [](Plan& plan) { plan.store_members.clear(); });
    }
    for (const OriginRegion& origin : plan_.origins) {
      if (plan_.store_members.empty() && plan_.store_site != plan_.origins.front().region) {
        add("with the store at " + origin.region,
            [region = origin.region](Plan& plan) { plan.store_site = region; });
        break;
      }
    }
  }

  void simpler_faults() {
    for (std::size_t i = 0; i < plan_.faults.size(); ++i) {
      const Fault& fault = plan_.faults[i];
      const std::string name = "fault " + fault.name;
      if (fault.shape != FaultShape::step) {
        add(name + " as a step", [i](Plan& plan) {
          plan.faults[i].shape = FaultShape::step;
          plan.faults[i].ramp = plan.faults[i].period = Duration::zero();
          plan.faults[i].duty = Fault{}.duty;
        });
      }
      if (fault.one_way)
        add(name + " both ways", [i](Plan& plan) { plan.faults[i].one_way = false; });
      if (fault.burst > Duration::zero()) {
        add(name + " without bursts", [i](Plan& plan) {
          plan.faults[i].burst = Duration::zero();
          plan.faults[i].loss_in_burst = 1;
        });
      }
      shorten(name + " sooner", fault.at,
              [i](Plan& plan) -> Duration& { return plan.faults[i].at; });
      if (fault.shape == FaultShape::step) {
        shorten(name + " shorter", fault.duration,
                [i](Plan& plan) -> Duration& { return plan.faults[i].duration; });
      }
    }
  }
  void shorten(const std::string& what, Duration now, std::function<Duration&(Plan&)> field) {
    if (now <= short_enough) return;
    const auto half = std::chrono::duration_cast<std::chrono::milliseconds>(now / 2);
    add(what, [half, field](Plan& plan) { field(plan) = half; });
  }

  void simpler_clients() {
    for (std::size_t i = 0; i < plan_.clients.size(); ++i) {
      const ClientGroup& group = plan_.clients[i];
      const std::string name = "clients " + group.name;
      const auto of = [i](auto ClientGroup::*field) {
        return [ i, field ](Plan & plan) -> auto& {
          return plan.clients[i].*field;
        };
      };
      set<std::uint32_t>(name + " on one host", group.hosts, 1, of(&ClientGroup::hosts));
      set<std::uint32_t>(name + " with one connection", group.connections_per_host, 1,
                         of(&ClientGroup::connections_per_host));
      set<ClientKind>(name + " as a pool", group.kind, ClientKind::pool, of(&ClientGroup::kind));
      set<Duration>(name + " at once", group.ramp, Duration::zero(), of(&ClientGroup::ramp));
      set<Duration>(name + " leaving at once", group.drain, Duration::zero(),
                    of(&ClientGroup::drain));
      set<runtime::TlsVersion>(name + " with TLS 1.3", group.tls, runtime::TlsVersion::tls13,
                               of(&ClientGroup::tls));
      set<std::string>(name + " with the usual plugin", group.authentication_plugin,
                       ClientGroup{}.authentication_plugin,
                       of(&ClientGroup::authentication_plugin));
      set<std::string>(name + " reading", group.statement, ClientGroup{}.statement,
                       of(&ClientGroup::statement));
    }
  }

  void simpler_machines() {
    for (std::size_t i = 0; i < plan_.edges.size(); ++i) {
      const EdgePop& pop = plan_.edges[i];
      set<std::uint32_t>(pop.name + " with one node", pop.nodes, 1,
                         [i](Plan& plan) -> std::uint32_t& { return plan.edges[i].nodes; });
      set<std::uint32_t>(
          pop.name + " with one connection to each region", pop.backhaul_connections, 1,
          [i](Plan& plan) -> std::uint32_t& { return plan.edges[i].backhaul_connections; });
      set<bool>(pop.name + " with a warm backhaul", pop.backhaul_on_demand, false,
                [i](Plan& plan) -> bool& { return plan.edges[i].backhaul_on_demand; });
    }
    for (std::size_t i = 0; i < plan_.origins.size(); ++i) {
      set<std::uint32_t>(plan_.origins[i].region + " with one origin", plan_.origins[i].nodes, 1,
                         [i](Plan& plan) -> std::uint32_t& { return plan.origins[i].nodes; });
    }
    for (std::size_t i = 0; i < plan_.databases.size(); ++i) {
      set<std::uint32_t>(plan_.databases[i].branch + " with one replica",
                         plan_.databases[i].replicas, 1,
                         [i](Plan& plan) -> std::uint32_t& { return plan.databases[i].replicas; });
      set<std::uint32_t>(
          plan_.databases[i].branch + " with short answers", plan_.databases[i].result_bytes, 64,
          [i](Plan& plan) -> std::uint32_t& { return plan.databases[i].result_bytes; });
    }
  }

  void simpler_network() {
    if (plan_.jitter) add("without jitter", [](Plan& plan) { plan.jitter = false; });
    const bool lossy =
        std::any_of(plan_.topology.paths.begin(), plan_.topology.paths.end(),
                    [](const network::MeasuredPath& path) { return path.loss != 0; });
    if (lossy) {
      add("without loss", [](Plan& plan) {
        for (network::MeasuredPath& path : plan.topology.paths) path.loss = 0;
      });
    }
    if (plan_.default_bits_per_second != Plan{}.default_bits_per_second) {
      add("with the usual bandwidth",
          [](Plan& plan) { plan.default_bits_per_second = Plan{}.default_bits_per_second; });
    }
  }

  const Plan& plan_;
  std::vector<Reduction> list_;
};

}  // namespace

std::vector<Reduction> reductions(const Plan& plan) {
  return Collector(plan).collect();
}

}  // namespace wanlab::fuzz
