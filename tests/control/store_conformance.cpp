// What every Store promises: etcd v3's API guarantees, as far as this system relies on them.
// Written against the Store interface alone; whatever a store is known to do otherwise is in the
// Tolerance of its driver.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/control/store_conformance.hpp"

namespace wanlab::control {
namespace {

using wire::CompactRequest;
using wire::DeleteRequest;
using wire::DeleteResult;
using wire::LeaseGrantRequest;
using wire::LeaseKeepAliveRequest;
using wire::LeaseResult;
using wire::LeaseRevokeRequest;
using wire::PutRequest;
using wire::RangeRequest;
using wire::RangeResult;
using wire::TxnRequest;
using wire::TxnResult;
using Target = Compare::Target;
using Relation = Compare::Relation;

// --- revisions and keys ---

TEST_P(StoreConformance, EveryWriteIsOneRevisionAndReadsAreNone) {
  const Revision before = revision();
  EXPECT_EQ(put("a", "1"), before + 1);
  EXPECT_EQ(put("a", "1"), before + 2) << "the same value again is still a write";
  EXPECT_EQ(range({"a"}).count, 1);
  EXPECT_EQ(remove("a"), 1);
  EXPECT_EQ(revision(), before + 3);
  EXPECT_EQ(remove("a"), 0);
  EXPECT_EQ(revision(), before + 3) << "deleting nothing changes nothing";
}

TEST_P(StoreConformance, AKeyKnowsItsCreationItsLastWriteAndItsVersion) {
  const Revision first = put("a", "1");
  const Revision second = put("a", "2");
  EXPECT_EQ(range({"a"}).values.at(0), (KeyValue{"a", "2", first, second, 2, 0}));
  remove("a");
  const Revision again = put("a", "3");
  EXPECT_EQ(range({"a"}).values.at(0), (KeyValue{"a", "3", again, again, 1, 0}))
      << "a key created anew begins at version 1";
}

TEST_P(StoreConformance, RangesAreHalfOpenAndSorted) {
  for (const char* key : {"b", "a/2", "c", "a/1", "a"}) put(key, key);
  EXPECT_EQ(listed({"a", "b"}), "a=a a/1=a/1 a/2=a/2");
  EXPECT_EQ(listed({"a/", prefix_end("a/")}), "a/1=a/1 a/2=a/2");
  EXPECT_EQ(listed({"b", std::string(1, '\0')}), "b=b c=c");
  EXPECT_EQ(listed({"b"}), "b=b");
  EXPECT_EQ(listed({"c", "a"}), "");
  EXPECT_EQ(remove("a", "b"), 3);
  EXPECT_EQ(listed({"a", "z"}), "b=b c=c");
}

TEST_P(StoreConformance, PrefixesThatEndInTheLargestByteAreRangesToo) {
  put("p\xff", "1");
  put("p\xff\xff", "2");
  put("q", "3");
  EXPECT_EQ(listed({"p\xff", prefix_end("p\xff")}), "p\xff=1 p\xff\xff=2");
  EXPECT_EQ(prefix_end("\xff\xff"), std::string(1, '\0'));
}

TEST_P(StoreConformance, ALimitCutsAndSaysSo) {
  for (const char* key : {"a", "b", "c"}) put(key, "x");
  RangeResult page = range({"a", "z", 0, 2});
  EXPECT_EQ(page.values.size(), 2u);
  EXPECT_TRUE(page.more);
  EXPECT_EQ(page.count, 3);
  page = range({std::string("b\0", 2), "z", 0, 2});
  EXPECT_EQ(page.values.size(), 1u);
  EXPECT_FALSE(page.more);
}

TEST_P(StoreConformance, KeysOrCountsAloneCanBeAskedFor) {
  put("a", "1");
  EXPECT_EQ(range({"a", "", 0, 0, true}).values.at(0).value, "");
  const RangeResult counted = range({"a", "z", 0, 0, false, true});
  EXPECT_EQ(counted.count, 1);
  EXPECT_TRUE(counted.values.empty());
}

TEST_P(StoreConformance, ThePastCanBeRead) {
  const Revision first = put("a", "1");
  put("b", "1");
  put("a", "2");
  const Revision second = revision();
  remove("a");
  EXPECT_EQ(listed({"a", "z", first}), "a=1");
  EXPECT_EQ(listed({"a", "z", second}), "a=2 b=1");
  EXPECT_EQ(listed({"a", "z"}), "b=1");
  EXPECT_EQ(call(RangeRequest{"a", "", revision() + 1}).status, StoreStatus::future_revision);
}

TEST_P(StoreConformance, EmptyKeysAreRefused) {
  EXPECT_EQ(call(PutRequest{"", "x", 0}).status, StoreStatus::invalid_request);
  EXPECT_EQ(call(RangeRequest{""}).status, StoreStatus::invalid_request);
  EXPECT_EQ(call(DeleteRequest{""}).status, StoreStatus::invalid_request);
}

TEST_P(StoreConformance, RequestsAboveOneAndAHalfMebibytesAreRefused) {
  const Revision before = revision();
  EXPECT_EQ(call(PutRequest{"a", std::string(1536 * 1024, 'x'), 0}).status, StoreStatus::too_large);
  // etcd counts a few dozen bytes of its own.
  EXPECT_EQ(call(PutRequest{"a", std::string(1535 * 1024, 'x'), 0}).status, StoreStatus::ok);
  EXPECT_EQ(revision(), before + 1);
}

// --- transactions ---

TEST_P(StoreConformance, ATransactionComparesAndSwaps) {
  const Revision created = put("a", "1");
  TxnRequest swap;
  swap.compares = {{Target::mod_revision, Relation::equal, "a", created, ""}};
  swap.success = {PutRequest{"a", "2", 0}, RangeRequest{"a"}};
  swap.failure = {RangeRequest{"a"}};
  TxnResult done = std::get<TxnResult>(call(swap).body);
  EXPECT_TRUE(done.succeeded);
  EXPECT_EQ(std::get<RangeResult>(done.results.at(1)).values.at(0).value, "2")
      << "it sees its own writes";
  done = std::get<TxnResult>(call(swap).body);
  EXPECT_FALSE(done.succeeded) << "somebody was faster";
  EXPECT_EQ(std::get<RangeResult>(done.results.at(0)).values.at(0).value, "2");
}

TEST_P(StoreConformance, EveryComparisonMeansWhatItSays) {
  put("a", "m");
  put("a", "m");
  const KeyValue a = range({"a"}).values.at(0);
  const auto holds = [&](Compare compare) {
    return std::get<TxnResult>(call(TxnRequest{{std::move(compare)}, {}, {}}).body).succeeded;
  };
  for (const auto& [target, number] : {std::pair{Target::version, a.version},
                                       std::pair{Target::create_revision, a.create_revision},
                                       std::pair{Target::mod_revision, a.mod_revision}}) {
    for (const std::int64_t other : {number - 1, number, number + 1}) {
      EXPECT_EQ(holds({target, Relation::equal, "a", other, ""}), number == other);
      EXPECT_EQ(holds({target, Relation::not_equal, "a", other, ""}), number != other);
      EXPECT_EQ(holds({target, Relation::less, "a", other, ""}), number < other);
      EXPECT_EQ(holds({target, Relation::greater, "a", other, ""}), number > other);
    }
  }
  EXPECT_TRUE(holds({Target::value, Relation::equal, "a", 0, "m"}));
  EXPECT_TRUE(holds({Target::value, Relation::greater, "a", 0, "l"}));
  EXPECT_TRUE(holds({Target::value, Relation::less, "a", 0, "n"}));
  EXPECT_FALSE(holds({Target::value, Relation::not_equal, "a", 0, "m"}));
}

TEST_P(StoreConformance, AnAbsentKeyHasVersionZeroAndNoValue) {
  put("gone", "x");
  remove("gone");
  for (const char* key : {"never", "gone"}) {
    const auto holds = [&](Compare compare) {
      return std::get<TxnResult>(call(TxnRequest{{std::move(compare)}, {}, {}}).body).succeeded;
    };
    EXPECT_TRUE(holds({Target::version, Relation::equal, key, 0, ""}));
    EXPECT_TRUE(holds({Target::create_revision, Relation::equal, key, 0, ""}));
    EXPECT_TRUE(holds({Target::mod_revision, Relation::equal, key, 0, ""}));
    EXPECT_FALSE(holds({Target::value, Relation::equal, key, 0, ""}));
    EXPECT_FALSE(holds({Target::value, Relation::not_equal, key, 0, "x"}));
  }
}

TEST_P(StoreConformance, ATransactionIsOneRevisionOrNone) {
  put("old", "x");
  const Revision before = revision();
  TxnRequest txn;
  txn.success = {PutRequest{"a", "1", 0}, PutRequest{"b", "1", 0}, DeleteRequest{"old"}};
  EXPECT_EQ(call(txn).revision, before + 1);
  EXPECT_EQ(range({"a"}).values.at(0).mod_revision, before + 1);
  EXPECT_EQ(range({"b"}).values.at(0).mod_revision, before + 1);
  txn.success = {RangeRequest{"a"}, DeleteRequest{"old"}};
  EXPECT_EQ(call(txn).revision, before + 1) << "nothing was written";
}

TEST_P(StoreConformance, ATransactionThatCannotSucceedChangesNothing) {
  const Revision before = revision();
  TxnRequest txn;
  txn.success = {PutRequest{"a", "1", 0}, PutRequest{"b", "1", 4711}};
  EXPECT_EQ(call(txn).status, StoreStatus::lease_not_found);
  txn.success = {PutRequest{"a", "1", 0}, RangeRequest{"a", "", before + 100}};
  EXPECT_EQ(call(txn).status, StoreStatus::future_revision);
  txn.success = {PutRequest{"a", "1", 0}, PutRequest{"a", "2", 0}};
  EXPECT_EQ(call(txn).status, StoreStatus::invalid_request) << "the same key twice";
  txn.success = {PutRequest{"a", "1", 0}, DeleteRequest{"a", "b"}};
  EXPECT_EQ(call(txn).status, StoreStatus::invalid_request) << "the same key twice";
  txn.success.assign(129, RangeRequest{"a"});
  EXPECT_EQ(call(txn).status, StoreStatus::invalid_request) << "more than 128 operations";
  EXPECT_EQ(revision(), before);
  EXPECT_EQ(listed({"a", "z"}), "");
}

// --- watches ---

TEST_P(StoreConformance, AWatchHearsWhatHappensFromItsCreationOn) {
  put("a", "before");
  const WatchId watch = driver->store().watch({"a", "b"}, recorder);
  driver->settle();
  ASSERT_EQ(recorder.notices.size(), 1u);
  EXPECT_EQ(recorder.notices[0].kind, WatchNotice::Kind::created);
  EXPECT_EQ(recorder.notices[0].revision, revision());
  const Revision r = revision();
  put("a", "1");
  put("b", "outside");
  put("aa", "2");
  remove("a");
  driver->settle();
  EXPECT_EQ(recorder.story(), std::string("a=1@") + std::to_string(r + 1) + std::string(" aa=2@") +
                                  std::to_string(r + 3) + std::string(" -a@") +
                                  std::to_string(r + 4));
  EXPECT_EQ(recorder.watched.back(), watch);
  driver->store().cancel_watch(watch);
  driver->settle();
  const std::size_t heard = recorder.notices.size();
  put("a", "unheard");
  driver->settle();
  EXPECT_EQ(recorder.notices.size(), heard);
}

TEST_P(StoreConformance, AWatchFromThePastHearsEverythingSince) {
  put("a", "1");
  const Revision from = put("a", "2");
  remove("a");
  put("a", "3");
  driver->store().watch({"a", "", from}, recorder);
  driver->until([&] { return recorder.events.size() >= 3; }, 60s);
  EXPECT_EQ(recorder.story(), std::string("a=2@") + std::to_string(from) + std::string(" -a@") +
                                  std::to_string(from + 1) + std::string(" a=3@") +
                                  std::to_string(from + 2));
  EXPECT_EQ(recorder.events[2].kv.version, 1);
}

TEST_P(StoreConformance, AWatchFromTheFutureWaitsForIt) {
  const Revision from = revision() + 3;
  driver->store().watch({"a", "", from}, recorder);
  for (const char* value : {"1", "2", "3", "4"}) put("a", value);
  driver->until([&] { return recorder.events.size() >= 2; }, 60s);
  EXPECT_EQ(recorder.story(), std::string("a=3@") + std::to_string(from) + std::string(" a=4@") +
                                  std::to_string(from + 1));
}

TEST_P(StoreConformance, ARevisionIsNeverSplitBetweenNotices) {
  driver->store().watch({"k", "l"}, recorder);
  driver->settle();
  for (int i = 0; i < 40; ++i) {
    TxnRequest txn;
    for (int k = 0; k < 100; ++k)
      txn.success.emplace_back(PutRequest{std::string("k").append(std::to_string(k)), "v", 0});
    driver->store().submit(txn, recorder, 1);  // all at once, so that notices hold many
  }
  driver->until([&] { return recorder.events.size() >= 4'000; }, 60s);
  EXPECT_EQ(recorder.events.size(), 4'000u);
  Revision last = 0;
  for (const WatchNotice& notice : recorder.notices) {
    if (notice.events.empty()) continue;
    EXPECT_GT(notice.events.front().kv.mod_revision, last);
    last = notice.events.back().kv.mod_revision;
    EXPECT_EQ(notice.events.size() % 100, 0u);
  }
}

TEST_P(StoreConformance, WatchesDoNotDisturbEachOther) {
  Recorder other;
  driver->store().watch({"a"}, recorder);
  const WatchId second = driver->store().watch({"b"}, other);
  driver->settle();  // what is written before a watch is created, it does not hear
  put("a", "1");
  put("b", "2");
  driver->settle();
  EXPECT_EQ(recorder.events.size(), 1u);
  EXPECT_EQ(other.events.size(), 1u);
  driver->store().cancel_watch(second);
  put("a", "3");
  put("b", "4");
  driver->settle();
  EXPECT_EQ(recorder.events.size(), 2u);
  EXPECT_EQ(other.events.size(), 1u);
  driver->store().forget(recorder);
  driver->store().forget(other);
}

// --- compaction ---

TEST_P(StoreConformance, CompactionForgetsThePastAndKeepsThePresent) {
  put("a", "1");
  const Revision kept = put("a", "2");
  put("b", "1");
  EXPECT_EQ(call(CompactRequest{kept}).status, StoreStatus::ok);
  EXPECT_EQ(listed({"a", "z"}), "a=2 b=1");
  EXPECT_EQ(listed({"a", "z", kept}), "a=2");
  const StoreResult past = call(RangeRequest{"a", "", kept - 1});
  EXPECT_EQ(past.status, StoreStatus::compacted);
  if (driver->tolerance().tells_where_it_was_compacted) {
    EXPECT_EQ(past.compact_revision, kept);
  }
  EXPECT_EQ(call(CompactRequest{kept}).status, StoreStatus::compacted) << "already done";
  EXPECT_EQ(call(CompactRequest{revision() + 1}).status, StoreStatus::future_revision);
  EXPECT_EQ(range({"a"}).values.at(0).version, 2) << "versions go on counting";
}

TEST_P(StoreConformance, AWatchFromACompactedRevisionIsCancelledForThatReason) {
  const Revision from = put("a", "1");
  put("a", "2");
  put("a", "3");
  ASSERT_EQ(call(CompactRequest{from + 2}).status, StoreStatus::ok);
  driver->store().watch({"a", "", from}, recorder);
  driver->until([&] { return heard_the_end(); }, 60s);
  ASSERT_FALSE(recorder.notices.empty());
  EXPECT_EQ(recorder.notices.back().kind, WatchNotice::Kind::canceled);
  EXPECT_EQ(recorder.notices.back().reason, StoreStatus::compacted);
  EXPECT_EQ(recorder.notices.back().compact_revision, from + 2);
  EXPECT_TRUE(recorder.events.empty());
}

TEST_P(StoreConformance, AWatchFromTheCompactedRevisionItselfMissesNothingNotEvenADeletion) {
  put("a", "1");
  remove("a");
  const Revision deletion = revision();
  put("b", "1");
  ASSERT_EQ(call(CompactRequest{deletion}).status, StoreStatus::ok);
  driver->store().watch({"a", "z", deletion}, recorder);
  driver->until([&] { return heard_the_end() || recorder.events.size() >= 2; }, 60s);
  if (!driver->tolerance().watches_from_the_compacted_revision) {
    ASSERT_FALSE(recorder.notices.empty());
    EXPECT_EQ(recorder.notices.back().reason, StoreStatus::compacted);
    return;
  }
  EXPECT_EQ(recorder.story(), std::string("-a@") + std::to_string(deletion) + std::string(" b=1@") +
                                  std::to_string(deletion + 1));
}

TEST_P(StoreConformance, ARunningWatchSurvivesCompactionOfWhatItHeard) {
  driver->store().watch({"a"}, recorder);
  driver->settle();
  const Revision heard = put("a", "1");
  driver->settle();
  ASSERT_EQ(call(CompactRequest{heard}).status, StoreStatus::ok);
  put("a", "2");
  driver->settle();
  EXPECT_EQ(recorder.events.size(), 2u);
}

// --- leases ---

TEST_P(StoreConformance, AnExpiredLeaseDeletesItsKeysAsOneRevision) {
  const StoreResult granted = call(LeaseGrantRequest{0, 4});
  const std::int64_t lease = std::get<LeaseResult>(granted.body).id;
  EXPECT_NE(lease, 0);
  EXPECT_EQ(std::get<LeaseResult>(granted.body).ttl_seconds, 4);
  put("a", "1", lease);
  put("b", "1", lease);
  put("c", "1");
  EXPECT_EQ(range({"a"}).values.at(0).lease, lease);
  driver->store().watch({"a", "z"}, recorder);
  const Revision before = revision();
  driver->pass(3s);
  EXPECT_EQ(listed({"a", "z"}), "a=1 b=1 c=1");
  driver->pass(1s + driver->tolerance().lease_slack);
  EXPECT_EQ(listed({"a", "z"}), "c=1");
  EXPECT_EQ(revision(), before + 1);
  EXPECT_EQ(recorder.story(), std::string("-a@") + std::to_string(before + 1) +
                                  std::string(" -b@") + std::to_string(before + 1));
  EXPECT_EQ(call(PutRequest{"a", "2", lease}).status, StoreStatus::lease_not_found);
  EXPECT_EQ(call(LeaseKeepAliveRequest{lease}).status, StoreStatus::lease_not_found);
}

TEST_P(StoreConformance, ALeaseKeptAliveLives) {
  const std::int64_t lease = std::get<LeaseResult>(call(LeaseGrantRequest{77, 4}).body).id;
  EXPECT_EQ(lease, 77);
  put("a", "1", lease);
  for (int i = 0; i < 3; ++i) {
    driver->pass(3s);
    EXPECT_EQ(call(LeaseKeepAliveRequest{lease}).status, StoreStatus::ok);
  }
  EXPECT_EQ(listed({"a"}), "a=1");
  driver->pass(4s + driver->tolerance().lease_slack);
  EXPECT_EQ(listed({"a"}), "");
}

TEST_P(StoreConformance, ALeaseCanBeRevoked) {
  call(LeaseGrantRequest{77, 100});
  EXPECT_EQ(call(LeaseGrantRequest{77, 100}).status, StoreStatus::lease_exists);
  put("a", "1", 77);
  EXPECT_EQ(call(LeaseRevokeRequest{77}).status, StoreStatus::ok);
  EXPECT_EQ(listed({"a"}), "");
  EXPECT_EQ(call(LeaseRevokeRequest{77}).status, StoreStatus::lease_not_found);
}

TEST_P(StoreConformance, AKeyWrittenAgainLeavesItsOldLease) {
  call(LeaseGrantRequest{1, 3});
  call(LeaseGrantRequest{2, 1'000});
  put("free", "1", 1);
  put("moved", "1", 1);
  put("kept", "1", 1);
  put("free", "2");
  put("moved", "2", 2);
  driver->pass(3s + driver->tolerance().lease_slack);
  EXPECT_EQ(listed({"a", "z"}), "free=2 moved=2");
}

TEST_P(StoreConformance, AVeryShortLeaseIsMadeTwoSecondsLong) {
  EXPECT_EQ(std::get<LeaseResult>(call(LeaseGrantRequest{0, 1}).body).ttl_seconds, 2);
}

// --- calls ---

TEST_P(StoreConformance, AnswersComeAfterTheCallReturnedOncePerCallWithItsToken) {
  for (std::uint64_t token = 10; token < 13; ++token) {
    driver->store().submit(PutRequest{"a", "1", 0}, recorder, token);
  }
  EXPECT_TRUE(recorder.results.empty());
  driver->until([&] { return recorder.results.size() >= 3; }, 60s);
  std::sort(recorder.tokens.begin(), recorder.tokens.end());  // in any order
  EXPECT_EQ(recorder.tokens, (std::vector<std::uint64_t>{10, 11, 12}));
  driver->settle();
  EXPECT_EQ(recorder.tokens.size(), 3u);
}

TEST_P(StoreConformance, AForgottenObserverHearsNothing) {
  driver->store().submit(PutRequest{"a", "1", 0}, recorder, 1);
  driver->store().watch({"a", "", 1}, recorder);
  driver->store().forget(recorder);
  driver->settle();
  EXPECT_TRUE(recorder.results.empty());
  EXPECT_TRUE(recorder.notices.empty());
}

}  // namespace
}  // namespace wanlab::control
