// Two muxes, random operations, bytes cut at random: every byte arrives in order, every request
// ends once, all credit comes back, and the same seed gives the same bytes.
#include "tests/backhaul/mux_fixture.hpp"

#include <cstdint>

namespace wanlab::backhaul::testing {
namespace {

// splitmix64 (Steele, Lea, Flood 2014)
struct Random {
  std::uint64_t state;
  std::uint64_t next() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
};

std::string text_for(std::uint64_t key, std::size_t size) {
  Random random{key};
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + random.below(26));
  return text;
}

class Walk {
 public:
  explicit Walk(std::uint64_t seed)
      : random_{seed},
        options_(options_for(random_)),
        client_(Role::client, options_, at_client_),
        server_(Role::server, options_, at_server_) {}

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFatalFailure(); ++i) {
      step();
      check();
    }
    finish();
  }
  std::uint64_t digest() const { return digest_; }

 private:
  struct Request {
    StreamId id;
    std::string sent;  // all that was accepted
    bool ended = false;
    bool cancelled = false;
  };
  struct Answer {
    StreamId id;
    std::string sent;
    bool finished = false;
  };

  static MuxOptions options_for(Random& random) {
    MuxOptions options;
    options.stream_window = static_cast<std::uint32_t>(1 + random.below(3000));
    options.max_stream_window = options.stream_window * 4;
    options.connection_window = options.stream_window + random.below(6000);
    options.max_connection_window = options.connection_window * 3;
    options.max_streams = static_cast<std::uint32_t>(1 + random.below(12));
    options.output_target = static_cast<std::uint32_t>(100 + random.below(4000));
    options.quantum = static_cast<std::uint32_t>(200 + random.below(4000));
    options.glitch_burst = 1'000'000;
    return options;
  }

  void check() {
    ASSERT_EQ(client_.check_invariants(), "");
    ASSERT_EQ(server_.check_invariants(), "");
    ASSERT_EQ(at_client_.errors, 0) << to_string(at_client_.last_error);
    ASSERT_EQ(at_server_.errors, 0) << to_string(at_server_.last_error);
  }

  void step() {
    now_ += Duration(static_cast<std::int64_t>(random_.below(2'000'000)));
    switch (random_.below(14)) {
      case 0:
      case 1:
        open();
        break;
      case 2:
        send_more();
        break;
      case 3:
      case 4:
        answer();
        break;
      case 5:
        cancel();
        break;
      case 6:
        client_.ping(now_);
        break;
      case 7:
        consume(at_client_, client_);
        break;
      case 8:
        consume(at_server_, server_);
        break;
      case 9:
        at_client_.hold = random_.below(2) != 0;
        break;
      case 10:
        at_server_.hold = random_.below(2) != 0;
        break;
      case 11:
        if (random_.below(4) == 0) refuse();
        break;
      default:
        break;
    }
    carry(client_, to_server_);
    carry(server_, to_client_);
    arrive(to_server_, server_);
    arrive(to_client_, client_);
  }

  void open() {
    const std::uint64_t cookie = ++last_cookie_;
    Request& request = requests_[cookie];
    request.sent =
        text_for(cookie, random_.below(3) == 0 ? random_.below(9000) : random_.below(200));
    request.ended = random_.below(3) != 0;
    const std::size_t cut = random_.below(request.sent.size() + 1);
    const ByteView all = as_bytes(request.sent);
    request.id =
        client_.open({static_cast<std::uint32_t>(random_.below(4)), interactive_class, cookie},
                     all.first(cut), all.subspan(cut), request.ended);
    if (!request.id) requests_.erase(cookie);
  }
  void send_more() {
    for (auto& [cookie, request] : requests_) {
      if (request.ended || request.cancelled || random_.below(2) == 0) continue;
      const std::string more = text_for(random_.next(), random_.below(4000));
      const bool end = random_.below(2) == 0;
      if (!client_.send(request.id, as_bytes(more), end)) continue;
      request.sent += more;
      request.ended = end;
      return;
    }
  }
  void cancel() {
    for (auto& [cookie, request] : requests_) {
      if (request.cancelled || random_.below(8) != 0) continue;
      client_.reset(request.id, ResetReason::cancelled, Processed::unknown);
      request.cancelled = true;
      return;
    }
  }
  void answer() {
    for (auto& [cookie, heard] : at_server_.heard) {
      Answer& answer = answers_[cookie];
      if (answer.finished || random_.below(2) == 0) continue;
      const std::string more = text_for(random_.next(), random_.below(5000));
      const bool end = random_.below(2) == 0 || heard.resets != 0;
      // An answer usually follows the request; sometimes it comes before the request is complete.
      if (heard.ends == 0 && heard.resets == 0 && random_.below(6) != 0) continue;
      if (!server_.send(heard.id, as_bytes(more), end)) continue;
      answer.sent += more;
      answer.finished = end;
      return;
    }
  }
  void refuse() {
    for (auto& [cookie, heard] : at_server_.heard) {
      Answer& answer = answers_[cookie];
      if (answer.finished) continue;
      server_.reset(heard.id, ResetReason::overloaded, Processed::no);
      answer.finished = true;
      return;
    }
  }
  void consume(Recorder& recorder, Mux& mux) {
    for (auto& [cookie, heard] : recorder.heard) {
      if (heard.held == 0) continue;
      const std::size_t part = 1 + random_.below(heard.held);
      mux.consumed(heard.id, part);
      heard.held -= part;
    }
  }
  void carry(Mux& from, Bytes& pipe) {
    if (random_.below(4) == 0) return;
    const ByteView ready = from.output(now_);
    const std::size_t part = random_.below(3) == 0 ? random_.below(ready.size() + 1) : ready.size();
    append(pipe, ready.first(part));
    for (const std::byte byte : ready.first(part)) {
      digest_ = (digest_ ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3u;
    }
    from.wrote(part);
  }
  void arrive(Bytes& pipe, Mux& to) {
    const std::size_t part = random_.below(pipe.size() + 1);
    const Bytes bytes(pipe.begin(), pipe.begin() + static_cast<std::ptrdiff_t>(part));
    pipe.erase(pipe.begin(), pipe.begin() + static_cast<std::ptrdiff_t>(part));
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t piece = std::min(bytes.size() - at, 1 + random_.below(400));
      to.receive(ByteView(bytes).subspan(at, piece), now_);
      at += piece;
    }
  }

  // Lets everything end and everything arrive, then asks what is left.
  void finish() {
    at_client_.hold = at_server_.hold = false;
    for (int round = 0; round < 30'000; ++round) {
      if (round % 64 == 63 && quiet()) break;
      for (auto& [cookie, request] : requests_) {
        if (!request.ended && !request.cancelled && client_.send(request.id, ByteView{}, true)) {
          request.ended = true;
        }
      }
      for (auto& [cookie, heard] : at_server_.heard) {
        Answer& answer = answers_[cookie];
        if (!answer.finished && (heard.ends != 0 || heard.resets != 0)) {
          answer.finished = server_.send(heard.id, ByteView{}, true);
        }
      }
      for (auto* side : {&at_client_, &at_server_}) {
        for (auto& [cookie, heard] : side->heard) {
          (side == &at_client_ ? client_ : server_)
              .consumed(heard.id, std::exchange(heard.held, 0));
        }
      }
      carry(client_, to_server_);
      carry(server_, to_client_);
      arrive(to_server_, server_);
      arrive(to_client_, client_);
      if (::testing::Test::HasFatalFailure()) return;
    }
    check();
    SCOPED_TRACE("stream window " + std::to_string(options_.stream_window) + ", connection " +
                 std::to_string(options_.connection_window));
    EXPECT_EQ(client_.open_streams(), 0u);
    EXPECT_EQ(server_.open_streams(), 0u);
    EXPECT_EQ(client_.queued_bytes() + server_.queued_bytes(), 0u);
    EXPECT_EQ(client_.unconsumed_bytes() + server_.unconsumed_bytes(), 0u);
    for (const auto& [cookie, request] : requests_) {
      const auto found = at_client_.heard.find(cookie);
      const int terminal =
          found == at_client_.heard.end() ? 0 : found->second.ends + found->second.resets;
      if (request.cancelled) {
        EXPECT_LE(terminal, 1) << cookie;
      } else {
        EXPECT_EQ(terminal, 1) << cookie;
      }
    }
    match(at_server_);
    match(at_client_);
  }
  bool quiet() const {
    return client_.open_streams() == 0 && server_.open_streams() == 0 && to_server_.empty() &&
           to_client_.empty();
  }
  // Every text heard is the beginning of one that was sent, all of it if the end was heard.
  // Requests are matched by content, for the two ends number them differently.
  void match(const Recorder& recorder) {
    const bool at_server = &recorder == &at_server_;
    for (const auto& [cookie, heard] : recorder.heard) {
      bool found = heard.data.empty() && heard.ends == 0;
      const auto fits = [&heard](const std::string& sent) {
        return heard.ends != 0 ? sent == heard.data : sent.starts_with(heard.data);
      };
      if (at_server) {
        for (const auto& [other, request] : requests_) found |= fits(request.sent);
      } else {
        for (const auto& [other, answer] : answers_) found |= fits(answer.sent);
      }
      const bool stopped = at_server && heard.ends != 0 && !found;
      // A request stopped by an early answer ends short of what its sender meant to say.
      if (stopped) {
        for (const auto& [other, request] : requests_)
          found |= request.sent.starts_with(heard.data);
      }
      EXPECT_TRUE(found) << (at_server ? "request " : "answer ") << cookie;
    }
  }

  Random random_;
  MuxOptions options_;
  Instant now_{};
  Recorder at_client_, at_server_;
  Mux client_, server_;
  Bytes to_server_, to_client_;
  std::map<std::uint64_t, Request> requests_;
  std::map<std::uint64_t, Answer> answers_;  // by the server's cookie
  std::uint64_t last_cookie_ = 0;
  std::uint64_t digest_ = 0xcbf29ce484222325u;
};

