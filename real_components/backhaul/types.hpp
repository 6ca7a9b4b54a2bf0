// Vocabulary of the backhaul: names for streams, outcomes, errors and the limits of one multiplexed
// connection. Plain values only; nothing here does anything.
#pragma once

#include "real_components/runtime/time.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wanlab::backhaul {

// Client opens streams (an edge), server answers them (an origin).
enum class Role : std::uint8_t { client, server };

// Names one stream of one mux, locally. Generations never repeat within 2^32 opened streams, so a
// handle kept too long names nothing rather than somebody else's stream.
struct StreamId {
  std::uint32_t slot = 0xffffffff;
  std::uint32_t generation = 0;
  bool operator==(const StreamId&) const = default;
  explicit operator bool() const { return slot != 0xffffffff; }
};
inline constexpr StreamId no_stream{};

// Kinds of stream. The scheduler does not look at it; the pool gives bulk a connection of its own.
inline constexpr std::uint8_t interactive_class = 0;
inline constexpr std::uint8_t bulk_class = 1;
// Interactive, and delivered as it comes, however little that is: what is asked next depends on
// what was answered.
inline constexpr std::uint8_t conversation_class = 2;

// What the opener says about a stream. The cookie stays local and comes back with every event.
struct StreamHeader {
  std::uint32_t tenant = 0;
  std::uint8_t stream_class = interactive_class;
  std::uint64_t cookie = 0;
  // What it is opened with could log somebody in: nothing of it stays in memory once it has left.
  bool secret = false;
};

// Whether the peer acted on a request that ended without an answer. Only `no` may be repeated
// blindly.
enum class Processed : std::uint8_t { no, yes, unknown };
std::string_view to_string(Processed processed);

enum class ResetReason : std::uint8_t {
  cancelled,        // whoever asked no longer wants the answer
  refused,          // not accepted: the request was never looked at
  overloaded,       // given up for want of memory or capacity
  draining,         // the peer is going away
  timed_out,        // a deadline passed
  internal,         // a defect or an unexpected condition at the peer
  connection_lost,  // the connection beneath is gone (never on the wire)
};
inline constexpr std::uint64_t last_wire_reset_reason = 5;
std::string_view to_string(ResetReason reason);

// Why a mux gave up the whole connection.
enum class MuxError : std::uint8_t {
  none,
  protocol,          // malformed or out-of-place frame
  version,           // the peer speaks something else
  frame_too_large,   // more than max_frame_payload
  flow_control,      // data beyond credit, or credit that shrinks
  stream_state,      // stream number reused, skipped, or spoken on after its end
  too_many_streams,  // opened beyond the credit for streams
  excessive_load,    // too many frames that only cost work
  timed_out,         // pings unanswered, or half a frame held back
  going_away,        // orderly end of a drained connection
  internal,          // an invariant of our own does not hold
};
std::string_view to_string(MuxError error);

// Largest payload of one STREAM frame: with its header it fits one TLS record (RFC 8446, 5.1).
inline constexpr std::size_t max_frame_payload = 16 * 1024 - 64;

struct MuxOptions {
  // Streams the peer may have open here at once, until each is answered or given up (server only).
  std::uint32_t max_streams = 4096;
  // Streams opened locally and waiting for the peer's credit; open() refuses beyond (client only).
  std::uint32_t max_waiting_streams = 16384;
  // Receive windows at the start and at most. 256 KiB is yamux's initial window
  // (github.com/hashicorp/yamux/blob/master/spec.md); a stream's rate is at most window / RTT.
  std::uint32_t stream_window = 256 * 1024;
  std::uint32_t max_stream_window = 16 * 1024 * 1024;
  std::uint64_t connection_window = 4 * 1024 * 1024;
  std::uint64_t max_connection_window = 64 * 1024 * 1024;
  // Encoded bytes held ready for the transport: what a late small query can have to wait behind.
  std::uint32_t output_target = 32 * 1024;
  // Bytes waiting to be sent, all streams together; send() refuses beyond.
  std::uint64_t max_queued = 64 * 1024 * 1024;
  // Scheduler quantum per visit; a tenant's is multiplied by its weight.
  std::uint32_t quantum = 16 * 1024;
  // Budget for frames that cost work and carry nothing (empty data, pings, tiny or repeated
  // credit): nghttp2's limits for such "glitches" (nghttp2.org/documentation).
  std::uint32_t glitch_burst = 10000;
  std::uint32_t glitches_per_second = 330;
};

// One answered ping.
struct PongSample {
  std::uint64_t sequence = 0;
  Duration round_trip{};       // from the ping leaving to its answer; holding time is taken out
  Duration held{};             // how long the peer says it kept the ping
  std::uint32_t answered = 1;  // pings this answers: a peer answers only the newest of several
  std::uint32_t load = 0;      // the peer's, in thousandths of its capacity; may exceed 1000
  bool draining = false;       // the peer wants no new work
};

}  // namespace wanlab::backhaul
