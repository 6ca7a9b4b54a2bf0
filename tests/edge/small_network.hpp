// A whole network for tests of nodes: clients, one edge, two regions with an origin, a store and
// three databases each, and the global store. Every host is 10 ms from every other.
#pragma once

#include "real_components/control/local_store.hpp"
#include "real_components/control/store_node.hpp"
#include "real_components/edge/edge_node.hpp"
#include "real_components/origin/origin_node.hpp"
#include "tests/edge/test_clients.hpp"
#include "tests/edge/tiny_database.hpp"
#include "tests/support/fake_runtime.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace wanlab::testing {

inline std::string encoded(const auto& record) {
  Bytes bytes;
  wire::encode(record, bytes);
  return std::string(as_text(bytes));
}

struct UserOptions {
  std::string password = "secret";
  std::string branch = "main";
  std::vector<std::string> clusters{"ams", "fra"};
  std::string role = "writer";
  wire::TabletType tablet_type = wire::TabletType::primary;
  std::uint64_t route_expiration = 0;
  std::uint64_t credential_expiration = 0;
  bool allow_native = false;
  std::uint64_t id = 0;  // 0: from the name
};

struct Region {
  std::string name;
  std::unique_ptr<control::StoreNode> store;
  std::unique_ptr<origin::OriginNode> origin;
  std::vector<std::unique_ptr<TinyDatabase>> databases;  // the primary first
};

// On FakeWorld, or on another world with the same few functions.
template <typename WorldType>
class SmallNetworkOn {
 public:
  // What tests change before start().
  edge::EdgeConfig edge_config;
  origin::OriginConfig origin_config;
  bool outside_stores = false;  // nodes are handed their stores instead of connecting to them
  WorldType world;

  template <typename... Arguments>
  explicit SmallNetworkOn(Arguments... arguments) : world(arguments...) {
    fleet_key_[0] = std::byte{7};
    edge_config.name = "edge";
    edge_config.store.members = {{"store", 2379}};
    edge_config.nonce_key = wire::edge_nonce_key(fleet_key_, "edge");
    origin_config.fleet_nonce_key = fleet_key_;
    store_ = std::make_unique<control::StoreNode>(world.host("store"), control::StoreNodeConfig{});
    world.run("store", *store_);
  }

  // Starts everything and waits until it is warm.
  void start(const std::vector<std::string>& names = {"ams", "fra"}) {
    for (const std::string& name : names) add_region(name);
    edge = std::make_unique<edge::EdgeNode>(world.host("edge"), edge_config, outside(*store_));
    world.run("edge", *edge);
    clients = std::make_unique<TestClients>(world.host("client"));
    world.run("client", *clients);
    add_user("app", {});
    world.warm_up([this] { return warm(); }, std::chrono::seconds(3));
  }

  void add_region(const std::string& name) {
    regions.push_back(std::make_unique<Region>());
    Region& region = *regions.back();
    region.name = name;
    region.store = std::make_unique<control::StoreNode>(world.host("store." + name),
                                                        control::StoreNodeConfig{});
    world.run("store." + name, *region.store);
    origin::OriginConfig config = origin_config;
    config.name = "origin-1." + name;
    config.region = name;
    config.store.members = {{"store." + name, 2379}};
    origin::DatabaseConfig database;
    database.branch = "main";
    database.password = "backend secret";
    for (int i = 0; i < 3; ++i) {
      const std::string host = "db-" + std::to_string(i) + "." + name;
      region.databases.push_back(
          std::make_unique<TinyDatabase>(world.host(host), host, "backend secret"));
      world.run(host, *region.databases.back());
      if (i == 0) {
        database.primary = runtime::Address{host, 3306};
      } else {
        database.replicas.push_back({host, 3306});
      }
    }
    if (config.databases.empty()) config.databases.push_back(database);
    origin::GrantKeyRecord key;
    key.secret[0] = std::byte{42};
    std::string value;
    origin::encode(key, value);
    put(*region.store, origin::grant_key_key("main", 1), value);
    region.origin = std::make_unique<origin::OriginNode>(world.host(config.name), config,
                                                         outside(*region.store));
    world.run(config.name, *region.origin);
    wire::OriginRecord record{name, "origin-1", config.name, config.backhaul.port};
    put(*store_, control::origin_key(name, "origin-1"), encoded(record));
  }

  void put(control::StoreNode& store, const std::string& key, const std::string& value) {
    store.engine().apply(wire::PutRequest{key, value, 0});
    store.flush();
  }
  void remove(control::StoreNode& store, const std::string& key) {
    store.engine().apply(wire::DeleteRequest{key, {}});
    store.flush();
  }

