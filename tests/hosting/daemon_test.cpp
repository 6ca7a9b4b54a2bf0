// wanlab-edge and wanlab-origin as processes, between a store, a database and clients of the test.
#include "real_components/control/store_node.hpp"
#include "real_components/edge/edge_node.hpp"
#include "real_components/origin/origin_node.hpp"
#include "tests/edge/test_clients.hpp"
#include "tests/edge/tiny_database.hpp"
#include "tests/hosting/child_process.hpp"
#include "tests/hosting/loopback_world.hpp"
#include "tests/hosting/probe.hpp"

#include <signal.h>

#include <fstream>

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

template <typename Record>
std::string encoded(const Record& record) {
  Bytes bytes;
  wire::encode(record, bytes);
  return std::string(as_text(bytes));
}

class Daemons : public ::testing::Test {
 protected:
  Daemons() {
    put(store, control::route_key("app"), encoded(wire::Route{"main", {"ams"}, 0}));
    put(store, control::origin_key("ams", "origin-1"),
        encoded(wire::OriginRecord{"ams", "origin-1", "origin-1.ams", 7443}));
    const mysql::Verifier verifier = mysql::derive_verifier("secret", false);
    wire::Credential credential;
    credential.password_sha256 = verifier.sha2_stage2;
    credential.role = "writer";
    credential.branch = "main";
    credential.id = 7;
    put(regional, control::credential_key("app"), encoded(credential));
    std::string value;
    origin::encode({.used_from = 0, .secret = {std::byte{42}}}, value);
    put(regional, origin::grant_key_key("main", 1), value);

    const crypto::Digest256 fleet = digits(key);
    const crypto::Digest256 mine = wire::edge_nonce_key(fleet, "edge");
    write("fleet.key", key);
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
  fs::path write(const std::string& name, const std::string& text) {
    const fs::path file = world.folder() / name;
    std::ofstream(file) << text;
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
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
  std::string edge_config() {
    return "{ // an edge\n" + common("edge", "store") +
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
  void start() {
    origin = run("wanlab-origin", origin_config());
    edge = run("wanlab-edge", edge_config());
    for (const char* host : {"edge", "origin-1.ams"}) {
      ASSERT_TRUE(world.run_until([&] { return ask(host, "/healthz") == "ready\n"; }))
          << edge->output() << origin->output();
    }
    // Ready is the edge once it knows the Routes; the way to the origin takes a moment more.
    ASSERT_TRUE(world.run_until([&] {
      TestClient& client = login();
      if (!client.closed) clients.close(client);
      return client.established;
    })) << edge->output()
        << origin->output();
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

TEST_F(Daemons, ServeClients) {
  start();
  std::vector<TestClient*> all;
  for (int i = 0; i < 20; ++i) all.push_back(&login());
  for (TestClient* client : all) {
    ASSERT_TRUE(client->established) << client->error << client->message << edge->output();
    EXPECT_EQ(query(*client, "SELECT 1").error, 0);
  }
  EXPECT_EQ(login({.password = "wrong"}).error, 1045);
  EXPECT_EQ(login({.user = "ghost"}).error, 1045);
}

TEST_F(Daemons, TellAboutThemselves) {
  start();
  TestClient& client = login({.database = "shop"});
  EXPECT_EQ(query(client, "SELECT 1").error, 0);
  EXPECT_NE(
      ask("edge", "/sessions").find("\"user\":\"app\",\"schema\":\"shop\",\"phase\":\"idle\""),
      std::string::npos)
      << ask("edge", "/sessions");
  const std::string routes = ask("edge", "/routes");
  EXPECT_NE(routes.find("\"user\":\"app\",\"branch\":\"main\""), std::string::npos) << routes;
  EXPECT_NE(routes.find("\"region\":\"ams\",\"state\":\"up\",\"measured\":true"), std::string::npos)
      << routes;
  EXPECT_NE(ask("edge", "/backhaul").find("\"ready_connections\":4"), std::string::npos);
  EXPECT_NE(ask("origin-1.ams", "/pools").find("\"server\":\"db:3306\",\"state\":\"up\""),
            std::string::npos);
  const std::string metrics = ask("edge", "/metrics");
  EXPECT_NE(metrics.find("# TYPE wanlab_sessions gauge"), std::string::npos);
  EXPECT_NE(metrics.find("\nwanlab_sessions 1\n"), std::string::npos) << metrics;
  EXPECT_TRUE(metrics.ends_with("\n# EOF\n"));
  EXPECT_NE(ask("origin-1.ams", "/metrics").find("wanlab_statements_total 1\n"), std::string::npos);
  EXPECT_EQ(ask("edge", "/nothing"), "HTTP/1.1 404 Not Found");
}

TEST_F(Daemons, AnEdgeDrainsWithoutDroppingAStatement) {
  start();
  TestClient& idle = login();
  TestClient& busy = login();
  database.mood = TinyDatabase::Mood::silent;
  clients.query(busy, "SELECT 'long'");
  ASSERT_TRUE(world.run_until([&] { return !database.statements.empty(); }));
  edge->signal(SIGTERM);
  ASSERT_TRUE(world.run_until(
      [&] { return ask("edge", "/healthz") == "HTTP/1.1 503 Service Unavailable"; }));
  EXPECT_FALSE(login().established);
  world.run_for(300ms);
  database.speak();
  EXPECT_EQ(ended(*edge), 0) << edge->output();
  world.run_for(100ms);
  ASSERT_EQ(busy.answers.size(), 1u);
  EXPECT_EQ(busy.answers[0].error, 0);
  EXPECT_TRUE(idle.closed);
  EXPECT_EQ(idle.error, 1053);
}

TEST_F(Daemons, AnOriginDrainsWithoutDroppingAStatement) {
  start();
  TestClient& client = login();
  database.mood = TinyDatabase::Mood::silent;
  clients.query(client, "SELECT 'long'");
  ASSERT_TRUE(world.run_until([&] { return !database.statements.empty(); }));
  origin->signal(SIGTERM);
  world.run_for(300ms);
  database.speak();
  EXPECT_EQ(ended(*origin), 0) << origin->output();
  world.run_for(100ms);
  ASSERT_EQ(client.answers.size(), 1u);
  EXPECT_EQ(client.answers[0].error, 0);
  EXPECT_FALSE(client.closed);
}

TEST_F(Daemons, ASecondSignalEndsADrainAtOnce) {
  start();
  TestClient& busy = login();
  database.mood = TinyDatabase::Mood::silent;
  clients.query(busy, "SELECT 'long'");
  ASSERT_TRUE(world.run_until([&] { return !database.statements.empty(); }));
  edge->signal(SIGTERM);
  world.run_for(200ms);
  EXPECT_EQ(edge->status(), -1);
  edge->signal(SIGTERM);
  EXPECT_EQ(ended(*edge), 1);  // somebody was cut off
}

TEST_F(Daemons, TakeUpNewCertificatesAndKeepWhatIsOpen) {
  start();
  TestClient& before = login();
  world.authority().issue({.name = "edge"});
  edge->signal(SIGHUP);
  ASSERT_TRUE(world.run_until(
      [&] { return edge->output().find("new certificates are in use") != std::string::npos; }));
  EXPECT_EQ(query(before, "SELECT 1").error, 0);
  TestClient& after = login();
  EXPECT_EQ(query(after, "SELECT 1").error, 0);
  // A broken certificate changes nothing.
  write("edge.pem", "no certificate");
  edge->signal(SIGHUP);
  ASSERT_TRUE(
      world.run_until([&] { return edge->output().find("level=error") != std::string::npos; }));
  EXPECT_NE(edge->output().find("edge.pem: is no certificate chain in PEM"), std::string::npos);
  EXPECT_EQ(query(after, "SELECT 1").error, 0);
  EXPECT_TRUE(login().established);
}

TEST_F(Daemons, ComeBackAfterBeingKilled) {
  start();
  TestClient& client = login();
  origin->signal(SIGKILL);
  EXPECT_EQ(ended(*origin), 128 + SIGKILL);
  EXPECT_EQ(query(client, "SELECT 1").error, 1053);
  EXPECT_FALSE(client.closed);
  origin = run("wanlab-origin", origin_config());
  EXPECT_TRUE(world.run_until([&] { return query(client, "SELECT 2").error == 0; }))
      << edge->output() << origin->output();
}

TEST_F(Daemons, RefuseAWrongConfigurationAndSayWhere) {
  const auto complaint = [&](std::string config, std::string_view from, std::string_view to) {
    const std::size_t at = config.find(from);
    EXPECT_NE(at, std::string::npos);
    config.replace(at, from.size(), to);
    const auto process = run("wanlab-edge", config, "--check-config");
    EXPECT_EQ(ended(*process), 2);
    const std::string said = process->output();
    const std::size_t file = said.find("wanlab-edge.json: ");
    return file == std::string::npos ? said : said.substr(file + 18);
  };
  {
    const auto good = run("wanlab-edge", edge_config(), "--check-config");
    EXPECT_EQ(ended(*good), 0);
    EXPECT_NE(good->output().find("wanlab-edge.json: good\n"), std::string::npos);
  }
  EXPECT_EQ(complaint(edge_config(), "\"drain_period\"", "\"drain_perid\""),
            "/drain_perid: is not known here; did you mean \\\"drain_period\\\"?\"\n");
  EXPECT_EQ(complaint(edge_config(), "\"2s\"", "\"2 weeks\""),
            "/drain_period: must be a time such as \\\"250ms\\\", \\\"30s\\\", \\\"5min\\\" or "
            "\\\"2h\\\"\"\n");
  EXPECT_EQ(complaint(edge_config(), "9100", "91000"),
            "/admin/port: must be a whole number from 1 to 65535\"\n");
  EXPECT_EQ(complaint(edge_config(), "store:2379", "store:no"),
            "/store/members: \\\"store:no\\\" is not HOST:PORT\"\n");
  EXPECT_NE(complaint(edge_config(), "edge.nonces", "none.key")
                .find("none.key: No such file or directory"),
            std::string::npos);
  EXPECT_EQ(complaint(edge_config(), "\"threads\"", "\"name\""),
            "the key \\\"name\\\" appears twice in one object\"\n");
  EXPECT_TRUE(complaint(edge_config(), "{ // an edge", "{{").starts_with("not JSON: line 1"));
  const auto nothing = run("wanlab-edge", edge_config(), "--check-confg");
  EXPECT_EQ(ended(*nothing), 2);
}

TEST_F(Daemons, KeepSecretsThatOthersMayReadOut) {
  write("edge.nonces", key);
  fs::permissions(world.folder() / "edge.nonces", fs::perms::group_read, fs::perm_options::add);
  const auto process = run("wanlab-edge", edge_config());
  EXPECT_EQ(ended(*process), 2);
  EXPECT_NE(process->output().find("holds a secret that others may read; chmod 600 it"),
            std::string::npos);
}

TEST_F(Daemons, EndWhenTheirPortIsTaken) {
  Probe squatter(world.host("origin-1.ams"));
  squatter.ports = {7443};
  world.run("origin-1.ams", squatter);
  world.run_until([&] { return squatter.started; });
  const auto process = run("wanlab-origin", origin_config());
  EXPECT_EQ(ended(*process), 1);
  EXPECT_NE(process->output().find("cannot listen on " + world.address_of("origin-1.ams") +
                                   " port 7443: Address already in use"),
            std::string::npos)
      << process->output();
  world.crash("origin-1.ams");
}

}  // namespace
}  // namespace wanlab::testing
