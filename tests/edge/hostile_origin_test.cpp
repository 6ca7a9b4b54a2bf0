// Origins that are out of order must not cost an edge more than the request.
#include "real_components/backhaul/acceptor.hpp"
#include "tests/edge/small_network.hpp"

#include <gtest/gtest.h>

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;

// Begins every answer with this and never ends it.
class EndlessOrigin final : public runtime::Component, private backhaul::RequestObserver {
 public:
  EndlessOrigin(runtime::Runtime& runtime, Bytes answer)
      : answer_(std::move(answer)), acceptor_(runtime, {}, 3, *this) {}

  void start() override { acceptor_.start(); }
  void on_timer(runtime::Cookie cookie) override { acceptor_.on_timer(cookie); }
  runtime::Cookie on_accept(std::uint16_t, runtime::ConnectionId id,
                            const runtime::PeerInfo& peer) override {
    return acceptor_.on_accept(id, peer);
  }
  void on_connect(runtime::ConnectionId, runtime::Cookie) override {}
  void on_secure(runtime::ConnectionId, runtime::Cookie) override {}
  void on_data(runtime::ConnectionId id, runtime::Cookie cookie, ByteView bytes) override {
    acceptor_.on_data(id, cookie, bytes);
  }
  void on_writable(runtime::ConnectionId id, runtime::Cookie cookie) override {
    acceptor_.on_writable(id, cookie);
  }
  void on_close(runtime::ConnectionId id, runtime::Cookie cookie,
                runtime::CloseReason reason) override {
    acceptor_.on_close(id, cookie, reason);
  }

 private:
  std::uint64_t on_request(backhaul::RequestId id, const backhaul::RequestInfo&, ByteView,
                           bool) override {
    acceptor_.respond(id, answer_, false);
    return 1;
  }
  std::size_t on_request_data(backhaul::RequestId, std::uint64_t, ByteView bytes, bool) override {
    return bytes.size();
  }
  void on_cancelled(backhaul::RequestId id, std::uint64_t) override {
    acceptor_.reset(id, backhaul::ResetReason::cancelled, backhaul::Processed::unknown);
  }

  Bytes answer_;
  backhaul::Acceptor acceptor_;
};

TEST(HostileOrigin, ThatNeverEndsItsReplyToALoginIsGivenUp) {
  SmallNetwork net;
  net.start();
  Bytes answer(100'000, std::byte{0});
  answer[0] = static_cast<std::byte>(wire::AnswerKind::login);
  EndlessOrigin origin(net.world.host("endless"), answer);
  net.world.run("endless", origin);
  net.put(net.store(), control::origin_key("ldn", "origin-1"),
          encoded(wire::OriginRecord{"ldn", "origin-1", "endless", 7443}));
  net.put_route("victim", {.clusters = {"ldn"}});
  net.run(3s);
  const TestClient& client = net.login({.user = "victim"});
  EXPECT_EQ(client.error, 1105);
  EXPECT_LE(client.ended - client.started, 1s);
  net.run(1s);
  EXPECT_TRUE(net.quiet());
  EXPECT_EQ(net.edge->upstream().pool().requests_in_flight(2), 0u);
}

}  // namespace
}  // namespace wanlab::testing
