// Whole nodes, client to database, in both worlds: what holds for any latency and any scheduling.
#include "tests/hosting/either_world.hpp"

#include <algorithm>

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;
using mysql::CommandKind;
using runtime::CloseReason;
using Mood = TinyDatabase::Mood;

class NodeConformance : public ::testing::TestWithParam<WorldKind> {
 protected:
  // The region that serves the session at the moment; with equal latencies it may be either.
  std::string home(TestClient& client) { return net.region_of(net.ask(client, "SELECT 'home'")); }
  Region& region(const std::string& name) {
    return *net.regions[net.regions[0]->name == name ? 0 : 1];
  }
  Region& other(const std::string& name) {
    return *net.regions[net.regions[0]->name == name ? 1 : 0];
  }
  void set_mood(Mood mood) {
    for (const auto& each : net.regions) {
      for (const auto& database : each->databases) database->mood = mood;
    }
  }
  std::size_t statements_beginning(std::string_view with) {
    std::size_t found = 0;
    for (const auto& each : net.regions) {
      for (const auto& database : each->databases) {
        found += static_cast<std::size_t>(
            std::count_if(database->statements.begin(), database->statements.end(),
                          [&](const std::string& one) { return one.starts_with(with); }));
      }
    }
    return found;
  }
  bool closed(const TestClient& client) {
    return net.wait([&] { return client.closed; });
  }
  void expect_quiet() {
    EXPECT_TRUE(net.wait([&] { return net.quiet(); }));
  }

  EitherNetwork net{GetParam()};
};
WANLAB_TWO_WORLDS(NodeConformance);

// --- logins -------------------------------------------------------------------------------------

TEST_P(NodeConformance, AClientLogsInAndIsAnswered) {
  net.start();
  TestClient& client = net.login();
  ASSERT_TRUE(client.established) << client.error << " " << client.message;
  const Answer answer = net.ask(client, "SELECT 1");
  EXPECT_EQ(answer.error, 0);
  EXPECT_EQ(answer.text.substr(answer.text.find('/')), "//SELECT 1");
  net.clients->close(client);
  expect_quiet();
}

TEST_P(NodeConformance, TheWrongPasswordAndAnUnknownUserAreDeniedAlike) {
  net.start();
  TestClient& wrong = net.login({.password = "guess"});
  TestClient& unknown = net.login({.user = "ghost"});
  ASSERT_TRUE(closed(wrong) && closed(unknown));
  EXPECT_FALSE(wrong.established || unknown.established);
  EXPECT_EQ(wrong.error, 1045);
  EXPECT_EQ(unknown.error, 1045);
  EXPECT_EQ(wrong.message, "Access denied for user 'app' (using password: YES)");
  EXPECT_EQ(unknown.message, "Access denied for user 'ghost' (using password: YES)");
  expect_quiet();
}

TEST_P(NodeConformance, WithoutTlsALoginIsRefused) {
  net.start();
  TestClient& client = net.login({.tls = false});
  ASSERT_TRUE(closed(client));
  EXPECT_EQ(client.error, 3159);
  expect_quiet();
}

TEST_P(NodeConformance, ALoginIsSwitchedFromNativeToSha2) {
  net.start();
  EXPECT_TRUE(net.login({.native = true}).established);
}

TEST_P(NodeConformance, TheNativeMethodNeedsEdgeAndCredentialToAllowIt) {
  net.edge_config.allow_native = true;
  net.start();
  net.add_user("legacy", {.allow_native = true, .id = 9});
  ASSERT_TRUE(net.wait([&] { return net.login({.user = "legacy", .native = true}).established; }));
  EXPECT_EQ(net.login({.native = true}).error, 1045);
}

TEST_P(NodeConformance, AHandshakeThatStallsIsEndedInTime) {
  net.edge_config.handshake_timeout = 500ms;
  net.start();
  TestClient& silent = net.clients->connect({.stalls = true});
  TestClient& halfway = net.clients->connect({.stalls = true});
  ASSERT_TRUE(net.wait([&] { return !halfway.greeting.empty(); }));
  Bytes out;
  mysql::HandshakeResponse response;
  response.capabilities = mysql::client_capabilities | mysql::capability::ssl;
  mysql::write_ssl_request(out, 1, response);
  net.clients->send(halfway, out);
  ASSERT_TRUE(closed(silent) && closed(halfway));
  EXPECT_EQ(net.edge->counters().handshake_timeouts, 2u);
  expect_quiet();
}

