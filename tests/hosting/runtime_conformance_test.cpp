// What every host promises a component, whichever world it stands in.
#include "tests/hosting/probe.hpp"
#include "tests/hosting/two_worlds.hpp"

#include <algorithm>
#include <numeric>

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;
using runtime::CloseReason;
using runtime::ConnectionId;
using runtime::TlsVersion;

constexpr std::uint16_t port = 7000;

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 131 + (i >> 8));
  return bytes;
}

class RuntimeConformance : public ::testing::TestWithParam<WorldKind> {
 protected:
  RuntimeConformance() { server.ports = {port}; }
  ~RuntimeConformance() override {
    world->crash("client");
    world->crash("server");
  }
  void start() {
    world->run("server", server);
    world->run("client", client);
    ASSERT_TRUE(world->run_until([&] { return server.started && client.started; }));
  }
  // The client's side of a connection that both sides know.
  ConnectionId connected(const runtime::ConnectOptions& options = {}) {
    ConnectionId id{};
    const std::size_t before = server.accepted.size();
    world->act("client", [&] { id = client.connect("server", port, options, ++cookies); });
    EXPECT_TRUE(world->run_until(
        [&] { return client.seen[id].connected && server.accepted.size() > before; }));
    return id;
  }
  bool client_closed(ConnectionId id) {
    return world->run_until([&] { return !client.seen[id].closed.empty(); });
  }

  std::unique_ptr<World> world = make_world(GetParam());
  Probe server{world->host("server")};
  Probe client{world->host("client")};
  runtime::Cookie cookies = 0;
};
WANLAB_TWO_WORLDS(RuntimeConformance);

// --- connecting ---------------------------------------------------------------------------------

