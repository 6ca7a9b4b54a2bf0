// The watcher keeps its observer in step with the store, whatever the store and the network do.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "real_components/control/prefix_watcher.hpp"
#include "tests/control/store_driver.hpp"

namespace wanlab::control {
namespace {

// Holds what it was told, and checks that it is told sense.
struct Mirror final : PrefixObserver {
  void on_changes(std::span<const PrefixChange> changes, Revision revision) override {
    ++reports;
    last_revision = revision;
    for (const PrefixChange& change : changes) {
      std::string line = change.removed ? "-" : "+";
      line += change.name;
      log.push_back(line);
      if (change.removed) {
        EXPECT_EQ(values.erase(std::string(change.name)), 1u) << "removed what was never there";
      } else {
        values[std::string(change.name)] = change.value;
      }
    }
    sizes.push_back(changes.size());
  }
  std::map<std::string, std::string> values;
  std::vector<std::string> log;
  std::vector<std::size_t> sizes;
  Revision last_revision = 0;
  int reports = 0;
};

// A store whose every answer the test writes by hand.
struct ScriptedStore final : Store {
  void submit(StoreCall call, StoreObserver&, std::uint64_t token) override {
    calls.push_back(std::get<wire::RangeRequest>(call));
    last_token = token;
  }
  WatchId watch(WatchRequest request, StoreObserver&) override {
    watches.push_back(std::move(request));
    return watches.size();
  }
  void cancel_watch(WatchId watch) override { cancelled.push_back(watch); }
  void forget(StoreObserver&) override {}
  void leave_member() override { ++left; }

  std::vector<wire::RangeRequest> calls;
  std::vector<WatchRequest> watches;
  std::vector<WatchId> cancelled;
  std::uint64_t last_token = 0;
  int left = 0;
};

using Kind = WatchNotice::Kind;

class ScriptedTest : public ::testing::Test {
 protected:
  ScriptedTest() { watcher.start(); }
  static KeyValue kv(std::string name, std::string value, Revision revision) {
    return {std::string("p/") + name, std::move(value), revision, revision, 1, 0};
  }
  static Event put(std::string name, std::string value, Revision revision) {
    return {false, kv(std::move(name), std::move(value), revision)};
  }
  static Event gone(std::string name, Revision revision) {
    return {true, {std::string("p/") + name, "", 0, revision, 0, 0}};
  }
  void answer(Revision revision, std::vector<KeyValue> values, bool more = false,
              std::uint64_t cluster = 1) {
    watcher.on_result(store.last_token, {StoreStatus::ok, cluster, revision, 0,
                                         wire::RangeResult{std::move(values), more, 0}});
  }
  void fail(StoreStatus status) { watcher.on_result(store.last_token, {status, 1, 0, 0, {}}); }
  void notice(Kind kind, Revision revision, std::vector<Event> events = {},
              std::uint64_t cluster = 1) {
    watcher.on_watch(store.watches.size(), {kind, store.watches.size(), cluster, revision,
                                            std::move(events), StoreStatus::ok, 0});
  }
  void cancel(StoreStatus reason) {
    watcher.on_watch(store.watches.size(),
                     {Kind::canceled, store.watches.size(), 1, 0, {}, reason, 50});
  }
  void wait(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      world.advance(1s);
      watcher.tick();
    }
  }

