// Every message of the store's protocol survives the wire, and nothing else does.
#include <gtest/gtest.h>

#include <random>

#include "real_components/wire/store.hpp"

namespace wanlab::wire {
namespace {

const KeyValue some_value{"key\0with zero", "value\xff", 3, 4, 2, 9};

template <typename Message>
std::vector<Message> examples();

template <>
std::vector<StoreRequestMessage> examples() {
  const RangeRequest range{"a", "b", 7, 100, true, false};
  const PutRequest put{"k", std::string(1000, 'v'), 5};
  const DeleteRequest remove{"k", std::string(1, '\0')};
  TxnRequest txn;
  txn.compares = {{Compare::Target::mod_revision, Compare::Relation::less, "k", 12, ""},
                  {Compare::Target::value, Compare::Relation::not_equal, "k", 0, "old"}};
  txn.success = {put, remove, range};
  txn.failure = {range};
  return {{1, StoreCall{range}},
          {2, StoreCall{put}},
          {3, StoreCall{remove}},
          {4, StoreCall{txn}},
          {5, StoreCall{CompactRequest{88}}},
          {6, StoreCall{LeaseGrantRequest{3, 30}}},
          {7, StoreCall{LeaseKeepAliveRequest{3}}},
          {8, StoreCall{LeaseRevokeRequest{3}}},
          {0, WatchCreate{17, {"p", "q", 55, true}}},
          {0, WatchCancel{17}},
          {0, Ping{}}};
}

template <>
std::vector<StoreResponseMessage> examples() {
  const RangeResult range{{some_value, {}}, true, 40};
  StoreResult base{StoreStatus::ok, 0xabcdef0123456789u, 99, 0, {}};
  std::vector<StoreResponseMessage> all;
  const auto add = [&](auto body) {
    base.body = body;
    all.push_back({all.size() + 1, base});
  };
  add(std::monostate{});
  add(range);
  add(PutResult{});
  add(DeleteResult{4});
  add(TxnResult{true, {range, PutResult{}, DeleteResult{1}}});
  add(CompactResult{});
  add(LeaseResult{3, 30});
  base.status = StoreStatus::compacted;
  base.compact_revision = 12;
  add(std::monostate{});
  using Kind = WatchNotice::Kind;
  all.push_back({0, WatchNotice{Kind::created, 17, 5, 99, {}, StoreStatus::ok, 0}});
  all.push_back({0, WatchNotice{Kind::progress, 17, 5, 99, {}, StoreStatus::ok, 0}});
  all.push_back({0, WatchNotice{Kind::events,
                                17,
                                5,
                                99,
                                {{false, some_value}, {true, {"k", "", 0, 5, 0, 0}}},
                                StoreStatus::ok,
                                0}});
  all.push_back({0, WatchNotice{Kind::canceled, 17, 5, 99, {}, StoreStatus::compacted, 60}});
  all.push_back({0, Pong{}});
  return all;
}

template <typename Message>
void expect_round_trips() {
  for (const Message& message : examples<Message>()) {
    Bytes bytes;
    encode(message, bytes);
    Message back;
    ASSERT_TRUE(decode(bytes, back)) << message.id;
    EXPECT_EQ(back, message) << message.id << " " << message.body.index();
  }
}

TEST(StoreRequest, EveryKindArrivesAsItWasSent) {
  expect_round_trips<StoreRequestMessage>();
}
TEST(StoreResponse, EveryKindArrivesAsItWasSent) {
  expect_round_trips<StoreResponseMessage>();
}

TEST(StoreRequest, WithoutABodyIsMalformed) {
  StoreRequestMessage message;
  EXPECT_FALSE(decode({}, message));
  EXPECT_FALSE(decode(as_bytes(std::string_view{"\x08\x01", 2}), message));
}

TEST(StoreRequest, WithAnUnknownComparisonIsMalformed) {
  TxnRequest txn;
  txn.compares = {{static_cast<Compare::Target>(4), Compare::Relation::equal, "k", 0, ""}};
  Bytes bytes;
  encode(StoreRequestMessage{1, StoreCall{txn}}, bytes);
  StoreRequestMessage message;
  EXPECT_FALSE(decode(bytes, message));
}

TEST(StoreMessages, SurviveAnyBytes) {
  std::mt19937_64 random(4711);
  const auto damage = [&]<typename Message>(const Message& message) {
    Bytes good;
    encode(message, good);
    for (int round = 0; round < 2'000 && !good.empty(); ++round) {
      Bytes bytes(good.begin(),
                  good.begin() + static_cast<std::ptrdiff_t>(random() % good.size() + 1));
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
      StoreRequestMessage request;
      StoreResponseMessage response;
      decode(bytes, request);
      decode(bytes, response);
    }
  };
  for (const auto& message : examples<StoreRequestMessage>()) damage(message);
  for (const auto& message : examples<StoreResponseMessage>()) damage(message);
}

}  // namespace
}  // namespace wanlab::wire
