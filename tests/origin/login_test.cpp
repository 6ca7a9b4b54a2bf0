// What an origin accepts as proof, and what it never does.
#include "tests/origin/origin_fixture.hpp"

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;
using origin::LoginVerdict;

struct OriginLogin : OriginFixture {};

TEST_F(OriginLogin, GrantsForAProofOverAFreshNonce) {
  start();
  wire::Grant grant;
  EXPECT_EQ(edge->login({}, &grant), 0);
  EXPECT_EQ(grant.expiry, net.wall_seconds() + 300);
  EXPECT_EQ(edge->query(grant).kind(), wire::AnswerKind::packets);
}

TEST_F(OriginLogin, RefusesANonceASecondTime) {
  start();
  const auto request = edge->login_request({}, edge->nonce(1));
  EXPECT_EQ(edge->log_in_with(request), 0);
  EXPECT_EQ(edge->log_in_with(request), 1045);
  EXPECT_EQ(last_verdict(), LoginVerdict::nonce_replayed);
}

TEST_F(OriginLogin, RefusesTheNonceOfAnotherEdge) {
  start();
  auto request = other_edge->login_request({}, edge->nonce(1));
  EXPECT_EQ(other_edge->log_in_with(request), 1045);
  EXPECT_EQ(last_verdict(), LoginVerdict::nonce_forged);
  request = other_edge->login_request({}, other_edge->nonce(1));
  request.edge_id = wire::edge_fingerprint("edge-1");
  EXPECT_EQ(other_edge->log_in_with(request), 1045);
  EXPECT_EQ(last_verdict(), LoginVerdict::nonce_forged);
}

TEST_F(OriginLogin, KnowsAnEdgeByItsNameAndNotByItsConnection) {
  start();
  // Often enough to go over each of its connections.
  for (int i = 0; i < 8; ++i) EXPECT_EQ(edge->login(), 0);
  net.world.crash("edge-1");
  net.run(1s);
  FakeEdge third(net.world, "edge-3", net.origin_config.fleet_nonce_key);
  third.connect("origin-1.ams");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(third.login(), 0);
}

TEST_F(OriginLogin, RefusesANonceThatNobodyMade) {
  start();
  mysql::NonceContent content{};
  EXPECT_EQ(edge->log_in_with(edge->login_request({}, mysql::encode_nonce(content))), 1045);
  EXPECT_EQ(last_verdict(), LoginVerdict::nonce_forged);
  mysql::Nonce not_ours;
  not_ours.fill(std::byte{'$'});
  EXPECT_EQ(edge->log_in_with(edge->login_request({}, not_ours)), 1045);
  EXPECT_EQ(last_verdict(), LoginVerdict::nonce_forged);
}

TEST_F(OriginLogin, RefusesANonceOutsideThirtySeconds) {
  start();
  EXPECT_EQ(edge->log_in_with(edge->login_request({}, edge->nonce(1, 31))), 1045);
  EXPECT_EQ(last_verdict(), LoginVerdict::nonce_stale);
  EXPECT_EQ(edge->log_in_with(edge->login_request({}, edge->nonce(2, -31))), 1045);
  EXPECT_EQ(last_verdict(), LoginVerdict::nonce_stale);
  EXPECT_EQ(edge->log_in_with(edge->login_request({}, edge->nonce(3, 29))), 0);
  EXPECT_EQ(edge->log_in_with(edge->login_request({}, edge->nonce(4, -29))), 0);
}

TEST_F(OriginLogin, BlocksGuessingOfAUserFromAnAddressAndNobodyElse) {
  start();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(edge->login({.password = "guess"}), 1045);
    EXPECT_EQ(last_verdict(), LoginVerdict::wrong_proof);
  }
  EXPECT_EQ(edge->login({}), 1045);
  EXPECT_EQ(last_verdict(), LoginVerdict::blocked);
  EXPECT_EQ(edge->login({.client = 2}), 0);
  net.run(120s);
  EXPECT_EQ(edge->login({}), 0);
}

TEST_F(OriginLogin, RefusesUnknownUsersAndExpiredCredentials) {
  start();
  EXPECT_EQ(edge->login({.user = "ghost"}), 1045);
  EXPECT_EQ(last_verdict(), LoginVerdict::unknown_user);
  net.add_user("old", {.credential_expiration = net.wall_seconds(), .id = 2});
  net.run(1s);
  EXPECT_EQ(edge->login({.user = "old"}), 1045);
  EXPECT_EQ(last_verdict(), LoginVerdict::expired);
}

TEST_F(OriginLogin, GrantsNoLongerThanTheCredentialLives) {
  start();
  net.add_user("short", {.credential_expiration = net.wall_seconds() + 60, .id = 2});
  net.run(1s);
  wire::Grant grant;
  EXPECT_EQ(edge->login({.user = "short"}, &grant), 0);
  EXPECT_EQ(grant.expiry, net.wall_seconds() + 59);
}

TEST_F(OriginLogin, RefusesGarbage) {
  start();
  const Bytes empty_login{static_cast<std::byte>(wire::RequestKind::authenticate)};
  EXPECT_EQ(edge->request(empty_login).kind(), wire::AnswerKind::login);
  EXPECT_EQ(last_verdict(), LoginVerdict::malformed);
  for (const std::size_t size : {0u, 1u, 10u, 47u}) {
    const Outcome outcome = edge->request(Bytes(size, std::byte{2}));
    EXPECT_TRUE(outcome.failed);
    EXPECT_EQ(outcome.processed, backhaul::Processed::no);
  }
  EXPECT_EQ(origin().census().requests, 0u);
}

}  // namespace
}  // namespace wanlab::testing
