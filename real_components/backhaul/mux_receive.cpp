// What the peer says. Anything out of place ends the connection: the peer is a program of ours, so
// it is either broken or hostile. What can legitimately cross on the wire is ignored instead.
#include "real_components/backhaul/frame.hpp"
#include "real_components/backhaul/mux.hpp"

#include <algorithm>

namespace wanlab::backhaul {

void Mux::receive(ByteView bytes, Instant now) {
  while (!failed() && !lost_) {
    // A begun frame first: it takes exactly what it lacks, so no byte is copied twice.
    const bool begun = !partial_.empty();
    if (!begun && bytes.empty()) return;
    Frame frame;
    const ParseResult result = parse_frame(begun ? ByteView(partial_) : bytes, frame);
    switch (result.status) {
      case Parse::whole:
        ++frames_decoded_;
        handle(frame, now);
        if (!credit_adds_up()) [[unlikely]] {
          fail(MuxError::internal);
        }
        if (begun) {
          partial_.clear();
        } else {
          bytes = bytes.subspan(result.size);
        }
        break;
      case Parse::incomplete: {
        if (bytes.empty()) return;
        if (!begun) partial_since_ = now;
        const std::size_t lacking = result.size - partial_.size();
        const std::size_t part = std::min(lacking, bytes.size());
        append(partial_, bytes.first(part));
        bytes = bytes.subspan(part);
        break;
      }
      case Parse::malformed:
        fail(MuxError::protocol);
        break;
      case Parse::too_large:
        fail(MuxError::frame_too_large);
        break;
    }
  }
}

void Mux::handle(const Frame& frame, Instant now) {
  if (frame.type == FrameType::stream) [[likely]] {
    if (!hello_received_) [[unlikely]] {
      return fail(MuxError::protocol);
    }
    return handle_stream(frame, now);
  }
  if (frame.type == FrameType::hello) return handle_hello(frame);
  if (frame.type != FrameType::close && !hello_received_) return fail(MuxError::protocol);
  switch (frame.type) {
    case FrameType::reset_stream:
      return handle_reset(frame);
    case FrameType::stop:
      return handle_stop(frame);
    case FrameType::max_data:
      return handle_max_data(frame, now);
    case FrameType::max_stream_data:
      return handle_max_stream_data(frame, now);
    case FrameType::max_streams:
      return handle_max_streams(frame, now);
    case FrameType::ping:
      return handle_ping(frame, now);
    case FrameType::pong:
      return handle_pong(frame, now);
    case FrameType::goaway:
      return handle_goaway(frame);
    case FrameType::close: {
      const std::uint64_t code = frame.fields[0];
      const bool known = code > 0 && code <= static_cast<std::uint64_t>(MuxError::internal);
      error_ = known ? static_cast<MuxError>(code) : MuxError::protocol;
      pending_ = 0;
      observer_->on_error(error_, true);
      return;
    }
    case FrameType::hello:
    case FrameType::stream:
      return;
  }
}

void Mux::handle_hello(const Frame& frame) {
  const auto [version, stream_window, connection_window, streams] = frame.fields;
  if (hello_received_) return fail(MuxError::protocol);
  if (version != protocol_version) return fail(MuxError::version);
  if (stream_window == 0 || stream_window > 0xffffffff || connection_window == 0) {
    return fail(MuxError::flow_control);
  }
  hello_received_ = true;
  peer_stream_window_ = static_cast<std::uint32_t>(stream_window);
  peer_connection_window_ = connection_window;
  send_max_ = connection_window;
  if (role_ == Role::client) {
    peer_max_streams_ = streams;
    admit_waiting();
    observer_->on_ready();
  }
}

// Whether a stream of this number was ever opened.
bool Mux::known_number(std::uint64_t wire_id) const {
  return wire_id != 0 && wire_id < next_wire_id_;
}

void Mux::count_received(std::size_t bytes) {
  receive_offset_ += bytes;
  // Streams whose owners do not read must not starve the others: the connection's window makes up
  // for what they hold, up to the budget.
  if (!(pending_ & pending_max_data) && receive_max_ - receive_offset_ < window_ / 4 &&
      unconsumed_bytes() > window_ / 2 && window_ < options_->max_connection_window) {
    window_ = std::min(window_ * 2, options_->max_connection_window);
    pending_ |= pending_max_data;
  }
}

void Mux::count_consumed(std::uint64_t bytes) {
  consumed_ += bytes;
  if (consumed_ + window_ - receive_max_ >= (window_ + 1) / 2 && !failed())
    pending_ |= pending_max_data;
}

void Mux::handle_stream(const Frame& frame, Instant now) {
  const std::uint64_t wire_id = frame.fields[0];
  const std::size_t size = frame.payload.size();
  const bool opens = (frame.flags & flag_open) != 0;
  const bool end = (frame.flags & flag_end) != 0;
  if (size > receive_max_ - receive_offset_) return fail(MuxError::flow_control);
  if (size == 0 && frame.flags == 0) {
    glitch(now);
    if (failed()) return;
  }
  std::uint32_t slot;
  if (opens) {
    if (role_ == Role::client || wire_id != next_wire_id_) return fail(MuxError::stream_state);
    if (wire_id > granted_streams_) return fail(MuxError::too_many_streams);
    if (frame.fields[1] > 0xffffffff || frame.fields[2] > 0xff) return fail(MuxError::protocol);
    if (size > options_->stream_window) return fail(MuxError::flow_control);
    ++next_wire_id_;
    count_received(size);
    if (goaway_ == Goaway::last) {  // beyond what the peer was told: it knows nothing will come
      ++released_streams_;
      closed_received_ += size;
      return count_consumed(size);
    }
    slot = streams_.add();
    Stream& stream = streams_[slot];
    stream.tenant = static_cast<std::uint32_t>(frame.fields[1]);
    stream.stream_class = static_cast<std::uint8_t>(frame.fields[2]);
    stream.window = options_->stream_window;
    stream.receive_max = stream.window;
    stream.receive_offset = size;
    stream.receive_done = end;
    stream.send_max = peer_stream_window_;
    streams_.map(slot, wire_id);
    const StreamId id = streams_.id(slot);
    const std::uint64_t cookie = observer_->on_open(id, {stream.tenant, stream.stream_class, 0});
    if (!streams_.alive(id) || streams_[slot].discard_input) return;
    streams_[slot].cookie = cookie;
  } else {
    if (!known_number(wire_id)) return fail(MuxError::stream_state);
    slot = streams_.find(wire_id);
    if (slot == no_slot) {  // reset by us, or closed both ways
      count_received(size);
      closed_received_ += size;
      return count_consumed(size);
    }
    Stream& stream = streams_[slot];
    if (stream.discard_input) {
      count_received(size);
      stream.receive_offset += size;
      stream_consumed(slot, size);
      if (end) {
        stream.receive_done = true;
        finish_if_done(slot);
      }
      return;
    }
    if (stream.receive_done) return fail(MuxError::stream_state);
    if (size > stream.receive_max - stream.receive_offset) return fail(MuxError::flow_control);
    count_received(size);
    stream.receive_offset += size;
    stream.receive_done = end;
  }
  if (size == 0 && !end) return;
  const StreamId id = streams_.id(slot);
  const std::size_t used = observer_->on_data(id, streams_[slot].cookie, frame.payload, end);
  if (!streams_.alive(id)) return;
  stream_consumed(slot, used);
  finish_if_done(slot);
}

void Mux::stream_consumed(std::uint32_t slot, std::uint64_t bytes) {
  Stream& stream = streams_[slot];
  const std::uint64_t counted = std::min(bytes, stream.receive_offset - stream.consumed);
  stream.consumed += counted;
  count_consumed(counted);
  if (!stream.receive_done && !stream.discard_input &&
      stream.consumed + stream.window - stream.receive_max >= (stream.window + 1) / 2) {
    want_control(slot, pending_window);
  }
}

void Mux::consumed(StreamId id, std::size_t bytes) {
  if (!streams_.alive(id)) return;
  stream_consumed(id.slot, bytes);
  finish_if_done(id.slot);
}

void Mux::handle_reset(const Frame& frame) {
  const auto [wire_id, reason, processed, unused] = frame.fields;
  if (!known_number(wire_id)) return fail(MuxError::stream_state);
  if (reason > last_wire_reset_reason || processed > 2) return fail(MuxError::protocol);
  const std::uint32_t slot = streams_.find(wire_id);
  if (slot == no_slot) return;
  Stream& stream = streams_[slot];
  if (stream.gone) return fail(MuxError::stream_state);
  const StreamId id = streams_.id(slot);
  const std::uint64_t cookie = stream.cookie;
  if (role_ == Role::client) {
    if (stream.receive_done) {
      // The answer is complete: only what was left to say of the request is unwanted. Bytes that
      // are not consumed yet still hold the slot and their credit.
      if (stream.discard_input) return;
      unqueue(slot);
      stream.end_wanted = true;
      stream.send_done = true;
      return finish_if_done(slot);
    }
    release(slot);
    return observer_->on_reset(id, cookie, static_cast<ResetReason>(reason),
                               static_cast<Processed>(processed));
  }
  if (stream.end_wanted) return release(slot);  // the work here is over, or reset by us already
  unqueue(slot);
  stream_consumed(slot, stream.receive_offset - stream.consumed);
  stream.receive_done = true;
  stream.discard_input = true;
  stream.gone = true;
  stream.pending = 0;
  observer_->on_reset(id, cookie, static_cast<ResetReason>(reason),
                      static_cast<Processed>(processed));
}

void Mux::handle_stop(const Frame& frame) {
  if (role_ != Role::client) return fail(MuxError::protocol);
  if (!known_number(frame.fields[0])) return fail(MuxError::stream_state);
  const std::uint32_t slot = streams_.find(frame.fields[0]);
  if (slot == no_slot) return;
  Stream& stream = streams_[slot];
  if (stream.send_done || (stream.pending & pending_reset)) return;
  unqueue(slot);
  stream.end_wanted = true;
  want_control(slot, pending_end);
}

void Mux::handle_max_data(const Frame& frame, Instant now) {
  const std::uint64_t limit = frame.fields[0];
  if (limit < send_max_) return fail(MuxError::flow_control);
  if (limit - send_max_ < peer_connection_window_ / 4) glitch(now);
  send_max_ = limit;
}

void Mux::handle_max_stream_data(const Frame& frame, Instant now) {
  const auto [wire_id, limit, unused, unused_too] = frame.fields;
  if (!known_number(wire_id)) return fail(MuxError::stream_state);
  const std::uint32_t slot = streams_.find(wire_id);
  if (slot == no_slot) return;
  Stream& stream = streams_[slot];
  if (limit < stream.send_max) return fail(MuxError::flow_control);
  if (limit - stream.send_max < peer_stream_window_ / 4) glitch(now);
  stream.send_max = limit;
  if (stream.queue.size != 0) schedule(slot);
}

void Mux::handle_max_streams(const Frame& frame, Instant now) {
  if (role_ != Role::client) return fail(MuxError::protocol);
  if (frame.fields[0] < peer_max_streams_) return fail(MuxError::flow_control);
  if (frame.fields[0] == peer_max_streams_) glitch(now);
  peer_max_streams_ = frame.fields[0];
  admit_waiting();
}

// Any number of pings is answered by one pong, to the newest: unread answers cannot pile up.
void Mux::handle_ping(const Frame& frame, Instant now) {
  if (frame.fields[0] <= ping_heard_) return fail(MuxError::protocol);
  ping_heard_ = frame.fields[0];
  glitch(now);
  if (failed()) return;
  pong_sequence_ = ping_heard_;
  pong_due_since_ = now;
  pending_ |= pending_pong;
}

void Mux::handle_pong(const Frame& frame, Instant now) {
  const auto [sequence, held, load, draining] = frame.fields;
  if (sequence <= ping_answered_ || sequence > ping_sent_) return fail(MuxError::protocol);
  const Duration elapsed = now - ping_times_[sequence % ping_slots];
  // A peer cannot have held the ping for longer than it was away; such a claim is not believed.
  const bool believable = held <= static_cast<std::uint64_t>(elapsed.count());
  PongSample sample;
  sample.sequence = sequence;
  sample.held = believable ? Duration(static_cast<std::int64_t>(held)) : Duration::zero();
  sample.round_trip = elapsed - sample.held;
  sample.answered = static_cast<std::uint32_t>(sequence - ping_answered_);
  sample.load = static_cast<std::uint32_t>(std::min<std::uint64_t>(load, 0xffffffff));
  sample.draining = draining != 0;
  ping_answered_ = sequence;
  // RFC 6298, 2: gain of an eighth.
  smoothed_round_trip_ = smoothed_round_trip_ == Duration::zero()
                             ? sample.round_trip
                             : (smoothed_round_trip_ * 7 + sample.round_trip) / 8;
  observer_->on_pong(sample);
}

void Mux::handle_goaway(const Frame& frame) {
  const auto [final, last, unused, unused_too] = frame.fields;
  if (role_ != Role::client || final > 1) return fail(MuxError::protocol);
  if (goaway_ != Goaway::none && last > goaway_last_) return fail(MuxError::protocol);
  goaway_ = final ? Goaway::last : Goaway::soft;
  goaway_last_ = last;
  refuse_unopened(ResetReason::draining);
  if (final) refuse_beyond(last);
  observer_->on_drain(final != 0);
}

// Charges a frame that costs work and carries nothing; the budget refills with time.
void Mux::glitch(Instant now) {
  if (glitches_left_ == 0) {
    const std::int64_t elapsed = (now - glitches_refilled_).count();
    const std::int64_t cost = 1'000'000'000 / std::max(1u, options_->glitches_per_second);
    const std::int64_t earned = std::min<std::int64_t>(elapsed / cost, options_->glitch_burst);
    if (earned <= 0) return fail(MuxError::excessive_load);
    glitches_left_ = static_cast<std::uint32_t>(earned);
    glitches_refilled_ = now;
  }
  --glitches_left_;
}

}  // namespace wanlab::backhaul
