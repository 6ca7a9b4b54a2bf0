// The network's own machines: stores with their records, origins, edges. Everything here is
// provisioning; the code that runs on the machines is the real components'.
#include "real_components/control/store_node.hpp"
#include "real_components/edge/edge_node.hpp"
#include "real_components/mysql/proof.hpp"
#include "real_components/origin/origin_node.hpp"
#include "real_components/wire/nonce.hpp"
#include "real_components/wire/records.hpp"
#include "sim/scenario/host_names.hpp"
#include "sim/world/blueprint.hpp"
#include "sim/world/database_service.hpp"
#include "sim/scenario/sabotage.hpp"
#include "sim/world/sabotage.hpp"
#include "sim/world/store_member.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace wanlab::world {

namespace {

constexpr std::uint16_t store_port = 2379;
constexpr std::uint16_t grant_key_id = 1;

// Keys that a fleet's operators would generate once; here they follow from the seed.
crypto::Digest256 secret(std::uint64_t seed, const std::string& name) {
  NamedStream stream(seed, "secret/" + name);
  crypto::Digest256 key{};
  for (std::byte& byte : key) byte = static_cast<std::byte>(stream.next());
  return key;
}

std::uint64_t unix_expiry(WallTime moment) {
  return static_cast<std::uint64_t>(unix_seconds(moment));
}

std::string_view role_name(scenario::Role role) {
  switch (role) {
    case scenario::Role::reader:
      return "reader";
    case scenario::Role::writer:
      return "writer";
    case scenario::Role::admin:
      return "admin";
  }
  return "reader";
}

template <typename Record>
std::string encoded(const Record& record) {
  Bytes bytes;
  wire::encode(record, bytes);
  return std::string(as_text(bytes));
}

// In the order of the keys, because revisions follow the order of writing and must not follow the
// order in which a plan lists its parts.
void fill(control::EmbeddedStore& store, std::map<std::string, std::string> records) {
  for (auto& [key, value] : records) {
    const control::StoreResult result =
        store.apply(wire::PutRequest{.key = key, .value = std::move(value)});
    WANLAB_CHECK(result.status == control::StoreStatus::ok, "a seeded record was refused");
  }
}

}  // namespace

std::uint64_t SimulatedWorld::unix_time(Duration since_begin) const {
  return unix_expiry(wall_start + begin_.time_since_epoch() + since_begin);
}

std::string SimulatedWorld::encoded_credential(const scenario::Credential& credential,
                                               const std::string& password,
                                               std::uint64_t expiration) const {
  const mysql::Verifier verifier = mysql::derive_verifier(password, credential.allow_native);
  wire::Credential record;
  record.password_sha256 = verifier.sha2_stage2;
  record.password_sha1 = verifier.native_stage2;
  record.role = role_name(credential.role);
  record.tablet_type = credential.tablet_type == scenario::TabletType::primary
                           ? wire::TabletType::primary
                           : wire::TabletType::replica;
  record.branch = credential.branch;
  record.id = hash_name("credential/" + credential.user);
  record.allow_native = credential.allow_native;
  record.expiration = expiration;
  return encoded(record);
}

std::string SimulatedWorld::encoded_route(const scenario::Credential& credential,
                                          const std::vector<std::string>& regions) const {
  wire::Route route{credential.branch, regions, 0};
  if (credential.route_expires_after) route.expiration = unix_time(*credential.route_expires_after);
  return encoded(route);
}

std::pair<std::string, std::string> SimulatedWorld::grant_key_record(
    const std::string& branch) const {
  std::pair<std::string, std::string> record{origin::grant_key_key(branch, grant_key_id), {}};
  origin::encode({.used_from = 0, .secret = secret(plan_.seed, "grants/" + branch)}, record.second);
  return record;
}

control::StoreNode& SimulatedWorld::store_on(SimulatedHost& host) const {
  StoreMember* member = member_on(host);
  return member != nullptr ? member->node() : static_cast<control::StoreNode&>(*host.component());
}

StoreMember* SimulatedWorld::member_on(SimulatedHost& host) const {
  if (!replicated() || !disks_.contains(host.label().name)) return nullptr;
  return static_cast<StoreMember*>(host.component());
}