  testing::FakeWorld world;
  ScriptedStore store;
  Mirror mirror;
  PrefixWatcher watcher{world.host("edge"), store, {.prefix = "p/"}, mirror};
};

TEST_F(ScriptedTest, ListsInPagesAtOneRevisionAndWatchesFromTheNext) {
  ASSERT_EQ(store.calls.size(), 1u);
  EXPECT_EQ(store.calls[0].key, "p/");
  EXPECT_EQ(store.calls[0].range_end, "p0");
  EXPECT_EQ(store.calls[0].revision, 0);
  answer(40, {kv("a", "1", 3), kv("b", "2", 4)}, true);
  EXPECT_EQ(store.calls[1].revision, 40) << "later pages show the same moment";
  EXPECT_EQ(store.calls[1].key, std::string("p/b\0", 4));
  EXPECT_EQ(mirror.reports, 0) << "half a listing is nothing";
  answer(44, {kv("c", "3", 5)});
  EXPECT_EQ(mirror.reports, 1);
  EXPECT_EQ(mirror.values,
            (std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  ASSERT_EQ(store.watches.size(), 1u);
  EXPECT_EQ(store.watches[0].start_revision, 41);
  EXPECT_TRUE(store.watches[0].progress_notify);
}

TEST_F(ScriptedTest, StartsTheListingAgainIfItsMomentWasCompactedWhilePaging) {
  answer(40, {kv("a", "1", 3)}, true);
  fail(StoreStatus::compacted);
  EXPECT_EQ(store.calls.back().revision, 0);
  answer(60, {kv("b", "2", 50)});
  EXPECT_EQ(mirror.values, (std::map<std::string, std::string>{{"b", "2"}}));
}

TEST_F(ScriptedTest, ReportsEveryRevisionOnceAndWhole) {
  answer(10, {});
  notice(Kind::created, 10);
  notice(Kind::events, 13,
         {put("a", "1", 11), put("b", "1", 11), gone("a", 12), put("c", "1", 13)});
  EXPECT_EQ(mirror.sizes, (std::vector<std::size_t>{0, 2, 1, 1}));
  EXPECT_EQ(mirror.log, (std::vector<std::string>{"+a", "+b", "-a", "+c"}));
  EXPECT_EQ(watcher.revision(), 13);
}

TEST_F(ScriptedTest, IgnoresDuplicateAndOldEvents) {
  answer(10, {});
  notice(Kind::created, 10);
  notice(Kind::events, 12, {put("a", "1", 11), put("a", "2", 12)});
  notice(Kind::events, 13, {put("a", "1", 11), put("a", "2", 12), put("b", "1", 13)});
  EXPECT_EQ(mirror.log, (std::vector<std::string>{"+a", "+a", "+b"}));
  EXPECT_EQ(mirror.values.at("a"), "2");
  EXPECT_EQ(watcher.counters().ignored_events, 2u);
}

TEST_F(ScriptedTest, ListsAgainIfEventsContradictTheirOrder) {
  answer(10, {});
  notice(Kind::created, 10);
  notice(Kind::events, 12, {put("a", "2", 12), put("a", "1", 11)});
  EXPECT_EQ(watcher.state(), PrefixWatcher::State::listing);
}

TEST_F(ScriptedTest, ResumesABrokenWatchBehindTheLastEvent) {
  answer(10, {});
  notice(Kind::created, 10);
  notice(Kind::events, 15, {put("a", "1", 15)});
  watcher.on_watch_broken(1);
  ASSERT_EQ(store.watches.size(), 2u);
  EXPECT_EQ(store.watches[1].start_revision, 16);
  notice(Kind::created, 20);
  EXPECT_EQ(watcher.counters().resumptions, 1u);
  EXPECT_EQ(world.traced(runtime::TraceKind::watch_resumed), 1u);
  EXPECT_EQ(watcher.counters().listings, 1u);
}

TEST_F(ScriptedTest, ResumesBehindTheLastProgress) {
  answer(10, {});
  notice(Kind::created, 10);
  notice(Kind::progress, 90);
  watcher.on_watch_broken(1);
  EXPECT_EQ(store.watches[1].start_revision, 91);
}

TEST_F(ScriptedTest, DoesNotTakeTheCreationOfAWatchForProgress) {
  answer(10, {});
  notice(Kind::created, 90);  // events 11 to 90 are still to come
  watcher.on_watch_broken(1);
  EXPECT_EQ(store.watches[1].start_revision, 11);
}

TEST_F(ScriptedTest, AfterCompactionListsAndWorksOutWhatChangedDeletionsIncluded) {
  answer(10, {kv("a", "1", 3), kv("b", "1", 4), kv("c", "1", 5)});
  notice(Kind::created, 10);
  watcher.on_watch_broken(1);
  cancel(StoreStatus::compacted);
  EXPECT_EQ(world.traced(runtime::TraceKind::watch_compacted), 1u);
  EXPECT_EQ(mirror.values.size(), 3u) << "what is known stays until the listing is there";
  mirror.log.clear();
  answer(60, {kv("a", "1", 3), kv("b", "2", 44), kv("d", "1", 55)});
  EXPECT_EQ(mirror.log, (std::vector<std::string>{"+b", "-c", "+d"}));
  EXPECT_EQ(store.watches.back().start_revision, 61);
  EXPECT_EQ(watcher.counters().compactions, 1u);
}

TEST_F(ScriptedTest, LeavesAMemberThatLagsAndKeepsWhatItHas) {
  answer(50, {kv("a", "1", 50)});
  notice(Kind::created, 50);
  watcher.on_watch_broken(1);
  notice(Kind::created, 30);
  EXPECT_EQ(store.left, 1);
  EXPECT_EQ(watcher.state(), PrefixWatcher::State::waiting);
  wait(1);
  EXPECT_EQ(store.watches.back().start_revision, 51);
  notice(Kind::created, 52);
  EXPECT_EQ(watcher.state(), PrefixWatcher::State::watching);
  EXPECT_EQ(watcher.counters().lagging_members, 1u);
  EXPECT_EQ(watcher.counters().listings, 1u);
}

TEST_F(ScriptedTest, BelievesAStoreThatWasRestoredFromABackupAfterHalfAMinute) {
  answer(50, {kv("a", "new", 50), kv("b", "1", 20)});
  notice(Kind::created, 50);
  watcher.on_watch_broken(1);
  for (int i = 0; i < 40 && watcher.state() != PrefixWatcher::State::listing; ++i) {
    notice(Kind::created, 30);
    if (watcher.state() == PrefixWatcher::State::waiting) wait(1);
  }
  ASSERT_EQ(watcher.state(), PrefixWatcher::State::listing);
  mirror.log.clear();
  answer(30, {kv("a", "old", 10), kv("b", "1", 20)});
  EXPECT_EQ(mirror.log, (std::vector<std::string>{"+a", "+b"}))
      << "equal revisions prove nothing now";
  EXPECT_EQ(mirror.values.at("a"), "old");
  EXPECT_EQ(watcher.counters().resets, 1u);
  EXPECT_EQ(watcher.revision(), 30);
}

TEST_F(ScriptedTest, ListsEverythingAgainWhenItIsAnotherStore) {
  answer(50, {kv("a", "1", 20), kv("b", "1", 21)});
  notice(Kind::created, 50);
  watcher.on_watch_broken(1);
  notice(Kind::created, 70, {}, 2);
  EXPECT_EQ(store.cancelled.back(), store.watches.size());
  mirror.log.clear();
  answer(70, {kv("a", "other", 20)}, false, 2);
  EXPECT_EQ(mirror.log, (std::vector<std::string>{"+a", "-b"}));
  EXPECT_EQ(watcher.counters().resets, 1u);
  notice(Kind::created, 70, {}, 2);
  EXPECT_EQ(watcher.state(), PrefixWatcher::State::watching);
}

TEST_F(ScriptedTest, RetriesAListingThatFailedSlowerAndSlower) {
  std::vector<int> waits;
  for (int round = 0; round < 5; ++round) {
    fail(round % 2 == 0 ? StoreStatus::unavailable : StoreStatus::unknown_outcome);
    const std::size_t before = store.calls.size();
    int seconds = 0;
    while (store.calls.size() == before) {
      wait(1);
      ++seconds;
    }
    waits.push_back(seconds);
  }
  EXPECT_EQ(waits, (std::vector<int>{1, 2, 4, 8, 8}));
}

TEST_F(ScriptedTest, WaitsBeforeItRetriesAWatchThatWasRefused) {
  answer(10, {});
  cancel(StoreStatus::unavailable);
  EXPECT_EQ(store.watches.size(), 1u);
  wait(1);
  ASSERT_EQ(store.watches.size(), 2u);
  EXPECT_EQ(store.watches[1].start_revision, 11);
}

TEST_F(ScriptedTest, GivesUpAWatchThatFellSilent) {
  answer(10, {});
  notice(Kind::created, 10);
  for (int i = 0; i < 10; ++i) {
    wait(20);
    notice(Kind::progress, 10);
  }
  EXPECT_EQ(store.watches.size(), 1u);
  wait(31);
  EXPECT_EQ(store.watches.size(), 2u);
  EXPECT_EQ(store.left, 1);
}

TEST_F(ScriptedTest, KnowsHowStaleItIs) {
  EXPECT_EQ(watcher.staleness(), Duration::max());
  EXPECT_FALSE(watcher.synchronised());
  answer(10, {});
  EXPECT_TRUE(watcher.synchronised());
  EXPECT_EQ(watcher.staleness(), 0s);
  notice(Kind::created, 10);
  wait(7);
  EXPECT_EQ(watcher.staleness(), 7s);
  notice(Kind::progress, 10);
  EXPECT_EQ(watcher.staleness(), 0s);
}

TEST_F(ScriptedTest, IgnoresAnswersToQuestionsItNoLongerAsks) {
  const std::uint64_t old = store.last_token;
  fail(StoreStatus::unavailable);
  wait(1);
  watcher.on_result(old,
                    {StoreStatus::ok, 1, 5, 0, wire::RangeResult{{kv("x", "1", 5)}, false, 1}});
  EXPECT_EQ(mirror.reports, 0);
  answer(10, {});
  watcher.on_watch(99, {Kind::events, 99, 1, 11, {put("x", "1", 11)}, StoreStatus::ok, 0});
  EXPECT_TRUE(mirror.values.empty());
}

// --- against real stores -------------------------------------------------------------------------

// Client host with a watcher; ticks once a second.
class WatchingHost final : public runtime::Component {
 public:
  WatchingHost(runtime::Runtime& runtime, StoreClientOptions options)
      : host(runtime, std::move(options)), runtime_(runtime) {}
  void start() override {
    host.start();
    watcher.start();
    runtime_.wake_after(1s, 1);
  }
  void on_timer(runtime::Cookie cookie) override {
    if (cookie != 1) return host.on_timer(cookie);
    watcher.tick();
    runtime_.wake_after(1s, 1);
  }
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId,
                            const runtime::PeerInfo&) override {
    return 0;
  }
  void on_connect(runtime::ConnectionId id, runtime::Cookie cookie) override {
    host.on_connect(id, cookie);
  }
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
  void on_data(runtime::ConnectionId id, runtime::Cookie cookie, ByteView bytes) override {
    host.on_data(id, cookie, bytes);
  }
  void on_writable(runtime::ConnectionId, runtime::Cookie) override {}
  void on_close(runtime::ConnectionId id, runtime::Cookie cookie,
                runtime::CloseReason reason) override {
    host.on_close(id, cookie, reason);
  }

  ClientHost host;

 private:
  runtime::Runtime& runtime_;

 public:
  Mirror mirror;
  PrefixWatcher watcher{runtime_, host.client, {.prefix = "p/", .page = 7}, mirror};
};

std::map<std::string, std::string> contents(EmbeddedStore& store) {
  std::map<std::string, std::string> all;
  const StoreResult result = store.apply(wire::RangeRequest{"p/", "p0"});
  for (const KeyValue& kv : std::get<wire::RangeResult>(result.body).values)
    all[kv.key.substr(2)] = kv.value;
  return all;
}

TEST(PrefixWatcherOverConnections, ConvergesAfterEveryCutWhateverHappenedMeanwhile) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    testing::FakeWorld world(seed);
    StoreNode node(world.host("store"), {});
    WatchingHost edge(world.host("edge"), {.members = {{"store", 2379}}});
    world.run("store", node);
    world.run("edge", edge);
    bool cut = false;
    for (int step = 0; step < 400; ++step) {
      const std::string key =
          std::string(random() % 10 == 0 ? "q/" : "p/") + std::to_string(random() % 30);
      switch (random() % 12) {
        case 0:
          if (cut)
            world.heal("edge", "store");
          else
            world.partition("edge", "store");
          cut = !cut;
          break;
        case 1:
          if (node.engine().revision() > node.engine().compact_revision()) {
            node.engine().apply(wire::CompactRequest{node.engine().revision()});
          }
          break;
        case 2:
          world.advance(std::chrono::seconds{random() % 40});
          break;
        case 3:
        case 4:
        case 5:
          node.engine().apply(wire::DeleteRequest{key, ""});
          break;
        default:
          node.engine().apply(wire::PutRequest{key, std::to_string(step), 0});
      }
      node.flush();
      world.advance(std::chrono::milliseconds{random() % 50});
    }
    if (cut) world.heal("edge", "store");
    world.advance(60s);
    EXPECT_EQ(edge.mirror.values, contents(node.engine()));
    EXPECT_EQ(edge.watcher.keys(), edge.mirror.values.size());
    EXPECT_EQ(edge.watcher.state(), PrefixWatcher::State::watching);
    EXPECT_LE(edge.watcher.staleness(), 15s);
    EXPECT_GT(edge.watcher.counters().resumptions, 0u);
  }
}

