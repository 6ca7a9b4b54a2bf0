// wanlab-edge and wanlab-origin as operators know them.
#include "tests/hosting/daemons.hpp"
#include "tests/hosting/probe.hpp"

#include <signal.h>

#include <sstream>

namespace wanlab::testing {
namespace {

namespace fs = std::filesystem;

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
  EXPECT_NE(ask("origin-1.ams", "/metrics").find("\nwanlab_statements_total 9\n"),
            std::string::npos);
  EXPECT_EQ(ask("edge", "/nothing"), "HTTP/1.1 404 Not Found");
}

TEST_F(Daemons, TellWhichSessionsArePinned) {
  start();
  TestClient& free = login();
  TestClient& busy = login();
  const auto told = [&](const char* words) {
    return ask("edge", "/sessions").find(words) != std::string::npos;
  };
  EXPECT_EQ(query(free, "SELECT 1").error, 0);
  EXPECT_TRUE(told("\"pinned\":false,\"transaction\":false"));
  EXPECT_FALSE(told("\"pinned\":true"));
  EXPECT_EQ(query(busy, "BEGIN").error, 0);
  EXPECT_TRUE(told("\"pinned\":true,\"transaction\":true")) << ask("edge", "/sessions");
  EXPECT_NE(ask("edge", "/metrics").find("\nwanlab_sessions_pinned 1\n"), std::string::npos);
  EXPECT_EQ(query(busy, "COMMIT").error, 0);
  EXPECT_FALSE(told("\"pinned\":true"));
  EXPECT_NE(ask("edge", "/metrics").find("\nwanlab_sessions_pinned 0\n"), std::string::npos);
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

// Whoever starts from them must not be told of an unknown key.
TEST_F(Daemons, UnderstandTheExamples) {
  const fs::path examples = fs::path(WANLAB_SOURCE_DIR) / "real_components/hosting/examples";
  for (const char* name : {"edge-1.iad", "origin-1.fra"}) world.authority().issue({.name = name});
  fs::copy_file(world.folder() / "ca.pem", world.folder() / "databases-ca.pem");
  for (const char* name : {"edge-1.iad.nonces", "fleet.nonces"}) write(name, fleet_key);
  write("etcd.password", "secret");
  for (const std::string program : {"wanlab-edge", "wanlab-origin"}) {
    std::ostringstream text;
    text << std::ifstream(examples / (program + ".json")).rdbuf();
    const auto process = run(program, text.str(), "--check-config");
    EXPECT_EQ(ended(*process), 0) << process->output();
  }
}

TEST_F(Daemons, KeepSecretsThatOthersMayReadOut) {
  write("edge.nonces", fleet_key);
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