TEST(MuxProperty, RandomWalksDeliverEverythingInOrderAndLeaveNothing) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Walk(seed).run(400);
    if (::testing::Test::HasFailure()) return;
  }
}

// I12
TEST(MuxProperty, TheSameInputsGiveTheSameBytes) {
  for (std::uint64_t seed = 1000; seed < 1020; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Walk first(seed), second(seed);
    first.run(300);
    second.run(300);
    EXPECT_EQ(first.digest(), second.digest());
  }
}

// Anything at all may arrive; nothing may break.
TEST(MuxProperty, RandomBytesNeverBreakAnInvariant) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random{seed};
    const MuxOptions options = small_options();
    Recorder observer;
    Mux mux(seed % 2 ? Role::client : Role::server, options, observer);
    Bytes bytes(max_frame_header);
    bytes.resize(static_cast<std::size_t>(
        write_control_frame(bytes.data(), FrameType::hello, protocol_version, std::uint64_t{1000},
                            std::uint64_t{4000}, std::uint64_t{8}) -
        bytes.data()));
    constexpr std::array<int, 14> starts{1, 4, 5, 8, 9, 10, 11, 16, 17, 18, 32, 33, 48, 49};
    for (int i = 0; i < 60; ++i) {
      bytes.push_back(static_cast<std::byte>(starts[random.below(starts.size())]));
      for (std::uint64_t n = random.below(6); n != 0; --n) {
        bytes.push_back(static_cast<std::byte>(random.below(random.below(2) ? 256 : 10)));
      }
    }
    if (seed % 2) mux.open({1, 0, 1}, as_bytes("q"), false);
    mux.receive(bytes, Instant{});
    mux.output(Instant{});
    ASSERT_EQ(mux.check_invariants(), "");
    mux.connection_lost();
    ASSERT_EQ(mux.open_streams(), 0u);
  }
}

}  // namespace
}  // namespace wanlab::backhaul::testing
