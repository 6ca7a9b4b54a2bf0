// COM_CHANGE_USER: another user on the same connection, judged as at a login, and nothing of the
// one before him left.
#include "tests/edge/small_network.hpp"

#include <gtest/gtest.h>

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;

class ChangeUser : public ::testing::Test {
 protected:
  void start(UserOptions other = {.password = "another secret"}) {
    net.start();
    net.add_user("other", other);
    net.run(1s);
  }
  // False once it has failed.
  bool change(TestClient& client, ClientOptions to,
              std::string_view plugin = "caching_sha2_password") {
    net.clients->change_user(client, std::move(to), plugin);
    net.wait([&] { return !client.changing || client.closed; });
    return !client.closed && client.error == 0;
  }
  static ClientOptions other() { return {.user = "other", .password = "another secret"}; }
  std::string user_at_the_edge() const {
    for (std::uint32_t place = 0; place < net.edge->session_places(); ++place) {
      if (const auto session = net.edge->session_at(place)) return std::string(session->user);
    }
    return {};
  }

  SmallNetwork net;
};

TEST_F(ChangeUser, GoesOnAsTheOtherUserOnTheSameConnection) {
  start({.password = "another secret", .tablet_type = wire::TabletType::replica});
  TestClient& client = net.login({.database = "shop"});
  EXPECT_EQ(net.ask(client, "SELECT 1").text.substr(0, 4), "db-0");
  ASSERT_TRUE(change(client, other())) << client.message;
  EXPECT_EQ(user_at_the_edge(), "other");
  const Answer answer = net.ask(client, "SELECT 1");
  EXPECT_NE(answer.text.substr(0, 4), "db-0") << "his Credential leads to replicas";
  EXPECT_NE(answer.text.find("//SELECT 1"), std::string::npos) << "the other's database is gone";
  ASSERT_TRUE(change(client, {.database = "shop"}));
  EXPECT_EQ(net.ask(client, "SELECT 1").text.substr(0, 4), "db-0");
  EXPECT_NE(net.ask(client, "SELECT 1").text.find("/shop/"), std::string::npos);
  EXPECT_EQ(net.edge->counters().accepted, 1u);
  EXPECT_EQ(net.edge->counters().authenticated, 3u);
  net.clients->close(client);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST_F(ChangeUser, IsDeniedAndEndsTheSessionWithoutTheRightProof) {
  start();
  struct Attempt {
    const char* user;
    const char* password;
  };
  for (const Attempt& attempt : {Attempt{"other", "secret"}, Attempt{"other", "guess"},
                                 Attempt{"app", "guess"}, Attempt{"ghost", "another secret"}}) {
    TestClient& client = net.login();
    EXPECT_FALSE(change(client, {.user = attempt.user, .password = attempt.password}));
    EXPECT_EQ(client.error, 1045);
    EXPECT_EQ(client.message,
              std::string("Access denied for user '") + attempt.user + "' (using password: YES)");
    net.run(1s);
    EXPECT_TRUE(client.closed);
  }
  EXPECT_TRUE(net.quiet());
}

TEST_F(ChangeUser, AsksTheWayTheClientKnows) {
  net.edge_config.allow_native = true;
  start({.password = "another secret", .allow_native = true});
  TestClient& client = net.login();
  ASSERT_TRUE(change(client, other(), "mysql_native_password"));
  EXPECT_EQ(client.asked_for, mysql::AuthMethod::native);
  ASSERT_TRUE(change(client, other()));
  EXPECT_EQ(client.asked_for, mysql::AuthMethod::caching_sha2);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
}

TEST_F(ChangeUser, LeavesNothingOfTheUserBefore) {
  start();
  TestClient& client = net.login();
  net.ask(client, "BEGIN");
  net.ask(client, "SET SESSION sql_mode = 'ANSI'");
  EXPECT_EQ(net.edge->census().conversations, 1u);
  ASSERT_TRUE(change(client, other()));
  net.run(1s);
  EXPECT_EQ(net.edge->census().conversations, 0u);
  EXPECT_EQ(net.edge->census().attachments, 0u);
  EXPECT_EQ(net.region(0).origin->census().requests, 0u) << "the transaction went with him";
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  EXPECT_EQ(net.region(0).databases[0]->settings_of_last.find("ANSI"), std::string::npos);
}

TEST_F(ChangeUser, MakesTheSessionDependOnTheNewUserAlone) {
  start();
  TestClient& client = net.login();
  ASSERT_TRUE(change(client, other()));
  net.remove_route("app");
  net.revoke("app");
  net.run(2s);
  ASSERT_FALSE(client.closed);
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
  net.remove_route("other");
  net.run(2s);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.error, 1927);
  EXPECT_TRUE(net.quiet());
}

TEST_F(ChangeUser, RenewsTheGrantOfTheNewUser) {
  start();
  TestClient& client = net.login();
  net.run(200s);
  ASSERT_TRUE(change(client, other()));
  net.run(400s);  // both grants would have expired
  ASSERT_FALSE(client.closed);
  EXPECT_EQ(net.edge->counters().renewals, 1u) << "the one before had 55 s to go, and is gone";
  EXPECT_EQ(net.ask(client, "SELECT 1").error, 0);
}

TEST_F(ChangeUser, CountsSessionsOfTheirTenant) {
  net.edge_config.maximum_sessions_per_tenant = 2;
  start({.password = "another secret", .branch = "second"});
  TestClient& first = net.login();
  TestClient& second = net.login();
  EXPECT_EQ(net.login().error, 1203);
  EXPECT_TRUE(change(second, {})) << "gives its own place up first";
  // The branch has no grant key, so that the login is judged right and then fails: with the place
  // of the first branch given up all the same.
  change(first, other());
  net.run(1s);
  EXPECT_TRUE(net.login().established);
  EXPECT_EQ(net.login().error, 1203);
}

TEST_F(ChangeUser, HasToBeDoneInTime) {
  start();
  TestClient& client = net.login();
  ClientOptions slow = other();
  slow.stalls = true;
  net.clients->change_user(client, slow);
  net.run(5s);
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(net.edge->census().handshakes, 1u);
  net.run(6s);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(net.edge->counters().handshake_timeouts, 1u);
  EXPECT_TRUE(net.quiet());
}

// What is said before the new user was judged is nobody's: it is not done for either of the two.
TEST_F(ChangeUser, DoesNothingThatWasSentAheadOfTheVerdict) {
  start();
  TestClient& client = net.login();
  const std::size_t before = net.region(0).databases[0]->statements.size();
  net.clients->change_user(client, other());
  net.clients->query(client, "INSERT INTO t VALUES (1)");
  net.run(11s);
  EXPECT_EQ(net.region(0).databases[0]->statements.size(), before);
  net.clients->close(client);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST_F(ChangeUser, MalformedEndsTheSession) {
  start();
  for (const std::string_view argument : {std::string_view(""), std::string_view("no end"),
                                          std::string_view("other\0\xff too short", 17)}) {
    TestClient& client = net.login();
    net.command(client, mysql::CommandKind::change_user, argument);
    net.run(1s);
    EXPECT_EQ(client.error != 0 ? client.error : client.answers.back().error, 1835);
    EXPECT_TRUE(client.closed);
  }
  EXPECT_TRUE(net.quiet());
}

}  // namespace
}  // namespace wanlab::testing
