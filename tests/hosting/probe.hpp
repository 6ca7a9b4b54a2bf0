// A component that notes everything it hears and does what the test says. It fails the test when it
// is called from within its own calls, or hears of a connection that is over.
#pragma once

#include "real_components/runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace wanlab::testing {

class Probe final : public runtime::Component {
 public:
  struct Seen {
    runtime::Cookie cookie = 0;
    Bytes received{};
    bool connected = false, secure = false, accepted = false;
    int writable = 0;
    std::string identity{};
    std::vector<runtime::CloseReason> closed{};
    bool over = false;  // closed by either side
  };

  explicit Probe(runtime::Runtime& world) : runtime(world) {}

  runtime::Runtime& runtime;
  std::vector<std::uint16_t> ports;  // listened on from the start
  runtime::ListenOptions listening{};
  std::function<void()> on_started;
  std::function<void(runtime::Cookie)> on_alarm;
  std::function<void(runtime::ConnectionId)> on_accepted, on_connected, on_secured, on_room;
  std::function<void(runtime::ConnectionId, ByteView)> on_bytes;
  std::function<void(runtime::ConnectionId, runtime::CloseReason)> on_closed;

  std::vector<runtime::Cookie> alarms;
  std::map<runtime::ConnectionId, Seen> seen;  // the present bearer of each name
  std::vector<runtime::ConnectionId> accepted;
  bool started = false;

  runtime::ConnectionId connect(const std::string& host, std::uint16_t port,
                                const runtime::ConnectOptions& options = {},
                                runtime::Cookie cookie = 0) {
    const runtime::ConnectionId id = runtime.connect({host, port}, options, cookie);
    const auto found = seen.find(id);
    EXPECT_TRUE(found == seen.end() || found->second.over) << "a name in use was given away";
    seen[id] = {.cookie = cookie};
    return id;
  }
  void close(runtime::ConnectionId id) {
    seen[id].over = true;
    runtime.close(id);
  }
  void abort(runtime::ConnectionId id) {
    seen[id].over = true;
    runtime.abort(id);
  }
  void say(runtime::ConnectionId id, std::string_view text) { runtime.send(id, as_bytes(text)); }
  std::string heard(runtime::ConnectionId id) { return std::string(as_text(seen[id].received)); }
  // Of the one connection that was accepted.
  runtime::ConnectionId only() const {
    EXPECT_EQ(accepted.size(), 1u);
    return accepted.empty() ? runtime::no_connection : accepted.back();
  }

  void start() override {
    const Entered entered(*this);
    started = true;
    for (const std::uint16_t port : ports) runtime.listen(port, listening);
    if (on_started) on_started();
  }
  void on_timer(runtime::Cookie cookie) override {
    const Entered entered(*this);
    alarms.push_back(cookie);
    if (on_alarm) on_alarm(cookie);
  }
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId id,
                            const runtime::PeerInfo& peer) override {
    const Entered entered(*this);
    const auto found = seen.find(id);
    EXPECT_TRUE(found == seen.end() || found->second.over) << "a name in use was given away";
    seen[id] = {.cookie = accepted.size() + 100, .accepted = true};
    seen[id].identity = peer.identity;
    accepted.push_back(id);
    if (on_accepted) on_accepted(id);
    return seen[id].cookie;
  }
  void on_connect(runtime::ConnectionId id, runtime::Cookie cookie) override {
    const Entered entered(*this, id, cookie);
    seen[id].connected = true;
    if (on_connected) on_connected(id);
  }
  void on_secure(runtime::ConnectionId id, runtime::Cookie cookie) override {
    const Entered entered(*this, id, cookie);
    seen[id].secure = true;
    if (on_secured) on_secured(id);
  }
  void on_data(runtime::ConnectionId id, runtime::Cookie cookie, ByteView bytes) override {
    const Entered entered(*this, id, cookie);
    EXPECT_FALSE(bytes.empty());
    append(seen[id].received, bytes);
    if (on_bytes) on_bytes(id, bytes);
  }
  void on_writable(runtime::ConnectionId id, runtime::Cookie cookie) override {
    const Entered entered(*this, id, cookie);
    ++seen[id].writable;
    if (on_room) on_room(id);
  }
  void on_close(runtime::ConnectionId id, runtime::Cookie cookie,
                runtime::CloseReason reason) override {
    const Entered entered(*this, id, cookie);
    seen[id].closed.push_back(reason);
    seen[id].over = true;
    if (on_closed) on_closed(id, reason);
  }

 private:
  class Entered {
   public:
    explicit Entered(Probe& probe) : probe_(probe) {
      EXPECT_FALSE(probe_.inside_) << "called from within its own call";
      probe_.inside_ = true;
    }
    Entered(Probe& probe, runtime::ConnectionId id, runtime::Cookie cookie) : Entered(probe) {
      EXPECT_FALSE(probe.seen[id].over) << "heard of a connection that is over";
      EXPECT_EQ(probe.seen[id].cookie, cookie);
    }
    ~Entered() { probe_.inside_ = false; }

   private:
    Probe& probe_;
  };
  bool inside_ = false;
};

}  // namespace wanlab::testing