TEST_P(NodeConformance, PacketsThatCannotBeRightEndTheHandshake) {
  net.start();
  for (const std::string_view packet :
       {std::string_view("\x05\x00\x00\x09"
                         "abcde",
                         9),
        std::string_view("\xff\xff\xff\x01", 4), std::string_view("\x00\x00\x00\x01", 4),
        std::string_view("GET / HTTP/1.1\r\n\r\n")}) {
    TestClient& client = net.clients->connect({.stalls = true});
    ASSERT_TRUE(net.wait([&] { return !client.greeting.empty(); }));
    net.clients->send(client, as_bytes(packet));
    EXPECT_TRUE(closed(client));
    EXPECT_FALSE(client.established);
  }
  expect_quiet();
}

TEST_P(NodeConformance, AClientThatLeavesAnywhereLeavesNothing) {
  net.start();
  for (int turns = 0; turns < 60; turns += 3) {
    TestClient& client = net.clients->connect();
    int left = turns;
    net.wait([&] { return left-- == 0; }, 1s);
    turns % 2 == 0 ? net.clients->abort(client) : net.clients->close(client);
  }
  expect_quiet();
}

// --- sessions -----------------------------------------------------------------------------------

TEST_P(NodeConformance, PingResetAndUnknownCommandsAreAnsweredByTheEdge) {
  net.start();
  TestClient& client = net.login();
  EXPECT_EQ(net.command(client, CommandKind::ping).error, 0);
  EXPECT_EQ(net.command(client, CommandKind::reset_connection).error, 0);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  net.clients->command(client, CommandKind::quit);
  ASSERT_TRUE(closed(client));
  EXPECT_EQ(client.reason, CloseReason::finished);
  expect_quiet();
}

TEST_P(NodeConformance, ASessionKeepsItsSchema) {
  net.start();
  TestClient& client = net.login({.database = "shop"});
  const Answer answer = net.ask(client, "SELECT 1");
  EXPECT_EQ(answer.text.substr(answer.text.find('/')), "/shop/SELECT 1");
}

TEST_P(NodeConformance, PipelinedStatementsAreServedOneAfterTheOther) {
  net.start();
  TestClient& client = net.login();
  Bytes out;
  for (int i = 0; i < 200; ++i) mysql::write_query(out, "SELECT " + std::to_string(i));
  client.asked += 200;
  for (std::size_t at = 0; at < out.size(); at += 7) {  // in pieces that cut packets anywhere
    net.clients->send(client, ByteView(out).subspan(at, std::min<std::size_t>(7, out.size() - at)));
  }
  ASSERT_TRUE(net.wait([&] { return client.answers.size() == 200; }));
  for (std::size_t i = 0; i < 200; ++i) {
    EXPECT_TRUE(client.answers[i].text.ends_with("/SELECT " + std::to_string(i)));
  }
}

TEST_P(NodeConformance, LongStatementsAndLongAnswersComeThroughWhole) {
  net.start();
  for (const auto& each : net.regions) each->databases[0]->filler = 3'000'000;
  TestClient& client = net.login();
  const std::string statement = "SELECT '" + std::string(2'000'000, 'b') + "'";
  const Answer answer = net.ask(client, statement);
  EXPECT_EQ(answer.error, 0);
  EXPECT_TRUE(answer.text.ends_with("/" + statement));
  EXPECT_GT(answer.bytes, 5'000'000u);
  EXPECT_EQ(net.ask(client, "SELECT 2").error, 0);
  net.clients->close(client);
  expect_quiet();
}

TEST_P(NodeConformance, ASlowReaderHoldsBackItsOriginAndNobodyElse) {
  net.start();
  for (const auto& each : net.regions) each->databases[0]->filler = 12'000'000;
  TestClient& slow = net.login();
  TestClient& quick = net.login();
  net.clients->stop_reading(slow);
  net.clients->query(slow, "SELECT 1");
  net.run(300ms);
  for (const auto& each : net.regions) each->databases[0]->filler = 0;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(net.ask(quick, "SELECT 2").error, 0);
  EXPECT_TRUE(slow.answers.empty());
  net.clients->read_on(slow);
  ASSERT_TRUE(net.wait([&] { return !slow.answers.empty(); }));
  EXPECT_EQ(slow.answers[0].error, 0);
  EXPECT_GT(slow.answers[0].bytes, 12'000'000u);
  net.clients->close(slow);
  net.clients->close(quick);
  expect_quiet();
}

