// Peers that lie, stall, stop reading or come in masses, over real sockets.
#include "tests/hosting/child_process.hpp"
#include "tests/hosting/loopback_world.hpp"
#include "tests/hosting/probe.hpp"
#include "tests/hosting/raw_client.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace wanlab::testing {
namespace {

using namespace std::chrono_literals;
using runtime::CloseReason;
using runtime::ConnectionId;
using runtime::TlsVersion;

constexpr std::uint16_t plain_port = 7000;

class HostileBase : public ::testing::Test {
 protected:
  void start(bool mutual) {
    server = std::make_unique<Probe>(world.host("server"));
    server->ports = {plain_port};
    server->listening.mutual_tls = mutual;
    world.run("server", *server);
    client = std::make_unique<Probe>(world.host("client"));
    world.run("client", *client);
    ASSERT_TRUE(world.run_until([&] { return server->started && client->started; }));
  }
  ~HostileBase() override {
    world.crash("server");
    world.crash("client");
  }
  RawClient raw() { return {world.address_of("server"), plain_port}; }
  hosting::AsioRuntime& host() { return world.host("server"); }
  bool closed(ConnectionId id) {
    return world.run_until([&] { return !client->seen[id].closed.empty(); });
  }

  LoopbackWorld world;
  std::unique_ptr<Probe> server, client;
};

// --- mutual TLS ---------------------------------------------------------------------------------

class Strangers : public HostileBase {};

TEST_F(Strangers, WithACertificateOfAnotherAuthorityAreNotLetIn) {
  start(true);
  TemporaryFolder elsewhere;
  const hosting::DevelopmentAuthority other(elsewhere.path());
  other.issue({.name = "mallory"});
  world.change_tls = [&](hosting::TlsOptions tls) {
    tls.identity = {other.certificate_of("mallory"), other.key_of("mallory")};
    return tls;
  };
  Probe mallory(world.host("mallory"));
  world.run("mallory", mallory);
  const ConnectionId id = mallory.connect("server", plain_port, {.tls = TlsVersion::tls13});
  ASSERT_TRUE(world.run_until([&] { return !mallory.seen[id].closed.empty(); }));
  EXPECT_TRUE(server->accepted.empty());
  EXPECT_EQ(host().figures().handshakes_failed, 1u);
  world.crash("mallory");
}

TEST_F(Strangers, WhoPoseAsTheServerAreNotBelieved) {
  start(true);
  // Mallory has a good certificate, but not in the server's name.
  Probe mallory(world.host("mallory"));
  mallory.ports = {plain_port};
  mallory.listening.mutual_tls = true;
  world.run("mallory", mallory);
  ASSERT_TRUE(world.run_until([&] { return mallory.started; }));
  world.alias("bank", "mallory");
  const ConnectionId id = client->connect("bank", plain_port, {.tls = TlsVersion::tls13});
  ASSERT_TRUE(closed(id));
  EXPECT_EQ(client->seen[id].closed.front(), CloseReason::tls_failed);
  EXPECT_FALSE(client->seen[id].connected);
  EXPECT_TRUE(mallory.accepted.empty());
  world.crash("mallory");
}

TEST_F(Strangers, WhoSpeakNoTlsAreAnsweredAndForgotten) {
  start(true);
  std::vector<RawClient> all;
  for (const std::string_view said :
       {std::string_view("GET / HTTP/1.1\r\n\r\n"), std::string_view("\x16\x03\x01\xff\xff", 5),
        std::string_view("\x16\x03\x01\x00\x05hello", 10), std::string_view("\0\0\0\0\0\0\0\0", 8),
        std::string_view("\x15\x03\x03\x00\x02\x02\x28", 7)}) {
    all.push_back(raw());
    world.run_for(10ms);
    all.back().send(said);
  }
  EXPECT_TRUE(world.run_until(
      [&] { return std::all_of(all.begin(), all.end(), [](auto& one) { return one.ended(); }); }));
  all.clear();
  EXPECT_TRUE(world.run_until([&] { return host().connections() == 0; }));
  EXPECT_TRUE(server->accepted.empty());
}

TEST_F(Strangers, WhoSayNothingAreBoundInNumberAndTime) {
  world.options.maximum_handshakes = 50;
  world.options.tls_timeout = 1s;
  start(true);
  std::vector<RawClient> all;
  for (int i = 0; i < 200; ++i) all.push_back(raw());
  ASSERT_TRUE(world.run_until([&] { return host().figures().accepted == 200; }));
  EXPECT_EQ(host().connections(), 50u);
  EXPECT_EQ(host().figures().shed, 150u);
  EXPECT_TRUE(world.run_until([&] { return host().connections() == 0; }));
  // And whoever is meant to be there finds room.
  const ConnectionId id = client->connect("server", plain_port, {.tls = TlsVersion::tls13});
  EXPECT_TRUE(world.run_until([&] { return client->seen[id].connected; }));
}

TEST_F(Strangers, WhoTrickleTheirHandshakeRunOutOfTime) {
  world.options.tls_timeout = 1s;
  start(true);
  RawClient slow = raw();
  // The beginning of a client hello that says it will be 500 bytes long.
  std::string hello("\x16\x03\x01\x01\xf4\x01\x00\x01\xf0\x03\x03", 11);
  hello.resize(300, 'x');
  for (std::size_t at = 0; at < hello.size() && !slow.ended(); ++at) {
    slow.send(hello.substr(at, 1));
    world.run_for(20ms);
  }
  EXPECT_TRUE(slow.ended());
  EXPECT_EQ(host().connections(), 0u);
}

// --- clients ------------------------------------------------------------------------------------

class Clients : public HostileBase {};

TEST_F(Clients, WhoNeverReadAreBoundInMemoryAndTime) {
  world.options.stranger_timeout = 2s;
  world.options.maximum_unsent = 8 * 1024 * 1024;
  start(false);
  RawClient deaf = raw();
  ASSERT_TRUE(world.run_until([&] { return !server->accepted.empty(); }));
  const ConnectionId id = server->only();
  // A component that heeds back-pressure: the time runs out.
  const Bytes piece(64 * 1024);
  for (int i = 0; i < 1000 && host().unsent_bytes(id) < 1024 * 1024; ++i) {
    server->runtime.send(id, piece);
    world.run_for(1ms);
  }
  EXPECT_LT(host().unsent_bytes(id), 1200 * 1024u);
  EXPECT_TRUE(world.run_until([&] { return !server->seen[id].closed.empty(); }));
  EXPECT_EQ(server->seen[id].closed.front(), CloseReason::timed_out);
  // One that does not heed it: the memory runs out.
  RawClient second = raw();
  ASSERT_TRUE(world.run_until([&] { return server->accepted.size() == 2; }));
  const ConnectionId next = server->accepted.back();
  for (int i = 0; i < 1000 && server->seen[next].closed.empty(); ++i) {
    server->runtime.send(next, piece);
    world.run_for(1ms);
  }
  ASSERT_FALSE(server->seen[next].closed.empty());
  EXPECT_EQ(server->seen[next].closed.front(), CloseReason::overloaded);
  EXPECT_TRUE(second.ended());
}

TEST_F(Clients, WhoStayDeafAfterTheEndAreForgotten) {
  world.options.flush_timeout = 1s;
  start(false);
  RawClient deaf = raw();
  ASSERT_TRUE(world.run_until([&] { return !server->accepted.empty(); }));
  server->runtime.send(server->only(), Bytes(32 * 1024 * 1024));
  server->close(server->only());
  world.run_for(200ms);
  EXPECT_EQ(host().connections(), 1u);
  EXPECT_TRUE(world.run_until([&] { return host().connections() == 0; }));
}

TEST_F(Clients, WhoNeverEndTheirSideAreForgotten) {
  world.options.linger_timeout = 500ms;
  start(false);
  RawClient stubborn = raw();
  ASSERT_TRUE(world.run_until([&] { return !server->accepted.empty(); }));
  server->say(server->only(), "bye");
  server->close(server->only());
  for (int i = 0; i < 20; ++i) {
    stubborn.send("but");
    world.run_for(10ms);
  }
  EXPECT_EQ(stubborn.receive(), "bye");
  EXPECT_TRUE(world.run_until([&] { return host().connections() == 0; }));
}

TEST_F(Clients, WhoLeaveInTheMiddleOfAHandshakeLeaveNothing) {
  start(false);
  server->on_bytes = [&](ConnectionId id, ByteView bytes) {
    server->runtime.start_tls_server(id, bytes);
  };
  const std::string hello("\x16\x03\x01\x01\xf4\x01\x00\x01\xf0\x03\x03", 11);
  for (std::size_t cut = 1; cut <= hello.size(); ++cut) {
    {
      RawClient fickle = raw();
      world.run_for(5ms);
      fickle.send(hello.substr(0, cut));
      world.run_for(5ms);
    }
    ASSERT_TRUE(world.run_until([&] { return host().connections() == 0; }));
    EXPECT_EQ(server->seen[server->accepted.back()].closed.size(), 1u);
  }
}

TEST_F(Clients, BeyondTheDescriptorsAreTurnedAwayAndTheOthersServed) {
  start(false);
  const ConnectionId before = client->connect("server", plain_port);
  ASSERT_TRUE(world.run_until([&] { return client->seen[before].connected; }));
  // 100 clients in a process of their own, and room for a few of them here.
  const auto open =
      static_cast<rlim_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  std::vector<std::string> command{
      "/usr/bin/env", "bash", "-c",
      "for i in {1..100}; do exec {fd}<>/dev/tcp/" + world.address_of("server") + "/" +
          std::to_string(plain_port) + "; done; echo connected; sleep 60"};
  {
    ChildProcess crowd(command, world.folder() / "crowd");
    const rlimit tight{open + 12, limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    EXPECT_TRUE(world.run_until([&] { return host().figures().shed >= 80; }));
    EXPECT_GT(server->accepted.size(), 1u);
    EXPECT_LT(server->accepted.size(), 20u);
    client->say(before, "still served?");
    EXPECT_TRUE(world.run_until(
        [&] { return server->heard(server->accepted.front()) == "still served?"; }));
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  const ConnectionId after = client->connect("server", plain_port);
  EXPECT_TRUE(world.run_until([&] { return client->seen[after].connected; }));
  EXPECT_TRUE(world.run_until([&] {
    return std::any_of(server->accepted.begin() + 1, server->accepted.end(),
                       [&](ConnectionId id) { return !server->seen[id].over; });
  }));
}

// --- TLS as others speak it ---------------------------------------------------------------------

class ForeignTls : public HostileBase {
 protected:
  // openssl s_client wants a server's greeting before it asks for TLS as MySQL does.
  void start_mysql() {
    start(false);
    server->on_accepted = [this](ConnectionId id) {
      static constexpr char greeting[] =
          "\x4a\0\0\0\x0a"
          "8.0\0"
          "\1\0\0\0"
          "12345678\0"
          "\xff\xff\x21\2\0\xff\xff\x15"
          "\0\0\0\0\0\0\0\0\0\0"
          "123456789012\0"
          "caching_sha2_password";
      std::string packet(greeting, sizeof greeting);  // the last zero ends the method's name
      packet[0] = static_cast<char>(packet.size() - 4);
      server->say(id, packet);
    };
    server->on_bytes = [this](ConnectionId id, ByteView bytes) {
      if (server->seen[id].secure) return;
      // The request is a packet of 36 bytes.
      server->runtime.start_tls_server(id, bytes.subspan(std::min<std::size_t>(36, bytes.size())));
    };
    server->on_secured = [this](ConnectionId id) { server->say(id, "hello\n"); };
  }
  std::string s_client(const std::string& options) {
    ChildProcess process(
        {"/usr/bin/env", "bash", "-c",
         "sleep 1 | openssl s_client -starttls mysql -connect " + world.address_of("server") + ":" +
             std::to_string(plain_port) + " -CAfile " + world.authority().certificate().string() +
             " -verify_hostname server " + options},
        world.folder() / "s_client");
    EXPECT_TRUE(world.run_until([&] { return process.status() != -1; }));
    return process.output();
  }
};

TEST_F(ForeignTls, OfEveryVersionIsVerifiedAndResumed) {
  start_mysql();
  for (const std::string version : {"-tls1_2", "-tls1_2 -no_ticket", "-tls1_3"}) {
    const std::string session = (world.folder() / "session").string();
    const std::string first = s_client(version + " -sess_out " + session);
    EXPECT_NE(first.find("Verify return code: 0 (ok)"), std::string::npos) << version << first;
    EXPECT_NE(first.find("\nNew, TLSv1."), std::string::npos) << version << first;
    const std::string second = s_client(version + " -sess_in " + session);
    EXPECT_NE(second.find("\nReused, TLSv1."), std::string::npos) << version << second;
  }
  EXPECT_EQ(host().figures().handshakes, 6u);
  EXPECT_EQ(host().figures().handshakes_resumed, 3u);
}

TEST_F(ForeignTls, ResumesAcrossNewCertificates) {
  start_mysql();
  const std::string session = (world.folder() / "session").string();
  s_client("-tls1_3 -sess_out " + session);
  // As on SIGHUP.
  host().use_tls(
      std::make_shared<const hosting::TlsContexts>(world.tls_options("server"), &host().tls()));
  const std::string second = s_client("-tls1_3 -sess_in " + session);
  EXPECT_NE(second.find("\nReused, TLSv1.3"), std::string::npos) << second;
}

TEST_F(ForeignTls, OfOldVersionsIsRefused) {
  start_mysql();
  s_client("-tls1_1 -cipher ALL@SECLEVEL=0");
  EXPECT_EQ(host().figures().handshakes, 0u);
}

}  // namespace
}  // namespace wanlab::testing
