// The engine against a model that keeps everything and searches it naively.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "real_components/control/embedded_store.hpp"

namespace wanlab::control {
namespace {

// Every state of the store by revision, and every event.
struct Model {
  std::map<Revision, std::map<std::string, KeyValue>> states{{1, {}}};
  std::vector<Event> events;

  std::map<std::string, KeyValue> next() const { return states.rbegin()->second; }
  Revision revision() const { return states.rbegin()->first; }
  void put(std::map<std::string, KeyValue>& state, const std::string& key,
           const std::string& value) {
    const Revision now = revision() + 1;
    KeyValue& kv = state[key];
    if (kv.version == 0) kv.create_revision = now;
    kv = {key, value, kv.create_revision, now, kv.version + 1, 0};
    events.push_back({false, kv});
  }
  bool remove(std::map<std::string, KeyValue>& state, const std::string& key) {
    if (state.erase(key) == 0) return false;
    events.push_back({true, {key, "", 0, revision() + 1, 0, 0}});
    return true;
  }
};

TEST(EmbeddedStore, AgreesWithANaiveModelThroughWritesCompactionsAndWatches) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    EmbeddedStore store;
    Model model;
    WatchCursor cursor = store.open_watch({"k2", "k7", 1});
    std::vector<Event> heard;
    Revision heard_from = 1;
    const auto restart = [&] {
      heard_from = cursor.next = store.compact_revision();
      heard.clear();
    };
    const auto some_key = [&] { return std::string("k").append(std::to_string(random() % 10)); };
    for (int step = 0; step < 2'000; ++step) {
      auto state = model.next();
      switch (random() % 8) {
        case 0: {  // a transaction of several writes
          wire::TxnRequest txn;
          bool wrote = false;
          for (int k = 0; k < 10; ++k) {
            const std::string key = std::string("k").append(std::to_string(k));
            if (random() % 3 == 0) {
              txn.success.emplace_back(wire::PutRequest{key, std::to_string(step), 0});
              model.put(state, key, std::to_string(step));
              wrote = true;
            } else if (random() % 3 == 0) {
              txn.success.emplace_back(wire::DeleteRequest{key, ""});
              wrote = model.remove(state, key) || wrote;
            }
          }
          ASSERT_EQ(store.apply(txn).status, StoreStatus::ok);
          if (wrote) model.states[model.revision() + 1] = state;
          break;
        }
        case 1: {
          const std::string key = some_key();
          store.apply(wire::DeleteRequest{key, ""});
          if (model.remove(state, key)) model.states[model.revision() + 1] = state;
          break;
        }
        case 2: {
          if (random() % 20 != 0) break;
          const Revision to = store.compact_revision() + 1 +
                              static_cast<Revision>(random()) % 1'000 %
                                  (store.revision() - store.compact_revision() + 1);
          if (to > store.compact_revision() && to <= store.revision()) {
            ASSERT_EQ(store.apply(wire::CompactRequest{to}).status, StoreStatus::ok);
          }
          break;
        }
        case 3: {  // read any revision that is left
          const Revision at = std::max<Revision>(store.compact_revision(), 1) +
                              static_cast<Revision>(random() % 50);
          const StoreResult result = store.apply(wire::RangeRequest{"k3", "k8", at});
          if (at > store.revision()) {
            ASSERT_EQ(result.status, StoreStatus::future_revision);
            break;
          }
          std::vector<KeyValue> expected;
          for (const auto& [key, kv] : model.states.at(at)) {
            if (key >= "k3" && key < "k8") expected.push_back(kv);
          }
          ASSERT_EQ(std::get<wire::RangeResult>(result.body).values, expected) << at;
          break;
        }
        case 4: {  // the watch reads a little, or starts again if it was too slow
          if (random() % 4 != 0) break;
          if (store.read(cursor, 1 + random() % 5, heard) == WatchStep::compacted) restart();
          break;
        }
        default: {
          const std::string key = some_key();
          store.apply(wire::PutRequest{key, std::to_string(step), 0});
          model.put(state, key, std::to_string(step));
          model.states[model.revision() + 1] = state;
        }
      }
      ASSERT_EQ(store.revision(), model.revision());
    }
    WatchStep read = WatchStep::events;
    while (read != WatchStep::caught_up) {
      read = store.read(cursor, 7, heard);
      if (read == WatchStep::compacted) restart();
    }
    EXPECT_EQ(store.keys(), model.next().size());
    std::vector<Event> expected;
    for (const Event& event : model.events) {
      if (event.kv.key >= "k2" && event.kv.key < "k7" && event.kv.mod_revision >= heard_from) {
        expected.push_back(event);
      }
    }
    EXPECT_TRUE(heard == expected);
    EXPECT_FALSE(heard.empty());
    EXPECT_GT(model.revision(), 1'000);
  }
}

TEST(EmbeddedStore, ForgetsKeysThatWereDeletedBeforeTheCompaction) {
  EmbeddedStore store;
  for (int i = 0; i < 100; ++i)
    store.apply(wire::PutRequest{std::string("k").append(std::to_string(i)), "v", 0});
  store.apply(wire::DeleteRequest{"k", "l"});
  EXPECT_EQ(store.keys(), 0u);
  store.apply(wire::PutRequest{"other", "v", 0});
  store.apply(wire::CompactRequest{store.revision()});
  std::vector<Event> events;
  WatchCursor cursor = store.open_watch({"k", "z", store.compact_revision()});
  EXPECT_EQ(store.read(cursor, 1'000, events), WatchStep::events);
  EXPECT_EQ(events.size(), 1u);
}

TEST(EmbeddedStore, ExpiresLeasesInTheOrderOfTheirEnd) {
  EmbeddedStore store;
  store.apply(wire::LeaseGrantRequest{1, 20});
  store.apply(wire::LeaseGrantRequest{2, 10});
  store.apply(wire::PutRequest{"late", "v", 1});
  store.apply(wire::PutRequest{"soon", "v", 2});
  EXPECT_EQ(store.next_expiry(), Instant{10s});
  const Revision before = store.revision();
  std::vector<Event> events;
  WatchCursor cursor = store.open_watch({"a", "z"});
  store.advance(Instant{60s});
  store.advance(Instant{1s});  // back in time: no harm
  store.read(cursor, 10, events);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kv.key, "soon");
  EXPECT_EQ(events[0].kv.mod_revision, before + 1);
  EXPECT_EQ(events[1].kv.key, "late");
  EXPECT_EQ(events[1].kv.mod_revision, before + 2);
  EXPECT_FALSE(store.next_expiry());
}

}  // namespace
}  // namespace wanlab::control
