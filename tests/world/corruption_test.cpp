// Real bytes travel: whichever byte of whichever message is flipped in flight, the decoder at the
// receiving side notices, says the error its protocol has for it, and nothing hangs or leaks.
//
// (TLS would discard a record that was changed; here its cryptography is represented by sizes and
// times only, so a flip reaches the protocol inside.)
#include "tests/world/plan_builder.hpp"
#include "tests/world/running_world.hpp"

namespace wanlab::world {
namespace {

using namespace std::chrono_literals;

// Every message of the life of one statement, and who sends it when. The plan has neither jitter
// nor costs, so the moments follow from what a clean run tells.
enum class Message {
  greeting,
  response,
  login_request,
  login_answer,
  ok,
  command,
  statement_request,
  backend_command,
  result,
  statement_answer,
  answer,
};
constexpr Message messages[] = {
    Message::greeting,
    Message::response,
    Message::login_request,
    Message::login_answer,
    Message::ok,
    Message::command,
    Message::statement_request,
    Message::backend_command,
    Message::result,
    Message::statement_answer,
    Message::answer,
};

struct Sending {
  std::string host;
  Duration at{};
};

scenario::Plan plan() {
  scenario::ClientGroup group = one_client();
  group.kind =
      scenario::ClientKind::lambda;  // pools would connect again and repeat their statement
  group.connect_timeout = 20s;
  group.query_timeout = 5s;
  scenario::Plan made = small_plan(group);
  made.print_every_step = true;
  return made;
}

Sending sending_of(Message message, const RunningWorld& clean) {
  const Trace& trace = clean.trace();
  const auto edge = [&](TraceKind kind) { return Sending{"edge-1.pdx", trace.get(kind).at}; };
  const auto origin = [&](TraceKind kind) { return Sending{"origin-1.east", trace.get(kind).at}; };
  switch (message) {
    case Message::greeting:
      return edge(TraceKind::session_accepted);
    // The third step: TLS is up, the proof goes out.
    case Message::response:
      return {"client-1", trace.get(TraceKind::client_step, 2).at};
    case Message::login_request:
      return edge(TraceKind::session_secured);
    case Message::login_answer:
      return origin(TraceKind::proof_verified);
    case Message::ok:
      return edge(TraceKind::session_authenticated);
    case Message::command:
      return {"client-1", trace.get(TraceKind::client_query_sent).at};
    case Message::statement_request:
      return edge(TraceKind::query_routed);
    case Message::backend_command:
      return {"origin-1.east", trace.get(TraceKind::statement_served).at - within_zone};
    case Message::result:
      return {"primary.main.east", trace.get(TraceKind::statement_served).at - within_zone / 2};
    case Message::statement_answer:
      return origin(TraceKind::statement_served);
    case Message::answer:
      return edge(TraceKind::query_answered);
  }
  return {};
}

const RunningWorld& clean_run() {
  static RunningWorld& clean = *[] {
    auto* running = new RunningWorld(plan());
    running->run();
    return running;
  }();
  return clean;
}

// A run in which `message` arrives with one byte changed.
struct Flipped {
  Flipped(Message message, std::size_t offset, std::byte flip) : running(plan()) {
    running.run_until(Duration(-1));
    endpoints_before = running.open_endpoints();
    const Sending sending = sending_of(message, clean_run());
    running.run_until(sending.at - Duration(1));
    running.world().transport().corrupt_next(running.host(sending.host), offset, flip);
    running.run();
    // Connections of the backhaul that were given up have been replaced by then; a database that
    // waits for the rest of a statement, or an origin for the rest of a result, is given up after
    // its limit.
    const bool behind = message == Message::backend_command || message == Message::result;
    running.run_until(running.now() + (behind ? 920s : 10s));
  }
  // The error that the client heard of, at connecting or of its statement; 0 for none.
  std::uint16_t error() const {
    for (const TraceKind kind : {TraceKind::client_failed, TraceKind::client_query_failed}) {
      const std::vector<Told> told = running.trace().all(kind);
      if (!told.empty()) return static_cast<std::uint16_t>(told[0].b);
    }
    return 0;
  }
  bool answered() const { return running.trace().count(TraceKind::client_query_answered) == 1; }

