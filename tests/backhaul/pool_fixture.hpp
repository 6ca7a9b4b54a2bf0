// An edge with a warm pool and origins with an acceptor each, in a fake world.
#pragma once

#include <gtest/gtest.h>

#include "real_components/backhaul/acceptor.hpp"
#include "real_components/backhaul/warm_pool.hpp"
#include "tests/support/fake_runtime.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace wanlab::backhaul::testing {

using wanlab::testing::FakeRuntime;
using wanlab::testing::FakeWorld;

inline constexpr std::uint16_t port = 7443;

class OriginHost final : public runtime::Component, public RequestObserver {
 public:
  struct Request {
    RequestId id;
    std::string text, identity;
    std::uint32_t tenant = 0;
    int pieces = 0;
    bool ended = false, cancelled = false;
  };

  OriginHost(FakeRuntime& runtime, const AcceptorOptions& options)
      : acceptor(runtime, options, 3, *this) {}

  std::uint64_t on_request(RequestId id, const RequestInfo& info, ByteView payload,
                           bool end) override {
    requests.push_back({id, std::string(as_text(payload)), std::string(info.peer_identity),
                        info.tenant, 1, end, false});
    if (end && echo) acceptor.respond(id, as_bytes("re:"), payload, true);
    return requests.size() - 1;
  }
  std::size_t on_request_data(RequestId id, std::uint64_t cookie, ByteView payload,
                              bool end) override {
    Request& request = requests[cookie];
    request.text += as_text(payload);
    request.ended = end;
    ++request.pieces;
    if (end && echo) acceptor.respond(id, as_bytes(request.text), true);
    return payload.size();
  }
  void on_cancelled(RequestId id, std::uint64_t cookie) override {
    requests[cookie].cancelled = true;
    acceptor.reset(id, ResetReason::cancelled, Processed::no);
  }

  void start() override { acceptor.start(); }
  void on_timer(runtime::Cookie cookie) override { acceptor.on_timer(cookie); }
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId id,
                            const runtime::PeerInfo& peer) override {
    return acceptor.on_accept(id, peer);
  }
  void on_connect(runtime::ConnectionId, runtime::Cookie) override {}
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
  void on_data(runtime::ConnectionId id, runtime::Cookie cookie, ByteView bytes) override {
    acceptor.on_data(id, cookie, bytes);
  }
  void on_writable(runtime::ConnectionId id, runtime::Cookie cookie) override {
    acceptor.on_writable(id, cookie);
  }
  void on_close(runtime::ConnectionId id, runtime::Cookie cookie,
                runtime::CloseReason reason) override {
    acceptor.on_close(id, cookie, reason);
  }

  Acceptor acceptor;
  std::vector<Request> requests;
  bool echo = true;
};

class EdgeHost final : public runtime::Component, public PoolObserver, public PingObserver {
 public:
  struct Outcome {
    std::string text;
    int ends = 0, failures = 0;
    Processed processed{};
    ResetReason reason{};
  };
  struct Link {
    int ups = 0, downs = 0, sent = 0, missed = 0, draining = 0;
    std::vector<Duration> round_trips;
    std::vector<Instant> sent_at;
    Instant down_at{};
    runtime::CloseReason reason{};
  };

  EdgeHost(FakeRuntime& host, const PoolOptions& options)
      : runtime(host), pool(host, options, 9, *this, this) {}

