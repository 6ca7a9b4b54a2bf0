// What only a real etcd can show: TLS, users and tokens, key prefixes, clusters of several members,
// and that no etcd outlives the test that started it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "real_components/control/record_watcher.hpp"
#include "real_components/hosting/certificates.hpp"
#include "real_components/hosting/etcd/etcd_setup.hpp"
#include "tests/store/etcd_driver.hpp"

namespace wanlab::hosting {
namespace {

using namespace std::chrono_literals;
using control::Recorder;
using control::StoreResult;
using control::StoreStatus;
using control::WatchNotice;
using emulation::EtcdServer;
using emulation::EtcdServerOptions;
using wire::PutRequest;
using wire::RangeRequest;
using wire::RangeResult;

constexpr Duration patience = 60s;

struct EtcdTest : ::testing::Test {
  std::unique_ptr<EtcdStore> connect(EtcdOptions options) {
    return std::make_unique<EtcdStore>(
        testing::impatient(std::move(options)),
        [this](std::function<void()> task) { tasks.post(std::move(task)); });
  }
  bool until(const std::function<bool()>& done, Duration limit = patience) {
    return tasks.run_until(done, limit);
  }
  StoreResult call(EtcdStore& store, control::StoreCall request) {
    Recorder recorder;
    store.submit(std::move(request), recorder, 1);
    until([&] { return !recorder.results.empty(); });
    store.forget(recorder);
    return recorder.results.empty() ? StoreResult{StoreStatus::unavailable, 0, 0, 0, {}}
                                    : recorder.results[0];
  }
  StoreStatus put(EtcdStore& store, const std::string& key, const std::string& value = "1") {
    return call(store, PutRequest{key, value, 0}).status;
  }
  std::string keys(EtcdStore& store) {
    const StoreResult result =
        call(store, RangeRequest{std::string(1, '\0'), std::string(1, '\0')});
    std::string text = std::string(to_string(result.status)) + ":";
    if (const auto* range = std::get_if<RangeResult>(&result.body)) {
      for (const auto& kv : range->values) text.append(" ").append(kv.key);
    }
    return text;
  }

  testing::TemporaryFolder folder;
  TaskQueue tasks;
};

// --- TLS and users ------------------------------------------------------------------------------

struct GuardedEtcd : EtcdTest {
  GuardedEtcd() {
    authority.issue({.name = "etcd", .addresses = {"127.0.0.1"}});
    authority.issue({.name = "client"});
    EtcdServerOptions server_options;
    server_options.folder = folder.path() / "etcd";
    server_options.certificate = authority.certificate_of("etcd");
    server_options.key = authority.key_of("etcd");
    server_options.ca = authority.certificate();
    server_options.token_life = 3s;
    server = testing::started(server_options);
    options = etcd_options({server->url()});
    options.tls.ca_file = authority.certificate().string();
    options.tls.certificate_file = authority.certificate_of("client").string();
    options.tls.key_file = authority.key_of("client").string();
    options.request_timeout = 30s;  // the first one may find etcd still coming up
    enable_authentication(options, "root secret",
                          {{"edge", "edge secret", "/wanlab/routes/", false},
                           {"operator", "operator secret", "/wanlab/", true}});
  }
  EtcdOptions as(const std::string& user, const std::string& password) {
    EtcdOptions mine = options;
    mine.user = user;
    mine.password = password;
    return mine;
  }

