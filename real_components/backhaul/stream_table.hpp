// Where the streams of one mux live: a slab with a free list, and an index from numbers on the
// wire. It knows nothing about frames or scheduling; the links are for the lists that do.
#pragma once

#include "real_components/backhaul/byte_blocks.hpp"
#include "real_components/backhaul/types.hpp"
#include "real_components/runtime/time.hpp"

#include <cstdint>
#include <vector>

namespace wanlab::backhaul {

inline constexpr std::uint32_t no_slot = 0xffffffff;

// Which list of the scheduler a stream is in.
enum class Listed : std::uint8_t { none, active, waiting };

// Control frames of a stream waiting to be written, each at most once.
enum StreamPending : std::uint8_t {
  pending_window = 1,
  pending_reset = 2,
  pending_stop = 4,
  pending_end = 8,  // END without bytes
};

struct SlotLink {
  std::uint32_t previous = no_slot;
  std::uint32_t next = no_slot;
};

struct Stream {
  std::uint64_t cookie = 0;
  std::uint64_t wire_id = 0;  // 0: its first frame is not encoded yet
  std::uint64_t receive_offset = 0;
  std::uint64_t receive_max = 0;
  std::uint64_t consumed = 0;
  std::uint64_t send_offset = 0;
  std::uint64_t send_max = 0;
  std::uint32_t generation = 0;
  std::uint32_t tenant = 0;
  // -- first cache line up to here --
  Instant window_moved{};
  std::uint32_t window = 0;
  std::int32_t deficit = 0;
  ByteQueue queue;
  SlotLink schedule_link;
  SlotLink control_link;
  std::uint32_t next_in_index = no_slot;
  std::uint8_t stream_class = 0;
  std::uint8_t pending = 0;
  Listed listed : 2 = Listed::none;
  ResetReason reset_reason : 4 = ResetReason::cancelled;
  Processed reset_processed : 2 = Processed::no;
  bool in_use : 1 = false;
  bool in_control : 1 = false;
  bool end_wanted : 1 = false;     // no more bytes will be queued
  bool send_done : 1 = false;      // END or RESET is encoded, or need not be
  bool receive_done : 1 = false;   // END or RESET came, or nothing that comes matters
  bool discard_input : 1 = false;  // what comes is counted and thrown away
  bool gone : 1 = false;           // reset came: the owner has only to release it
};
static_assert(sizeof(Stream) <= 120, "memory per open stream is part of the contract");

// A doubly linked list through Stream::control_link.
struct SlotList {
  std::uint32_t first = no_slot;
  std::uint32_t last = no_slot;
};

class StreamTable {
 public:
  // The slot's stream is fresh. References from operator[] do not survive this call.
  std::uint32_t add() {
    std::uint32_t slot;
    if (first_free_ != no_slot) {
      slot = first_free_;
      first_free_ = streams_[slot].schedule_link.next;
    } else {
      slot = static_cast<std::uint32_t>(streams_.size());
      streams_.emplace_back();
    }
    Stream& stream = streams_[slot];
    stream = Stream{};
    stream.generation = ++generation_;
    stream.in_use = true;
    ++size_;
    return slot;
  }

  // The stream must be in no list and have no bytes queued.
  void remove(std::uint32_t slot) {
    Stream& stream = streams_[slot];
    if (stream.wire_id != 0) unmap(slot);
    stream.in_use = false;
    stream.schedule_link.next = first_free_;
    first_free_ = slot;
    --size_;
  }

  Stream& operator[](std::uint32_t slot) { return streams_[slot]; }
  const Stream& operator[](std::uint32_t slot) const { return streams_[slot]; }

  bool alive(StreamId id) const {
    return id.slot < streams_.size() && streams_[id.slot].in_use &&
           streams_[id.slot].generation == id.generation;
  }
  StreamId id(std::uint32_t slot) const { return {slot, streams_[slot].generation}; }

  // Gives the stream its number on the wire. No two open streams may have the same.
  void map(std::uint32_t slot, std::uint64_t wire_id) {
    streams_[slot].wire_id = wire_id;
    ++mapped_;
    if (mapped_ > index_.size()) [[unlikely]] {
      grow_index();  // takes in the new one too
    } else {
      insert(slot);
    }
  }
  std::uint32_t find(std::uint64_t wire_id) const {
    if (index_.empty()) return no_slot;
    std::uint32_t slot = index_[wire_id & mask()];
    while (slot != no_slot && streams_[slot].wire_id != wire_id) {
      slot = streams_[slot].next_in_index;
    }
    return slot;
  }

  std::uint32_t size() const { return size_; }
  std::uint32_t slots() const { return static_cast<std::uint32_t>(streams_.size()); }
  // Handles given out before stay invalid.
  void clear() {
    streams_ = std::vector<Stream>();  // `= {}` would keep the memory
    index_ = std::vector<std::uint32_t>();
    first_free_ = no_slot;
    size_ = 0;
    mapped_ = 0;
  }
  std::size_t memory_bytes() const {
    return streams_.capacity() * sizeof(Stream) + index_.capacity() * sizeof(std::uint32_t);
  }

 private:
  std::size_t mask() const { return index_.size() - 1; }

  // Numbers count up, so the low bits spread them perfectly: the index acts as a sliding window,
  // and only streams that stay open for long share an entry with later ones.
  void insert(std::uint32_t slot) {
    std::uint32_t& head = index_[streams_[slot].wire_id & mask()];
    streams_[slot].next_in_index = head;
    head = slot;
  }

  void unmap(std::uint32_t slot) {
    std::uint32_t* link = &index_[streams_[slot].wire_id & mask()];
    while (*link != slot) link = &streams_[*link].next_in_index;
    *link = streams_[slot].next_in_index;
    --mapped_;
  }

  void grow_index() {
    index_.assign(index_.empty() ? 16 : index_.size() * 2, no_slot);
    for (std::uint32_t slot = 0; slot < streams_.size(); ++slot) {
      if (streams_[slot].in_use && streams_[slot].wire_id != 0) insert(slot);
    }
  }

  std::vector<Stream> streams_;
  std::vector<std::uint32_t> index_;  // first of each chain; a power of two
  std::uint32_t first_free_ = no_slot;
  std::uint32_t size_ = 0;
  std::uint32_t mapped_ = 0;
  std::uint32_t generation_ = 0;
};

}  // namespace wanlab::backhaul
