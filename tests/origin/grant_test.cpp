// Grants: worthless for any other session or edge, and for as long as the credential lives at most.
#include "tests/origin/origin_fixture.hpp"

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;

struct Grants : OriginFixture {
  wire::Grant granted(const LoginOptions& options = {}) {
    wire::Grant grant;
    EXPECT_EQ(edge->login(options, &grant), 0);
    return grant;
  }
  std::string refusal_of(const Outcome& outcome) {
    const auto refusal = outcome.refusal();
    if (!refusal) return "not refused";
    EXPECT_EQ(refusal->code, 1927);
    EXPECT_TRUE(refusal->close);
    // Who is not known here may be known elsewhere; about all others this region has the last word.
    EXPECT_EQ(refusal->try_elsewhere, refusal->message.ends_with("revoked"));
    return std::string(refusal->message);
  }
  void put_key(std::uint16_t id, std::uint64_t used_from) {
    origin::GrantKeyRecord key;
    key.used_from = used_from;
    key.secret[0] = static_cast<std::byte>(id);
    key.secret[1] = std::byte{1};
    std::string value;
    origin::encode(key, value);
    net.put(*net.region(0).store, origin::grant_key_key("main", id), value);
  }
};

TEST(GrantCodec, RoundTrips) {
  wire::Grant grant;
  grant.credential = 0x1122334455667788;
  grant.revision = 0x99aabbcc;
  grant.expiry = 4'000'000'000;
  grant.key = 513;
  grant.role = 2;
  grant.tablet_type = 1;
  grant.seal[15] = std::byte{9};
  Bytes bytes;
  wire::QueryHeader header;
  header.session = 0xfedcba9876543210;
  header.grant = grant;
  header.schema = "shop";
  header.settings = "sql_mode='ANSI'";
  header.settings_after = "a=1";
  header.last_insert_id = 0x0102030405060708;
  header.flags = wire::order::reads | wire::order::fresh;
  header.dialect = 65;
  header.collation = 45;
  wire::append_query_header(bytes, wire::RequestKind::query, header);
  EXPECT_EQ(bytes.size(), wire::query_header_size + 4 + 15 + 3);
  append(bytes, std::string_view("\3SELECT 1"));
  const auto query = wire::read_query(bytes);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->header.session, 0xfedcba9876543210u);
  EXPECT_EQ(query->header.schema, "shop");
  EXPECT_EQ(query->header.settings, "sql_mode='ANSI'");
  EXPECT_EQ(query->header.settings_after, "a=1");
  EXPECT_EQ(query->header.last_insert_id, 0x0102030405060708u);
  EXPECT_EQ(query->header.flags, wire::order::reads | wire::order::fresh);
  EXPECT_EQ(query->header.dialect, 65);
  EXPECT_EQ(query->header.collation, 45);
  EXPECT_EQ(as_text(query->command), "\3SELECT 1");
  EXPECT_EQ(query->header.grant.credential, grant.credential);
  EXPECT_EQ(query->header.grant.revision, grant.revision);
  EXPECT_EQ(query->header.grant.expiry, grant.expiry);
  EXPECT_EQ(query->header.grant.key, grant.key);
  EXPECT_EQ(query->header.grant.role, grant.role);
  EXPECT_EQ(query->header.grant.tablet_type, grant.tablet_type);
  EXPECT_EQ(query->header.grant.seal, grant.seal);
  for (std::size_t size = 0; size < wire::query_header_size + 4 + 15 + 3; ++size) {
    EXPECT_FALSE(wire::read_query(ByteView(bytes).first(size))) << size;
  }
}

TEST(GrantCodec, SealCoversEveryField) {
  const crypto::HmacSha256Key key(as_bytes("a key"));
  const crypto::HmacSha256Key other_key(as_bytes("another key"));
  wire::Grant grant;
  grant.credential = 5;
  grant.seal = wire::seal_of(grant, 7, 8, key);
  EXPECT_TRUE(wire::seal_is_valid(grant, 7, 8, key));
  EXPECT_FALSE(wire::seal_is_valid(grant, 6, 8, key));
  EXPECT_FALSE(wire::seal_is_valid(grant, 7, 9, key));
  EXPECT_FALSE(wire::seal_is_valid(grant, 7, 8, other_key));
  Bytes bytes;
  wire::append_grant(bytes, grant);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes changed = bytes;
    changed[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    EXPECT_FALSE(wire::seal_is_valid(wire::load_grant(changed.data()), 7, 8, key)) << bit;
  }
}

