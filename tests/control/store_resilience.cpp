// What every store with a server promises while that server dies, sleeps, is cut off or forgets: no
// acknowledged write is lost, every request ends exactly once and says what became of it, and
// whoever watches misses nothing and hears nothing twice.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "real_components/control/prefix_watcher.hpp"
#include "tests/control/store_conformance.hpp"

namespace wanlab::control {
namespace {

using namespace std::chrono_literals;
using wire::CompactRequest;
using wire::DeleteRequest;
using wire::LeaseGrantRequest;
using wire::LeaseRevokeRequest;
using wire::PutRequest;
using wire::RangeRequest;
using wire::RangeResult;
using wire::TxnRequest;

constexpr Duration patience = 60s;  // for a busy machine; nothing waits so long when all is well

// Somebody who follows a prefix with the watcher that nodes use.
struct Follower final : PrefixObserver {
  explicit Follower(StoreDriver& its_driver, std::string prefix = "p/")
      : driver(its_driver),
        watcher(driver.runtime(), driver.store(), {.prefix = std::move(prefix)}, *this) {
    watcher.start();
  }
  void on_changes(std::span<const PrefixChange> changes, Revision revision) override {
    EXPECT_GE(revision, last) << "went back in time";
    last = revision;
    for (const PrefixChange& change : changes) {
      std::string& line = history.emplace_back(change.removed ? "-" : "+");
      line.append(change.name).append(change.value);
      if (change.removed) {
        EXPECT_EQ(values.erase(std::string(change.name)), 1u) << "removed what was never there";
      } else {
        values[std::string(change.name)] = change.value;
      }
    }
  }
  bool until(const std::function<bool()>& done) {
    return driver.until(
        [&] {
          if (driver.runtime().now() >= next_tick) {
            watcher.tick();
            next_tick = driver.runtime().now() + 1s;
          }
          return done();
        },
        patience);
  }
  bool synchronised() {
    return until([&] { return watcher.state() == PrefixWatcher::State::watching; });
  }