  void put_route(const std::string& user, const UserOptions& options) {
    put(*store_, control::route_key(user),
        encoded(wire::Route{options.branch, options.clusters, options.route_expiration}));
  }
  void put_credential(Region& region, const std::string& user, const UserOptions& options) {
    const mysql::Verifier verifier = mysql::derive_verifier(options.password, options.allow_native);
    wire::Credential record;
    record.password_sha256 = verifier.sha2_stage2;
    record.password_sha1 = verifier.native_stage2;
    record.role = options.role;
    record.tablet_type = options.tablet_type;
    record.expiration = options.credential_expiration;
    record.branch = options.branch;
    record.id = options.id != 0 ? options.id : std::hash<std::string>{}(user) | 1;
    record.allow_native = options.allow_native;
    put(*region.store, control::credential_key(user), encoded(record));
  }
  void add_user(const std::string& user, const UserOptions& options) {
    for (const auto& region : regions) put_credential(*region, user, options);
    put_route(user, options);
  }
  void revoke(const std::string& user) {
    for (const auto& region : regions) remove(*region->store, control::credential_key(user));
  }
  void remove_route(const std::string& user) { remove(*store_, control::route_key(user)); }

  // Everybody knows the first user and has the connections that serve him.
  bool warm() const {
    const edge::Upstream& upstream = edge->upstream();
    bool ready =
        upstream.synchronised() && upstream.routes().view(upstream.routes().find("app")).live();
    for (std::uint32_t i = 0; ready && i < regions.size(); ++i) {
      ready = regions[i]->origin->synchronised() &&
              upstream.pool().ready_connections(i) >= edge_config.backhaul.connections;
      for (const auto& database : regions[i]->databases) ready = ready && database->accepted() != 0;
    }
    return ready;
  }

  void run(Duration time) { world.advance(time); }
  bool wait(const std::function<bool()>& done, Duration limit = std::chrono::seconds(20)) {
    return world.advance_until(done, limit);
  }
  // A client that has logged in, or failed to.
  TestClient& login(ClientOptions options = {}) {
    TestClient& client = clients->connect(std::move(options));
    world.advance_until([&] { return client.established || client.closed; });
    return client;
  }
  Answer ask(TestClient& client, std::string_view sql, Duration limit = std::chrono::seconds(60)) {
    return command(client, mysql::CommandKind::query, sql, limit);
  }
  Answer command(TestClient& client, mysql::CommandKind kind, std::string_view argument = {},
                 Duration limit = std::chrono::seconds(60)) {
    const std::size_t before = client.answers.size();
    clients->command(client, kind, argument);
    world.advance_until([&] { return client.answers.size() > before || client.closed; }, limit);
    return client.answers.size() > before ? client.answers.back()
                                          : Answer{client.error, client.message, {}, 0};
  }
  Region& region(std::size_t index) { return *regions[index]; }
  // Region of the answer: databases are called db-<n>.<region>.
  static std::string region_of(const Answer& answer) {
    const std::string host = answer.text.substr(0, answer.text.find('/'));
    return host.substr(host.find('.') + 1);
  }
  // Nothing may be left once all clients are gone.
  bool quiet() const {
    const edge::EdgeCensus census = edge->census();
    bool clean = census.sessions == 0 && census.handshakes == 0 && census.exchanges == 0 &&
                 census.schemas == 0;
    for (const auto& each : regions) clean = clean && each->origin->census().requests == 0;
    for (std::uint32_t i = 0; i < 2; ++i)
      clean = clean && edge->upstream().pool().requests_in_flight(i) == 0;
    return clean && edge->upstream().pool().check_invariants().empty();
  }
  std::uint64_t wall_seconds() {
    return static_cast<std::uint64_t>(unix_seconds(world.host("edge").wall_now()));
  }
  control::StoreNode& store() { return *store_; }

  std::vector<std::unique_ptr<control::LocalStore>> local_stores;
  std::vector<std::unique_ptr<Region>> regions;
  std::unique_ptr<edge::EdgeNode> edge;
  std::unique_ptr<TestClients> clients;

 private:
  // Null unless stores come from outside. What such a store has to say is said between two events.
  control::Store* outside(control::StoreNode& node) {
    if (!outside_stores) return nullptr;
    local_stores.push_back(std::make_unique<control::LocalStore>(node.engine()));
    control::LocalStore& store = *local_stores.back();
    deliver(store);
    return &store;
  }
  void deliver(control::LocalStore& store) {
    world.after(std::chrono::milliseconds(1), [this, &store] {
      store.deliver();
      deliver(store);
    });
  }

  crypto::Digest256 fleet_key_{};
  std::unique_ptr<control::StoreNode> store_;
};

using SmallNetwork = SmallNetworkOn<FakeWorld>;

}  // namespace wanlab::testing
