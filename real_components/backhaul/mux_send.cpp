// What goes to the peer: straight into the output buffer when nothing waits, else by fair shares.
#include "real_components/backhaul/frame.hpp"
#include "real_components/backhaul/mux.hpp"

#include <algorithm>
#include <cstring>

namespace wanlab::backhaul {

// Whether bytes may overtake the scheduler: nothing is waiting that they could overtake.
bool Mux::fast_path(std::size_t size) const {
  return active_.empty() && pending_ == 0 && control_.first == no_slot &&
         size <= max_frame_payload && size <= send_max_ - send_offset_ &&
         out_.unwritten() + size < options_->output_target && !failed();
}

StreamId Mux::open(const StreamHeader& header, ByteView first, ByteView second, bool end) {
  const std::size_t size = first.size() + second.size();
  if (role_ != Role::client || failed() || lost_ || draining() ||
      waiting_.size() >= options_->max_waiting_streams || size > options_->max_queued - queued_) {
    return no_stream;
  }
  const std::uint32_t slot = streams_.add();
  Stream& stream = streams_[slot];
  stream.cookie = header.cookie;
  stream.tenant = header.tenant;
  stream.stream_class = header.stream_class;
  stream.window = options_->stream_window;
  stream.receive_max = stream.window;
  stream.send_max = peer_stream_window_;
  stream.end_wanted = end;
  const StreamId id = streams_.id(slot);
  if (size == 0 && !end) return id;  // there is nothing to tell yet
  if (header.secret) out_.keep_no_trace();
  if (waiting_.empty() && open_credit() > 0 && size <= stream.send_max && fast_path(size)) {
    encode_direct(slot, first, second, end);
  } else {
    if (header.secret) blocks_.keep_no_trace();
    enqueue(slot, first, second);
    waiting_.add(slot, observer_->tenant_weight(header.tenant));
    admit_waiting();
  }
  return id;
}

bool Mux::send(StreamId id, ByteView first, ByteView second, bool end) {
  if (!streams_.alive(id) || failed()) return false;
  const std::uint32_t slot = id.slot;
  Stream& stream = streams_[slot];
  const std::size_t size = first.size() + second.size();
  if (stream.end_wanted || (stream.gone && !end) || size > options_->max_queued - queued_) {
    return false;
  }
  if (stream.gone) {  // nobody wants the answer; ending it releases the slot
    release(slot);
    return true;
  }
  if (size == 0 && !end) return true;
  stream.end_wanted = end;
  if (end && role_ == Role::server && !stream.receive_done) {
    // The answer does not need the rest of the request.
    stream_consumed(slot, stream.receive_offset - stream.consumed);
    stream.discard_input = true;
    stream.pending &= static_cast<std::uint8_t>(~pending_window);
    want_control(slot, pending_stop);
  }
  const bool opens = stream.wire_id == 0;
  const bool may_open = !opens || (waiting_.empty() && open_credit() > 0);
  if (opens) stream.send_max = peer_stream_window_;
  if (stream.queue.size == 0 && stream.listed == Listed::none && may_open &&
      size <= stream.send_max - stream.send_offset && fast_path(size)) {
    encode_direct(slot, first, second, end);
    return true;
  }
  enqueue(slot, first, second);
  if (opens) {
    if (stream.listed == Listed::none) {
      waiting_.add(slot, observer_->tenant_weight(stream.tenant));
      admit_waiting();
    }
  } else if (stream.queue.size == 0) {
    want_control(slot, pending_end);
  } else {
    schedule(slot);
  }
  return true;
}

void Mux::enqueue(std::uint32_t slot, ByteView first, ByteView second) {
  ByteQueue& queue = streams_[slot].queue;
  blocks_.push(queue, first);
  blocks_.push(queue, second);
  queued_ += first.size() + second.size();
}

// Lists a stream that is on the wire and has bytes queued, if it has credit of its own.
void Mux::schedule(std::uint32_t slot) {
  const Stream& stream = streams_[slot];
  if (stream.listed != Listed::none || stream.send_offset >= stream.send_max) return;
  active_.add(slot, observer_->tenant_weight(stream.tenant));
}

// Client: gives credit for numbers to waiting streams, one tenant after the other, so that none can
// take all of it.
void Mux::admit_waiting() {
  while (!waiting_.empty() && open_credit() > 0 && hello_received_) {
    const std::uint32_t slot = waiting_.pop_in_turn();
    Stream& stream = streams_[slot];
    stream.send_max = peer_stream_window_;
    ++unopened_;
    active_.add(slot, observer_->tenant_weight(stream.tenant));
  }
}

// Writes the head of a STREAM frame and returns where its payload goes. Numbers the stream if it
// has none: in the order of first frames, so the peer sees them count up.
std::byte* Mux::begin_stream_frame(std::uint32_t slot, std::size_t payload, bool end) {
  std::byte* to = out_.room(max_frame_header + payload);
  Stream& stream = streams_[slot];
  const bool opens = stream.wire_id == 0;
  if (opens) {
    if (stream.listed == Listed::active) --unopened_;
    streams_.map(slot, next_wire_id_++);
  }
  *to++ = static_cast<std::byte>(static_cast<unsigned>(FrameType::stream) | (end ? flag_end : 0u) |
                                 (opens ? flag_open : 0u));
  to = write_varint(to, stream.wire_id);
  if (opens) {
    to = write_varint(to, stream.tenant);
    to = write_varint(to, stream.stream_class);
  }
  to = write_varint(to, payload);
  stream.send_offset += payload;
  send_offset_ += payload;
  ++frames_encoded_;
  return to;
}

void Mux::encode_direct(std::uint32_t slot, ByteView first, ByteView second, bool end) {
  std::byte* to = begin_stream_frame(slot, first.size() + second.size(), end);
  if (!first.empty()) std::memcpy(to, first.data(), first.size());
  to += first.size();
  if (!second.empty()) std::memcpy(to, second.data(), second.size());
  to += second.size();
  out_.commit(to);
  if (end) sending_ended(slot);
}

void Mux::sending_ended(std::uint32_t slot) {
  streams_[slot].send_done = true;
  finish_if_done(slot);
}

// One frame of the stream whose turn it is.
void Mux::encode_queued(std::uint32_t slot, std::size_t payload) {
  Stream& stream = streams_[slot];
  const bool end = stream.end_wanted && payload == stream.queue.size;
  const std::size_t before = out_.unwritten();
  std::byte* to = begin_stream_frame(slot, payload, end);
  if (blocks_.keeps_no_trace()) out_.keep_no_trace();
  blocks_.pop(stream.queue, to, payload);
  queued_ -= payload;
  out_.commit(to + payload);
  active_.charge(slot, static_cast<std::int64_t>(out_.unwritten() - before));
  const bool emptied = stream.queue.size == 0;
  if (emptied || stream.send_offset == stream.send_max) active_.remove(slot);
  if (end) {
    sending_ended(slot);
  } else if (emptied) {
    observer_->on_sent(streams_.id(slot), stream.cookie);
  }
}

ByteView Mux::output(Instant now) {
  if (lost_) return {};
  while (out_.unwritten() < options_->output_target) {
    if (pending_ != 0 || (control_.first != no_slot && !failed())) {
      write_control(now);
      continue;
    }
    const std::uint64_t credit = send_max_ - send_offset_;
    if (active_.empty() || failed()) break;
    const std::uint32_t slot = active_.front(options_->quantum);
    const Stream& stream = streams_[slot];
    if (credit == 0 && stream.queue.size != 0) break;
    const std::uint64_t payload = std::min(
        {std::uint64_t{stream.queue.size}, stream.send_max - stream.send_offset, credit,
         std::uint64_t{max_frame_payload}, static_cast<std::uint64_t>(active_.allowance(slot))});
    encode_queued(slot, static_cast<std::size_t>(payload));
  }
  if (!credit_adds_up()) [[unlikely]] {
    fail(MuxError::internal);
  }
  return out_.view();
}

void Mux::wrote(std::size_t bytes) {
  out_.wrote(bytes);
  // Partly written output is kept from a frame's first byte on; what lies before may go.
  if (out_.written() < 2 * std::size_t{options_->output_target}) return;
  std::size_t whole = 0;
  for (;;) {
    Frame frame;
    const ParseResult result = parse_frame(out_.frames().subspan(whole), frame);
    if (result.status != Parse::whole || whole + result.size > out_.written()) break;
    whole += result.size;
  }
  out_.discard_front(whole);
}

void Mux::want_control(std::uint32_t slot, std::uint8_t what) {
  Stream& stream = streams_[slot];
  stream.pending |= what;
  if (stream.in_control) return;
  stream.in_control = true;
  stream.control_link = {control_.last, no_slot};
  (control_.last == no_slot ? control_.first : streams_[control_.last].control_link.next) = slot;
  control_.last = slot;
}

// All control frames of the connection, then those of one stream.
void Mux::write_control(Instant now) {
  const auto write = [this](FrameType type, auto... fields) {
    out_.commit(write_control_frame(out_.room(max_frame_header), type,
                                    static_cast<std::uint64_t>(fields)...));
    ++frames_encoded_;
  };
  const std::uint8_t due = pending_;
  pending_ = 0;
  if (due & pending_hello) {
    write(FrameType::hello, protocol_version, options_->stream_window, options_->connection_window,
          granted_streams_);
  }
  if (due & pending_pong) {
    const Duration held = std::max(now - pong_due_since_, Duration::zero());
    write(FrameType::pong, pong_sequence_, held.count(), load_,
          load_draining_ || goaway_ != Goaway::none);
  }
  if (due & pending_ping) write(FrameType::ping, ping_sent_);
  if (due & pending_goaway) write(FrameType::goaway, goaway_ == Goaway::last, goaway_last_);
  if (due & pending_max_data) {
    // A window used up within two round trips limits the rate: double it.
    if (smoothed_round_trip_ != Duration::zero() &&
        now - window_moved_ < 2 * smoothed_round_trip_) {
      window_ = std::min(window_ * 2, options_->max_connection_window);
    }
    window_moved_ = now;
    receive_max_ = consumed_ + window_;
    write(FrameType::max_data, receive_max_);
  }
  if (due & pending_max_streams) {
    granted_streams_ = released_streams_ + options_->max_streams;
    write(FrameType::max_streams, granted_streams_);
  }
  if (due & pending_close) write(FrameType::close, error_);
  if (control_.first != no_slot && !failed()) write_stream_control(control_.first, now);
}

void Mux::write_stream_control(std::uint32_t slot, Instant now) {
  Stream& stream = streams_[slot];
  control_.first = stream.control_link.next;
  (control_.first == no_slot ? control_.last : streams_[control_.first].control_link.previous) =
      no_slot;
  stream.in_control = false;
  const std::uint8_t due = stream.pending;
  stream.pending = 0;
  const auto write = [this](FrameType type, auto... fields) {
    out_.commit(write_control_frame(out_.room(max_frame_header), type,
                                    static_cast<std::uint64_t>(fields)...));
    ++frames_encoded_;
  };
  if (due & pending_reset) {
    write(FrameType::reset_stream, stream.wire_id, stream.reset_reason, stream.reset_processed);
    return release(slot);
  }
  if ((due & pending_window) && !stream.receive_done && !stream.discard_input) {
    if (smoothed_round_trip_ != Duration::zero() &&
        now - stream.window_moved < 2 * smoothed_round_trip_) {
      stream.window = std::min(stream.window * 2, options_->max_stream_window);
    }
    stream.window_moved = now;
    stream.receive_max = stream.consumed + stream.window;
    write(FrameType::max_stream_data, stream.wire_id, stream.receive_max);
  }
  if (due & pending_stop) write(FrameType::stop, stream.wire_id, ResetReason::cancelled);
  if (due & pending_end) {
    out_.commit(begin_stream_frame(slot, 0, true));
    sending_ended(slot);
  }
}

}  // namespace wanlab::backhaul
