// Inside of WarmPool: one connection, one region. For warm_pool*.cpp only.
#pragma once

#include "real_components/backhaul/warm_pool.hpp"

#include <string>
#include <vector>

namespace wanlab::backhaul {

// Low 48 bits of the pool's cookies: a connection's slot and epoch, or this bit and a region's
// number.
inline constexpr runtime::Cookie region_timer = runtime::Cookie{1} << 47;

class WarmPool::Connection final : public MuxObserver {
 public:
  enum class State : std::uint8_t {
    unused,
    connecting,  // TCP and TLS
    greeting,    // waiting for the peer's hello
    up,
    retired,  // no new requests; closed once the last one has ended
  };

  Connection(WarmPool& owner, std::uint32_t slot)
      : pool(owner), mux(Role::client, owner.options_.mux, *this), index(slot) {}

  bool has_transport() const { return state >= State::greeting; }

  // Frames encoded and decoded since the last call.
  void declare_work(runtime::Runtime& runtime) {
    const std::uint64_t frames = mux.frames_encoded() + mux.frames_decoded();
    if (frames == frames_declared) return;
    pool.count_frames(region, frames - frames_declared);
    runtime.spend(runtime::Work::backhaul_frame,
                  static_cast<std::uint32_t>(frames - frames_declared));
    frames_declared = frames;
  }

  std::size_t on_data(StreamId stream, std::uint64_t cookie, ByteView bytes, bool end) override {
    return pool.observer_.on_response({index, stream}, cookie, bytes, end);
  }
  void on_reset(StreamId stream, std::uint64_t cookie, ResetReason reason,
                Processed processed) override {
    pool.observer_.on_failed({index, stream}, cookie, processed, reason);
  }
  void on_sent(StreamId stream, std::uint64_t cookie) override {
    pool.observer_.on_sent({index, stream}, cookie);
  }
  void on_ready() override { greeted = true; }
  void on_pong(const PongSample& sample) override {
    if (pool.pings_ != nullptr) pool.pings_->on_pong(region, ordinal, sample);
  }
  void on_drain(bool) override { told_to_drain = true; }
  void on_error(MuxError, bool) override {}  // after_event looks at mux.failed()

  WarmPool& pool;
  Mux mux;
  std::uint64_t number = 0;  // of all connections ever dialled: the subject of trace events
  std::uint64_t frames_declared = 0;
  std::uint64_t frames_at_ping = 0;
  Instant up_since{};
  Instant next_ping{};
  Instant wake_at{};       // when the timer is due
  Instant excused_ping{};  // the unanswered ping that was given more time
  Instant excused_until{};
  runtime::TimerId timer = runtime::no_timer;
  runtime::ConnectionId id = runtime::no_connection;
  std::uint32_t index;
  std::uint32_t epoch = 0;  // of this slot; tells events of an earlier use
  RegionIndex region = 0;
  std::uint32_t ordinal = 0;  // within the region
  std::uint32_t origin = 0;   // index into the region's origins
  State state = State::unused;
  bool bulk = false;
  bool busy = false;     // inside mux.receive, mux.output or mux.connection_lost
  bool was_up = false;   // observers heard on_connection_up
  bool greeted = false;  // on_ready came during the current event
  bool told_to_drain = false;
};

struct WarmPool::Origin {
  runtime::Address address;
  std::uint32_t live = 0;  // connections that are not retired, connecting ones included
  std::uint32_t failures = 0;
  Instant not_before{};
  bool listed = true;  // false: no longer named, kept until its connections are gone
};

struct WarmPool::Region {
  std::string name;
  std::vector<Origin> origins;
  RegionTraffic traffic;
  std::vector<std::uint32_t> connections;  // indices of all that are not unused
  Duration ping_interval{};
  Instant wake_at{};
  std::uint32_t turn = 0;
  std::uint32_t origin_turn = 0;
  bool waking = false;
  bool wanted = true;  // on demand: some request asked for it
};

}  // namespace wanlab::backhaul
