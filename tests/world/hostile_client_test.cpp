// What a client gets that is slow, or sends packets of the wrong length, sequence or size: MySQL's
// own error for it, in bounded time, and nothing is left behind.
#include "tests/world/hostile_client.hpp"
#include "tests/world/plan_builder.hpp"

namespace wanlab::world {
namespace {

using namespace std::chrono_literals;
using runtime::CloseReason;

// One hostile connection to the edge, from one simulated second after the warm-up on.
struct Encounter {
  explicit Encounter(HostileClient::Intention intention, scenario::Plan plan = plan_with_room())
      : running(std::move(plan)) {
    running.run_until(1s);
    endpoints_before = running.open_endpoints();
    SimulatedHost& host = running.host("stranger");
    if (intention.password.empty()) intention.password = "right";
    auto made = std::make_unique<HostileClient>(host, std::move(intention), "edge-1.pdx");
    client = made.get();
    host.install(std::move(made));
    host.start();
  }
  static scenario::Plan plan_with_room() {
    scenario::Plan plan = small_plan();
    plan.idle_hosts = {"stranger"};  // stands at the first site, "home"
    plan.credentials[0].password = "right";
    return plan;
  }
  // From the misdeed to the end of the connection.
  Duration took() const { return *client->closed_at - *client->misbehaved_at; }
  void expect_turned_away(std::uint16_t error, Duration within) {
    running.run_until(running.now() + 60s);
    EXPECT_EQ(client->error, error);
    ASSERT_TRUE(client->closed_at.has_value());
    EXPECT_LE(took(), within);
    expect_nothing_left(running, endpoints_before);
  }

