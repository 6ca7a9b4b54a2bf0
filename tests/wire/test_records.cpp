// What the records kept in the store promise to their readers.
#include <gtest/gtest.h>

#include "real_components/wire/records.hpp"

namespace wanlab::wire {
namespace {

template <typename Record>
Record round_trip(const Record& record) {
  Bytes bytes;
  encode(record, bytes);
  Record back;
  EXPECT_TRUE(decode(bytes, back));
  return back;
}

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(Route, KeepsTheOrderAndTheNumberOfItsClusters) {
  const Route route{"main", {"eu-west-1", "us-east-1", "eu-west-1"}, 1'900'000'000};
  EXPECT_EQ(round_trip(route), route);
  EXPECT_EQ(round_trip(Route{}), Route{});
}

TEST(Route, HasThePublishedWireForm) {
  // branch = 1 (string), cluster = 2 (repeated string), expiration = 3 (fixed64).
  Bytes bytes;
  encode(Route{"m", {"a", "b"}, 5}, bytes);
  EXPECT_EQ(bytes,
            bytes_of({0x0a, 1, 'm', 0x12, 1, 'a', 0x12, 1, 'b', 0x19, 5, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Route, ReplacesWhatTheRecordHeldBefore) {
  Bytes bytes;
  encode(Route{"new", {"b"}, 0}, bytes);
  Route route{"old", {"a", "c"}, 9};
  ASSERT_TRUE(decode(bytes, route));
  EXPECT_EQ(route, (Route{"new", {"b"}, 0}));
}

TEST(Route, IsAppendedBehindWhatTheBufferHolds) {
  Bytes bytes = bytes_of({1, 2});
  encode(Route{"m", {}, 0}, bytes);
  EXPECT_EQ(bytes, bytes_of({1, 2, 0x0a, 1, 'm'}));
}

TEST(Route, RefusesTruncatedBytesAtEveryLength) {
  Bytes bytes;
  encode(Route{"branch", {"cluster"}, 77}, bytes);
  Route route;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const bool whole_fields = length == 0 || length == 8 || length == 17;
    EXPECT_EQ(decode(ByteView{bytes}.first(length), route), whole_fields) << length;
  }
}

TEST(Credential, KeepsEveryField) {
  Credential credential;
  credential.password_sha256.fill(std::byte{0x5a});
  credential.password_sha1.emplace().fill(std::byte{0xa5});
  credential.role = "reader";
  credential.tablet_type = TabletType::replica;
  credential.expiration = 42;
  credential.branch = "main";
  credential.id = 0xfedcba9876543210u;
  credential.allow_native = true;
  EXPECT_EQ(round_trip(credential), credential);
  credential.password_sha1.reset();
  EXPECT_EQ(round_trip(credential), credential);
}

TEST(Credential, RefusesAHashOfAnotherLength) {
  Credential credential;
  EXPECT_FALSE(decode({}, credential));
  EXPECT_FALSE(decode(bytes_of({0x0a, 3, 1, 2, 3}), credential));
  Bytes bytes;
  encode(Credential{}, bytes);
  ASSERT_TRUE(decode(bytes, credential));
  append(bytes, bytes_of({0x12, 1, 7}));  // password_sha1 of one byte
  EXPECT_FALSE(decode(bytes, credential));
}

TEST(Credential, RefusesAnUnknownTabletType) {
  Bytes bytes;
  encode(Credential{}, bytes);
  append(bytes, bytes_of({0x20, 3}));
  Credential credential;
  EXPECT_FALSE(decode(bytes, credential));
}

TEST(OriginRecord, KeepsEveryFieldAndRefusesPortsThatDoNotExist) {
  const OriginRecord record{"us-east-1", "origin-1", "origin-1.us-east-1", 65535};
  EXPECT_EQ(round_trip(record), record);
  OriginRecord back;
  EXPECT_FALSE(decode(bytes_of({0x20, 0x80, 0x80, 0x04}), back));  // 65536
  EXPECT_FALSE(decode({}, back));
}

TEST(Expiration, BeginsWithTheSecondItNamesAndZeroMeansNever) {
  const WallTime moment{std::chrono::seconds{100}};
  EXPECT_FALSE(expired(101, moment));
  EXPECT_TRUE(expired(100, moment));
  EXPECT_FALSE(expired(100, moment - 1ns));
  EXPECT_FALSE(expired(0, moment));
  EXPECT_FALSE(expired(~std::uint64_t{0}, moment));
}

}  // namespace
}  // namespace wanlab::wire
