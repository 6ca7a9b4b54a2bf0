// One multiplexed connection: many request/answer streams over one ordered byte stream.
//
// The frames follow QMux (draft-ietf-quic-qmux): QUIC's stream frames and absolute credit over an
// ordered transport. This is a pure state machine: bytes in, bytes out, events to an observer. It
// owns no socket, no clock and no timer.
//
// A stream is one request (client to server) and one answer (server to client). A reset ends both.
// The server's slot for a stream is free again only once its owner has ended or reset it, so a
// client cannot have more work going on there than max_streams, whatever it resets.
#pragma once

#include "real_components/backhaul/byte_blocks.hpp"
#include "real_components/backhaul/fair_queue.hpp"
#include "real_components/backhaul/output_buffer.hpp"
#include "real_components/backhaul/stream_table.hpp"
#include "real_components/backhaul/types.hpp"
#include "real_components/runtime/bytes.hpp"
#include "real_components/runtime/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace wanlab::backhaul {

struct Frame;

// Bytes of streams since connections began, as one end counts them.
struct FlowTotals {
  std::uint64_t sent = 0, may_send = 0;
  std::uint64_t consumed = 0, allowed = 0;
};

// Hears what happens to a mux. Any method may call back into the mux (open, send, reset, consumed),
// except receive(), connection_lost() and destruction.
class MuxObserver {
 public:
  virtual ~MuxObserver() = default;

  // Server: the peer opened a stream. The result is the cookie of its later events.
  virtual std::uint64_t on_open(StreamId stream, const StreamHeader& header);
  // Bytes in order; `end` says there are no more (it comes exactly once, unless on_reset does). The
  // bytes are lent for the call. The result is how many of them are consumed now, and so open the
  // window again; the rest has to be given back by consumed().
  virtual std::size_t on_data(StreamId stream, std::uint64_t cookie, ByteView bytes, bool end) = 0;
  // The stream is gone, nothing more comes. Client: the terminal result of the request. Server: the
  // client no longer wants the answer; the owner still has to call reset() (or end the answer) once
  // its work has stopped, and only that frees the slot.
  virtual void on_reset(StreamId stream, std::uint64_t cookie, ResetReason reason,
                        Processed processed) = 0;
  // What was queued on the stream has all been encoded.
  virtual void on_sent(StreamId, std::uint64_t /*cookie*/) {}
  // Client: the peer said hello; streams can be opened on the wire from now on.
  virtual void on_ready() {}
  virtual void on_pong(const PongSample&) {}
  // Client: the peer wants no new streams. Those it never saw have been reset with Processed::no.
  virtual void on_drain(bool /*final*/) {}
  // The connection cannot go on; write what output() still gives, then drop it.
  virtual void on_error(MuxError error, bool by_peer) = 0;
  // Share of a tenant relative to others (1 is normal).
  virtual std::uint32_t tenant_weight(std::uint32_t /*tenant*/) { return 1; }
};

// Everything of a mux that a new connection begins anew.
struct MuxState {
  enum class Goaway : std::uint8_t { none, soft, last };
  static constexpr std::uint32_t ping_slots = 8;

  SlotList control_;  // streams with a control frame to write
  std::uint64_t send_offset_ = 0, send_max_ = 0;
  std::uint64_t receive_offset_ = 0, receive_max_ = 0, consumed_ = 0, window_ = 0;
  std::uint64_t closed_received_ = 0;  // part of receive_offset_ that belongs to no open stream
  Instant window_moved_{};
  std::uint64_t queued_ = 0;
  std::uint64_t next_wire_id_ = 1;      // client: the next to give; server: the next to expect
  std::uint64_t peer_max_streams_ = 0;  // client: highest number allowed
  std::uint64_t granted_streams_ = 0;   // server: what the peer was told
  std::uint64_t released_streams_ = 0;  // server: streams whose slot is free again
  std::uint64_t goaway_last_ = 0;
  std::uint64_t unopened_ = 0;  // client: streams in active_ without a number yet
  std::uint64_t pong_sequence_ = 0;
  std::uint64_t ping_sent_ = 0, ping_answered_ = 0, ping_heard_ = 0;
  std::array<Instant, ping_slots> ping_times_{};
  Instant pong_due_since_{};
  Instant partial_since_{};
  Duration smoothed_round_trip_{};
  Instant glitches_refilled_{};
  std::uint64_t frames_encoded_ = 0, frames_decoded_ = 0;
  std::uint64_t peer_connection_window_ = 0;
  std::uint32_t peer_stream_window_ = 0;
  std::uint32_t glitches_left_ = 0;
  std::uint32_t load_ = 0;
  MuxError error_ = MuxError::none;
  Goaway goaway_ = Goaway::none;
  std::uint8_t pending_ = 0;  // bits of Mux::Pending
  bool hello_received_ = false;
  bool load_draining_ = false;
  bool lost_ = false;
};