  DevelopmentAuthority authority{folder.path()};
  std::unique_ptr<EtcdServer> server;
  EtcdOptions options;
};

TEST_F(GuardedEtcd, LetsUsersDoWhatTheirRoleAllows) {
  const auto edge = connect(as("edge", "edge secret"));
  const auto admin = connect(as("operator", "operator secret"));
  EXPECT_EQ(put(*admin, "/wanlab/routes/app"), StoreStatus::ok);
  EXPECT_EQ(put(*admin, "/elsewhere"), StoreStatus::permission_denied);
  const StoreResult read = call(*edge, RangeRequest{"/wanlab/routes/app"});
  EXPECT_EQ(std::get<RangeResult>(read.body).count, 1);
  EXPECT_EQ(put(*edge, "/wanlab/routes/app"), StoreStatus::permission_denied);
  EXPECT_EQ(call(*edge, RangeRequest{"/wanlab/credentials/app"}).status,
            StoreStatus::permission_denied);
  Recorder routes;
  Recorder credentials;
  edge->watch({"/wanlab/routes/", control::prefix_end("/wanlab/routes/"), 1}, routes);
  edge->watch({"/wanlab/credentials/", control::prefix_end("/wanlab/credentials/"), 1},
              credentials);
  EXPECT_TRUE(until([&] { return routes.events.size() == 1 && !credentials.notices.empty(); }));
  ASSERT_FALSE(credentials.notices.empty());
  EXPECT_EQ(credentials.notices.back().reason, StoreStatus::permission_denied);
  edge->forget(routes);
  edge->forget(credentials);
}

TEST_F(GuardedEtcd, RefusesWrongPasswordsNobodyAndStrangers) {
  const auto wrong = connect(as("edge", "guessed"));
  EXPECT_EQ(put(*wrong, "/wanlab/routes/app"), StoreStatus::unavailable);
  EXPECT_NE(wrong->last_error().find("invalid user ID or password"), std::string::npos)
      << wrong->last_error();
  const auto nobody = connect(options);
  EXPECT_EQ(put(*nobody, "/wanlab/routes/app"), StoreStatus::permission_denied);

  EtcdOptions unsigned_one = as("edge", "edge secret");
  unsigned_one.tls.certificate_file.clear();
  const auto stranger = connect(unsigned_one);
  EXPECT_EQ(put(*stranger, "/wanlab/routes/app"), StoreStatus::unavailable);

  const DevelopmentAuthority other(folder.path() / "other");
  EtcdOptions deceived = as("edge", "edge secret");
  deceived.tls.ca_file = other.certificate().string();
  const auto careful = connect(deceived);
  EXPECT_EQ(put(*careful, "/wanlab/routes/app"), StoreStatus::unavailable)
      << "a server of another authority is not spoken to";
  EXPECT_EQ(careful->counters().tokens, 0u) << "and never hears a password";

  EtcdOptions misnamed = as("edge", "edge secret");
  misnamed.tls.key_file = (folder.path() / "nowhere.key").string();
  const auto clumsy = connect(misnamed);
  EXPECT_EQ(put(*clumsy, "/wanlab/routes/app"), StoreStatus::unavailable);
  EXPECT_NE(clumsy->last_error().find("cannot read"), std::string::npos) << clumsy->last_error();
}

TEST_F(GuardedEtcd, RenewsTokensThatEtcdHasForgotten) {
  const auto store = connect(as("operator", "operator secret"));
  Recorder early;
  Recorder late;
  store->watch({"/wanlab/", control::prefix_end("/wanlab/")}, early);
  ASSERT_TRUE(until([&] { return !early.notices.empty(); }));
  ASSERT_EQ(put(*store, "/wanlab/a"), StoreStatus::ok);
  EXPECT_EQ(store->counters().tokens, 1u);
  tasks.run_for(6s);  // a token unused for 3 s is forgotten
  store->watch({"/wanlab/", control::prefix_end("/wanlab/")}, late);
  ASSERT_TRUE(until([&] { return !late.notices.empty(); }));
  EXPECT_EQ(late.notices[0].kind, WatchNotice::Kind::created);
  EXPECT_EQ(store->counters().tokens, 2u);
  tasks.run_for(6s);
  EXPECT_EQ(put(*store, "/wanlab/b"), StoreStatus::ok);
  EXPECT_EQ(store->counters().tokens, 3u);
  EXPECT_TRUE(until([&] { return early.events.size() == 2 && late.events.size() == 1; }))
      << "running watches are not disturbed";
  EXPECT_EQ(store->counters().connections, 1u);
  store->forget(early);
  store->forget(late);
}

TEST_F(GuardedEtcd, ComesBackAfterARestartThatForgotAllTokens) {
  const auto store = connect(as("operator", "operator secret"));
  Recorder recorder;
  ASSERT_EQ(put(*store, "/wanlab/a"), StoreStatus::ok);
  server->kill();
  server->start();
  EXPECT_TRUE(until([&] { return put(*store, "/wanlab/b") == StoreStatus::ok; }));
}

// --- prefixes -----------------------------------------------------------------------------------

TEST_F(EtcdTest, StoresWithDifferentPrefixesDoNotSeeEachOther) {
  EtcdServerOptions server_options;
  server_options.folder = folder.path() / "etcd";
  const auto server = testing::started(server_options);
  const auto ams = connect(etcd_options({server->url() + "/regions/ams"}));
  const auto fra = connect(etcd_options({server->url() + "/regions/fra/"}));
  const auto all = connect(etcd_options({server->url()}));
  Recorder recorder;
  fra->watch({std::string(1, '\0'), std::string(1, '\0'), 1}, recorder);
  EXPECT_EQ(put(*ams, "/a"), StoreStatus::ok);
  EXPECT_EQ(put(*fra, "/b"), StoreStatus::ok);
  EXPECT_EQ(put(*fra, "/c"), StoreStatus::ok);
  EXPECT_EQ(keys(*ams), "ok: /a");
  EXPECT_EQ(keys(*fra), "ok: /b /c");
  EXPECT_EQ(keys(*all), "ok: /regions/ams/a /regions/fra/b /regions/fra/c");
  wire::TxnRequest txn;
  txn.compares = {{wire::Compare::Target::version, wire::Compare::Relation::equal, "/a", 0, ""}};
  txn.success = {PutRequest{"/a", "fra's", 0}, wire::DeleteRequest{"/b", "/c"}};
  EXPECT_TRUE(std::get<wire::TxnResult>(call(*fra, txn).body).succeeded);
  EXPECT_EQ(keys(*fra), "ok: /a /c");
  EXPECT_EQ(call(*fra, PutRequest{"", "1", 0}).status, StoreStatus::invalid_request);
  ASSERT_TRUE(until([&] { return recorder.events.size() == 4; }));
  EXPECT_EQ(recorder.events[0].kv.key, "/b");
  fra->forget(recorder);
}

// --- clusters -----------------------------------------------------------------------------------

struct EtcdCluster : EtcdTest {
  EtcdCluster() {
    std::string cluster;
    for (int i = 0; i < 3; ++i) {
      EtcdServerOptions options;
      options.name = std::string("m").append(std::to_string(i));
      options.folder = folder.path() / options.name;
      members.push_back(std::make_unique<EtcdServer>(options));
      cluster.append(i == 0 ? "" : ",").append(options.name).append("=");
      cluster += members.back()->peer_url();
      urls.push_back(members.back()->url());
    }
    for (const auto& member : members) {
      member->set_cluster(cluster);
      member->start(false);
    }
    for (const auto& member : members) member->wait_until_reachable();
    writer = connect(etcd_options(urls));
    EXPECT_TRUE(until([&] { return put(*writer, "ready") == StoreStatus::ok; }));
  }
  // Ever new values into one key. A write of unknown outcome is made again, and may yet happen much
  // later, when a paused leader wakes: so each can happen only once and in its place.
  void write(EtcdStore& through, int count) {
    using Target = wire::Compare::Target;
    for (int i = 0; i < count; ++i) {
      const std::string previous = written.empty() ? std::string() : written.back();
      written.push_back(std::to_string(written.size()));
      wire::TxnRequest once;
      once.compares = {
          written.size() == 1
              ? wire::Compare{Target::version, wire::Compare::Relation::equal, "p/key", 0, ""}
              : wire::Compare{Target::value, wire::Compare::Relation::equal, "p/key", 0, previous}};
      once.success = {PutRequest{"p/key", written.back(), 0}};
      ASSERT_TRUE(until([&] { return call(through, once).status == StoreStatus::ok; }));
    }
  }
  EtcdServer& member_of(const EtcdStore& store) {
    for (const auto& member : members) {
      if (member->url().ends_with(store.member())) return *member;
    }
    throw std::logic_error("no such member");
  }