TEST_P(RuntimeConformance, CarriesBytesBothWaysInOrder) {
  start();
  const ConnectionId id = connected();
  const Bytes there = pattern(1'000'003), back = pattern(70'001);
  world->act("client", [&] {
    for (std::size_t at = 0; at < there.size();) {
      const std::size_t piece = std::min<std::size_t>(there.size() - at, 1 + at % 9001);
      client.runtime.send(id, ByteView(there).subspan(at, piece));
      at += piece;
    }
  });
  world->act("server", [&] { server.runtime.send(server.only(), back); });
  EXPECT_TRUE(world->run_until([&] {
    return server.seen[server.only()].received.size() >= there.size() &&
           client.seen[id].received.size() >= back.size();
  }));
  EXPECT_TRUE(server.seen[server.only()].received == there);
  EXPECT_TRUE(client.seen[id].received == back);
}

TEST_P(RuntimeConformance, RefusesWhereNobodyListens) {
  start();
  ConnectionId id{};
  world->act("client", [&] { id = client.connect("server", port + 1); });
  EXPECT_TRUE(client.seen[id].closed.empty());  // never at once
  ASSERT_TRUE(client_closed(id));
  EXPECT_EQ(client.seen[id].closed.front(), CloseReason::refused);
}

TEST_P(RuntimeConformance, FindsNoHostOfAnUnknownName) {
  start();
  ConnectionId id{};
  world->act("client", [&] { id = client.connect("no-such-host.invalid", port); });
  EXPECT_TRUE(client.seen[id].closed.empty());
  ASSERT_TRUE(client_closed(id));
  EXPECT_EQ(client.seen[id].closed.front(), CloseReason::unreachable);
}

TEST_P(RuntimeConformance, GivesUpASilentHostAfterTheTimeout) {
  world->host("silent");
  world->silence("silent", port);
  start();
  ConnectionId id{};
  Instant began{};
  world->act("client", [&] {
    began = client.runtime.now();
    id = client.connect("silent", port, {.timeout = 300ms});
  });
  ASSERT_TRUE(client_closed(id));
  EXPECT_EQ(client.seen[id].closed.front(), CloseReason::timed_out);
  EXPECT_GE(client.runtime.now() - began, 300ms);
}

TEST_P(RuntimeConformance, MayCloseWhatIsNotYetConnected) {
  start();
  world->act("client", [&] {
    for (int i = 0; i < 10; ++i) client.close(client.connect("server", port));
    for (int i = 0; i < 10; ++i) client.abort(client.connect("server", port + 1));
  });
  world->run_for(200ms);
  for (const auto& [id, seen] : client.seen) EXPECT_TRUE(seen.closed.empty());
}

TEST_P(RuntimeConformance, StopsListeningAndKeepsWhatItHas) {
  start();
  const ConnectionId id = connected();
  world->act("server", [&] { server.runtime.stop_listening(port); });
  ConnectionId late{};
  world->act("client", [&] {
    late = client.connect("server", port);
    client.say(id, "still here");
  });
  ASSERT_TRUE(client_closed(late));
  EXPECT_EQ(client.seen[late].closed.front(), CloseReason::refused);
  EXPECT_TRUE(world->run_until([&] { return server.heard(server.only()) == "still here"; }));
}

// --- ends ---------------------------------------------------------------------------------------

TEST_P(RuntimeConformance, CloseDeliversWhatWasSentAndThenTheEnd) {
  start();
  const ConnectionId id = connected();
  const Bytes all = pattern(900'000);
  world->act("server", [&] {
    server.runtime.send(server.only(), all);
    server.close(server.only());
  });
  ASSERT_TRUE(client_closed(id));
  EXPECT_EQ(client.seen[id].closed.front(), CloseReason::finished);
  EXPECT_TRUE(client.seen[id].received == all);
  world->run_for(100ms);
  EXPECT_EQ(client.seen[id].closed.size(), 1u);
}

TEST_P(RuntimeConformance, CloseDeliversTheLastWordsAlsoToAPeerThatIsSpeaking) {
  start();
  const ConnectionId id = connected();
  server.on_bytes = [&](ConnectionId there, ByteView) {
    server.say(there, "enough");
    server.close(there);
  };
  world->act("client", [&] { client.runtime.send(id, pattern(400'000)); });
  ASSERT_TRUE(client_closed(id));
  EXPECT_EQ(client.heard(id), "enough");
  EXPECT_EQ(client.seen[id].closed.front(), CloseReason::finished);
}

TEST_P(RuntimeConformance, AbortIsAReset) {
  start();
  const ConnectionId id = connected();
  world->act("server", [&] { server.abort(server.only()); });
  ASSERT_TRUE(client_closed(id));
  EXPECT_EQ(client.seen[id].closed.front(), CloseReason::reset);
}

TEST_P(RuntimeConformance, TheEndOfAProcessIsAReset) {
  start();
  const ConnectionId id = connected();
  world->crash("server");
  ASSERT_TRUE(client_closed(id));
  EXPECT_EQ(client.seen[id].closed.front(), CloseReason::reset);
  Probe successor(world->host("server"));
  successor.ports = {port};
  world->run("server", successor);
  ASSERT_TRUE(world->run_until([&] { return successor.started; }));
  ConnectionId again{};
  world->act("client", [&] { again = client.connect("server", port); });
  EXPECT_TRUE(world->run_until([&] { return client.seen[again].connected; }));
  world->crash("server");
}

TEST_P(RuntimeConformance, NothingIsHeardAfterOnesOwnEnd) {
  start();
  std::vector<ConnectionId> ids;
  for (int i = 0; i < 8; ++i) ids.push_back(connected());
  world->act("server", [&] {
    for (const ConnectionId id : server.accepted) server.runtime.send(id, pattern(50'000));
  });
  world->act("client", [&] {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (i % 2 == 0) {
        client.close(ids[i]);
      } else {
        client.abort(ids[i]);
      }
    }
  });
  world->run_for(300ms);  // the probe fails the test when it hears more
  for (const ConnectionId id : ids) EXPECT_TRUE(client.seen[id].closed.empty());
}

TEST_P(RuntimeConformance, WithinTheLastEventAConnectionMayBeClosedOnceMore) {
  start();
  const ConnectionId id = connected();
  client.on_closed = [&](ConnectionId closed, CloseReason) {
    client.runtime.send(closed, as_bytes("anybody?"));
    client.runtime.close(closed);
  };
  world->act("server", [&] { server.abort(server.only()); });
  ASSERT_TRUE(client_closed(id));
  connected();
}

TEST_P(RuntimeConformance, APausedConnectionStillHearsOfAReset) {
  start();
  const ConnectionId id = connected();
  world->act("client", [&] { client.runtime.pause_reading(id); });
  world->act("server", [&] { server.abort(server.only()); });
  ASSERT_TRUE(client_closed(id));
  EXPECT_EQ(client.seen[id].closed.front(), CloseReason::reset);
}

TEST_P(RuntimeConformance, NamesOfOpenConnectionsAreDistinct) {
  start();
  std::vector<ConnectionId> open;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 5; ++i) open.push_back(connected());  // the probe checks each
    for (int i = 0; i < 4; ++i) {
      const std::size_t which = static_cast<std::size_t>(round * 7 + i * 3) % open.size();
      const ConnectionId id = open[which];
      world->act("client", [&] { round % 2 == 0 ? client.close(id) : client.abort(id); });
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }
  EXPECT_TRUE(world->run_until([&] {
    return std::count_if(server.seen.begin(), server.seen.end(), [](const auto& each) {
             return !each.second.over;
           }) == static_cast<std::ptrdiff_t>(open.size());
  }));
}

// --- flow ---------------------------------------------------------------------------------------

TEST_P(RuntimeConformance, APausedConnectionHearsNothingAndLosesNothing) {
  start();
  const ConnectionId id = connected();
  world->act("client", [&] { client.runtime.pause_reading(id); });
  const Bytes all = pattern(300'000);
  world->act("server", [&] {
    server.runtime.send(server.only(), all);
    server.close(server.only());
  });
  world->run_for(200ms);
  EXPECT_TRUE(client.seen[id].received.empty());
  EXPECT_TRUE(client.seen[id].closed.empty());
  world->act("client", [&] { client.runtime.resume_reading(id); });
  ASSERT_TRUE(client_closed(id));
  EXPECT_TRUE(client.seen[id].received == all);
}

TEST_P(RuntimeConformance, PausingWithinAHandlerHoldsBackTheRest) {
  start();
  const ConnectionId id = connected();
  client.on_bytes = [&](ConnectionId here, ByteView) {
    client.runtime.pause_reading(here);
    client.runtime.wake_after(1ms, 1);
  };
  client.on_alarm = [&](runtime::Cookie) { client.runtime.resume_reading(id); };
  const Bytes all = pattern(5'000'000);
  world->act("server", [&] { server.runtime.send(server.only(), all); });
  EXPECT_TRUE(world->run_until([&] { return client.seen[id].received.size() >= all.size(); }));
  EXPECT_TRUE(client.seen[id].received == all);
  EXPECT_GT(client.alarms.size(), 1u);
}

TEST_P(RuntimeConformance, ASenderIsToldWhenThereIsRoomAgain) {
  start();
  const ConnectionId id = connected();
  world->act("client", [&] { client.runtime.pause_reading(id); });
  const Bytes all = pattern(24'000'000);
  world->act("server", [&] { server.runtime.send(server.only(), all); });
  world->run_for(500ms);
  EXPECT_GT(server.runtime.unsent_bytes(server.only()), 1'000'000u);
  EXPECT_EQ(server.seen[server.only()].writable, 0);
  world->act("client", [&] { client.runtime.resume_reading(id); });
  EXPECT_TRUE(world->run_until([&] { return server.seen[server.only()].writable > 0; }));
  EXPECT_LT(server.runtime.unsent_bytes(server.only()), 256 * 1024u);
  EXPECT_TRUE(world->run_until([&] { return client.seen[id].received.size() >= all.size(); }));
  EXPECT_TRUE(client.seen[id].received == all);
}

TEST_P(RuntimeConformance, SendingWhereNobodyIsDoesNothing) {
  start();
  const ConnectionId id = connected();
  world->act("server", [&] { server.abort(server.only()); });
  ASSERT_TRUE(client_closed(id));
  world->act("client", [&] {
    client.say(id, "hello?");
    EXPECT_EQ(client.runtime.unsent_bytes(id), 0u);
    client.runtime.pause_reading(id);
    client.runtime.resume_reading(id);
    client.runtime.abort(id);
  });
  world->run_for(50ms);
}

// --- cookies and timers -------------------------------------------------------------------------

TEST_P(RuntimeConformance, ComesWithTheCookieThatWasSetLast) {
  start();
  const ConnectionId id = connected();
  world->act("client", [&] {
    client.runtime.set_cookie(id, 0xabcdef0123456u);
    client.seen[id].cookie = 0xabcdef0123456u;  // the probe compares
  });
  world->act("server", [&] { server.say(server.only(), "hi"); });
  EXPECT_TRUE(world->run_until([&] { return client.heard(id) == "hi"; }));
}

TEST_P(RuntimeConformance, CutsCookiesTo56Bits) {
  start();
  world->act("client", [&] { client.runtime.wake_after(1ms, ~runtime::Cookie{0}); });
  ASSERT_TRUE(world->run_until([&] { return !client.alarms.empty(); }));
  EXPECT_EQ(client.alarms.front(), runtime::cookie_mask);
}

TEST_P(RuntimeConformance, TimersFireInOrderAndNotBeforeTheirTime) {
  start();
  std::vector<Duration> late;
  Instant began{};
  client.on_alarm = [&](runtime::Cookie cookie) {
    late.push_back(client.runtime.now() - began - std::chrono::milliseconds(cookie / 10));
  };
  world->act("client", [&] {
    began = client.runtime.now();
    client.runtime.wake_after(30ms, 300);
    client.runtime.start_timer(10ms, 100);
    client.runtime.wake_after(10ms, 101);
    client.runtime.start_timer(10ms, 102);
    client.runtime.wake_after(0ms, 0);
    client.runtime.wake_after(-5ms, 1);
  });
  ASSERT_TRUE(world->run_until([&] { return client.alarms.size() == 6; }));
  EXPECT_EQ(client.alarms, (std::vector<runtime::Cookie>{0, 1, 100, 101, 102, 300}));
  for (const Duration by : late) EXPECT_GE(by, 0ms);
}

TEST_P(RuntimeConformance, ACancelledTimerDoesNotFire) {
  start();
  std::vector<runtime::TimerId> timers;
  world->act("client", [&] {
    for (runtime::Cookie i = 0; i < 300; ++i) {
      timers.push_back(client.runtime.start_timer(20ms, i));
      EXPECT_NE(timers.back(), runtime::no_timer);
    }
    for (std::size_t i = 0; i < timers.size(); ++i) {
      if (i % 3 != 0) client.runtime.cancel_timer(timers[i]);
    }
    client.runtime.cancel_timer(timers[1]);
    client.runtime.cancel_timer(runtime::no_timer);
  });
  client.on_alarm = [&](runtime::Cookie cookie) {
    if (cookie == 0) client.runtime.cancel_timer(timers[3]);  // due at this very moment
    if (cookie == 6)
      client.runtime.cancel_timer(timers[0]);  // long gone; its name may be another's
  };
  world->run_for(200ms);
  std::vector<runtime::Cookie> expected;
  for (runtime::Cookie i = 0; i < 300; i += 3) {
    if (i != 3) expected.push_back(i);
  }
  EXPECT_EQ(client.alarms, expected);
}

TEST_P(RuntimeConformance, AChainOfImmediateTimersLetsOthersIn) {
  start();
  const ConnectionId id = connected();
  bool stop = false;
  client.on_alarm = [&](runtime::Cookie) {
    if (!stop) client.runtime.wake_after(10us, 1);
  };
  world->act("client", [&] { client.runtime.wake_after(0ms, 1); });
  world->act("server", [&] { server.say(server.only(), "hi"); });
  EXPECT_TRUE(world->run_until([&] { return client.heard(id) == "hi"; }));
  stop = true;
  world->run_for(10ms);
}

TEST_P(RuntimeConformance, RandomStreamsDoNotRepeat) {
  start();
  auto one = client.runtime.random_stream("one");
  auto two = client.runtime.random_stream("two");
  std::vector<std::uint64_t> drawn;
  for (int i = 0; i < 100; ++i) {
    drawn.push_back(one->next());
    drawn.push_back(two->next());
  }
  std::sort(drawn.begin(), drawn.end());
  EXPECT_EQ(std::unique(drawn.begin(), drawn.end()), drawn.end());
}

// --- TLS ----------------------------------------------------------------------------------------

class UpgradeConformance : public RuntimeConformance {
 protected:
  // As in MySQL: the client asks for TLS in the clear and begins at once.
  void expect_requests() {
    server.on_bytes = [this](ConnectionId id, ByteView bytes) {
      if (server.seen[id].secure) return;
      const std::string_view text = as_text(bytes);
      ASSERT_EQ(text.substr(0, 5), "tls!\n");
      server.seen[id].received.clear();
      server.runtime.start_tls_server(id, bytes.subspan(5));
    };
  }
  ConnectionId upgraded(TlsVersion version) {
    const ConnectionId id = connected();
    world->act("client", [&] {
      client.say(id, "tls!\n");
      client.runtime.start_tls_client(id, version);
    });
    EXPECT_TRUE(world->run_until(
        [&] { return client.seen[id].secure && server.seen[server.accepted.back()].secure; }));
    return id;
  }
};
WANLAB_TWO_WORLDS(UpgradeConformance);

TEST_P(UpgradeConformance, CarriesBytesBothWays) {
  expect_requests();
  start();
  for (const TlsVersion version : {TlsVersion::tls13, TlsVersion::tls12}) {
    const ConnectionId id = upgraded(version);
    const ConnectionId there = server.accepted.back();
    const Bytes request = pattern(200'001), answer = pattern(3'000'000);
    world->act("client", [&] { client.runtime.send(id, request); });
    ASSERT_TRUE(
        world->run_until([&] { return server.seen[there].received.size() >= request.size(); }));
    EXPECT_TRUE(server.seen[there].received == request);
    world->act("server", [&] {
      server.runtime.send(there, answer);
      server.close(there);
    });
    ASSERT_TRUE(client_closed(id));
    EXPECT_EQ(client.seen[id].closed.front(), CloseReason::finished);
    EXPECT_TRUE(client.seen[id].received == answer);
  }
}

TEST_P(UpgradeConformance, WhatTheClientSaysFirstArrivesAfterOnSecure) {
  expect_requests();
  start();
  client.on_secured = [&](ConnectionId id) { client.say(id, "first words"); };
  upgraded(TlsVersion::tls13);
  EXPECT_TRUE(world->run_until([&] { return server.heard(server.only()) == "first words"; }));
}

TEST_P(UpgradeConformance, PausesAndGoesOn) {
  expect_requests();
  start();
  const ConnectionId id = upgraded(TlsVersion::tls13);
  client.on_bytes = [&](ConnectionId here, ByteView) {
    client.runtime.pause_reading(here);
    client.runtime.wake_after(1ms, 1);
  };
  client.on_alarm = [&](runtime::Cookie) { client.runtime.resume_reading(id); };
  const Bytes all = pattern(1'000'000);
  world->act("server", [&] { server.runtime.send(server.only(), all); });
  EXPECT_TRUE(world->run_until([&] { return client.seen[id].received.size() >= all.size(); }));
  EXPECT_TRUE(client.seen[id].received == all);
}

TEST_P(UpgradeConformance, FailsOnBytesThatAreNoHandshake) {
  expect_requests();
  start();
  const ConnectionId id = connected();
  world->act("client", [&] { client.say(id, "tls!\nGET / HTTP/1.1\r\n\r\n"); });
  ASSERT_TRUE(world->run_until([&] { return !server.seen[server.only()].closed.empty(); }));
  EXPECT_EQ(server.seen[server.only()].closed.front(), CloseReason::tls_failed);
  EXPECT_FALSE(server.seen[server.only()].secure);
}

TEST_P(UpgradeConformance, MayBeGivenUp) {
  expect_requests();
  start();
  const ConnectionId id = connected();
  world->act("client", [&] { client.say(id, "tls!\n"); });  // and nothing more
  world->run_for(100ms);
  world->act("server", [&] { server.abort(server.only()); });
  ASSERT_TRUE(client_closed(id));
  EXPECT_EQ(client.seen[id].closed.front(), CloseReason::reset);
}

class MutualConformance : public RuntimeConformance {
 protected:
  MutualConformance() { server.listening.mutual_tls = true; }
};
WANLAB_TWO_WORLDS(MutualConformance);

TEST_P(MutualConformance, TellsBothWhoTheOtherIs) {
  start();
  const ConnectionId id = connected({.tls = TlsVersion::tls13, .timeout = 5s});
  EXPECT_EQ(server.seen[server.only()].identity, "client");
  EXPECT_FALSE(client.seen[id].secure);  // on_connect has said so
  const Bytes all = pattern(2'000'000);
  world->act("client", [&] { client.runtime.send(id, all); });
  world->act("server", [&] { server.say(server.only(), "welcome"); });
  EXPECT_TRUE(world->run_until([&] {
    return server.seen[server.only()].received.size() >= all.size() &&
           client.heard(id) == "welcome";
  }));
  EXPECT_TRUE(server.seen[server.only()].received == all);
}

TEST_P(MutualConformance, HearsNothingOfWhoeverOnlyConnects) {
  start();
  ConnectionId id{};
  world->act("client", [&] { id = client.connect("server", port); });  // without TLS
  ASSERT_TRUE(world->run_until([&] { return client.seen[id].connected; }));
  // The server's patience ends it.
  ASSERT_TRUE(client_closed(id));
  EXPECT_TRUE(server.accepted.empty());
}

}  // namespace
}  // namespace wanlab::testing