TEST_P(NodeConformance, ASlowReaderThatLeavesGivesEverythingBack) {
  net.start();
  for (const auto& each : net.regions) each->databases[0]->filler = 12'000'000;
  TestClient& client = net.login();
  net.clients->stop_reading(client);
  net.clients->query(client, "SELECT 1");
  net.run(300ms);
  net.clients->abort(client);
  expect_quiet();
}

TEST_P(NodeConformance, ReadersAreServedByReplicas) {
  net.start();
  net.add_user("reader", {.tablet_type = wire::TabletType::replica, .id = 11});
  TestClient* client = nullptr;
  ASSERT_TRUE(net.wait([&] {
    client = &net.login({.user = "reader"});
    return client->established;
  }));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(net.ask(*client, "SELECT 1").error, 0);
  for (const auto& each : net.regions) EXPECT_TRUE(each->databases[0]->statements.empty());
}

TEST_P(NodeConformance, AHundredSessionsAtOnce) {
  net.start();
  std::vector<TestClient*> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(&net.clients->connect());
  ASSERT_TRUE(net.wait([&] {
    return std::all_of(clients.begin(), clients.end(), [](auto* one) { return one->established; });
  }));
  for (int round = 0; round < 5; ++round) {
    for (TestClient* client : clients) net.clients->query(*client, "SELECT 1");
  }
  ASSERT_TRUE(net.wait([&] {
    return std::all_of(clients.begin(), clients.end(),
                       [](auto* one) { return one->answers.size() == 5; });
  }));
  for (TestClient* client : clients) {
    for (const Answer& answer : client->answers) EXPECT_EQ(answer.error, 0);
    net.clients->close(*client);
  }
  expect_quiet();
}

// --- the control plane --------------------------------------------------------------------------

TEST_P(NodeConformance, ASessionFollowsItsRouteWithoutReconnecting) {
  net.start();
  TestClient& client = net.login();
  for (const std::string to : {"fra", "ams", "fra"}) {
    net.put_route("app", {.clusters = {to}});
    EXPECT_TRUE(net.wait([&] { return home(client) == to; }));
  }
  EXPECT_FALSE(client.closed);
}

TEST_P(NodeConformance, ASessionDiesWithItsRoute) {
  net.start();
  TestClient& client = net.login();
  net.remove_route("app");
  ASSERT_TRUE(closed(client));
  EXPECT_EQ(client.error, 1927);
  EXPECT_EQ(net.login().error, 1045);
  expect_quiet();
}

TEST_P(NodeConformance, AStatementThatRunsIsFinishedBeforeItsSessionDies) {
  net.start();
  TestClient& client = net.login();
  const std::string served = home(client);
  set_mood(Mood::silent);
  net.clients->query(client, "SELECT 'long'");
  ASSERT_TRUE(net.wait([&] { return statements_beginning("SELECT 'long'") == 1; }));
  net.remove_route("app");
  net.run(300ms);
  EXPECT_FALSE(client.closed);
  region(served).databases[0]->speak();
  ASSERT_TRUE(closed(client));
  ASSERT_EQ(client.answers.size(), 2u);
  EXPECT_EQ(client.answers[1].error, 0);
  EXPECT_EQ(client.error, 1927);
}

TEST_P(NodeConformance, ARevokedCredentialServesNoStatementMore) {
  net.start();
  TestClient& client = net.login();
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  net.revoke("app");
  ASSERT_TRUE(net.wait([&] { return net.login().error == 1045; }));
  EXPECT_EQ(net.ask(client, "INSERT INTO t VALUES (1)").error, 1927);
  ASSERT_TRUE(closed(client));
  EXPECT_EQ(statements_beginning("INSERT"), 0u);
  expect_quiet();
}

// --- failures -----------------------------------------------------------------------------------

TEST_P(NodeConformance, LossOfAnIdleRegionIsInvisible) {
  net.start();
  TestClient& client = net.login();
  const std::string lost = home(client);
  net.world.crash("origin-1." + lost);
  net.run(100ms);
  const Answer answer = net.ask(client, "INSERT INTO t VALUES (1)");
  EXPECT_EQ(answer.error, 0) << answer.message;
  EXPECT_NE(net.region_of(answer), lost);
  EXPECT_FALSE(client.closed);
}

