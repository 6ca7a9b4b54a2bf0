// wanlab-edge and wanlab-origin as processes, between a store, a database and clients of the test.
#pragma once

#include "real_components/control/store_node.hpp"
#include "real_components/edge/edge_node.hpp"
#include "real_components/origin/origin_node.hpp"
#include "tests/edge/test_clients.hpp"
#include "tests/edge/tiny_database.hpp"
#include "tests/hosting/child_process.hpp"
#include "tests/hosting/loopback_world.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace wanlab::testing {

using namespace std::chrono_literals;

inline constexpr const char* fleet_key =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

template <typename Record>
std::string encoded_record(const Record& record) {
  Bytes bytes;
  wire::encode(record, bytes);
  return std::string(as_text(bytes));
}

class Daemons : public ::testing::Test {
 protected:
  Daemons() {
    put(store, control::route_key("app"), encoded_record(wire::Route{"main", {"ams"}, 0}));
    put(store, control::origin_key("ams", "origin-1"),
        encoded_record(wire::OriginRecord{"ams", "origin-1", "origin-1.ams", 7443}));
    const mysql::Verifier verifier = mysql::derive_verifier("secret", false);
    wire::Credential credential;
    credential.password_sha256 = verifier.sha2_stage2;
    credential.role = "writer";
    credential.branch = "main";
    credential.id = 7;
    put(regional, control::credential_key("app"), encoded_record(credential));
    std::string value;
    origin::encode({.used_from = 0, .secret = {std::byte{42}}}, value);
    put(regional, origin::grant_key_key("main", 1), value);

    const crypto::Digest256 fleet = digits(fleet_key);
    const crypto::Digest256 mine = wire::edge_nonce_key(fleet, "edge");
    write("fleet.key", fleet_key);
    write("edge.nonces", hexadecimal(mine));
    write("database.password", "backend secret\n");
    for (const char* name : {"edge", "origin-1.ams"}) world.authority().issue({.name = name});
    world.run("store", store);
    world.run("store.ams", regional);
    world.run("db", database);
    world.run("client", clients);
  }
  ~Daemons() override {
    edge.reset();
    origin.reset();
    for (const char* name : {"store", "store.ams", "db", "client"}) world.crash(name);
  }

  static void put(control::StoreNode& node, const std::string& name, const std::string& value) {
    node.engine().apply(wire::PutRequest{name, value, 0});
  }
  static crypto::Digest256 digits(std::string_view text) {
    crypto::Digest256 bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<std::byte>(std::stoi(std::string(text.substr(2 * i, 2)), nullptr, 16));
    }
    return bytes;
  }
  static std::string hexadecimal(const crypto::Digest256& bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
      constexpr std::string_view digit = "0123456789abcdef";
      text += digit[static_cast<std::size_t>(byte) >> 4];
      text += digit[static_cast<std::size_t>(byte) & 0xf];
    }
    return text;
  }
  std::filesystem::path write(const std::string& name, const std::string& text) {
    const std::filesystem::path file = world.folder() / name;
    std::ofstream(file) << text;
    std::filesystem::permissions(
        file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file;
  }
  std::string common(const std::string& name, const std::string& store_name) {
    std::string hosts;
    for (const char* host : {"store", "store.ams", "db", "origin-1.ams"}) {
      hosts += (hosts.empty() ? "\"" : ", \"") + std::string(host) + "\": \"" +
               world.address_of(host) + "\"";
    }
    return "\"name\": \"" + name + "\",\n\"listen\": {\"address\": \"" + world.address_of(name) +
           "\"},\n\"hosts\": {" + hosts + "},\n" +
           "\"store\": {\"kind\": \"node\", \"members\": [\"" + store_name +
           ":2379\"]},\n\"admin\": {\"address\": \"" + world.address_of(name) +
           "\", \"port\": 9100},\n\"log\": {\"level\": \"debug\"},\n" +
           "\"tls\": {\"identity\": {" + files(name) + ", \"authority\": \"ca.pem\"}" +
           (name == "edge" ? ", \"clients\": {" + files(name) + "}" : std::string()) + "}";
  }
  static std::string files(const std::string& name) {
    return "\"certificate\": \"" + name + ".pem\", \"key\": \"" + name + ".key\"";
  }
  std::string edge_config(const std::string& more = {}) {
    return "{ // an edge\n" + more + common("edge", "store") +
           ",\n\"nonce_key_file\": \"edge.nonces\",\n\"drain_period\": \"2s\",\n\"threads\": 2}\n";
  }
  std::string origin_config() {
    return "{" + common("origin-1.ams", "store.ams") +
           ",\n\"region\": \"ams\", \"fleet_nonce_key_file\": \"fleet.key\",\n"
           "\"drain_period\": \"2s\",\n"
           "\"databases\": [{\"branch\": \"main\", \"primary\": \"db:3306\", \"password_file\": "
           "\"database.password\"}]}\n";
  }
  std::unique_ptr<ChildProcess> run(const std::string& program, const std::string& config,
                                    const std::string& option = {}) {
    std::vector<std::string> command{std::string(WANLAB_DAEMONS) + "/" + program, "--config",
                                     write(program + ".json", config).string()};
    if (!option.empty()) command.push_back(option);
    return std::make_unique<ChildProcess>(std::move(command), world.folder() / (program + ".log"));
  }
  std::string ask(const std::string& host, const std::string& path) {
    return http_get(world.address_of(host), 9100, path);
  }
  void start(const std::string& more = {}) {
    origin = run("wanlab-origin", origin_config());
    edge = run("wanlab-edge", edge_config(more));
    for (const char* host : {"edge", "origin-1.ams"}) {
      ASSERT_TRUE(world.run_until([&] { return ask(host, "/healthz") == "ready\n"; }))
          << edge->output() << origin->output();
    }
    // Ready is the edge once it knows the Routes; the way to the database takes a moment more, in
    // each of its shards.
    int served = 0;
    ASSERT_TRUE(world.run_until([&] {
      TestClient& client = login();
      served = client.established && query(client, "SELECT 'ready'").error == 0 ? served + 1 : 0;
      if (!client.closed) clients.close(client);
      return served == 8;
    })) << edge->output()
        << origin->output();
    database.statements.clear();
  }
  TestClient& login(ClientOptions options = {}) {
    TestClient& client = clients.connect(std::move(options));
    world.run_until([&] { return client.established || client.closed; });
    return client;
  }
  Answer query(TestClient& client, std::string_view sql) {
    const std::size_t before = client.answers.size();
    clients.query(client, sql);
    world.run_until([&] { return client.answers.size() > before || client.closed; });
    return client.answers.size() > before ? client.answers.back()
                                          : Answer{client.error, client.message, {}, 0};
  }
  // The exit status, while the world goes on.
  int ended(ChildProcess& process) {
    world.run_until([&] { return process.status() != -1; });
    return process.status();
  }

  LoopbackWorld world;
  control::StoreNode store{world.host("store"), {}};
  control::StoreNode regional{world.host("store.ams"), {}};
  TinyDatabase database{world.host("db"), "db", "backend secret"};
  TestClients clients{world.host("client")};
  std::unique_ptr<ChildProcess> edge, origin;
};

}  // namespace wanlab::testing
