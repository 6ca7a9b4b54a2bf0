// What a test needs to drive any Store: the conformance tests know nothing else, so that another
// store (a real etcd) can be put under the same tests by writing one more driver.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "real_components/control/embedded_store.hpp"
#include "real_components/control/local_store.hpp"
#include "real_components/control/store_client.hpp"
#include "real_components/control/store_node.hpp"
#include "tests/support/fake_runtime.hpp"

namespace wanlab::control {

// Keeps everything it is told.
struct Recorder final : StoreObserver {
  void on_result(std::uint64_t token, StoreResult result) override {
    tokens.push_back(token);
    results.push_back(std::move(result));
  }
  void on_watch(WatchId watch, WatchNotice notice) override {
    watched.push_back(watch);
    for (const Event& event : notice.events) events.push_back(event);
    notices.push_back(std::move(notice));
  }
  void on_watch_broken(WatchId watch) override { broken.push_back(watch); }

  // The events as text, e.g. "a=1@2 -b@3".
  std::string story() const {
    std::string text;
    for (const Event& event : events) {
      if (!text.empty()) text += ' ';
      text += event.deleted ? std::string("-") + event.kv.key : event.kv.key + "=" + event.kv.value;
      text += '@';
      text += std::to_string(event.kv.mod_revision);
    }
    return text;
  }

  std::vector<std::uint64_t> tokens;
  std::vector<StoreResult> results;
  std::vector<WatchId> watched;
  std::vector<WatchNotice> notices;
  std::vector<Event> events;
  std::vector<WatchId> broken;
};

class StoreDriver {
 public:
  virtual ~StoreDriver() = default;
  virtual Store& store() = 0;
  // Until everything asked for so far was answered and told.
  virtual void settle() = 0;
  // Lets time pass, and settles.
  virtual void pass(Duration time) = 0;

  StoreResult call(StoreCall request) {
    Recorder recorder;
    store().submit(std::move(request), recorder, 1);
    settle();
    store().forget(recorder);
    return recorder.results.empty() ? StoreResult{StoreStatus::unavailable, 0, 0, 0, {}}
                                    : recorder.results[0];
  }
};

class LocalDriver final : public StoreDriver {
 public:
  Store& store() override { return store_; }
  void settle() override {
    while (store_.deliver()) {
    }
  }
  void pass(Duration time) override {
    now_ += time;
    engine_.advance(now_);
    settle();
  }

 private:
  Instant now_{};
  EmbeddedStore engine_;
  LocalStore store_{engine_};
};

// A host that runs nothing but a store client.
class ClientHost final : public runtime::Component {
 public:
  ClientHost(runtime::Runtime& runtime, StoreClientOptions options)
      : client(runtime, std::move(options), 5) {}

  void start() override { client.start(); }
  void on_timer(runtime::Cookie cookie) override {
    if (client.owns(cookie)) client.on_timer(cookie);
  }
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId,
                            const runtime::PeerInfo&) override {
    return 0;
  }
  void on_connect(runtime::ConnectionId connection, runtime::Cookie cookie) override {
    ++connected;
    client.on_connect(connection, cookie);
  }
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
  void on_data(runtime::ConnectionId connection, runtime::Cookie cookie, ByteView bytes) override {
    client.on_data(connection, cookie, bytes);
  }
  void on_writable(runtime::ConnectionId, runtime::Cookie) override {}
  void on_close(runtime::ConnectionId connection, runtime::Cookie cookie,
                runtime::CloseReason reason) override {
    client.on_close(connection, cookie, reason);
  }

  StoreClient client;
  int connected = 0;
};

class ConnectedDriver final : public StoreDriver {
 public:
  ConnectedDriver() {
    world.run("store", node);
    world.run("edge", edge);
    settle();
  }
  Store& store() override { return edge.client; }
  void settle() override { world.advance(8 * world.delay); }
  void pass(Duration time) override {
    world.advance(time);
    settle();
  }

  testing::FakeWorld world;
  StoreNode node{world.host("store"), {}};
  ClientHost edge{world.host("edge"), {.members = {{"store", 2379}}}};
};

}  // namespace wanlab::control
