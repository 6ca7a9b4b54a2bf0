// The invariants of a mux, in one place, for tests to ask after every step.
#include "real_components/backhaul/mux.hpp"

#include <algorithm>
#include <string>

namespace wanlab::backhaul {

std::string Mux::check_invariants() const {
  if (send_offset_ > send_max_) return "I1: connection sent beyond its credit";
  if (receive_offset_ > receive_max_) return "I1: connection received beyond its window";
  if (consumed_ > receive_offset_) return "more consumed than received";
  if (receive_max_ > consumed_ + window_) return "I3: more credit given than the window";
  if (unconsumed_bytes() > window_) return "I3: more held than the window";
  if (window_ > std::max(options_->max_connection_window, options_->connection_window)) {
    return "I3: window beyond its budget";
  }
  std::uint64_t received = closed_received_, unconsumed = 0, queued = 0, unopened = 0;
  std::uint32_t in_use = 0, active = 0, waiting = 0, in_control = 0, blocks = 0;
  for (std::uint32_t slot = 0; slot < streams_.slots(); ++slot) {
    const Stream& stream = streams_[slot];
    if (!stream.in_use) continue;
    const std::string name = " (slot " + std::to_string(slot) + ")";
    ++in_use;
    received += stream.receive_offset;
    unconsumed += stream.receive_offset - stream.consumed;
    queued += stream.queue.size;
    blocks += stream.queue.first != no_block;
    if (stream.queue.size == 0 && stream.queue.first != no_block) {
      return "an empty queue owns a block" + name;
    }
    if (stream.wire_id != 0 && stream.send_offset > stream.send_max) {
      return "I1: stream sent beyond its credit" + name;
    }
    if (!stream.discard_input && stream.receive_offset > stream.receive_max) {
      return "I1: stream received beyond its window" + name;
    }
    if (stream.consumed > stream.receive_offset) return "consumed beyond what came" + name;
    if (stream.wire_id != 0 && streams_.find(stream.wire_id) != slot) {
      return "the index does not find the stream" + name;
    }
    if ((stream.pending != 0 && !stream.in_control) ||
        (stream.pending == 0 && stream.in_control && !stream.gone && !stream.discard_input)) {
      return "I5: control pending without being listed, or the reverse" + name;
    }
    if (stream.send_done && stream.receive_done && stream.consumed == stream.receive_offset &&
        !(stream.pending & pending_reset)) {
      return "I6: a finished stream keeps its slot" + name;
    }
    if (role_ == Role::server && stream.send_done && !stream.end_wanted) {
      return "I6: ended without its owner saying so" + name;
    }
    const bool sendable =
        stream.wire_id != 0 && stream.queue.size != 0 && stream.send_offset < stream.send_max;
    if (sendable && stream.listed != Listed::active) return "a sendable stream sleeps" + name;
    if (stream.listed == Listed::active && stream.queue.size != 0 &&
        stream.send_offset >= stream.send_max) {
      return "credit waits on a stream that cannot use it" + name;
    }
    active += stream.listed == Listed::active;
    waiting += stream.listed == Listed::waiting;
    in_control += stream.in_control;
    unopened += stream.listed == Listed::active && stream.wire_id == 0;
  }
  if (in_use != streams_.size()) return "slots in use miscounted";
  if (received != receive_offset_) return "I2: stream offsets do not add up to the connection's";
  if (unconsumed != unconsumed_bytes()) return "I2: unconsumed bytes do not add up";
  if (queued != queued_) return "queued bytes do not add up";
  if (active != active_.size() || waiting != waiting_.size()) return "scheduler lists miscounted";
  if (unopened != unopened_) return "streams awaiting a number miscounted";
  if (blocks > blocks_.blocks_in_use()) return "blocks miscounted";
  if (blocks == 0 && blocks_.blocks_in_use() != 0) return "blocks leaked";
  std::uint32_t listed = 0, previous = no_slot;
  for (std::uint32_t slot = control_.first; slot != no_slot;
       slot = streams_[slot].control_link.next) {
    if (!streams_[slot].in_use || streams_[slot].control_link.previous != previous) {
      return "I5: control list broken";
    }
    previous = slot;
    if (++listed > in_use) return "I5: control list loops";
  }
  if (previous != control_.last || listed != in_control) return "I5: control list miscounted";
  if (role_ == Role::client && hello_received_ && next_wire_id_ - 1 > peer_max_streams_) {
    return "more streams opened than allowed";
  }
  if (role_ == Role::server) {
    if (next_wire_id_ - 1 > granted_streams_) return "more streams accepted than granted";
    if (in_use > options_->max_streams) return "I6: more work open than max_streams";
    if (released_streams_ + in_use != next_wire_id_ - 1) return "I6: streams lost or counted twice";
  }
  if (ping_sent_ - ping_answered_ > ping_slots) return "too many pings outstanding";
  return {};
}

}  // namespace wanlab::backhaul
