// What an EtcdStore makes of servers that split, repeat, contradict, forget or refuse: each of
// these has been a bug of etcd's (see EtcdStore) or is how it says that something is over.
#include <gtest/gtest.h>

#include "tests/store/etcd_driver.hpp"
#include "tests/store/fake_etcd.hpp"

namespace wanlab::hosting {
namespace {

using namespace std::chrono_literals;
using control::StoreStatus;
using control::WatchNotice;
using testing::FakeEtcd;
using Stream = FakeEtcd::Stream;

struct EtcdMisbehaviour : ::testing::Test {
  void connect(const std::string& user = "") {
    EtcdOptions options = testing::impatient(etcd_options({server.url()}));
    options.user = user;
    options.ping_after = 300ms;
    store = std::make_unique<EtcdStore>(
        options, [this](std::function<void()> task) { tasks.post(std::move(task)); });
  }
  bool until(const std::function<bool()>& done) { return tasks.run_until(done, 20s); }
  void watch_from(control::Revision revision) {
    store->watch({"a", "z", revision, true}, recorder);
  }
  const WatchNotice& last() { return recorder.notices.back(); }

  FakeEtcd server;
  TaskQueue tasks;
  control::Recorder recorder;
  std::unique_ptr<EtcdStore> store;
};

TEST_F(EtcdMisbehaviour, FragmentsAreHandedOutAsWholeRevisions) {
  server.watch = [](int, Stream& stream) {
    FakeEtcd::create(stream, 13);
    etcdserverpb::WatchResponse first = FakeEtcd::response(13);
    FakeEtcd::add(first, "a", 11);
    FakeEtcd::add(first, "b", 12);
    first.set_fragment(true);
    stream.Write(first);
    etcdserverpb::WatchResponse second = FakeEtcd::response(13);
    FakeEtcd::add(second, "c", 12);
    second.set_fragment(true);
    stream.Write(second);
    etcdserverpb::WatchResponse third = FakeEtcd::response(13);
    FakeEtcd::add(third, "d", 12);
    FakeEtcd::add(third, "e", 13);
    stream.Write(third);
    return FakeEtcd::idle(stream);
  };
  connect();
  watch_from(11);
  ASSERT_TRUE(until([&] { return recorder.events.size() == 5; }));
  EXPECT_EQ(recorder.story(), "a=v@11 b=v@12 c=v@12 d=v@12 e=v@13");
  ASSERT_EQ(recorder.notices.size(), 3u);
  EXPECT_EQ(recorder.notices[1].events.size(), 1u) << "revision 12 was not complete yet";
}

TEST_F(EtcdMisbehaviour, EventsHeardBeforeAreDropped) {
  server.watch = [](int, Stream& stream) {
    FakeEtcd::create(stream, 10);
    FakeEtcd::tell(stream, "old", 7);  // from before what was asked for
    FakeEtcd::tell(stream, "a", 11);
    FakeEtcd::tell(stream, "a", 11);
    FakeEtcd::tell(stream, "b", 12);
    return FakeEtcd::idle(stream);
  };
  connect();
  watch_from(11);
  ASSERT_TRUE(until([&] { return recorder.events.size() == 2; }));
  tasks.run_for(100ms);
  EXPECT_EQ(recorder.story(), "a=v@11 b=v@12");
  EXPECT_EQ(store->counters().duplicate_events, 2u);
}

TEST_F(EtcdMisbehaviour, AskedForProgressIsASignOfLifeAndNoMore) {
  server.watch = [](int, Stream& stream) {
    FakeEtcd::create(stream, 10);
    etcdserverpb::WatchRequest request;
    if (!stream.Read(&request)) return grpc::Status::OK;
    EXPECT_TRUE(request.has_progress_request());
    FakeEtcd::progress(stream, 20, true);
    FakeEtcd::tell(stream, "a", 15);  // the answer had overtaken it
    return FakeEtcd::idle(stream);
  };
  connect();
  watch_from(11);
  ASSERT_TRUE(until([&] { return recorder.events.size() == 1; }));
  ASSERT_EQ(recorder.notices[1].kind, WatchNotice::Kind::progress);
  EXPECT_EQ(recorder.notices[1].revision, 10) << "not 20: that was not told yet";
}

TEST_F(EtcdMisbehaviour, ProgressToldByTheServerIsBelieved) {
  server.watch = [](int, Stream& stream) {
    FakeEtcd::create(stream, 10);
    FakeEtcd::progress(stream, 20, false);
    return FakeEtcd::idle(stream);
  };
  connect();
  watch_from(11);
  ASSERT_TRUE(until([&] { return recorder.notices.size() == 2; }));
  EXPECT_EQ(last().revision, 20);
}

TEST_F(EtcdMisbehaviour, AnEventThatContradictsProgressEndsTheWatchAsCompacted) {
  server.watch = [](int, Stream& stream) {
    FakeEtcd::create(stream, 10);
    FakeEtcd::progress(stream, 20, false);
    FakeEtcd::tell(stream, "a", 15);
    return FakeEtcd::idle(stream);
  };
  connect();
  watch_from(11);
  ASSERT_TRUE(until([&] { return recorder.notices.size() == 3; }));
  EXPECT_EQ(last().kind, WatchNotice::Kind::canceled);
  EXPECT_EQ(last().reason, StoreStatus::compacted) << "whoever watches must list again";
  EXPECT_EQ(store->counters().contradictions, 1u);
}

TEST_F(EtcdMisbehaviour, AMemberThatGoesBackInTimeIsLeft) {
  server.watch = [](int, Stream& stream) {
    FakeEtcd::create(stream, 10);
    FakeEtcd::tell(stream, "a", 15);
    FakeEtcd::progress(stream, 12, false);
    return FakeEtcd::idle(stream);
  };
  connect();
  watch_from(11);
  ASSERT_TRUE(until([&] { return !recorder.broken.empty(); }));
  EXPECT_NE(store->last_error().find("back in time"), std::string::npos);
}

TEST_F(EtcdMisbehaviour, AWatchAsksForOneRevisionMoreThanItNeeds) {
  server.watch = [](int, Stream& stream) {
    FakeEtcd::create(stream, 10);
    return FakeEtcd::idle(stream);
  };
  connect();
  watch_from(11);
  store->watch({"a"}, recorder);
  ASSERT_TRUE(until([&] { return recorder.notices.size() == 2; }));
  std::vector<std::int64_t> asked;
  for (const auto& each : server.created()) asked.push_back(each.start_revision());
  std::sort(asked.begin(), asked.end());
  EXPECT_EQ(asked, (std::vector<std::int64_t>{0, 10}));
}

TEST_F(EtcdMisbehaviour, AWatchThatNeverComesAboutOrFallsSilentTakesItsConnectionWithIt) {
  server.watch = [](int number, Stream& stream) {
    if (number == 1) FakeEtcd::create(stream, 10);
    return FakeEtcd::idle(stream);
  };
  connect();
  watch_from(11);
  ASSERT_TRUE(until([&] { return recorder.broken.size() == 1; }));
  EXPECT_EQ(recorder.notices.size(), 1u);
  EXPECT_NE(store->last_error().find("no sign of life"), std::string::npos);
  watch_from(11);
  ASSERT_TRUE(until([&] { return recorder.broken.size() == 2; }));
  EXPECT_EQ(recorder.notices.size(), 1u) << "the second was never created";
}

TEST_F(EtcdMisbehaviour, ARefusedWatchIsTriedOnceMoreWithANewToken) {
  server.watch = [](int number, Stream& stream) {
    if (number == 2) {
      FakeEtcd::create(stream, 10);
      return FakeEtcd::idle(stream);
    }
    etcdserverpb::WatchResponse refusal = FakeEtcd::response(10);
    refusal.set_created(true);
    refusal.set_canceled(true);
    refusal.set_cancel_reason("etcdserver: permission denied");
    stream.Write(refusal);
    return FakeEtcd::idle(stream);
  };
  connect("edge");
  watch_from(11);
  ASSERT_TRUE(until([&] { return recorder.notices.size() == 1; }));
  EXPECT_EQ(last().kind, WatchNotice::Kind::created);
  EXPECT_EQ(server.tokens, 2);
  store->watch({"b"}, recorder);
  ASSERT_TRUE(until([&] { return recorder.notices.size() == 2; }));
  EXPECT_EQ(last().reason, StoreStatus::permission_denied) << "then it is believed";
  EXPECT_EQ(server.tokens, 3);
}

TEST_F(EtcdMisbehaviour, AForgottenTokenIsRenewedAndTheRequestSentAgain) {
  server.put = [](int, const std::string& token) {
    return token == "token-2"
               ? grpc::Status::OK
               : grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "etcdserver: invalid auth token");
  };
  connect("edge");
  for (std::uint64_t i = 0; i < 20; ++i) store->submit(wire::PutRequest{"a", "1", 0}, recorder, i);
  ASSERT_TRUE(until([&] { return recorder.results.size() == 20; }));
  for (const auto& result : recorder.results) EXPECT_EQ(result.status, StoreStatus::ok);
  EXPECT_EQ(server.tokens, 2) << "once for all of them";
}

TEST_F(EtcdMisbehaviour, ATokenThatIsNeverGoodEndsRequestsAsNotExecuted) {
  server.put = [](int, const std::string&) {
    return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "etcdserver: invalid auth token");
  };
  connect("edge");
  store->submit(wire::PutRequest{"a", "1", 0}, recorder, 1);
  ASSERT_TRUE(until([&] { return recorder.results.size() == 1; }));
  EXPECT_EQ(recorder.results[0].status, StoreStatus::unavailable);
}

