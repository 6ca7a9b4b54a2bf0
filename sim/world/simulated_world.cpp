// Building the hosts of a plan and running them.
#include "sim/world/simulated_world.hpp"

#include "sim/scenario/host_names.hpp"
#include "sim/world/blueprint.hpp"
#include "sim/world/concurrency_rules.hpp"
#include "sim/world/database_service.hpp"
#include "sim/world/fault_director.hpp"
#include "sim/world/sabotage.hpp"
#include "sim/world/statement_tag.hpp"

#include <algorithm>

namespace wanlab::world {

namespace {

network::TransportOptions transport_options(const scenario::Plan& plan) {
  return {.seed = plan.seed,
          .jitter = plan.jitter,
          .default_bits_per_second = plan.default_bits_per_second,
          .tls = {},
          .low_water = network::TransportOptions{}.low_water};
}

// How much runs between two looks at the outside.
constexpr std::uint64_t slice = 4096;
constexpr Duration longest_slice = std::chrono::milliseconds(250);
// After the last client is done, what is under way may still arrive.
constexpr Duration settling = std::chrono::seconds(2);

}  // namespace

SimulatedWorld::SimulatedWorld(const scenario::Plan& plan, trace::Recorder& recorder)
    : plan_(plan),
      recorder_(recorder),
      wan_(plan.topology),
      transport_(simulation_, wan_, transport_options(plan), network_kind),
      surroundings_{simulation_, transport_,
                    recorder,    plan.seed,
                    timer_kind,  [this](std::string_view name) { return find_host(name); }},
      names_(plan, wan_),
      begin_(Instant() + plan.warm_up),
      end_(begin_ + plan.duration) {
  simulation_.set_handler(
      timer_kind, this,
      [](void* self, const kernel::Event& event) {
        static_cast<SimulatedWorld*>(self)->hosts_[event.origin()]->handle_timer(event.target,
                                                                                 event.argument());
      },
      [](void* self, const kernel::Event& event, kernel::Simulation::Nearness nearness) {
        const auto& world = *static_cast<SimulatedWorld*>(self);
        if (nearness == kernel::Simulation::Nearness::far) {
          world.transport_.anticipate_machine(event.origin());
        } else {
          world.hosts_[event.origin()]->anticipate_timer(event.target, event.argument(), nearness);
        }
      });
  simulation_.set_handler(fault_kind, this, [](void* self, const kernel::Event& event) {
    static_cast<SimulatedWorld*>(self)->faults_->on_event(event.target, event.argument());
  });
  simulation_.set_handler(expiry_kind, this, [](void* self, const kernel::Event& event) {
    auto& world = *static_cast<SimulatedWorld*>(self);
    world.tell_end(world.plan_.credentials[event.target],
                   static_cast<runtime::CredentialEnd>(event.argument()));
  });
  for (const scenario::Credential& credential : plan_.credentials) {
    passwords_[credential.user] = password_of(credential.user);
  }
  std::vector<Blueprint> blueprints;
  plan_databases(blueprints);
  plan_stores(blueprints);
  plan_origins(blueprints);
  plan_edges(blueprints);
  plan_clients(blueprints);
  for (const std::string& name : plan_.idle_hosts) {
    blueprints.push_back({.label = {name, trace::HostRole::idle, "", ""}});
  }
  build(blueprints);
  faults_ = std::make_unique<FaultDirector>(*this);
  faults_->schedule();
}

// Components first: what they do at their end may still concern any host.
SimulatedWorld::~SimulatedWorld() {
  for (const auto& host : hosts_) host->install(nullptr);
}

// Hosts get their ranks by name, so that one more host moves nobody else's place in the order.
void SimulatedWorld::build(std::vector<Blueprint>& blueprints) {
  std::sort(blueprints.begin(), blueprints.end(),
            [](const Blueprint& left, const Blueprint& right) {
              return left.label.name < right.label.name;
            });
  const std::map<std::string, std::uint32_t> lanes = FaultDirector::lanes(plan_);
  for (Blueprint& blueprint : blueprints) {
    if (const auto lane = lanes.find(blueprint.label.name); lane != lanes.end()) {
      blueprint.zone |= lane->second << network::lane_shift;
    }
    hosts_.push_back(std::make_unique<SimulatedHost>(surroundings_, blueprint.label, blueprint.site,
                                                     blueprint.zone, blueprint.shape));
    SimulatedHost& host = *hosts_.back();
    hosts_by_name_.emplace(blueprint.label.name, &host);
    if (!blueprint.make) continue;
    host.install(blueprint.make(host));
    if (blueprint.label.role != trace::HostRole::client) {
      makers_.emplace(blueprint.label.name, std::move(blueprint.make));
    }
  }
  fault_origin_ = simulation_.add_origin();
  recorded_as_ = recorder_.add_host({trace::world_name, trace::HostRole::world, "", ""});
  sampler_.emplace(recorder_.timeline(), hosts_);
  prepare_truth();
  for (const auto& host : hosts_) host->start();
}

std::string SimulatedWorld::password_of(const std::string& user) const {
  for (const scenario::Credential& credential : plan_.credentials) {
    if (credential.user != user) continue;
    if (!credential.password.empty()) return credential.password;
  }
  // Like a generated password of a database service: long, random, printable.
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  NamedStream stream(plan_.seed, "password/" + user);
  std::string password = "pw_";
  for (int i = 0; i < 40; ++i) password += alphabet[stream.below(alphabet.size())];
  return password;
}

void SimulatedWorld::plan_databases(std::vector<Blueprint>& blueprints) {
  for (const scenario::Database& database : plan_.databases) {
    const auto add = [&](const std::string& name, const std::string& region, std::uint32_t zone) {
      const std::uint32_t site = wan_.require(region);
      Blueprint blueprint{.label = {name, trace::HostRole::database, region, ""},
                          .site = site,
                          .zone = zone % std::max(1u, wan_.site(site).zones),
                          .shape = database.host};
      // Its accounts have mysql_native_password where the greeting or a Credential says so; a
      // client that begins with a method its account does not have is switched, as in MySQL.
      const auto native_needed = [this](const scenario::Database& of) {
        return of.authentication_plugin == "mysql_native_password" ||
               std::any_of(plan_.credentials.begin(), plan_.credentials.end(),
                           [&](const scenario::Credential& credential) {
                             return credential.branch == of.branch && credential.allow_native;
                           });
      };
      DatabaseOptions options{
          .result_bytes = database.result_bytes,
          .maximum_connections = database.maximum_connections,
          .greeting_method = database.authentication_plugin == "mysql_native_password"
                                 ? mysql::AuthMethod::native
                                 : mysql::AuthMethod::caching_sha2,
          .allow_native = native_needed(database),
          .rsa_key = database_key()};
      if (database.exponential_service) serve_exponentially(options, blueprint.shape);
      blueprint.make = [this, &database, options](SimulatedHost& host) {
        auto service = std::make_unique<DatabaseService>(seam(host), options);
        service->add_account(backend_user, backend_password);
        for (const scenario::Credential& credential : plan_.credentials) {
          if (credential.branch == database.branch) {
            service->add_account(credential.user, passwords_[credential.user],
                                 database.password_cache_warm);
          }
        }
        return service;
      };
      blueprints.push_back(std::move(blueprint));
    };
    add(scenario::primary_host_name(database), database.primary_region, 0);
    for (std::uint32_t replica = 1; replica <= database.replicas; ++replica) {
      add(scenario::replica_host_name(database, database.primary_region, replica),
          database.primary_region, replica);
    }
    for (const std::string& region : database.read_only_regions) {
      add(scenario::replica_host_name(database, region, 1), region, 0);
    }
  }
}

void SimulatedWorld::plan_clients(std::vector<Blueprint>& blueprints) {
  const std::vector<std::vector<Duration>> starts = environment_starts(plan_.clients);
  std::uint64_t wanted = 0;
  for (const scenario::ClientGroup& group : plan_.clients) {
    wanted += std::uint64_t{group.hosts} * group.connections_per_host;
    for (const auto& arrival : group.arrivals) wanted += arrival.count;
  }
  for (const scenario::ClientGroup& group : plan_.clients) {
    const std::vector<Duration>& starts_here = starts[programs_.size()];
    programs_.push_back(std::make_unique<ClientProgram>());
    ClientProgram& program = *programs_.back();
    const auto known = passwords_.find(group.user);
    prepare(program, group,
            !group.password.empty() ? group.password
                                    : (known != passwords_.end() ? known->second : "no-such-user"),
            plan_.seed, wanted <= most_tagged_connections);
    program.begin = begin_ + group.start;
    program.ramp_ends = program.begin + group.ramp;
    program.record_steps = plan_.print_every_step;
    program.recorder = &recorder_;

    const auto add = [&](const std::string& name, const std::string& place, ClientShare share) {
      const std::uint32_t site = wan_.require(place);
      const std::uint32_t resolver =
          group.resolver_site.empty() ? site : wan_.require(group.resolver_site);
      Blueprint blueprint{.label = {name, trace::HostRole::client, place, group.name},
                          .site = site};
      blueprint.shape.cores = 1;
      blueprint.shape.memory_bytes = ~std::uint64_t{0};
      blueprint.make = [this, &program, share, site, resolver, name](SimulatedHost& host) {
        auto client =
            std::make_unique<ClientHost>(seam(host), program, share, names_, site, resolver, name);
        clients_.push_back(client.get());
        return client;
      };
      blueprints.push_back(std::move(blueprint));
    };
    if (group.kind == scenario::ClientKind::arrivals) {
      std::map<std::string, ClientShare> shares;
      for (const auto& arrival : group.arrivals) shares[arrival.site].arrivals.push_back(arrival);
      for (auto& [place, share] : shares) add(group.name + "." + place, place, std::move(share));
      continue;
    }
    const RandomKey cold_starts(plan_.seed, group.name + "/cold_start");
    for (std::uint32_t number = 0; number < group.hosts; ++number) {
      ClientShare share{
          .host_number = number, .ready = begin_ + starts_here[number], .arrivals = {}};
      if (group.kind == scenario::ClientKind::lambda) {
        share.ready += uniform_between(group.cold_start_minimum, group.cold_start_maximum,
                                       cold_starts.block(number).low());
      }
      add(group.name + "-" + std::to_string(number + 1), group.site, std::move(share));
    }
  }
}

void SimulatedWorld::run(const std::function<bool(const Progress&)>& keep_going) {
  while (simulation_.now() < end_) {
    // The last moment of a row of the timeline: later events belong to the next one.
    const Instant row_ends = recorder_.timeline().row_ends() - Duration(1);
    const Instant pause = std::min({end_, simulation_.now() + longest_slice,
                                    std::max(row_ends, simulation_.now() + Duration(1))});
    if (!simulation_.run_some(slice, pause)) simulation_.run_until(pause);
    if (simulation_.now() >= row_ends) {
      sampler_->sample();
      recorder_.close_timeline(row_ends + Duration(1));
    }
    if (keep_going && !keep_going({simulation_.now(), end_, simulation_.events(),
                                   recorder_.open_connections()})) {
      return;
    }
    if (simulation_.now() >= begin_ && clients_finished()) {
      quiet_ = simulation_.now() + settling <= end_;
      simulation_.run_until(std::min(end_, simulation_.now() + settling));
      if (quiet_) tell_rest();
      return;
    }
  }
}

void SimulatedWorld::run_for(Duration span) {
  simulation_.run_for(span);
}

bool SimulatedWorld::clients_finished() const {
  return std::all_of(clients_.begin(), clients_.end(),
                     [](const ClientHost* client) { return client->finished(); });
}

runtime::Runtime& SimulatedWorld::seam(SimulatedHost& host) {
  auto broken = broken_runtime(plan_.sabotage, host.label(), host);
  if (broken == nullptr) return host;
  return *broken_runtimes_.emplace_back(std::move(broken));
}

void SimulatedWorld::tell(const runtime::TraceEvent& event) {
  recorder_.record(simulation_.now(), recorded_as_, event);
}

SimulatedHost* SimulatedWorld::find_host(std::string_view name) {
  const auto found = hosts_by_name_.find(name);
  return found == hosts_by_name_.end() ? nullptr : found->second;
}

std::size_t SimulatedWorld::memory_bytes() const {
  std::size_t bytes = simulation_.memory_bytes() + transport_.memory_bytes();
  for (const ClientHost* client : clients_) bytes += client->memory_bytes();
  return bytes;
}

}  // namespace wanlab::world
