// What an origin remembers: used nonces and failed logins, exactly as long as it must.
#include "real_components/origin/failure_counters.hpp"
#include "real_components/origin/replay_window.hpp"

#include <gtest/gtest.h>

namespace wanlab::origin {
namespace {

using namespace std::chrono_literals;
using Verdict = ReplayWindow::Verdict;

constexpr std::int64_t now = 1'800'000'000;

wire::NonceClaims claims(std::int64_t seconds, std::uint32_t sequence, std::uint32_t process = 1) {
  return {0, static_cast<std::uint32_t>(seconds) & wire::nonce_seconds_mask, process, sequence};
}

TEST(Nonce, SealsItsClaims) {
  const crypto::HmacSha256Key key(as_bytes("edge key"));
  const wire::NonceClaims made{0xabc, 0x1234567, 0xdef, 0xfedcb};
  wire::NonceContent content = wire::seal_nonce(made, key);
  const auto read = wire::open_nonce(content, key);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->edge, made.edge);
  EXPECT_EQ(read->seconds, made.seconds);
  EXPECT_EQ(read->process, made.process);
  EXPECT_EQ(read->sequence, made.sequence);
  EXPECT_FALSE(wire::open_nonce(content, crypto::HmacSha256Key(as_bytes("other key"))));
  for (std::size_t bit = 0; bit < content.size() * 8; ++bit) {
    wire::NonceContent changed = content;
    changed[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    EXPECT_FALSE(wire::open_nonce(changed, key)) << bit;
  }
}

TEST(Nonce, KeysDifferByEdge) {
  const auto fleet = as_bytes("fleet key");
  EXPECT_EQ(wire::edge_nonce_key(fleet, "edge-1.iad"), wire::edge_nonce_key(fleet, "edge-1.iad"));
  EXPECT_NE(wire::edge_nonce_key(fleet, "edge-1.iad"), wire::edge_nonce_key(fleet, "edge-2.iad"));
  EXPECT_NE(wire::edge_fingerprint("edge-1.iad"), wire::edge_fingerprint("edge-2.iad"));
}

TEST(ReplayWindow, AcceptsEachNonceOnceInAnyOrder) {
  ReplayWindow window;
  for (const std::uint32_t sequence : {5u, 0u, 1'000'000u, 64u, 63u}) {
    EXPECT_EQ(window.use(claims(now, sequence), now), Verdict::fresh);
    EXPECT_EQ(window.use(claims(now, sequence), now), Verdict::replayed);
  }
  EXPECT_EQ(window.use(claims(now - 1, 5), now), Verdict::fresh);
}

TEST(ReplayWindow, RemembersAsLongAsANonceIsAccepted) {
  ReplayWindow window;
  for (std::int64_t second = now - 30; second <= now + 30; ++second) {
    EXPECT_EQ(window.use(claims(second, 7), now), Verdict::fresh) << second - now;
  }
  for (std::int64_t second = now - 30; second <= now + 30; ++second) {
    EXPECT_EQ(window.use(claims(second, 7), now), Verdict::replayed) << second - now;
  }
  for (std::int64_t later = now; later <= now + 120; ++later) {
    EXPECT_NE(window.use(claims(now, 7), later), Verdict::fresh);
  }
  EXPECT_EQ(window.use(claims(now, 7), now + 31), Verdict::stale);
  EXPECT_EQ(window.use(claims(now, 7), now - 31), Verdict::stale);
}

TEST(ReplayWindow, CountsARestartedEdgeApart) {
  ReplayWindow window;
  EXPECT_EQ(window.use(claims(now, 0, 1), now), Verdict::fresh);
  EXPECT_EQ(window.use(claims(now, 0, 2), now), Verdict::fresh);
  EXPECT_EQ(window.use(claims(now, 0, 1), now), Verdict::replayed);
  EXPECT_EQ(window.use(claims(now, 0, 2), now), Verdict::replayed);
}

TEST(ReplayWindow, CrossesTheEndOfItsCalendar) {
  ReplayWindow window;
  const std::int64_t end = (std::int64_t{7} << 28) - 1;
  EXPECT_EQ(window.use(claims(end, 1), end + 10), Verdict::fresh);
  EXPECT_EQ(window.use(claims(end + 10, 1), end), Verdict::fresh);
  EXPECT_EQ(window.use(claims(end, 1), end + 20), Verdict::replayed);
}

TEST(FailureCounters, BlockAfterTheLimitForAWhile) {
  FailureCounters counters({}, 1);
  const std::array<std::uint8_t, 16> ip{1};
  const Instant start{1000s};
  for (int i = 0; i < 9; ++i) counters.failed("a", ip, start);
  EXPECT_FALSE(counters.blocked("a", ip, start));
  counters.failed("a", ip, start);
  EXPECT_TRUE(counters.blocked("a", ip, start));
  EXPECT_FALSE(counters.blocked("a", {2}, start));
  EXPECT_FALSE(counters.blocked("b", ip, start));
  EXPECT_TRUE(counters.blocked("a", ip, start + 119s));
  EXPECT_FALSE(counters.blocked("a", ip, start + 120s));
}

TEST(FailureCounters, ForgetFailuresThatLieFarApart) {
  FailureCounters counters({}, 1);
  const std::array<std::uint8_t, 16> ip{1};
  for (int i = 0; i < 100; ++i) counters.failed("a", ip, Instant(std::chrono::seconds(20 * i)));
  EXPECT_FALSE(counters.blocked("a", ip, Instant(2000s)));
}

}  // namespace
}  // namespace wanlab::origin