TEST_F(Grants, AreBoundToTheirSession) {
  start();
  const wire::Grant grant = granted();
  EXPECT_EQ(edge->query(grant, 1).kind(), wire::AnswerKind::packets);
  EXPECT_EQ(refusal_of(edge->query(grant, 2)), "Connection was killed: grant not valid");
}

TEST_F(Grants, AreBoundToTheirEdge) {
  start();
  const wire::Grant grant = granted();
  EXPECT_EQ(refusal_of(other_edge->query(grant, 1)), "Connection was killed: grant not valid");
  EXPECT_EQ(primary().statements.size(), 0u);
}

TEST_F(Grants, CannotBeStretched) {
  start();
  wire::Grant grant = granted();
  grant.expiry += 1000;
  EXPECT_EQ(refusal_of(edge->query(grant)), "Connection was killed: grant not valid");
  grant = granted();
  grant.tablet_type ^= 1;
  EXPECT_EQ(refusal_of(edge->query(grant)), "Connection was killed: grant not valid");
}

TEST_F(Grants, ExpireAndAreRenewedOnlyBefore) {
  start();
  const wire::Grant grant = granted();
  net.run(170s);
  EXPECT_EQ(edge->query(grant).kind(), wire::AnswerKind::packets);
  net.run(20s);
  const Outcome renewed = edge->query(grant);
  ASSERT_EQ(renewed.kind(), wire::AnswerKind::grant);
  const wire::Grant fresh = wire::load_grant(&renewed.bytes[wire::frame_head_size]);
  EXPECT_EQ(renewed.bytes[wire::frame_head_size + wire::grant_size],
            static_cast<std::byte>(wire::AnswerKind::packets));
  EXPECT_GT(fresh.expiry, grant.expiry);
  Bytes renewal;
  wire::QueryHeader header;
  header.session = 1;
  header.grant = grant;
  wire::append_query_header(renewal, wire::RequestKind::renew, header);
  const Outcome asked = edge->request(renewal);
  ASSERT_EQ(asked.kind(), wire::AnswerKind::grant);
  EXPECT_EQ(asked.bytes.size(), wire::frame_head_size + wire::grant_size);
  net.run(120s);
  EXPECT_EQ(refusal_of(edge->query(grant)), "Connection was killed: credential expired");
  EXPECT_EQ(refusal_of(edge->request(renewal)), "Connection was killed: credential expired");
  EXPECT_EQ(edge->query(fresh).kind(), wire::AnswerKind::packets);
}

TEST_F(Grants, DieWithTheirCredential) {
  start();
  const wire::Grant grant = granted();
  net.revoke("app");
  net.run(50ms);
  EXPECT_EQ(refusal_of(edge->query(grant)), "Connection was killed: credential revoked");
}

TEST_F(Grants, DieWithTheSecretAndNotWithThePolicy) {
  start();
  const wire::Grant grant = granted();
  net.add_user("app", {.role = "reader"});
  net.run(50ms);
  EXPECT_EQ(edge->query(grant).kind(), wire::AnswerKind::packets);
  EXPECT_EQ(edge->query(grant, 1, "DELETE FROM t").refusal()->code, 1142);  // the new policy counts
  net.add_user("app", {.password = "other"});
  net.run(50ms);
  EXPECT_EQ(refusal_of(edge->query(grant)), "Connection was killed: credential rotated");
}

TEST_F(Grants, SurviveTheRotationOfTheirKeyWhileBothAreThere) {
  start();
  const wire::Grant old_grant = granted();
  EXPECT_EQ(old_grant.key, 1);
  put_key(2, net.wall_seconds() + 60);
  net.run(1s);
  EXPECT_EQ(granted({.session = 2}).key, 1);
  net.run(60s);
  const wire::Grant new_grant = granted({.session = 3});
  EXPECT_EQ(new_grant.key, 2);
  EXPECT_EQ(edge->query(old_grant, 1).kind(), wire::AnswerKind::packets);
  EXPECT_EQ(edge->query(new_grant, 3).kind(), wire::AnswerKind::packets);
  net.remove(*net.region(0).store, origin::grant_key_key("main", 1));
  net.run(1s);
  EXPECT_EQ(refusal_of(edge->query(old_grant, 1)), "Connection was killed: grant not valid");
  EXPECT_EQ(edge->query(new_grant, 3).kind(), wire::AnswerKind::packets);
}

TEST_F(Grants, AreNotGivenWithoutAKey) {
  start();
  net.remove(*net.region(0).store, origin::grant_key_key("main", 1));
  net.run(1s);
  EXPECT_EQ(edge->login({}), 1105);
}

}  // namespace
}  // namespace wanlab::testing