  RunningWorld running;
  std::size_t endpoints_before = 0;
};

std::uint16_t error_after(Message message, std::size_t offset, std::byte flip = std::byte{0x10}) {
  Flipped flipped(message, offset, flip);
  expect_nothing_left(flipped.running, flipped.endpoints_before);
  EXPECT_FALSE(flipped.answered());
  return flipped.error();
}

// A MySQL packet: three bytes of length, the sequence, and the payload.
constexpr std::size_t length_at = 0, sequence_at = 3, payload_at = 4;

TEST(Corruption, ACleanRunIsAnswered) {
  EXPECT_EQ(clean_run().trace().count(TraceKind::client_query_answered), 1u);
}

TEST(Corruption, OfTheGreetingIsNoticedByTheClient) {
  EXPECT_EQ(error_after(Message::greeting, payload_at), 2007);  // the version of the protocol
  EXPECT_EQ(error_after(Message::greeting, sequence_at), 2014);
}

TEST(Corruption, OfTheLoginIsNoticedByTheEdge) {
  Flipped flipped(Message::response, sequence_at, std::byte{0x10});
  EXPECT_EQ(flipped.running.trace().get(TraceKind::session_refused).a, 1156u);
  // The edge counts on from what it expected, so the client finds its answer out of order as well.
  EXPECT_EQ(flipped.error(), 2014);
  expect_nothing_left(flipped.running, flipped.endpoints_before);
  // Protocol 4.1 is no longer claimed.
  EXPECT_EQ(error_after(Message::response, payload_at + 1, std::byte{0x02}), 1251);
}

TEST(Corruption, OfTheLengthOfTheLoginLeavesTheEdgeWaitingUntilItsTimeout) {
  Flipped flipped(Message::response, length_at, std::byte{0x10});
  EXPECT_FALSE(flipped.answered());
  expect_nothing_left(flipped.running, flipped.endpoints_before);
  // What was cut off or is missing is an error of its own, at the latest when the handshake times
  // out.
  EXPECT_NE(flipped.error(), 0);
}

TEST(Corruption, OfTheProofIsNoticedByTheOrigin) {
  // Flags, packet size, collation and filler are 32 bytes, then the user and its NUL, then the
  // proof.
  const std::size_t proof_at = payload_at + 32 + 4 + 1;
  Flipped flipped(Message::response, proof_at + 5, std::byte{0x01});
  EXPECT_EQ(flipped.error(), 1045);
  EXPECT_EQ(flipped.running.trace().count(TraceKind::proof_rejected, "origin-1.east"), 1u);
  expect_nothing_left(flipped.running, flipped.endpoints_before);
}

TEST(Corruption, OfTheOkIsNoticedByTheClient) {
  EXPECT_EQ(error_after(Message::ok, sequence_at), 2014);
  EXPECT_EQ(error_after(Message::ok, payload_at), 2027);
}

TEST(Corruption, OfACommandIsNoticedByTheEdge) {
  EXPECT_EQ(error_after(Message::command, payload_at), 1047);
  EXPECT_EQ(error_after(Message::command, sequence_at), 1156);
}

TEST(Corruption, OfALoginsFrameLeavesItUndecided) {
  // The type of the frame: the origin gives the connection up. The edge cannot know whether the
  // proof was judged before, and a region that sees it twice must take it for a replay. So the only
  // region is not asked again: the client hears of a shutdown, after which it may connect anew, and
  // not of a wrong password.
  Flipped flipped(Message::login_request, 0, std::byte{0x40});
  EXPECT_EQ(flipped.running.trace().count(TraceKind::backhaul_down, "edge-1.pdx"), 1u);
  EXPECT_EQ(flipped.running.trace().count(TraceKind::proof_verified), 0u);
  EXPECT_FALSE(flipped.answered());
  EXPECT_EQ(flipped.error(), 1053);
  expect_nothing_left(flipped.running, flipped.endpoints_before);
}

TEST(Corruption, OfAStatementsFrameIsAnUnknownOutcome) {
  EXPECT_EQ(error_after(Message::statement_request, 0, std::byte{0x40}), 1105);
}

TEST(Corruption, OfAnAnswersFrameIsAnUnknownOutcome) {
  EXPECT_EQ(error_after(Message::statement_answer, 0, std::byte{0x40}), 1105);
}

TEST(Corruption, OfWhatTheDatabaseHearsIsNoticedThere) {
  EXPECT_EQ(error_after(Message::backend_command, payload_at), 1047);
}

TEST(Corruption, OfTheDatabasesAnswerIsNoticedByTheOrigin) {
  EXPECT_NE(error_after(Message::result, sequence_at), 0);
}

TEST(Corruption, OfTheAnswerIsNoticedByTheClient) {
  EXPECT_EQ(error_after(Message::answer, sequence_at), 2027);
}

// Whatever the byte: the trace shows it, the client ends in bounded time, nothing is left.
TEST(Corruption, OfAnyByteOfAnyMessageIsSeenEndsAndLeaksNothing) {
  constexpr std::size_t beyond_every_message = 1 << 20;
  for (const Message message : messages) {
    const std::uint64_t unchanged =
        Flipped(message, beyond_every_message, std::byte{1}).running.digest();
    int seen = 0;
    for (std::size_t offset = 0; offset < 160; offset += offset < 12 ? 1 : 7) {
      const auto flip = static_cast<std::byte>(1u << (offset % 8));
      SCOPED_TRACE("message " + std::to_string(static_cast<int>(message)) + " offset " +
                   std::to_string(offset));
      Flipped flipped(message, offset, flip);
      // A message shorter than this is left alone; a later, longer one of the same host may be hit.
      seen += flipped.running.digest() != unchanged ? 1 : 0;
      EXPECT_TRUE(offset >= 8 || flipped.running.digest() != unchanged);
      const bool ended = flipped.running.trace().count(TraceKind::client_failed) == 1 ||
                         flipped.running.trace().count(TraceKind::client_closed) == 1 ||
                         flipped.running.trace().count(TraceKind::client_lost) >= 1;
      EXPECT_TRUE(ended);
      expect_nothing_left(flipped.running, flipped.endpoints_before);
      if (::testing::Test::HasFailure()) return;
    }
    EXPECT_GE(seen, 8);
  }
}

}  // namespace
}  // namespace wanlab::world