// A member keeps its own disk.
void SimulatedWorld::save_disk(SimulatedHost& host) {
  if (host.label().role != trace::HostRole::store || member_on(host) != nullptr) return;
  // Asked first: with a disk of its own it would pass for a member.
  control::EmbeddedStore& engine = store_on(host).engine();
  disks_[host.label().name].engine.emplace(std::move(engine));
}

// One global store for Routes and origins, and one in each region for what only that region may
// know.
void SimulatedWorld::plan_stores(std::vector<Blueprint>& blueprints) {
  if (plan_.edges.empty()) return;
  const auto add = [&](const std::string& name, const std::string& place,
                       std::vector<std::string> readers, std::function<Records()> seed) {
    Blueprint blueprint;
    blueprint.label = {name, trace::HostRole::store, place, {}};
    blueprint.site = wan_.require(place);
    blueprint.make = [this, readers = std::move(readers),
                      seed = std::move(seed)](SimulatedHost& host) {
      control::StoreNodeConfig config;
      config.readers = readers;
      config.writers = {"operator"};  // who acts on the engine directly here
      if (auto disk = disks_.extract(host.label().name); !disk.empty()) {
        return std::make_unique<control::StoreNode>(seam(host), std::move(config),
                                                    std::move(*disk.mapped().engine));
      }
      auto node = std::make_unique<control::StoreNode>(seam(host), std::move(config));
      fill(node->engine(), seed());
      return node;
    };
    blueprints.push_back(std::move(blueprint));
  };

  const auto global_records = [this] {
    Records records;
    if (scenario::sabotaged(plan_.sabotage, "verifiers-in-routes")) {
      for (const scenario::Credential& credential : plan_.credentials) {
        records[control::origin_key(credential.regions.front(), "copy." + credential.user)] =
            encoded_credential(credential, passwords_.at(credential.user), 0);
      }
    }
    for (const scenario::OriginRegion& origin : plan_.origins) {
      for (std::uint32_t node = 1; node <= origin.nodes; ++node) {
        const std::string name = scenario::origin_host_name(origin, node);
        records[control::origin_key(origin.region, name)] = encoded(
            wire::OriginRecord{origin.region, name, name, backhaul::AcceptorOptions{}.port});
      }
    }
    for (const scenario::Credential& credential : plan_.credentials) {
      records[control::route_key(credential.user)] = encoded_route(credential, credential.regions);
    }
    return records;
  };
  if (!replicated()) {
    add(scenario::store_host_name(plan_), plan_.store_site, {}, global_records);
  } else {
    plan_store_members(blueprints, global_records);
  }
  for (const scenario::OriginRegion& origin : plan_.origins) {
    // Nobody but the region's own origins gets to see its Credentials and grant keys.
    std::vector<std::string> origins;
    for (std::uint32_t node = 1; node <= origin.nodes; ++node) {
      origins.push_back(scenario::origin_host_name(origin, node));
    }
    add(scenario::credential_store_host_name(origin.region), origin.region, origins,
        [this, region = origin.region] {
          Records records;
          std::set<std::string> branches;
          for (const scenario::Credential& credential : plan_.credentials) {
            if (std::find(credential.regions.begin(), credential.regions.end(), region) ==
                credential.regions.end()) {
              continue;
            }
            branches.insert(credential.branch);
            const auto expires = credential.credential_expires_after;
            records[control::credential_key(credential.user)] = encoded_credential(
                credential, passwords_.at(credential.user), expires ? unix_time(*expires) : 0);
          }
          for (const std::string& branch : branches) records.insert(grant_key_record(branch));
          return records;
        });
  }
}

void SimulatedWorld::plan_store_members(std::vector<Blueprint>& blueprints,
                                        const std::function<Records()>& records) {
  const std::vector<scenario::StoreMember> members = scenario::store_members(plan_);
  StoreMemberConfig config;
  for (const scenario::StoreMember& member : members) config.members.push_back(member.host);
  config.node.writers = {"operator"};
  for (std::uint32_t number = 0; number < members.size(); ++number) {
    Blueprint blueprint;
    blueprint.label = {members[number].host, trace::HostRole::store, members[number].site, {}};
    blueprint.site = wan_.require(members[number].site);
    blueprint.zone = members[number].number % std::max(1u, wan_.site(blueprint.site).zones);
    config.self = number;
    blueprint.make = [this, config, records](SimulatedHost& host) {
      const auto [disk, fresh] = disks_.try_emplace(host.label().name);
      if (fresh) fill(disk->second.engine.emplace(config.node.store), records());
      return std::make_unique<StoreMember>(seam(host), config, disk->second);
    };
    blueprints.push_back(std::move(blueprint));
  }
}