  StoreDriver& driver;
  Instant next_tick{};
  std::map<std::string, std::string> values;
  std::vector<std::string> history;
  Revision last = 0;
  PrefixWatcher watcher;
};

StoreResult operate(StoreDriver& driver, StoreCall call) {
  return driver.call(driver.operator_store(), std::move(call));
}

TEST_P(StoreResilience, AWatcherResumesAfterTheServerWasKilledAndRestarted) {
  put("p/a", "1");
  Follower follower(*driver);
  ASSERT_TRUE(follower.synchronised());
  for (int life = 0; life < 3; ++life) {
    const std::string name = std::string("k").append(std::to_string(life));
    ASSERT_EQ(operate(*driver, PutRequest{std::string("p/").append(name), "1", 0}).status,
              StoreStatus::ok);
    ASSERT_EQ(operate(*driver, PutRequest{std::string("p/").append(name), "2", 0}).status,
              StoreStatus::ok);
    ASSERT_EQ(operate(*driver, DeleteRequest{std::string("p/").append(name), ""}).status,
              StoreStatus::ok);
    driver->kill();
    driver->pass(100ms);
    driver->restart();
  }
  ASSERT_TRUE(follower.until([&] { return follower.history.size() >= 10; }));
  driver->pass(500ms);
  EXPECT_EQ(follower.history, (std::vector<std::string>{"+a1", "+k01", "+k02", "-k0", "+k11",
                                                        "+k12", "-k1", "+k21", "+k22", "-k2"}))
      << "each change once, in order, deletions included";
  EXPECT_EQ(follower.watcher.counters().listings, 1u) << "resumed, not listed again";
  EXPECT_GE(follower.watcher.counters().resumptions, 1u);
}

TEST_P(StoreResilience, AWatcherThatWasCutOffHearsWhatItMissed) {
  put("p/a", "1");
  put("p/b", "1");
  Follower follower(*driver);
  ASSERT_TRUE(follower.synchronised());
  driver->cut_off();
  ASSERT_EQ(operate(*driver, DeleteRequest{"p/a", ""}).status, StoreStatus::ok);
  ASSERT_EQ(operate(*driver, PutRequest{"p/b", "2", 0}).status, StoreStatus::ok);
  ASSERT_EQ(operate(*driver, PutRequest{"p/b", "3", 0}).status, StoreStatus::ok);
  driver->pass(driver->long_absence());
  EXPECT_EQ(follower.values.size(), 2u) << "it keeps what it has";
  driver->reconnect();
  ASSERT_TRUE(follower.until([&] { return follower.values["b"] == "3"; }));
  EXPECT_EQ(follower.history, (std::vector<std::string>{"+a1", "+b1", "-a", "+b2", "+b3"}));
}

TEST_P(StoreResilience, AWatcherFindsWhatChangedBehindACompaction) {
  for (const char* key : {"p/gone", "p/changed", "p/same"}) put(key, "1");
  Follower follower(*driver);
  ASSERT_TRUE(follower.synchronised());
  driver->cut_off();
  ASSERT_EQ(operate(*driver, DeleteRequest{"p/gone", ""}).status, StoreStatus::ok);
  ASSERT_EQ(operate(*driver, PutRequest{"p/changed", "2", 0}).status, StoreStatus::ok);
  const Revision last = operate(*driver, PutRequest{"p/new", "1", 0}).revision;
  ASSERT_EQ(operate(*driver, CompactRequest{last}).status, StoreStatus::ok);
  driver->pass(driver->long_absence());
  driver->reconnect();
  ASSERT_TRUE(follower.until([&] { return follower.values.count("new") == 1; }));
  EXPECT_EQ(follower.values,
            (std::map<std::string, std::string>{{"changed", "2"}, {"new", "1"}, {"same", "1"}}));
  EXPECT_EQ(follower.watcher.counters().compactions, 1u);
  EXPECT_EQ(follower.watcher.counters().listings, 2u);
  ASSERT_TRUE(follower.synchronised());
  ASSERT_EQ(operate(*driver, PutRequest{"p/after", "1", 0}).status, StoreStatus::ok);
  EXPECT_TRUE(follower.until([&] { return follower.values.count("after") == 1; }));
}

TEST_P(StoreResilience, AServerThatStandsStillIsNoticedAndFoundAgain) {
  put("p/a", "1");
  Follower follower(*driver);
  ASSERT_TRUE(follower.synchronised());
  driver->pause();
  driver->store().submit(PutRequest{"p/b", "1", 0}, recorder, 1);
  driver->store().submit(RangeRequest{"p/a"}, recorder, 2);
  ASSERT_TRUE(follower.until([&] { return recorder.results.size() == 2; }))
      << "nobody waits for ever";
  for (const StoreResult& result : recorder.results) {
    EXPECT_TRUE(result.status == StoreStatus::unknown_outcome ||
                result.status == StoreStatus::unavailable)
        << to_string(result.status);
  }
  // Long enough for the watch to be given up as well.
  EXPECT_TRUE(
      follower.until([&] { return follower.watcher.state() != PrefixWatcher::State::watching; }));
  driver->resume();
  EXPECT_TRUE(driver->until(
      [&] {
        return operate(*driver, PutRequest{"p/c", "1", 0}).status == StoreStatus::ok;
      },
      patience));
  ASSERT_TRUE(follower.until([&] { return follower.values.count("c") == 1; }));
  ASSERT_TRUE(follower.synchronised());
  // What had an unknown outcome either happened, and was then heard, or did not.
  const StoreResult b = operate(*driver, RangeRequest{"p/b"});
  EXPECT_EQ(std::get<RangeResult>(b.body).values.size(), follower.values.count("b"));
  driver->store().forget(recorder);
}

TEST_P(StoreResilience, EveryRequestUnderAKillEndsOnceAndTellsTheTruth) {
  constexpr std::uint64_t requests = 200;
  for (std::uint64_t i = 0; i < requests; ++i) {
    driver->store().submit(PutRequest{std::string("w/").append(std::to_string(i)), "x", 0},
                           recorder, i);
    if (i == requests / 2) driver->until([&] { return recorder.results.size() > 20; }, 10s);
    if (i == requests * 3 / 4) driver->kill();
  }
  driver->until([&] { return recorder.results.size() == requests; }, patience);
  ASSERT_EQ(recorder.results.size(), requests);
  driver->restart();
  ASSERT_TRUE(
      driver->until([&] { return call(RangeRequest{"w/0"}).status == StoreStatus::ok; }, patience));
  std::map<StoreStatus, int> outcomes;
  for (std::size_t i = 0; i < requests; ++i) {
    const StoreStatus status = recorder.results[i].status;
    ++outcomes[status];
    const std::string key = std::string("w/").append(std::to_string(recorder.tokens[i]));
    const std::size_t found = range({key}).values.size();
    if (status == StoreStatus::ok) {
      EXPECT_EQ(found, 1u) << key << " was acknowledged";
    } else if (status == StoreStatus::unavailable) {
      EXPECT_EQ(found, 0u) << key << " was said not to have happened";
    } else {
      EXPECT_EQ(status, StoreStatus::unknown_outcome) << to_string(status);
    }
  }
  EXPECT_GT(outcomes[StoreStatus::ok], 20);
  EXPECT_GT(outcomes[StoreStatus::unknown_outcome] + outcomes[StoreStatus::unavailable], 0);
  EXPECT_EQ(std::set<std::uint64_t>(recorder.tokens.begin(), recorder.tokens.end()).size(),
            requests);
}

TEST_P(StoreResilience, RequestsMadeWhileTheServerIsAwayWaitForIt) {
  put("a", "1");
  driver->kill();
  driver->pass(200ms);
  driver->store().submit(PutRequest{"a", "2", 0}, recorder, 1);
  driver->restart();
  ASSERT_TRUE(driver->until([&] { return recorder.results.size() == 1; }, patience));
  if (recorder.results[0].status == StoreStatus::ok) {
    EXPECT_EQ(listed({"a"}), "a=2");
  } else {  // it took too long to come back
    EXPECT_EQ(recorder.results[0].status, StoreStatus::unavailable);
    EXPECT_EQ(listed({"a"}), "a=1");
  }
  driver->store().forget(recorder);
}

TEST_P(StoreResilience, LeasesAndTheirKeysSurviveARestart) {
  ASSERT_EQ(call(LeaseGrantRequest{77, 1'000}).status, StoreStatus::ok);
  put("a", "1", 77);
  driver->kill();
  driver->restart();
  ASSERT_TRUE(
      driver->until([&] { return call(RangeRequest{"a"}).status == StoreStatus::ok; }, patience));
  EXPECT_EQ(range({"a"}).values.at(0).lease, 77);
  EXPECT_EQ(call(LeaseRevokeRequest{77}).status, StoreStatus::ok);
  EXPECT_EQ(listed({"a"}), "");
}

TEST_P(StoreResilience, TenThousandKeysAreListedInPagesAndFollowed) {
  constexpr int keys = 10'000;
  constexpr int per_txn = 100;
  const auto key = [](int i) {
    std::string digits = std::to_string(i);
    return std::string("p/").append(5 - digits.size(), '0').append(digits);
  };
  const auto write_all = [&](const std::string& value) {
    for (int i = 0; i < keys; i += per_txn) {
      TxnRequest txn;
      for (int k = i; k < i + per_txn; ++k) txn.success.emplace_back(PutRequest{key(k), value, 0});
      ASSERT_EQ(operate(*driver, txn).status, StoreStatus::ok);
    }
  };
  write_all("1");
  Follower follower(*driver);
  ASSERT_TRUE(follower.synchronised());
  EXPECT_EQ(follower.values.size(), std::size_t{keys});
  write_all("2");
  ASSERT_TRUE(follower.until([&] { return follower.values[key(keys - 1).substr(2)] == "2"; }));
  EXPECT_EQ(follower.history.size(), 2u * keys) << "each change once";
  ASSERT_EQ(operate(*driver, DeleteRequest{"p/", prefix_end("p/")}).status, StoreStatus::ok);
  ASSERT_TRUE(follower.until([&] { return follower.values.empty(); })) << "one revision, all of it";
  EXPECT_EQ(follower.history.size(), 3u * keys);
  EXPECT_EQ(follower.watcher.counters().listings, 1u);
}

}  // namespace
}  // namespace wanlab::control
