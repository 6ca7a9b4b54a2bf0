// What the digest must notice, and what it must not.
#include "sim/trace/digest.hpp"

#include "sim/trace/recorder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace wanlab::trace {
namespace {

using runtime::TraceEvent;
using runtime::TraceKind;

constexpr Instant at(std::int64_t nanoseconds) {
  return Instant(Duration(nanoseconds));
}

const TraceEvent accepted{TraceKind::session_accepted, 7, 0, 0, ""};
const TraceEvent routed{TraceKind::query_routed, 7, 1, 1, "us-east-1"};

std::uint64_t digest_of_one(Instant now, const TraceEvent& event) {
  HostDigest digest;
  digest.fold(now, event);
  return digest.value();
}

TEST(Digest, NoticesEveryFieldOfAnEvent) {
  const std::uint64_t original = digest_of_one(at(5), routed);
  TraceEvent changed = routed;
  EXPECT_NE(digest_of_one(at(6), routed), original);
  changed.kind = TraceKind::query_answered;
  EXPECT_NE(digest_of_one(at(5), changed), original);
  changed = routed;
  changed.subject = 8;
  EXPECT_NE(digest_of_one(at(5), changed), original);
  changed = routed;
  changed.a = 2;
  EXPECT_NE(digest_of_one(at(5), changed), original);
  changed = routed;
  changed.b = 2;
  EXPECT_NE(digest_of_one(at(5), changed), original);
  changed = routed;
  changed.text = "us-east-2";
  EXPECT_NE(digest_of_one(at(5), changed), original);
  changed = routed;
  std::swap(changed.subject, changed.b);
  EXPECT_NE(digest_of_one(at(5), changed), original);
}

TEST(Digest, NoticesTheOrderOfEventsOnOneHost) {
  HostDigest one, other;
  one.fold(at(5), accepted);
  one.fold(at(5), routed);
  other.fold(at(5), routed);
  other.fold(at(5), accepted);
  EXPECT_NE(one.value(), other.value());
}

TEST(Digest, NoticesOneFlippedBitOfAPayload) {
  Bytes payload(37, std::byte{0x5a});
  HostDigest intact;
  intact.fold(payload);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    payload[i] ^= std::byte{0x10};
    HostDigest flipped;
    flipped.fold(payload);
    EXPECT_NE(flipped.value(), intact.value()) << "byte " << i;
    payload[i] ^= std::byte{0x10};
  }
}

TEST(Digest, DoesNotDependOnHowHostsInterleave) {
  Recorder one, other;
  const HostIndex one_a = one.add_host({"a", HostRole::edge, "iad", ""});
  const HostIndex one_b = one.add_host({"b", HostRole::edge, "iad", ""});
  const HostIndex other_a = other.add_host({"a", HostRole::edge, "iad", ""});
  const HostIndex other_b = other.add_host({"b", HostRole::edge, "iad", ""});
  one.record(at(5), one_a, accepted);
  one.record(at(5), one_b, accepted);
  other.record(at(5), other_b, accepted);
  other.record(at(5), other_a, accepted);
  EXPECT_EQ(one.digest(), other.digest());
}

TEST(Digest, DependsOnNamesAndNotOnTheOrderOfTheirAddition) {
  Recorder one, other;
  const HostIndex one_a = one.add_host({"a", HostRole::edge, "iad", ""});
  const HostIndex one_b = one.add_host({"b", HostRole::edge, "iad", ""});
  const HostIndex other_b = other.add_host({"b", HostRole::edge, "iad", ""});
  const HostIndex other_a = other.add_host({"a", HostRole::edge, "iad", ""});
  one.record(at(5), one_a, accepted);
  one.record(at(5), one_b, routed);
  other.record(at(5), other_a, accepted);
  other.record(at(5), other_b, routed);
  EXPECT_EQ(one.digest(), other.digest());

  Recorder swapped;
  const HostIndex swapped_a = swapped.add_host({"a", HostRole::edge, "iad", ""});
  const HostIndex swapped_b = swapped.add_host({"b", HostRole::edge, "iad", ""});
  swapped.record(at(5), swapped_a, routed);
  swapped.record(at(5), swapped_b, accepted);
  EXPECT_NE(one.digest(), swapped.digest());
}

TEST(Digest, IsNotChangedByAnIdleHost) {
  Recorder without, with;
  const HostIndex busy = without.add_host({"busy", HostRole::edge, "iad", ""});
  with.add_host({"an-idle-one", HostRole::idle, "fra", ""});
  const HostIndex also_busy = with.add_host({"busy", HostRole::edge, "iad", ""});
  without.record(at(5), busy, accepted);
  with.record(at(5), also_busy, accepted);
  EXPECT_EQ(without.digest(), with.digest());
  EXPECT_EQ(without.digest_of(busy), with.digest_of(also_busy));
}

TEST(Digest, FindsNoCollisionAmongManySmallDifferences) {
  std::vector<std::uint64_t> seen;
  for (std::uint64_t subject = 0; subject < 50; ++subject) {
    for (std::uint64_t a = 0; a < 50; ++a) {
      for (std::uint64_t b = 0; b < 20; ++b) {
        seen.push_back(digest_of_one(at(1), {TraceKind::query_routed, subject, a, b, ""}));
      }
    }
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST(Digest, IsPrintedAsSixteenDigits) {
  EXPECT_EQ(to_hex(0), "0000000000000000");
  EXPECT_EQ(to_hex(0x0123456789abcdef), "0123456789abcdef");
}

}  // namespace
}  // namespace wanlab::trace
