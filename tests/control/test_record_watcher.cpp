// Records as their users see them.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "real_components/control/record_watcher.hpp"
#include "tests/control/store_driver.hpp"

namespace wanlab::control {
namespace {

struct Routes final : RouteObserver {
  void on_records(std::span<const RouteChange> changes, Revision revision) override {
    ++reports;
    last = revision;
    for (const RouteChange& change : changes) {
      if (change.record == nullptr) {
        routes.erase(std::string(change.name));
      } else {
        routes[std::string(change.name)] = *change.record;
      }
    }
  }
  std::map<std::string, wire::Route> routes;
  Revision last = 0;
  int reports = 0;
};

std::string encoded(const wire::Route& route) {
  Bytes bytes;
  wire::encode(route, bytes);
  return std::string(as_text(bytes));
}

class RouteWatcherTest : public ::testing::Test {
 protected:
  void put(std::string key, std::string value) {
    engine.apply(wire::PutRequest{std::move(key), std::move(value), 0});
  }
  void settle() {
    while (store.deliver()) {
    }
  }

  testing::FakeWorld world;
  EmbeddedStore engine;
  LocalStore store{engine};
  Routes routes;
  RouteWatcher watcher{world.host("edge"), store, {.prefix = std::string(route_prefix)}, routes};
};

TEST_F(RouteWatcherTest, DeliversRoutesByUserName) {
  const wire::Route alice{"main", {"us-east-1", "eu-west-1"}, 5};
  put(route_key("alice"), encoded(alice));
  put(credential_key("alice"), "not for edges");
  watcher.start();
  settle();
  EXPECT_EQ(routes.routes, (std::map<std::string, wire::Route>{{"alice", alice}}));
  put(route_key("bob"), encoded({"dev", {"us-east-1"}, 0}));
  engine.apply(wire::DeleteRequest{route_key("alice"), ""});
  settle();
  EXPECT_EQ(routes.routes.size(), 1u);
  EXPECT_EQ(routes.routes.at("bob").branch, "dev");
  EXPECT_EQ(routes.last, engine.revision());
}

TEST_F(RouteWatcherTest, KeepsTheLastGoodRouteWhenTheNewOneIsMalformed) {
  put(route_key("alice"), encoded({"main", {"us-east-1"}, 0}));
  watcher.start();
  settle();
  put(route_key("alice"), "\x0a\xff garbage");
  settle();
  EXPECT_EQ(watcher.malformed(), 1u);
  EXPECT_EQ(routes.routes.at("alice").branch, "main");
}

TEST_F(RouteWatcherTest, SaysThatAnEmptyStoreIsEmpty) {
  watcher.start();
  settle();
  EXPECT_EQ(routes.reports, 1);
  EXPECT_TRUE(watcher.watcher().synchronised());
}

TEST(Keys, SeparateRecordsByPrefix) {
  EXPECT_EQ(route_key("u"), "/wanlab/routes/u");
  EXPECT_EQ(credential_key("u"), "/wanlab/credentials/u");
  EXPECT_EQ(origin_key("us-east-1", "o1"), "/wanlab/origins/us-east-1/o1");
}

}  // namespace
}  // namespace wanlab::control