  RunningWorld running;
  std::size_t endpoints_before = 0;
  HostileClient* client = nullptr;
};

// There and back.
constexpr Duration at_once = 5ms;

HostileClient::Intention says(Break where, std::function<Bytes(std::uint8_t)> what) {
  HostileClient::Intention intention;
  intention.where = where;
  intention.says = std::move(what);
  return intention;
}

TEST(SlowClient, ThatNeverAnswersTheGreetingIsTurnedAwayAtTheTimeout) {
  Encounter encounter(says(Break::at_greeting, {}));
  encounter.running.run_until(5s);
  EXPECT_FALSE(encounter.client->closed_at.has_value());
  encounter.expect_turned_away(1159, 10s + at_once);
  EXPECT_GE(encounter.took(), 9s);
}

TEST(SlowClient, ThatStopsInTheMiddleOfAPacketIsTurnedAwayAtTheTimeout) {
  Encounter encounter(says(Break::at_login, [](std::uint8_t sequence) {
    return raw_packet(sequence, "half a login", 100);
  }));
  encounter.expect_turned_away(1159, 10s + at_once);
}

TEST(SlowClient, ThatNeverFinishesTlsIsCutOffAtTheTimeout) {
  Encounter encounter(says(Break::behind_ssl_request, [](std::uint8_t) { return Bytes(); }));
  encounter.running.run_until(30s);
  ASSERT_TRUE(encounter.client->closed_at.has_value());
  EXPECT_EQ(encounter.client->close_reason,
            CloseReason::reset);  // no error fits inside a TLS handshake
  EXPECT_LE(encounter.took(), 10s + at_once);
  expect_nothing_left(encounter.running, encounter.endpoints_before);
}

TEST(SlowClient, OfAGroupOfClientsIsCountedAsAHandshakeThatTimedOut) {
  scenario::ClientGroup group = one_client();
  group.stalls_in_handshake = true;
  group.connect_timeout = 3s;
  RunningWorld running(small_plan(group));
  run_and_expect_nothing_left(running);
  EXPECT_EQ(running.trace().get(TraceKind::client_failed).a,
            static_cast<std::uint64_t>(trace::ConnectFailure::handshake_timeout));
}

struct WrongPacket {
  const char* name;
  Break where;
  std::function<Bytes(std::uint8_t)> bytes;
  std::uint16_t error;
};
const WrongPacket wrong_packets[] = {
    {"ASequenceOutOfOrderAtTheGreeting", Break::at_greeting,
     [](std::uint8_t sequence) {
       return raw_packet(static_cast<std::uint8_t>(sequence + 1), "xxxx");
     },
     1156},
    {"NothingAtTheGreeting", Break::at_greeting,
     [](std::uint8_t sequence) { return raw_packet(sequence, ""); }, 1043},
    {"NoiseAtTheGreeting", Break::at_greeting,
     [](std::uint8_t sequence) { return raw_packet(sequence, std::string(300, '\xff')); }, 1043},
    {"ASizeNoHonestLoginHas", Break::at_greeting,
     [](std::uint8_t sequence) { return raw_packet(sequence, "x", 16 * 1024 + 1); }, 1153},
    {"TheLargestSize", Break::at_greeting,
     [](std::uint8_t sequence) { return raw_packet(sequence, "x", 0xffffff); }, 1153},
    {"AnHttpRequest", Break::at_greeting,
     [](std::uint8_t) {
       const ByteView text = as_bytes(std::string_view("GET / HTTP/1.1\r\nHost: db\r\n\r\n"));
       return Bytes(text.begin(), text.end());
     },
     1153},
    {"ASequenceOutOfOrderAtTheLogin", Break::at_login,
     [](std::uint8_t) { return raw_packet(9, "xxxx"); }, 1156},
    {"ALoginThatIsTooShort", Break::at_login,
     [](std::uint8_t sequence) { return raw_packet(sequence, "\x8d\xa6\x0f"); }, 1043},
    {"ALoginThatIsTooLarge", Break::at_login,
     [](std::uint8_t sequence) { return raw_packet(sequence, "x", 1 << 20); }, 1153},
    {"ACommandOutOfOrder", Break::at_command,
     [](std::uint8_t) { return raw_packet(1, "\x03SELECT 1"); }, 1156},
    {"ACommandWithoutAByte", Break::at_command,
     [](std::uint8_t sequence) { return raw_packet(sequence, ""); }, 1835},
    {"ACommandThatIsTooLargeForItsKind", Break::at_command,
     [](std::uint8_t sequence) { return raw_packet(sequence, "\x0eping", 0xffffff); }, 1153},
};

class Wrong : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Wrong, PacketEndsTheConnectionWithItsErrorAtOnce) {
  const WrongPacket& wrong = wrong_packets[GetParam()];
  Encounter encounter(says(wrong.where, wrong.bytes));
  encounter.expect_turned_away(wrong.error, at_once);
}

INSTANTIATE_TEST_SUITE_P(Every, Wrong, ::testing::Range<std::size_t>(0, std::size(wrong_packets)),
                         [](const auto& number) {
                           return std::string(wrong_packets[number.param].name);
                         });

TEST(HostileClient, ThatSpeaksBeforeTheGreetingIsTurnedAway) {
  Encounter encounter(
      says(Break::at_connect, [](std::uint8_t) { return raw_packet(7, "hello?"); }));
  encounter.expect_turned_away(1156, 10ms);
}

TEST(HostileClient, WithPlainBytesWhereTlsShouldBeginIsCutOffAtOnce) {
  Encounter encounter(says(Break::behind_ssl_request, [](std::uint8_t sequence) {
    return raw_packet(sequence, "a login in the clear, behind the request for TLS");
  }));
  encounter.running.run_until(20s);
  ASSERT_TRUE(encounter.client->closed_at.has_value());
  EXPECT_LE(encounter.took(), at_once);
  expect_nothing_left(encounter.running, encounter.endpoints_before);
}

TEST(HostileClient, ThatSendsAnUnknownCommandIsToldSoAndMayGoOn) {
  Encounter encounter(
      says(Break::at_command, [](std::uint8_t sequence) { return raw_packet(sequence, "\x7f"); }));
  encounter.running.run_until(20s);
  EXPECT_EQ(encounter.client->error, 1047);
  EXPECT_FALSE(encounter.client->closed_at.has_value());
  encounter.running.host("stranger").act([&] { encounter.client->hang_up(); });
  encounter.running.run_until(21s);
  expect_nothing_left(encounter.running, encounter.endpoints_before);
}

TEST(HostileClient, ThatVanishesInTheMiddleOfAStatementLeavesNothing) {
  Encounter encounter(says(Break::at_command, [](std::uint8_t sequence) {
    return raw_packet(sequence, "\x03SELECT 1");
  }));
  // The statement has left the edge, its answer is not there yet.
  while (encounter.running.trace().count(TraceKind::query_routed) == 0) {
    encounter.running.run_until(encounter.running.now() + 1ms);
  }
  encounter.running.host("stranger").crash();
  encounter.running.run_until(20s);
  expect_nothing_left(encounter.running, encounter.endpoints_before);
}

TEST(HostileClient, ThatFloodsItsOwnSessionWithStatementsIsHeldBackAndAnswered) {
  Encounter encounter(says(Break::at_command, [](std::uint8_t) {
    Bytes flood;
    for (int i = 0; i < 2000; ++i) append(flood, raw_packet(0, "\x03SELECT name FROM account"));
    return flood;
  }));
  encounter.running.run_until(300s);
  EXPECT_EQ(encounter.running.trace().count(TraceKind::query_answered), 2000u);
  encounter.running.host("stranger").act([&] { encounter.client->hang_up(); });
  encounter.running.run_until(301s);
  expect_nothing_left(encounter.running, encounter.endpoints_before);
}

TEST(PlainClient, IsRefusedWhereTlsIsRequired) {
  HostileClient::Intention plain = says(Break::at_command, {});
  plain.tls = false;
  Encounter encounter(plain);
  encounter.running.run_until(20s);
  EXPECT_EQ(encounter.client->error, 3159);
  EXPECT_TRUE(encounter.client->closed_at.has_value());
  EXPECT_FALSE(encounter.client->logged_in);
  expect_nothing_left(encounter.running, encounter.endpoints_before);
}

TEST(NativeClient, ThatKnowsNoOtherMethodIsRefusedWhereNobodyMayUseIt) {
  HostileClient::Intention old = says(Break::at_command, {});
  old.capabilities &= ~mysql::capability::plugin_auth;
  Encounter encounter(old);
  encounter.running.run_until(20s);
  EXPECT_EQ(encounter.client->error, 1251);
  EXPECT_FALSE(encounter.client->logged_in);
  expect_nothing_left(encounter.running, encounter.endpoints_before);
}

TEST(NativeClient, ThatKnowsNoOtherMethodIsDeniedWhereOnlyOthersMayUseIt) {
  HostileClient::Intention old = says(Break::at_command, {});
  old.capabilities &= ~mysql::capability::plugin_auth;
  scenario::Plan plan = Encounter::plan_with_room();
  plan.credentials.push_back(plan.credentials[0]);
  plan.credentials[1].user = "legacy";
  plan.credentials[1].allow_native = true;
  Encounter encounter(old, plan);
  encounter.running.run_until(20s);
  EXPECT_EQ(encounter.client->error, 1045);
  EXPECT_FALSE(encounter.client->logged_in);
  expect_nothing_left(encounter.running, encounter.endpoints_before);
}

TEST(NativeClient, LogsInWhereItsCredentialAllowsIt) {
  HostileClient::Intention old = says(Break::at_command, {});
  old.capabilities &= ~mysql::capability::plugin_auth;
  old.user = "legacy";
  scenario::Plan plan = Encounter::plan_with_room();
  plan.credentials.push_back(plan.credentials[0]);
  plan.credentials[1].user = "legacy";
  plan.credentials[1].allow_native = true;
  Encounter encounter(old, plan);
  encounter.running.run_until(5s);
  EXPECT_TRUE(encounter.client->logged_in);
}

}  // namespace
}  // namespace wanlab::world
