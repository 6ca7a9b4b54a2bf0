// Two muxes joined by hand, and a forger of frames for playing the hostile peer.
#pragma once

#include <gtest/gtest.h>

#include "real_components/backhaul/frame.hpp"
#include "real_components/backhaul/mux.hpp"

#include <map>
#include <string>
#include <vector>

namespace wanlab::backhaul::testing {

// Remembers everything; consumes at once unless told to hold.
class Recorder : public MuxObserver {
 public:
  struct Heard {
    StreamId id;
    StreamHeader header;
    std::string data;
    int ends = 0;
    int resets = 0;
    ResetReason reason{};
    Processed processed{};
    std::size_t held = 0;
  };

  std::uint64_t on_open(StreamId stream, const StreamHeader& header) override {
    const std::uint64_t cookie = ++opened;
    heard[cookie].id = stream;
    heard[cookie].header = header;
    return cookie;
  }
  std::size_t on_data(StreamId stream, std::uint64_t cookie, ByteView bytes, bool end) override {
    Heard& it = heard[cookie];
    it.id = stream;
    EXPECT_EQ(it.ends + it.resets, 0) << "nothing may come after the end";
    it.data += as_text(bytes);
    it.ends += end;
    order.push_back(cookie);
    if (hold) {
      it.held += bytes.size();
      return 0;
    }
    return bytes.size();
  }
  void on_reset(StreamId, std::uint64_t cookie, ResetReason reason, Processed processed) override {
    Heard& it = heard[cookie];
    EXPECT_EQ(it.resets, 0);
    ++it.resets;
    it.reason = reason;
    it.processed = processed;
  }
  void on_sent(StreamId, std::uint64_t cookie) override { sent.push_back(cookie); }
  void on_ready() override { ++readies; }
  void on_pong(const PongSample& sample) override { pongs.push_back(sample); }
  void on_drain(bool final) override { drains.push_back(final); }
  void on_error(MuxError error, bool by_peer) override {
    ++errors;
    last_error = error;
    error_by_peer = by_peer;
  }
  std::uint32_t tenant_weight(std::uint32_t tenant) override {
    const auto found = weights.find(tenant);
    return found == weights.end() ? 1 : found->second;
  }

  std::map<std::uint64_t, Heard> heard;  // by cookie
  std::vector<std::uint64_t> order;      // cookies in the order of their data
  std::vector<std::uint64_t> sent;
  std::vector<PongSample> pongs;
  std::vector<bool> drains;
  std::map<std::uint32_t, std::uint32_t> weights;
  std::uint64_t opened = 0;
  int readies = 0, errors = 0;
  MuxError last_error = MuxError::none;
  bool error_by_peer = false;
  bool hold = false;
};

inline Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

// Small windows, so that tests reach their edges.
inline MuxOptions small_options() {
  MuxOptions options;
  options.stream_window = 1000;
  options.max_stream_window = 1000;
  options.connection_window = 4000;
  options.max_connection_window = 4000;
  options.max_streams = 8;
  return options;
}

class MuxPair : public ::testing::Test {
 protected:
  explicit MuxPair(const MuxOptions& chosen = small_options())
      : options(chosen),
        client(Role::client, options, at_client),
        server(Role::server, options, at_server) {}

  void check() {
    ASSERT_EQ(client.check_invariants(), "");
    ASSERT_EQ(server.check_invariants(), "");
  }
  // One flight each way. Returns whether anything moved.
  bool to_server() { return move(client, server); }
  bool to_client() { return move(server, client); }
  bool move(Mux& from, Mux& to) {
    const ByteView ready = from.output(now);
    const Bytes copy(ready.begin(), ready.end());
    from.wrote(copy.size());
    to.receive(copy, now);
    check();
    return !copy.empty();
  }
  void settle() {
    for (bool moved = true; moved;) {
      moved = to_server();
      moved |= to_client();
    }
  }
  StreamId open(std::string_view text, bool end, std::uint64_t cookie, std::uint32_t tenant = 1) {
    return client.open({tenant, interactive_class, cookie}, as_bytes(text), end);
  }
  // I10: nothing open, nothing held, and all credit out again.
  void expect_quiet() {
    EXPECT_EQ(client.open_streams(), 0u);
    EXPECT_EQ(server.open_streams(), 0u);
    EXPECT_EQ(client.queued_bytes(), 0u);
    EXPECT_EQ(server.queued_bytes(), 0u);
    EXPECT_EQ(client.unconsumed_bytes(), 0u);
    EXPECT_EQ(server.unconsumed_bytes(), 0u);
  }

  MuxOptions options;
  Instant now{};
  Recorder at_client, at_server;
  Mux client, server;
};

// One mux, and a peer that says whatever the test wants.
class Forged : public ::testing::Test {
 protected:
  explicit Forged(Role role = Role::server, const MuxOptions& chosen = small_options())
      : options(chosen), mux(role, options, observer) {}

  template <typename... Fields>
  void say(FrameType type, Fields... fields) {
    std::array<std::byte, max_frame_header> room;
    const std::byte* end =
        write_control_frame(room.data(), type, static_cast<std::uint64_t>(fields)...);
    mux.receive({room.data(), static_cast<std::size_t>(end - room.data())}, now);
    ASSERT_EQ(mux.check_invariants(), "");
  }
  void say_hello(std::uint64_t stream_window = 1000, std::uint64_t connection_window = 4000,
                 std::uint64_t streams = 8) {
    say(FrameType::hello, protocol_version, stream_window, connection_window, streams);
  }
  static Bytes stream_frame(std::uint64_t id, std::string_view data, unsigned flags,
                            std::uint64_t tenant = 1) {
    Bytes frame(max_frame_header + data.size());
    std::byte* to = frame.data();
    *to++ = static_cast<std::byte>(static_cast<unsigned>(FrameType::stream) | flags);
    to = write_varint(to, id);
    if (flags & flag_open) {
      to = write_varint(to, tenant);
      to = write_varint(to, 0);
    }
    to = write_varint(to, data.size());
    std::memcpy(to, data.data(), data.size());
    frame.resize(static_cast<std::size_t>(to - frame.data()) + data.size());
    return frame;
  }
  void say_stream(std::uint64_t id, std::string_view data, unsigned flags,
                  std::uint64_t tenant = 1) {
    mux.receive(stream_frame(id, data, flags, tenant), now);
    ASSERT_EQ(mux.check_invariants(), "");
  }
  // Takes what the mux wants to say, as frames.
  std::vector<Frame> hear() {
    const ByteView ready = mux.output(now);
    spoken.emplace_back(ready.begin(), ready.end());
    mux.wrote(ready.size());
    std::vector<Frame> frames;
    for (ByteView rest = spoken.back(); !rest.empty();) {
      Frame frame;
      const ParseResult result = parse_frame(rest, frame);
      EXPECT_EQ(result.status, Parse::whole);
      if (result.status != Parse::whole) break;
      frames.push_back(frame);
      rest = rest.subspan(result.size);
    }
    return frames;
  }
  std::size_t count(const std::vector<Frame>& frames, FrameType type) {
    return static_cast<std::size_t>(std::count_if(
        frames.begin(), frames.end(), [&](const Frame& frame) { return frame.type == type; }));
  }

  MuxOptions options;
  Instant now{};
  Recorder observer;
  Mux mux;
  std::vector<Bytes> spoken;
};

}  // namespace wanlab::backhaul::testing