  std::size_t on_response(RequestHandle request, std::uint64_t cookie, ByteView part,
                          bool end) override {
    handles[cookie] = request;
    Outcome& outcome = outcomes[cookie];
    EXPECT_EQ(outcome.ends + outcome.failures, 0);
    outcome.text += as_text(part);
    outcome.ends += end;
    if (hold) held[cookie] += part.size();
    return hold ? 0 : part.size();
  }
  void on_failed(RequestHandle, std::uint64_t cookie, Processed processed,
                 ResetReason reason) override {
    Outcome& outcome = outcomes[cookie];
    EXPECT_EQ(outcome.ends + outcome.failures, 0);
    ++outcome.failures;
    outcome.processed = processed;
    outcome.reason = reason;
    if (retry_in && processed == Processed::no) {
      pool.request(*retry_in, {1, interactive_class, cookie + 1000}, {}, as_bytes("again"));
    }
  }
  void on_connection_up(RegionIndex, std::uint32_t connection) override { ++links[connection].ups; }
  void on_connection_down(RegionIndex, std::uint32_t connection,
                          runtime::CloseReason reason) override {
    ++links[connection].downs;
    links[connection].down_at = runtime.now();
    links[connection].reason = reason;
  }
  void on_ping_sent(RegionIndex, std::uint32_t connection, Instant now) override {
    ++links[connection].sent;
    links[connection].sent_at.push_back(now);
  }
  void on_pong(RegionIndex, std::uint32_t connection, const PongSample& sample) override {
    links[connection].round_trips.push_back(sample.round_trip);
    last_pong = sample;
  }
  void on_ping_missed(RegionIndex, std::uint32_t connection) override {
    ++links[connection].missed;
  }
  void on_connection_draining(RegionIndex, std::uint32_t connection) override {
    ++links[connection].draining;
  }

  void start() override {}
  void on_timer(runtime::Cookie cookie) override {
    ASSERT_TRUE(pool.owns(cookie));
    pool.on_timer(cookie);
  }
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId,
                            const runtime::PeerInfo&) override {
    return 0;
  }
  void on_connect(runtime::ConnectionId id, runtime::Cookie cookie) override {
    pool.on_connect(id, cookie);
  }
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
  void on_data(runtime::ConnectionId id, runtime::Cookie cookie, ByteView bytes) override {
    pool.on_data(id, cookie, bytes);
  }
  void on_writable(runtime::ConnectionId id, runtime::Cookie cookie) override {
    pool.on_writable(id, cookie);
  }
  void on_close(runtime::ConnectionId id, runtime::Cookie cookie,
                runtime::CloseReason reason) override {
    pool.on_close(id, cookie, reason);
  }

  RequestHandle ask(std::string_view text, std::uint64_t cookie, RegionIndex region = 0,
                    std::uint8_t stream_class = interactive_class) {
    return pool.request(region, {1, stream_class, cookie}, as_bytes("h:"), as_bytes(text));
  }

  FakeRuntime& runtime;
  WarmPool pool;
  std::map<std::uint64_t, Outcome> outcomes;
  std::map<std::uint64_t, RequestHandle> handles;
  std::map<std::uint64_t, std::size_t> held;
  std::map<std::uint32_t, Link> links;  // of all regions together
  PongSample last_pong;
  std::optional<RegionIndex> retry_in;
  bool hold = false;
};

class PoolWorld : public ::testing::Test {
 protected:
  OriginHost& origin(const std::string& name) {
    auto& host = origins[name];
    if (host == nullptr) {
      host = std::make_unique<OriginHost>(world.host(name), accept_options);
      world.run(name, *host);
    }
    return *host;
  }
  // As if the process had been started again on the same host.
  OriginHost& restart(const std::string& name) {
    world.crash(name);
    origins.erase(name);
    return origin(name);
  }
  EdgeHost& edge() {
    if (edge_host == nullptr) {
      edge_host = std::make_unique<EdgeHost>(world.host("edge"), pool_options);
      world.run("edge", *edge_host);
    }
    return *edge_host;
  }
  void connect(const std::vector<std::string>& names) {
    std::vector<runtime::Address> addresses;
    for (const std::string& name : names) {
      origin(name);
      addresses.push_back({name, port});
    }
    edge().pool.set_region(0, "fra", addresses);
  }
  void pass(Duration time) {
    world.advance(time);
    check();
  }
  void check() {
    ASSERT_EQ(edge().pool.check_invariants(), "");
    for (const auto& [name, host] : origins) ASSERT_EQ(host->acceptor.check_invariants(), "");
  }
  std::uint32_t ready() { return edge().pool.ready_connections(0); }

  FakeWorld world;
  PoolOptions pool_options;
  AcceptorOptions accept_options;
  std::map<std::string, std::unique_ptr<OriginHost>> origins;
  std::unique_ptr<EdgeHost> edge_host;
};

}  // namespace wanlab::backhaul::testing