TEST_F(EtcdMisbehaviour, EachErrorOfARequestMeansWhatItSays) {
  struct Case {
    grpc::StatusCode code;
    const char* text;
    StoreStatus meaning;
  };
  static const std::vector<Case> cases{
      {grpc::StatusCode::UNAVAILABLE, "etcdserver: no leader", StoreStatus::unavailable},
      {grpc::StatusCode::UNAVAILABLE, "etcdserver: request timed out",
       StoreStatus::unknown_outcome},
      {grpc::StatusCode::UNAVAILABLE, "etcdserver: server stopped", StoreStatus::unknown_outcome},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, "etcdserver: too many requests",
       StoreStatus::unavailable},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded",
       StoreStatus::unavailable},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, "grpc: received message larger than max",
       StoreStatus::too_large},
      {grpc::StatusCode::INVALID_ARGUMENT, "etcdserver: request is too large",
       StoreStatus::too_large},
      {grpc::StatusCode::PERMISSION_DENIED, "etcdserver: permission denied",
       StoreStatus::permission_denied},
      {grpc::StatusCode::INVALID_ARGUMENT, "etcdserver: user name is empty",
       StoreStatus::permission_denied},
      {grpc::StatusCode::DATA_LOSS, "etcdserver: corrupt cluster", StoreStatus::unavailable},
      {grpc::StatusCode::INTERNAL, "whatever", StoreStatus::unknown_outcome},
  };
  server.put = [](int number, const std::string&) {
    const Case& each = cases[static_cast<std::size_t>(number - 1)];
    return grpc::Status(each.code, each.text);
  };
  connect();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    store->submit(wire::PutRequest{"a", "1", 0}, recorder, i);
    ASSERT_TRUE(until([&] { return recorder.results.size() == i + 1; }));
    EXPECT_EQ(recorder.results[i].status, cases[i].meaning) << cases[i].text;
  }
}

}  // namespace
}  // namespace wanlab::hosting