TEST(PrefixWatcherOverConnections, ServesStaleWhileCutOffAndFindsDeletionsMadeMeanwhile) {
  testing::FakeWorld world;
  StoreNode node(world.host("store"), {});
  for (int i = 0; i < 20; ++i)
    node.engine().apply(wire::PutRequest{std::string("p/") + std::to_string(i), "v", 0});
  WatchingHost edge(world.host("edge"), {.members = {{"store", 2379}}});
  world.run("store", node);
  world.run("edge", edge);
  world.advance(1s);
  ASSERT_EQ(edge.mirror.values.size(), 20u);
  world.partition("edge", "store");
  node.engine().apply(wire::DeleteRequest{"p/1", "p/2"});  // 1 and 10 to 19
  node.engine().apply(wire::PutRequest{"p/0", "new", 0});
  node.engine().apply(wire::CompactRequest{node.engine().revision()});
  node.flush();
  world.advance(300s);
  EXPECT_EQ(edge.mirror.values.size(), 20u);
  EXPECT_GE(edge.watcher.staleness(), 280s);
  world.heal("edge", "store");
  world.advance(30s);
  EXPECT_EQ(edge.mirror.values.size(), 9u);
  EXPECT_EQ(edge.mirror.values.at("0"), "new");
  EXPECT_EQ(edge.mirror.sizes.back(), 12u) << "all differences at once";
  EXPECT_EQ(edge.watcher.counters().compactions, 1u);
}

TEST(PrefixWatcherOverConnections, FollowsAStoreThatWasReplaced) {
  testing::FakeWorld world;
  StoreNode node(world.host("store"), {});
  node.engine().apply(wire::PutRequest{"p/a", "old", 0});
  node.engine().apply(wire::PutRequest{"p/b", "old", 0});
  WatchingHost edge(world.host("edge"), {.members = {{"store", 2379}}});
  world.run("store", node);
  world.run("edge", edge);
  world.advance(1s);
  world.crash("store");
  StoreNodeConfig config;
  config.store.cluster_id = 2;
  StoreNode replacement(world.host("store"), config);
  replacement.engine().apply(wire::PutRequest{"p/a", "new", 0});
  world.run("store", replacement);
  world.advance(30s);
  EXPECT_EQ(edge.mirror.values, (std::map<std::string, std::string>{{"a", "new"}}));
}

}  // namespace
}  // namespace wanlab::control
