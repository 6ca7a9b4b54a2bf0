// Two-level deficit round robin: tenants share by weight, the streams of a tenant share equally
// (Shreedhar and Varghese, "Efficient Fair Queueing Using Deficit Round Robin", SIGCOMM 1995).
// It orders streams; it does not know what they send.
#pragma once

#include "real_components/backhaul/stream_table.hpp"

#include <cstdint>
#include <vector>

namespace wanlab::backhaul {

class FairQueue {
 public:
  FairQueue(StreamTable& streams, Listed name) : streams_(&streams), name_(name) {}

  // Puts a stream (in no list) at its tenant's end. The weight counts for a tenant that had none
  // here.
  void add(std::uint32_t slot, std::uint32_t weight);
  void remove(std::uint32_t slot);

  bool empty() const { return size_ == 0; }
  std::uint32_t size() const { return size_; }

  // The stream whose turn it is; its deficit and its tenant's are both positive. Not on an empty
  // queue.
  std::uint32_t front(std::uint32_t quantum);
  // How many bytes the front stream may send before its turn is over.
  std::int64_t allowance(std::uint32_t slot) const;
  // Charges the front stream, which stays in the queue, for bytes sent.
  void charge(std::uint32_t slot, std::int64_t bytes);
  // Takes one stream of the next tenant, tenants in turn regardless of weight.
  std::uint32_t pop_in_turn();

  void clear();
  std::size_t memory_bytes() const;

 private:
  // Exists only while one of its streams is here, so memory follows streams, not tenants ever seen.
  struct Tenant {
    std::uint32_t id = 0;
    std::uint32_t weight = 1;
    std::int64_t deficit = 0;
    std::uint32_t first = no_slot, last = no_slot;  // its streams, in turn
    SlotLink ring;                                  // tenants in turn; free tenants by next
  };

  std::uint32_t tenant_of(std::uint32_t id) const;
  std::uint32_t add_tenant(std::uint32_t id, std::uint32_t weight);
  void remove_tenant(std::uint32_t index);
  void append_tenant(std::uint32_t index);
  void unlink_tenant(std::uint32_t index);
  void append_stream(Tenant& tenant, std::uint32_t slot);
  void unlink_stream(Tenant& tenant, std::uint32_t slot);
  std::size_t home(std::uint32_t id) const;
  void rebuild_index();

  StreamTable* streams_;
  std::vector<Tenant> tenants_;
  std::vector<std::uint32_t> index_;  // open addressing by tenant id, at most half full
  std::uint32_t first_ = no_slot, last_ = no_slot;
  std::uint32_t first_free_ = no_slot;
  std::uint32_t tenant_count_ = 0;
  std::uint32_t size_ = 0;
  Listed name_;
};

}  // namespace wanlab::backhaul