class Mux : private MuxState {
 public:
  // `options` and `observer` must outlive the mux.
  Mux(Role role, const MuxOptions& options, MuxObserver& observer);
  Mux(const Mux&) = delete;
  Mux& operator=(const Mux&) = delete;

  // Forgets everything for a new connection; handles of the old one stay invalid.
  void restart();

  // Takes bytes from the peer, in any pieces. Never blocks and never refuses because a write waits.
  void receive(ByteView bytes, Instant now);

  // Opens a stream whose first bytes are `first` followed by `second`. The number on the wire is
  // given when the first frame is written, so queued streams do not hold back others. no_stream:
  // refused (draining, failed, or too many waiting), nothing happened.
  StreamId open(const StreamHeader& header, ByteView first, ByteView second, bool end);
  StreamId open(const StreamHeader& header, ByteView data, bool end) {
    return open(header, data, ByteView{}, end);
  }
  // False: refused (unknown stream, already ended, or max_queued reached), nothing was queued.
  bool send(StreamId stream, ByteView first, ByteView second, bool end);
  bool send(StreamId stream, ByteView data, bool end) {
    return send(stream, data, ByteView{}, end);
  }
  // Ends the stream now, both ways; no event follows. After on_reset it only releases the slot.
  void reset(StreamId stream, ResetReason reason, Processed processed);
  // Gives back credit for bytes that on_data did not consume at once.
  void consumed(StreamId stream, std::size_t bytes);
  void set_cookie(StreamId stream, std::uint64_t cookie);
  // What the opener said, with the present cookie. The stream must be open.
  StreamHeader header(StreamId stream) const;

  // Sends a ping. At most eight are outstanding; more are not sent.
  void ping(Instant now);
  // What our own pongs say from now on.
  void set_load(std::uint32_t load, bool draining);

  // Server, first step: asks the peer to open no more streams; those on their way are still served.
  void drain();
  // Server, second step (a round trip later): streams the server has not seen by now will never be.
  void drain_finally();
  // Ends the connection: output() gives a last CLOSE frame. Streams are not told: see
  // connection_lost.
  void close(MuxError error);
  // The transport is gone: every stream ends by on_reset(connection_lost). Client: Processed::no
  // where the first frame was never handed out whole or lies beyond the drain limit, otherwise
  // unknown.
  void connection_lost();

  // Bytes for the transport, control frames first, then streams by fair shares. Valid until the
  // next call. Hand out only while little is unsent below, so that late small queries overtake
  // bulk.
  ByteView output(Instant now);
  void wrote(std::size_t bytes);

  // Releases spare memory if nothing is going on.
  void trim();

