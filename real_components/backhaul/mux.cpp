// Life of a mux and of its streams: begin, reset, drain, loss.
#include "real_components/backhaul/mux.hpp"

#include "real_components/backhaul/frame.hpp"

#include <algorithm>

namespace wanlab::backhaul {

std::uint64_t MuxObserver::on_open(StreamId, const StreamHeader&) {
  return 0;
}

Mux::Mux(Role role, const MuxOptions& options, MuxObserver& observer)
    : options_(&options),
      observer_(&observer),
      active_(streams_, Listed::active),
      waiting_(streams_, Listed::waiting),
      role_(role) {
  restart();
}

void Mux::restart() {
  for (std::uint32_t slot = 0; slot < streams_.slots(); ++slot) {
    if (streams_[slot].in_use) blocks_.clear(streams_[slot].queue);
  }
  static_cast<MuxState&>(*this) = MuxState{};
  streams_.clear();
  active_.clear();
  waiting_.clear();
  out_.clear();
  partial_.clear();
  window_ = options_->connection_window;
  receive_max_ = window_;
  granted_streams_ = role_ == Role::server ? options_->max_streams : 0;
  glitches_left_ = options_->glitch_burst;
  pending_ = pending_hello;
}

void Mux::fail(MuxError error) {
  if (failed()) return;
  error_ = error;
  pending_ = pending_close;
  observer_->on_error(error, false);
}

void Mux::close(MuxError error) {
  if (failed()) return;
  error_ = error;
  pending_ = pending_close;
}

void Mux::set_cookie(StreamId stream, std::uint64_t cookie) {
  if (streams_.alive(stream)) streams_[stream.slot].cookie = cookie;
}

StreamHeader Mux::header(StreamId id) const {
  const Stream& stream = streams_[id.slot];
  return {stream.tenant, stream.stream_class, stream.cookie};
}

std::size_t Mux::queued_bytes(StreamId stream) const {
  return streams_.alive(stream) ? streams_[stream.slot].queue.size : 0;
}

void Mux::reset(StreamId id, ResetReason reason, Processed processed) {
  if (!streams_.alive(id)) return;
  const std::uint32_t slot = id.slot;
  Stream& stream = streams_[slot];
  if (stream.pending & pending_reset) return;
  if (stream.gone || stream.wire_id == 0 || failed()) {  // the peer knows already, or never will
    release(slot);
    admit_waiting();
    return;
  }
  unqueue(slot);
  stream_consumed(slot, stream.receive_offset - stream.consumed);
  stream.discard_input = true;
  stream.receive_done = true;
  stream.end_wanted = true;
  stream.reset_reason = reason;
  stream.reset_processed = processed;
  stream.pending = 0;
  want_control(slot, pending_reset);
}

// Takes a stream out of the scheduler and forgets what it had queued.
void Mux::unqueue(std::uint32_t slot) {
  Stream& stream = streams_[slot];
  if (stream.listed == Listed::active) {
    if (stream.wire_id == 0) --unopened_;
    active_.remove(slot);
  } else if (stream.listed == Listed::waiting) {
    waiting_.remove(slot);
  }
  queued_ -= stream.queue.size;
  blocks_.clear(stream.queue);
}

void Mux::finish_if_done(std::uint32_t slot) {
  const Stream& stream = streams_[slot];
  if (stream.send_done && stream.receive_done && stream.consumed == stream.receive_offset &&
      !(stream.pending & pending_reset)) {
    release(slot);
  }
}

void Mux::release(std::uint32_t slot) {
  Stream& stream = streams_[slot];
  unqueue(slot);
  if (stream.in_control) {
    const SlotLink link = stream.control_link;
    (link.previous == no_slot ? control_.first : streams_[link.previous].control_link.next) =
        link.next;
    (link.next == no_slot ? control_.last : streams_[link.next].control_link.previous) =
        link.previous;
  }
  closed_received_ += stream.receive_offset;
  count_consumed(stream.receive_offset - stream.consumed);
  streams_.remove(slot);
  if (role_ == Role::server) {
    ++released_streams_;
    // Half at a time: one MAX_STREAMS frame for many streams.
    const std::uint64_t credit = released_streams_ + options_->max_streams - granted_streams_;
    if (credit * 2 >= options_->max_streams && !failed()) pending_ |= pending_max_streams;
  }
}

void Mux::drain() {
  if (role_ != Role::server || goaway_ != Goaway::none || failed()) return;
  goaway_ = Goaway::soft;
  goaway_last_ = largest_varint;
  pending_ |= pending_goaway;
}

void Mux::drain_finally() {
  if (role_ != Role::server || goaway_ == Goaway::last || failed()) return;
  goaway_ = Goaway::last;
  goaway_last_ = next_wire_id_ - 1;
  pending_ |= pending_goaway;
}

void Mux::set_load(std::uint32_t load, bool draining) {
  load_ = load;
  load_draining_ = draining;
}

void Mux::ping(Instant now) {
  if (failed() || lost_ || ping_sent_ - ping_answered_ >= ping_slots) return;
  ++ping_sent_;
  ping_times_[ping_sent_ % ping_slots] = now;
  pending_ |= pending_ping;
}

std::optional<Instant> Mux::oldest_unanswered_ping() const {
  if (ping_answered_ == ping_sent_) return std::nullopt;
  return ping_times_[(ping_answered_ + 1) % ping_slots];
}

std::optional<Instant> Mux::partial_frame_since() const {
  if (partial_.empty()) return std::nullopt;
  return partial_since_;
}

// Client: streams that were never put on the wire end as not processed.
void Mux::refuse_unopened(ResetReason reason) {
  for (std::uint32_t slot = 0; slot < streams_.slots(); ++slot) {
    if (!streams_[slot].in_use || streams_[slot].wire_id != 0) continue;
    const StreamId id = streams_.id(slot);
    const std::uint64_t cookie = streams_[slot].cookie;
    release(slot);
    observer_->on_reset(id, cookie, reason, Processed::no);
  }
}

// Client: streams the peer says it never looked at.
void Mux::refuse_beyond(std::uint64_t last_wire_id) {
  for (std::uint32_t slot = 0; slot < streams_.slots(); ++slot) {
    const Stream& stream = streams_[slot];
    if (!stream.in_use || stream.wire_id <= last_wire_id) continue;
    const StreamId id = streams_.id(slot);
    const std::uint64_t cookie = stream.cookie;
    const bool told = stream.discard_input || stream.receive_done;
    release(slot);
    if (!told) observer_->on_reset(id, cookie, ResetReason::draining, Processed::no);
  }
}

void Mux::connection_lost() {
  if (lost_) return;
  lost_ = true;
  if (!failed()) error_ = MuxError::timed_out;
  pending_ = 0;
  // Frames that were not handed out whole cannot have been acted upon: numbers count up, so the
  // first OPEN among them divides what the peer may have seen from what it cannot have.
  std::uint64_t first_unseen = next_wire_id_;
  const ByteView frames = out_.frames();
  for (std::size_t at = 0; at < frames.size();) {
    Frame frame;
    const ParseResult result = parse_frame(frames.subspan(at), frame);
    if (result.status != Parse::whole) break;
    at += result.size;
    if (at > out_.written() && frame.type == FrameType::stream && (frame.flags & flag_open)) {
      first_unseen = frame.fields[0];
      break;
    }
  }
  for (std::uint32_t slot = 0; slot < streams_.slots(); ++slot) {
    const Stream& stream = streams_[slot];
    if (!stream.in_use) continue;
    const StreamId id = streams_.id(slot);
    const std::uint64_t cookie = stream.cookie;
    // Who has heard the end, or said it does not want to, hears nothing more.
    const bool told =
        stream.gone || (role_ == Role::client ? stream.receive_done : stream.end_wanted);
    const bool unseen =
        stream.wire_id == 0 || (role_ == Role::client && stream.wire_id >= first_unseen);
    release(slot);
    if (!told) {
      observer_->on_reset(id, cookie, ResetReason::connection_lost,
                          unseen ? Processed::no : Processed::unknown);
    }
  }
  out_.clear();
  partial_.clear();
}

void Mux::trim() {
  out_.release();
  if (partial_.empty()) partial_ = Bytes();
  if (streams_.size() != 0) return;
  streams_.clear();
  active_.clear();
  waiting_.clear();
  blocks_.trim();
}

std::size_t Mux::memory_bytes() const {
  return sizeof(Mux) + streams_.memory_bytes() + blocks_.memory_bytes() + active_.memory_bytes() +
         waiting_.memory_bytes() + out_.capacity() + partial_.capacity();
}

}  // namespace wanlab::backhaul