TEST_P(NodeConformance, AnUnknownOutcomeIsReportedAndNothingIsRepeated) {
  net.start();
  TestClient& client = net.login();
  for (int i = 0; i < 10; ++i) net.ask(client, "SELECT 0");
  const std::string lost = home(client);
  set_mood(Mood::silent);
  net.clients->query(client, "INSERT INTO t VALUES (1)");
  ASSERT_TRUE(net.wait([&] { return statements_beginning("INSERT") == 1; }));
  net.world.crash("origin-1." + lost);
  ASSERT_TRUE(net.wait([&] { return client.answers.size() == 12; }));
  EXPECT_EQ(client.answers.back().error, 1105);
  EXPECT_NE(client.answers.back().message.find("[wanlab:OUTCOME_UNKNOWN]"), std::string::npos);
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(statements_beginning("INSERT"), 1u);
  set_mood(Mood::answers);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 1")), other(lost).name);
}

TEST_P(NodeConformance, ADatabaseThatHangsUpLeavesTheOutcomeUnknown) {
  net.start();
  TestClient& client = net.login();
  set_mood(Mood::hangs_up);
  EXPECT_EQ(net.ask(client, "UPDATE t SET a = 1").error, 1105);
  set_mood(Mood::answers);
  EXPECT_TRUE(net.wait([&] { return net.ask(client, "SELECT 1").error == 0; }));
  EXPECT_EQ(statements_beginning("UPDATE"), 1u);
  net.clients->close(client);
  expect_quiet();
}

TEST_P(NodeConformance, AnAnswerThatBreaksOffIsAnErrorOrAnEnd) {
  net.start();
  TestClient& client = net.login();
  set_mood(Mood::breaks_off);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 1053);
  EXPECT_FALSE(client.closed);
  set_mood(Mood::breaks_packet);
  net.clients->query(client, "SELECT 1");
  ASSERT_TRUE(closed(client));
  EXPECT_EQ(client.answers.size(), 1u);
  EXPECT_EQ(client.reason, CloseReason::reset);
  expect_quiet();
}

TEST_P(NodeConformance, WithoutARegionAStatementFailsAndTheSessionStays) {
  net.start();
  TestClient& client = net.login();
  net.world.crash("origin-1.ams");
  net.world.crash("origin-1.fra");
  net.run(100ms);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 1053);
  EXPECT_FALSE(client.closed);
  auto config = net.region(1).origin->config();
  net.region(1).origin =
      std::make_unique<origin::OriginNode>(net.world.host("origin-1.fra"), config);
  net.world.run("origin-1.fra", *net.region(1).origin);
  EXPECT_TRUE(net.wait([&] { return net.ask(client, "SELECT 1").error == 0; }, 60s));
}

TEST_P(NodeConformance, DrainOfAnOriginIsInvisible) {
  net.start();
  TestClient& client = net.login();
  const std::string drained = home(client);
  set_mood(Mood::silent);
  net.clients->query(client, "SELECT 'long'");
  ASSERT_TRUE(net.wait([&] { return statements_beginning("SELECT 'long'") == 1; }));
  region(drained).origin->drain();
  net.run(100ms);
  region(drained).databases[0]->speak();
  ASSERT_TRUE(net.wait([&] { return client.answers.size() == 2; }));
  EXPECT_EQ(net.region_of(client.answers[1]), drained);  // what ran there was finished there
  set_mood(Mood::answers);
  EXPECT_EQ(net.region_of(net.ask(client, "SELECT 3")), other(drained).name);
  EXPECT_TRUE(net.wait([&] { return region(drained).origin->drained(); }));
  EXPECT_EQ(net.edge->counters().statements_failed, 0u);
}

TEST_P(NodeConformance, DrainOfAnEdgeFinishesWhatRuns) {
  net.edge_config.drain_period = 2s;
  net.start();
  std::vector<TestClient*> idle;
  for (int i = 0; i < 20; ++i) idle.push_back(&net.login());
  TestClient& busy = net.login();
  const std::string served = home(busy);
  set_mood(Mood::silent);
  net.clients->query(busy, "SELECT 'long'");
  ASSERT_TRUE(net.wait([&] { return statements_beginning("SELECT 'long'") == 1; }));
  net.edge->drain();
  EXPECT_FALSE(net.login().established);
  region(served).databases[0]->speak();
  ASSERT_TRUE(net.wait([&] { return net.edge->drained(); }));
  for (const TestClient* client : idle) {
    EXPECT_TRUE(net.wait([&] { return client->closed; }));
    EXPECT_EQ(client->error, 1053);
  }
  ASSERT_EQ(busy.answers.size(), 2u);
  EXPECT_EQ(busy.answers[1].error, 0);
  expect_quiet();
}

}  // namespace
}  // namespace wanlab::testing