  std::vector<std::string> written;
  std::vector<std::unique_ptr<EtcdServer>> members;
  std::vector<std::string> urls;
  std::unique_ptr<EtcdStore> writer;
};

// Follows "p/" through whatever happens to the members.
struct Following final : control::PrefixObserver {
  Following(EtcdCluster& its_test, EtcdStore& its_store)
      : test(its_test),
        store(its_store),
        watcher(clock.host("client"), store, {.prefix = "p/", .lag_patience = 5s}, *this) {
    watcher.start();
  }
  void on_changes(std::span<const control::PrefixChange> changes, control::Revision) override {
    for (const auto& change : changes) heard.push_back(std::string(change.value));
  }
  bool until(const std::function<bool()>& done) {
    return test.until([&] {
      const auto now = std::chrono::steady_clock::now();
      clock.advance(now - read);
      read = now;
      if (clock.now() >= next_tick) {
        watcher.tick();
        next_tick = clock.now() + 1s;
      }
      return done();
    });
  }
  bool watching() {
    return until([&] { return watcher.state() == control::PrefixWatcher::State::watching; });
  }

  EtcdCluster& test;
  EtcdStore& store;
  testing::FakeWorld clock;
  std::chrono::steady_clock::time_point read = std::chrono::steady_clock::now();
  Instant next_tick{};
  std::vector<std::string> heard;
  control::PrefixWatcher watcher;
};

TEST_F(EtcdCluster, AMemberThatStandsStillIsLeftAndNothingIsMissed) {
  const auto store = connect(etcd_options(urls));
  Following following(*this, *store);
  ASSERT_TRUE(following.watching());
  write(*writer, 10);
  EtcdServer& lost = member_of(*store);
  lost.pause();
  write(*writer, 30);
  ASSERT_TRUE(following.until([&] { return following.heard.size() == 40; }));
  EXPECT_NE(&member_of(*store), &lost);
  lost.resume();
  write(*writer, 10);
  ASSERT_TRUE(following.until([&] { return following.heard.size() == 50; }));
  EXPECT_EQ(following.heard, written) << "each once and in order";
  EXPECT_EQ(following.watcher.counters().listings, 1u);
}

TEST_F(EtcdCluster, AMemberThatLagsBehindIsNotBelieved) {
  const auto store = connect(etcd_options({urls[0]}));
  Following following(*this, *store);
  ASSERT_TRUE(following.watching());
  const auto other = connect(etcd_options({urls[1], urls[2]}));
  write(*other, 1);
  ASSERT_TRUE(following.until([&] { return following.heard.size() == 1; }));
  members[0]->pause();
  write(*other, 300);
  ASSERT_TRUE(following.until([&] { return !store->connected(); }));
  members[0]->resume();  // 300 writes behind, and asked at once
  ASSERT_TRUE(following.until([&] { return following.heard.size() == 301; }));
  EXPECT_EQ(following.heard, written) << "each once and in order";
}

TEST_F(EtcdCluster, AMemberWithoutItsLeaderIsLeftForOneThatHasOne) {
  const auto store = connect(etcd_options(urls));
  Following following(*this, *store);
  ASSERT_TRUE(following.watching());
  EtcdServer& alone = member_of(*store);
  for (const auto& member : members) {
    if (member.get() != &alone) member->kill();
  }
  // It still answers, but cannot know what the others decide.
  ASSERT_TRUE(following.until([&] { return !store->connected(); }));
  for (const auto& member : members) {
    if (member.get() != &alone) member->start(false);
  }
  ASSERT_TRUE(until([&] { return put(*writer, "p/key", "back") == StoreStatus::ok; }));
  EXPECT_TRUE(following.until([&] { return following.heard == std::vector<std::string>{"back"}; }));
}

// --- what nodes watch ---------------------------------------------------------------------------

struct Routes final : control::RouteObserver {
  void on_records(std::span<const control::RouteChange> changes, control::Revision) override {
    for (const auto& change : changes) {
      if (change.record == nullptr) {
        routes.erase(std::string(change.name));
      } else {
        routes[std::string(change.name)] = *change.record;
      }
    }
  }
  std::map<std::string, wire::Route> routes;
};

TEST(RouteWatcherOverEtcd, FollowsRoutesThroughAKillAndACompaction) {
  testing::EtcdDriver driver;
  const auto put = [&](const std::string& user, const wire::Route& route) {
    Bytes bytes;
    wire::encode(route, bytes);
    return driver.call(driver.operator_store(),
                       PutRequest{control::route_key(user), std::string(as_text(bytes)), 0});
  };
  const wire::Route both{"main", {"ams", "fra"}, 0};
  const wire::Route one{"main", {"fra"}, 0};
  put("app", both);
  put("gone", both);
  Routes routes;
  control::RouteWatcher watcher(driver.runtime(), driver.store(),
                                {.prefix = std::string(control::route_prefix)}, routes);
  watcher.start();
  Instant next_tick{};
  const auto until = [&](const std::function<bool()>& done) {
    return driver.until(
        [&] {
          if (driver.runtime().now() >= next_tick) {
            watcher.tick();
            next_tick = driver.runtime().now() + 1s;
          }
          return done();
        },
        patience);
  };
  ASSERT_TRUE(until([&] { return routes.routes.size() == 2; }));
  driver.kill();
  driver.restart();
  ASSERT_TRUE(until([&] { return put("app", one).status == StoreStatus::ok; }));
  ASSERT_TRUE(until([&] { return routes.routes["app"] == one; }));
  EXPECT_EQ(watcher.watcher().counters().listings, 1u);
  driver.cut_off();
  driver.call(driver.operator_store(), wire::DeleteRequest{control::route_key("gone"), ""});
  const control::Revision last = put("new", both).revision;
  driver.call(driver.operator_store(), wire::CompactRequest{last});
  driver.reconnect();
  ASSERT_TRUE(until([&] { return routes.routes.count("new") == 1; }));
  EXPECT_EQ(routes.routes, (std::map<std::string, wire::Route>{{"app", one}, {"new", both}}));
  EXPECT_EQ(watcher.watcher().counters().compactions, 1u);
}

// --- processes ----------------------------------------------------------------------------------

bool alive(pid_t pid) {
  std::ifstream status(std::string("/proc/").append(std::to_string(pid)).append("/stat"));
  std::string number;
  std::string name;
  std::string state;
  return (status >> number >> name >> state) && state != "Z" && state != "X";
}

TEST(EtcdServerProcess, DiesWithTheProgramThatStartedIt) {
  testing::TemporaryFolder folder;
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t program = ::fork();
  ASSERT_GE(program, 0);
  if (program == 0) {
    EtcdServerOptions options;
    options.folder = folder.path() / "etcd";
    EtcdServer server(options);
    server.start();
    const pid_t pid = server.pid();
    [[maybe_unused]] const ssize_t told = ::write(pipe[1], &pid, sizeof pid);
    ::pause();
    ::_exit(0);
  }
  pid_t etcd = 0;
  ASSERT_EQ(::read(pipe[0], &etcd, sizeof etcd), static_cast<ssize_t>(sizeof etcd));
  ASSERT_TRUE(alive(etcd));
  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  for (int i = 0; alive(etcd) && i < 500; ++i) std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(alive(etcd));
  ::close(pipe[0]);
  ::close(pipe[1]);
}

std::string trouble_of(const EtcdServerOptions& options) {
  EtcdServer server(options);
  try {
    server.start();
  } catch (const emulation::ProcessError& error) {
    return error.what();
  }
  return "it started";
}

TEST(EtcdServerProcess, SaysWhyItDoesNotStart) {
  testing::TemporaryFolder folder;
  EtcdServerOptions options;
  options.folder = folder.path() / "first";
  const auto first = testing::started(options);
  options.folder = folder.path() / "second";
  options.client_port = first->client_port();
  EXPECT_NE(trouble_of(options).find("already in use"), std::string::npos) << trouble_of(options);
  options.client_port = 0;
  options.more = {"--quota-backend-bytes", "many"};
  EXPECT_NE(trouble_of(options).find("ended at once"), std::string::npos) << trouble_of(options);
}

// --- addresses ----------------------------------------------------------------------------------

TEST(EtcdOptionsTest, ReadsAddressesAndSaysWhatIsWrongWithThem) {
  const EtcdOptions options = etcd_options({"https://a:1/r/ams", "https://[::1]:2/r/ams/"});
  EXPECT_TRUE(options.tls.enabled);
  EXPECT_EQ(options.members, (std::vector<std::string>{"a:1", "[::1]:2"}));
  EXPECT_EQ(options.key_prefix, "/r/ams");
  EXPECT_EQ(url_of(options, 1), "https://[::1]:2/r/ams");
  EXPECT_EQ(etcd_options({"a"}).members[0], "a:2379");
  for (const char* bad : {"", "ftp://a", "http://", "http://a:0", "http://a:70000", "http://a:x",
                          "http://u:p@a", "http://[::1"}) {
    EXPECT_THROW(etcd_options({bad}), BadStoreAddress) << bad;
  }
  EXPECT_THROW(etcd_options({}), BadStoreAddress);
  EXPECT_THROW(etcd_options({"http://a", "https://b"}), BadStoreAddress);
  EXPECT_THROW(etcd_options({"http://a/x", "http://b/y"}), BadStoreAddress);
}

}  // namespace
}  // namespace wanlab::hosting