  bool ready() const { return hello_received_ && !failed() && !draining(); }
  bool failed() const { return error_ != MuxError::none; }
  MuxError error() const { return error_; }
  // The peer (client) or we (server) asked for no new streams.
  bool draining() const { return goaway_ != Goaway::none; }
  // Streams that hold a slot, and those of them not yet on the wire.
  std::uint32_t open_streams() const { return streams_.size(); }
  std::uint32_t waiting_streams() const { return waiting_.size(); }
  // Bytes queued and not yet encoded, of all streams or one.
  std::uint64_t queued_bytes() const { return queued_; }
  std::size_t queued_bytes(StreamId stream) const;
  // Bytes received and not yet consumed.
  std::uint64_t unconsumed_bytes() const { return receive_offset_ - consumed_; }
  // Adds what this end has sent and may send, and what it has consumed and allowed, in all.
  void add_totals(FlowTotals& totals) const {
    totals.sent += send_offset_;
    totals.may_send += send_max_;
    totals.consumed += consumed_;
    totals.allowed += receive_max_;
  }
  std::uint64_t frames_encoded() const { return frames_encoded_; }
  std::uint64_t frames_decoded() const { return frames_decoded_; }
  // When the oldest unanswered ping was sent.
  std::optional<Instant> oldest_unanswered_ping() const;
  // Since when part of a frame is waiting for the rest of it.
  std::optional<Instant> partial_frame_since() const;
  Duration smoothed_round_trip() const { return smoothed_round_trip_; }
  std::size_t memory_bytes() const;
  // Empty, or the first invariant found broken. Walks everything: for tests.
  std::string check_invariants() const;

 private:
  // Control frames of the connection waiting to be written, each at most once.
  enum Pending : std::uint8_t {
    pending_hello = 1,
    pending_pong = 2,
    pending_ping = 4,
    pending_goaway = 8,
    pending_max_data = 16,
    pending_max_streams = 32,
    pending_close = 64,
  };

  void fail(MuxError error);
  // The invariants that cost nothing to ask: a defect ends the connection rather than corrupt it.
  bool credit_adds_up() const {
    return send_offset_ <= send_max_ && consumed_ <= receive_offset_ &&
           receive_offset_ <= receive_max_ && receive_max_ <= consumed_ + window_;
  }
  // Receiving (mux_receive.cpp). Each handler may fail(); the caller looks at failed().
  void handle(const Frame& frame, Instant now);
  void handle_stream(const Frame& frame, Instant now);
  void handle_hello(const Frame& frame);
  void handle_reset(const Frame& frame);
  void handle_stop(const Frame& frame);
  void handle_max_data(const Frame& frame, Instant now);
  void handle_max_stream_data(const Frame& frame, Instant now);
  void handle_max_streams(const Frame& frame, Instant now);
  void handle_ping(const Frame& frame, Instant now);
  void handle_pong(const Frame& frame, Instant now);
  void handle_goaway(const Frame& frame);
  bool known_number(std::uint64_t wire_id) const;
  void count_received(std::size_t bytes);
  void count_consumed(std::uint64_t bytes);
  void stream_consumed(std::uint32_t slot, std::uint64_t bytes);
  void glitch(Instant now);

  // Sending (mux_send.cpp).
  bool fast_path(std::size_t size) const;
  std::uint64_t open_credit() const { return peer_max_streams_ - (next_wire_id_ - 1) - unopened_; }
  void enqueue(std::uint32_t slot, ByteView first, ByteView second);
  void schedule(std::uint32_t slot);
  void admit_waiting();
  std::byte* begin_stream_frame(std::uint32_t slot, std::size_t payload, bool end);
  void encode_direct(std::uint32_t slot, ByteView first, ByteView second, bool end);
  void encode_queued(std::uint32_t slot, std::size_t payload);
  void sending_ended(std::uint32_t slot);
  void write_control(Instant now);
  void write_stream_control(std::uint32_t slot, Instant now);
  void want_control(std::uint32_t slot, std::uint8_t what);
  void unqueue(std::uint32_t slot);
  void finish_if_done(std::uint32_t slot);
  void release(std::uint32_t slot);
  void refuse_unopened(ResetReason reason);
  void refuse_beyond(std::uint64_t last_wire_id);

  const MuxOptions* options_;
  MuxObserver* observer_;
  StreamTable streams_;
  BlockPool blocks_;
  FairQueue active_;   // streams that may send as soon as the connection may
  FairQueue waiting_;  // client: streams without credit for a number on the wire
  OutputBuffer out_;
  Bytes partial_;  // the beginning of a frame whose rest has not come
  Role role_;
};

}  // namespace wanlab::backhaul