void SimulatedWorld::plan_origins(std::vector<Blueprint>& blueprints) {
  for (const scenario::OriginRegion& region : plan_.origins) {
    const std::uint32_t site = wan_.require(region.region);
    for (std::uint32_t node = 1; node <= region.nodes; ++node) {
      const std::string name = scenario::origin_host_name(region, node);
      Blueprint blueprint{.label = {name, trace::HostRole::origin, region.region, ""},
                          .site = site,
                          .zone = (node - 1) % std::max(1u, wan_.site(site).zones),
                          .shape = region.host};
      blueprint.make = [this, &region, name](SimulatedHost& host) {
        origin::OriginConfig config;
        config.name = name;
        config.region = region.region;
        config.store.members = {{scenario::credential_store_host_name(region.region), store_port}};
        config.fleet_nonce_key = secret(plan_.seed, "nonces");
        config.pool.connections = region.pool_size;
        config.pool.waiters = region.pool_waiters;
        config.pool.wait = region.pool_wait;
        for (const scenario::Database& database : plan_.databases) {
          origin::DatabaseConfig here;
          here.branch = database.branch;
          here.user = backend_user;
          here.password = backend_password;
          if (database.primary_region == region.region) {
            here.primary = {scenario::primary_host_name(database), 3306};
            for (std::uint32_t replica = 1; replica <= database.replicas; ++replica) {
              here.replicas.push_back(
                  {scenario::replica_host_name(database, region.region, replica), 3306});
            }
          } else if (std::find(database.read_only_regions.begin(), database.read_only_regions.end(),
                               region.region) != database.read_only_regions.end()) {
            here.replicas.push_back(
                {scenario::replica_host_name(database, region.region, 1), 3306});
          } else {
            continue;
          }
          config.databases.push_back(std::move(here));
        }
        return std::make_unique<origin::OriginNode>(seam(host), std::move(config));
      };
      blueprints.push_back(std::move(blueprint));
    }
  }
}

void SimulatedWorld::plan_edges(std::vector<Blueprint>& blueprints) {
  for (const scenario::EdgePop& pop : plan_.edges) {
    const std::uint32_t site = wan_.require(pop.site);
    for (std::uint32_t node = 1; node <= pop.nodes; ++node) {
      const std::string name = scenario::edge_host_name(pop, node);
      Blueprint blueprint{.label = {name, trace::HostRole::edge, pop.name, ""},
                          .site = site,
                          .zone = (node - 1) % std::max(1u, wan_.site(site).zones),
                          .shape = pop.host};
      blueprint.make = [this, &pop, name](SimulatedHost& host) {
        edge::EdgeConfig config;
        config.name = name;
        for (const scenario::StoreMember& member : scenario::store_members(plan_)) {
          config.store.members.push_back({member.host, store_port});
        }
        config.nonce_key = wire::edge_nonce_key(secret(plan_.seed, "nonces"), name);
        config.handshake_timeout = pop.handshake_timeout;
        config.require_tls = pop.require_tls;
        // Only where some Credential needs it: a client that begins with it and whose own
        // Credential does not allow it is switched to the better method, instead of being refused
        // by the origin.
        config.allow_native = std::any_of(
            plan_.credentials.begin(), plan_.credentials.end(),
            [](const scenario::Credential& credential) { return credential.allow_native; });
        config.tenant_rate = {pop.tenant_rate, pop.tenant_burst};
        config.address_rate = {pop.address_rate, pop.address_burst};
        config.backhaul.connections = pop.backhaul_connections;
        config.backhaul.on_demand = pop.backhaul_on_demand;
        sabotage_edge(plan_.sabotage, config);
        return std::make_unique<edge::EdgeNode>(seam(host), std::move(config));
      };
      blueprints.push_back(std::move(blueprint));
    }
  }
}

}  // namespace wanlab::world
