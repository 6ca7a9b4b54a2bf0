// What a test needs to drive any Store: the tests of all stores know nothing else, so that another
// store (a real etcd) is put under them by writing one more driver.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
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

// What a store is allowed to do otherwise than the embedded one, although all callers can live with
// it.
struct Tolerance {
  // A read or a compaction below the compacted revision is told where that is.
  bool tells_where_it_was_compacted = true;
  // A watch may begin at the compacted revision itself; otherwise it is told that it was compacted.
  bool watches_from_the_compacted_revision = true;
  // A lease lives a little longer than it must; its end is looked for now and then.
  Duration lease_slack{0};
};

class StoreDriver {
 public:
  virtual ~StoreDriver() = default;
  virtual Store& store() = 0;
  virtual Tolerance tolerance() const { return {}; }
  // Until everything asked for so far was answered and told.
  virtual void settle() = 0;
  // Lets time pass, and settles.
  virtual void pass(Duration time) = 0;
  // Lets time pass until `done`; false if it is not after `limit`.
  virtual bool until(const std::function<bool()>& done, Duration limit) = 0;

  StoreResult call(StoreCall request) { return call(store(), std::move(request)); }
  StoreResult call(Store& through, StoreCall request) {
    Recorder recorder;
    through.submit(std::move(request), recorder, 1);
    until([&] { return !recorder.results.empty(); }, std::chrono::seconds(30));
    through.forget(recorder);
    return recorder.results.empty() ? StoreResult{StoreStatus::unavailable, 0, 0, 0, {}}
                                    : recorder.results[0];
  }

  // --- for stores behind a server ---
  virtual runtime::Runtime& runtime() { throw std::logic_error("no server"); }  // of the client
  // Another client, which is there whenever the server is, also while ours is cut off.
  virtual Store& operator_store() { throw std::logic_error("no server"); }
  virtual void kill() {}     // the server's process; what it acknowledged is on disk
  virtual void restart() {}  // after a kill
  virtual void pause() {}    // it stands still: neither answers nor breaks anything
  virtual void resume() {}
  virtual void cut_off() {}  // ours cannot reach the server, which goes on
  virtual void reconnect() {}
  // So long that both ends have given the connection up.
  virtual Duration long_absence() const { return std::chrono::seconds(100); }
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
  bool until(const std::function<bool()>& done, Duration) override {
    settle();
    return done();
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
    world.run("store", *node);
    world.run("edge", edge);
    world.run("operator", operator_host);
    settle();
  }
  Store& store() override { return edge.client; }
  Store& operator_store() override { return operator_host.client; }
  runtime::Runtime& runtime() override { return world.host("edge"); }
  void settle() override { world.advance(8 * world.delay); }
  void pass(Duration time) override {
    world.advance(time);
    settle();
  }
  bool until(const std::function<bool()>& done, Duration limit) override {
    const Instant end = world.now() + limit;
    while (!done() && world.now() < end) world.advance(world.delay);
    return done();
  }

  void kill() override {
    disk_ = std::move(node->engine());
    world.crash("store");
    node.reset();
  }
  void restart() override {
    node = std::make_unique<StoreNode>(world.host("store"), StoreNodeConfig{});
    node->engine() = std::move(disk_);
    world.run("store", *node);
  }
  void pause() override { world.freeze("store"); }
  void resume() override { world.thaw("store"); }
  void cut_off() override { world.partition("edge", "store"); }
  void reconnect() override { world.heal("edge", "store"); }

  testing::FakeWorld world;
  std::unique_ptr<StoreNode> node =
      std::make_unique<StoreNode>(world.host("store"), StoreNodeConfig{});
  ClientHost edge{world.host("edge"), {.members = {{"store", 2379}}}};
  ClientHost operator_host{world.host("operator"),
                           {.members = {{"store", 2379}}, .random_name = "operator"}};

 private:
  EmbeddedStore disk_;
};

}  // namespace wanlab::control
