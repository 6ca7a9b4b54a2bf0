// wanlab-edge as a process, and clients of it that keep no rules: each gets the right error or an
// end, in bounded time and memory, and whoever keeps the rules notices nothing.
#include "real_components/mysql/handshake_messages.hpp"
#include "tests/hosting/daemons.hpp"
#include "tests/hosting/raw_client.hpp"

#include <algorithm>

namespace wanlab::testing {
namespace {

class HostileClients : public Daemons {
 protected:
  RawClient raw() { return {world.address_of("edge"), 3306}; }
  double metric(const std::string& name) {
    const std::string metrics = ask("edge", "/metrics");
    const std::size_t at = metrics.find("\n" + name + " ");
    EXPECT_NE(at, std::string::npos) << name;
    return at == std::string::npos ? 0 : std::stod(metrics.substr(at + name.size() + 2));
  }
  // What the edge said, from its greeting on, until it ended the connection.
  std::string said_until_end(RawClient& client) {
    std::string said;
    bool over = false;
    EXPECT_TRUE(world.run_until([&] {
      said += client.receive();
      over = over || client.ended();
      return over;
    })) << "the connection does not end";
    return said;
  }
  static std::string ssl_request() {
    mysql::HandshakeResponse response;
    response.capabilities = mysql::client_capabilities | mysql::capability::ssl;
    Bytes out;
    mysql::write_ssl_request(out, 1, response);
    return std::string(as_text(out));
  }
  // The number of the error that the last packet carries; 0 if it carries none.
  static std::uint16_t error_in(std::string_view said) {
    ByteView left = as_bytes(said);
    std::uint16_t error = 0;
    mysql::Packet packet;
    while (mysql::take_packet(left, {}, packet) == mysql::PacketStatus::complete) {
      const auto parsed = mysql::parse_err(packet.payload);
      error = parsed ? parsed->code : 0;
    }
    return error;
  }
  void expect_served() {
    TestClient& client = login();
    ASSERT_TRUE(client.established) << client.error << client.message;
    EXPECT_EQ(query(client, "SELECT 1").error, 0);
    clients.close(client);
  }
  void expect_quiet() {
    expect_served();
    EXPECT_TRUE(world.run_until([&] { return metric("wanlab_sessions") == 0; }));
    EXPECT_EQ(edge->status(), -1) << edge->output();
  }
};

TEST_F(HostileClients, InTheClearAreToldWhatIsWrong) {
  start();
  mysql::HandshakeResponse response;
  response.capabilities = mysql::client_capabilities;
  response.user = "app";
  Bytes plain;
  mysql::write_handshake_response(plain, 1, response);
  struct Case {
    std::string what;
    std::string bytes;
    std::uint16_t error;
  };
  const std::vector<Case> cases{
      {"a login without TLS", std::string(as_text(plain)), 3159},
      {"16 MB announced before the login", std::string("\xff\xff\xff\x01", 4), 1153},
      {"more than a login can be", std::string("\x00\x00\x01\x01", 4), 1153},
      {"a packet out of order", std::string("\x05\x00\x00\x09", 4) + "abcde", 1156},
      {"an empty packet", std::string("\x00\x00\x00\x01", 4), 1043},
      {"another protocol", "GET / HTTP/1.1\r\n\r\n", 0},
      {"noise", std::string("\x01\x00\x00\x01\xff", 5), 1043},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.what);
    RawClient client = raw();
    world.run_for(10ms);
    client.send(each.bytes);
    const std::string said = said_until_end(client);
    EXPECT_GT(said.size(), 50u) << "there was a greeting";
    if (each.error != 0) {
      EXPECT_EQ(error_in(said), each.error);
    }
  }
  expect_quiet();
}

TEST_F(HostileClients, ThatSpeakGarbageInsteadOfTlsAreCutOff) {
  start();
  const std::vector<std::string> words{
      "GET / HTTP/1.1\r\n\r\n",
      std::string("\x16\x03\x01\xff\xff", 5),          // a record longer than any may be
      std::string("\x16\x03\x01\x00\x05hello", 10),    // a handshake that is none
      std::string("\x17\x03\x03\x00\x01x", 6),         // data before keys
      std::string("\x15\x03\x03\x00\x02\x02\x28", 7),  // an alert
      std::string(300, '\0'),
  };
  for (const std::string& word : words) {
    SCOPED_TRACE(word.substr(0, 10));
    RawClient client = raw();
    world.run_for(10ms);
    client.send(ssl_request() + word);  // pipelined, as some drivers do with their hello
    const std::string said = said_until_end(client);
    EXPECT_EQ(said.find("Access denied"), std::string::npos);
  }
  EXPECT_TRUE(world.run_until([&] { return metric("wanlab_tls_handshakes_failed_total") >= 6; }));
  expect_quiet();
}

TEST_F(HostileClients, ThatLeaveInTheMiddleOfAPacketLeaveNothing) {
  start();
  const std::string login = ssl_request() + std::string("\x16\x03\x01\x01\xf4\x01\x00\x01\xf0", 9);
  for (std::size_t cut = 0; cut < login.size(); cut += 4) {
    RawClient client = raw();
    world.run_for(2ms);
    client.send(login.substr(0, cut));
    world.run_for(2ms);
  }
  expect_quiet();
}

TEST_F(HostileClients, ThatAreSlowRunOutOfTimeAndHoldUpNobody) {
  start("\"handshake_timeout\": \"2s\",\n");
  constexpr std::size_t half_open = 500;
  std::vector<RawClient> silent;
  for (std::size_t i = 0; i < half_open; ++i) silent.push_back(raw());
  ASSERT_TRUE(world.run_until([&] { return metric("wanlab_sessions") >= half_open; }));
  RawClient slow = raw(), slow_tls = raw();
  slow_tls.send(ssl_request());
  const std::string hello =
      std::string("\x16\x03\x01\x01\xf4\x01\x00\x01\xf0\x03\x03", 11) + std::string(400, 'x');
  bool slow_ended = false, tls_ended = false;
  for (std::size_t at = 0; at < hello.size() && !(slow_ended && tls_ended); ++at) {
    slow.send(std::string(1, at == 0 ? '\x7f' : '\0'));
    slow_tls.send(hello.substr(at, 1));
    world.run_for(20ms);
    if (at % 20 == 0) expect_served();
    slow_ended = slow_ended || slow.ended();
    tls_ended = tls_ended || slow_tls.ended();
  }
  EXPECT_TRUE(slow_ended && tls_ended);
  // Who said nothing is told why.
  EXPECT_EQ(error_in(said_until_end(silent.front())), 1159);
  for (RawClient& client : silent) {
    EXPECT_TRUE(world.run_until([&] { return client.ended(); }));
  }
  expect_quiet();
}

TEST_F(HostileClients, ThatNeverReadTheirResultsAreBoundInMemory) {
  start();
  TestClient& deaf = login();
  database.filler = 12'000'000;
  const double before = metric("process_resident_memory_bytes");
  clients.stop_reading(deaf);
  for (int i = 0; i < 30; ++i) clients.query(deaf, "SELECT 'much'");
  double most = 0;
  for (int i = 0; i < 20; ++i) {
    world.run_for(100ms);
    most = std::max(most, metric("process_resident_memory_bytes"));
  }
  EXPECT_TRUE(deaf.answers.empty());
  EXPECT_LT(most - before, 64e6);  // of 360 MB that were asked for
  database.filler = 0;
  expect_served();
  clients.abort(deaf);
  expect_quiet();
}

TEST_F(HostileClients, ThatHaveLoggedInAreBoundInWhatTheyAnnounce) {
  start();
  const double before = metric("process_resident_memory_bytes");
  std::vector<TestClient*> greedy;
  for (int i = 0; i < 50; ++i) {
    greedy.push_back(&login());
    ASSERT_TRUE(greedy.back()->established);
    // 16 MB are announced; one byte of them comes.
    clients.send(*greedy.back(), as_bytes(std::string_view("\xfe\xff\xff\x00\x03", 5)));
  }
  world.run_for(200ms);
  EXPECT_LT(metric("process_resident_memory_bytes") - before, 32e6);
  for (TestClient* client : greedy) clients.abort(*client);
  TestClient& confused = login();
  ASSERT_TRUE(confused.established);
  ++confused.asked;
  clients.send(confused, as_bytes(std::string_view("\x09\x00\x00\x05\x03SELECT 1", 13)));
  ASSERT_TRUE(world.run_until([&] { return confused.closed; }));
  ASSERT_FALSE(confused.answers.empty());
  EXPECT_EQ(confused.answers.back().error, 1156);
  expect_quiet();
}

}  // namespace
}  // namespace wanlab::testing
