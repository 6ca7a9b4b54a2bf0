// Logins through the whole path: client, edge, backhaul, origin, and back.
#include "tests/edge/small_network.hpp"

#include <gtest/gtest.h>

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;
using runtime::TraceKind;

TEST(Login, TakesTheRoundTripsOfTlsAndOneToTheOrigin) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login();
  ASSERT_TRUE(client.established) << client.error << " " << client.message;
  // Of 20 ms each: TCP with the greeting, TLS (the fake world's takes one), the login between
  // client and edge, and the same between edge and origin.
  EXPECT_EQ(client.ended - client.started, 80ms);
  EXPECT_EQ(net.edge->counters().authenticated, 1u);
  EXPECT_EQ(net.world.traced(TraceKind::proof_verified), 1u);
  const Answer answer = net.ask(client, "SELECT 1");
  EXPECT_EQ(answer.error, 0);
  EXPECT_EQ(answer.text.substr(answer.text.find('/')), "//SELECT 1");
  net.clients->close(client);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(Login, WithTheWrongPasswordIsDenied) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.login({.password = "guess"});
  EXPECT_FALSE(client.established);
  EXPECT_EQ(client.error, 1045);
  net.run(1s);
  EXPECT_TRUE(client.closed);
  EXPECT_TRUE(net.quiet());
}

TEST(Login, OfAnUnknownUserLooksLikeAWrongPassword) {
  SmallNetwork net;
  net.start();
  // The edge has measured real logins before.
  for (int i = 0; i < 30; ++i) net.login({.password = "guess"});
  const TestClient& wrong = net.login({.password = "guess"});
  const TestClient& unknown = net.login({.user = "ghost"});
  EXPECT_EQ(unknown.error, 1045);
  EXPECT_EQ(unknown.message, "Access denied for user 'ghost' (using password: YES)");
  EXPECT_EQ(wrong.message, "Access denied for user 'app' (using password: YES)");
  const Duration difference = (unknown.ended - unknown.started) - (wrong.ended - wrong.started);
  EXPECT_LT(difference, 10ms);
  EXPECT_GT(difference, -10ms);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(Login, WithAnExpiredRouteOrCredentialIsDenied) {
  SmallNetwork net;
  net.start();
  net.add_user("old-route", {.route_expiration = net.wall_seconds() - 1});
  net.add_user("old-credential", {.credential_expiration = net.wall_seconds() - 1, .id = 5});
  net.run(1s);
  EXPECT_EQ(net.login({.user = "old-route"}).error, 1045);
  EXPECT_EQ(net.login({.user = "old-credential"}).error, 1045);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(Login, IsDeniedWhereNoCredentialIsThere) {
  SmallNetwork net;
  net.start();
  net.put_route("nobody", {});
  net.run(1s);
  EXPECT_EQ(net.login({.user = "nobody"}).error, 1045);
}

TEST(Login, WithoutTlsIsRefused) {
  SmallNetwork net;
  net.start();
  EXPECT_EQ(net.login({.tls = false}).error, 3159);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(Login, IsSwitchedFromNativeToSha2) {
  SmallNetwork net;
  net.start();
  EXPECT_TRUE(net.login({.native = true}).established);
}

TEST(Login, WithTheNativeMethodNeedsEdgeAndCredentialToAllowIt) {
  SmallNetwork net;
  net.edge_config.allow_native = true;
  net.start();
  net.add_user("legacy", {.allow_native = true, .id = 9});
  net.run(1s);
  EXPECT_TRUE(net.login({.user = "legacy", .native = true}).established);
  EXPECT_EQ(net.login({.native = true}).error, 1045);
}

TEST(Login, ThatNeverFinishesIsEndedInTime) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.clients->connect({.stalls = true});
  net.run(5s);
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(net.edge->census().handshakes, 1u);
  net.run(5s + 100ms);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(net.edge->counters().handshake_timeouts, 1u);
  EXPECT_TRUE(net.quiet());
}

TEST(Login, ThatStallsWithinTlsIsEndedInTime) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.clients->connect({.stalls = true});
  net.run(100ms);
  Bytes out;
  mysql::HandshakeResponse response;
  response.capabilities = mysql::client_capabilities | mysql::capability::ssl;
  mysql::write_ssl_request(out, 1, response);
  net.clients->send(client, out);
  net.run(11s);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.reason, runtime::CloseReason::reset);
  EXPECT_TRUE(net.quiet());
}

TEST(Login, EndsAtOnceWhenTheClientGoesAwayMeanwhile) {
  SmallNetwork net;
  net.start();
  TestClient& client = net.clients->connect();
  net.run(55ms);  // the proof is on its way to the origin
  EXPECT_EQ(net.edge->census().exchanges, 1u);
  net.clients->abort(client);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(Login, FailsAtOnceWithoutALiveRegion) {
  SmallNetwork net;
  net.start();
  net.world.crash("origin-1.ams");
  net.world.crash("origin-1.fra");
  net.run(1s);
  TestClient& client = net.login();
  EXPECT_EQ(client.error, 1053);
  EXPECT_LE(client.ended - client.started, 1s);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
}

TEST(Login, FallsThroughToTheNextRegion) {
  SmallNetwork net;
  net.start();
  net.world.crash("origin-1.ams");
  net.run(1s);
  EXPECT_TRUE(net.login().established);
}

TEST(Login, GivesEachSessionANonceOfItsOwn) {
  SmallNetwork net;
  net.start();
  std::set<std::string> nonces;
  for (int i = 0; i < 50; ++i) {
    const TestClient& client = net.clients->connect({.stalls = true});
    net.run(25ms);
    const auto greeting = mysql::parse_greeting(ByteView(client.greeting).subspan(4));
    ASSERT_TRUE(greeting);
    EXPECT_EQ(greeting->capabilities, mysql::server_capabilities);
    nonces.insert(std::string(as_text(greeting->nonce)));
  }
  EXPECT_EQ(nonces.size(), 50u);
}

TEST(Login, RefusesPacketsThatCannotBeRight) {
  SmallNetwork net;
  net.start();
  const auto error_for = [&](std::vector<int> bytes) {
    TestClient& client = net.clients->connect({.stalls = true});
    net.run(100ms);
    Bytes raw;
    for (const int byte : bytes) raw.push_back(static_cast<std::byte>(byte));
    net.clients->send(client, raw);
    net.run(1s);
    EXPECT_TRUE(client.closed);
    return client.error;
  };
  EXPECT_EQ(error_for({0xff, 0xff, 0xff, 1}), 1153);                 // too large
  EXPECT_EQ(error_for({4, 0, 0, 9, 1, 2, 3, 4}), 1156);              // out of order
  EXPECT_EQ(error_for({4, 0, 0, 1, 0xff, 0xff, 0xff, 0xff}), 1043);  // cut short
  EXPECT_TRUE(net.quiet());
}

}  // namespace
}  // namespace wanlab::testing
