// Deficit round robin over intrusive lists: every operation but index growth is constant time.
#include "real_components/backhaul/fair_queue.hpp"

#include <algorithm>

namespace wanlab::backhaul {
namespace {

// A turn with less than this left is over; what is left is kept for the next. Otherwise most turns
// would end in a frame of a few bytes.
constexpr std::int64_t smallest_turn = 1024;

}  // namespace

void FairQueue::add(std::uint32_t slot, std::uint32_t weight) {
  Stream& stream = (*streams_)[slot];
  std::uint32_t index = tenant_of(stream.tenant);
  if (index == no_slot) {
    index = add_tenant(stream.tenant, std::max(weight, 1u));
    append_tenant(index);
  }
  append_stream(tenants_[index], slot);
  stream.listed = name_;
  stream.deficit = std::min(stream.deficit, 0);  // a debt is kept, idle time saves nothing up
  ++size_;
}

void FairQueue::remove(std::uint32_t slot) {
  Stream& stream = (*streams_)[slot];
  const std::uint32_t index = tenant_of(stream.tenant);
  Tenant& tenant = tenants_[index];
  unlink_stream(tenant, slot);
  stream.listed = Listed::none;
  --size_;
  if (tenant.first == no_slot) remove_tenant(index);
}

std::uint32_t FairQueue::front(std::uint32_t quantum) {
  while (tenants_[first_].deficit < smallest_turn) {
    Tenant& tenant = tenants_[first_];
    tenant.deficit += std::int64_t{quantum} * tenant.weight;
    if (tenant.deficit >= smallest_turn) break;
    const std::uint32_t index = first_;
    unlink_tenant(index);
    append_tenant(index);
  }
  Tenant& tenant = tenants_[first_];
  while ((*streams_)[tenant.first].deficit < smallest_turn) {
    const std::uint32_t slot = tenant.first;
    Stream& stream = (*streams_)[slot];
    stream.deficit += static_cast<std::int32_t>(quantum);
    if (stream.deficit >= smallest_turn) break;
    unlink_stream(tenant, slot);
    append_stream(tenant, slot);
  }
  return tenant.first;
}

std::int64_t FairQueue::allowance(std::uint32_t slot) const {
  return std::min<std::int64_t>((*streams_)[slot].deficit, tenants_[first_].deficit);
}

void FairQueue::charge(std::uint32_t slot, std::int64_t bytes) {
  const std::uint32_t index = first_;
  Tenant& tenant = tenants_[index];
  Stream& stream = (*streams_)[slot];
  stream.deficit -= static_cast<std::int32_t>(bytes);
  tenant.deficit -= bytes;
  if (stream.deficit < smallest_turn && tenant.first != tenant.last) {
    unlink_stream(tenant, slot);
    append_stream(tenant, slot);
  }
  if (tenant.deficit < smallest_turn && first_ != last_) {
    unlink_tenant(index);
    append_tenant(index);
  }
}

std::uint32_t FairQueue::pop_in_turn() {
  const std::uint32_t index = first_;
  const std::uint32_t slot = tenants_[index].first;
  unlink_tenant(index);
  append_tenant(index);
  remove(slot);
  return slot;
}

void FairQueue::clear() {
  tenants_ = std::vector<Tenant>();
  index_ = std::vector<std::uint32_t>();
  first_ = last_ = first_free_ = no_slot;
  tenant_count_ = 0;
  size_ = 0;
}

std::size_t FairQueue::memory_bytes() const {
  return tenants_.capacity() * sizeof(Tenant) + index_.capacity() * sizeof(std::uint32_t);
}

// Spreads tenant numbers, which their owner may choose, by a multiplicative hash (Knuth 6.4).
std::size_t FairQueue::home(std::uint32_t id) const {
  return ((id * std::uint64_t{0x9e3779b97f4a7c15}) >> 32) & (index_.size() - 1);
}

std::uint32_t FairQueue::tenant_of(std::uint32_t id) const {
  if (index_.empty()) return no_slot;
  for (std::size_t at = home(id);; at = (at + 1) & (index_.size() - 1)) {
    if (index_[at] == no_slot || tenants_[index_[at]].id == id) return index_[at];
  }
}

std::uint32_t FairQueue::add_tenant(std::uint32_t id, std::uint32_t weight) {
  std::uint32_t index;
  if (first_free_ != no_slot) {
    index = first_free_;
    first_free_ = tenants_[index].ring.next;
  } else {
    index = static_cast<std::uint32_t>(tenants_.size());
    tenants_.emplace_back();
  }
  tenants_[index] = Tenant{};
  tenants_[index].id = id;
  tenants_[index].weight = weight;
  ++tenant_count_;
  if (tenant_count_ * 2 > index_.size()) rebuild_index();
  std::size_t at = home(id);
  while (index_[at] != no_slot) at = (at + 1) & (index_.size() - 1);
  index_[at] = index;
  return index;
}

void FairQueue::remove_tenant(std::uint32_t index) {
  unlink_tenant(index);
  const std::size_t mask = index_.size() - 1;
  std::size_t hole = home(tenants_[index].id);
  while (index_[hole] != index) hole = (hole + 1) & mask;
  for (std::size_t at = (hole + 1) & mask; index_[at] != no_slot; at = (at + 1) & mask) {
    const std::size_t wanted = home(tenants_[index_[at]].id);
    if (((at - wanted) & mask) >= ((at - hole) & mask)) {
      index_[hole] = index_[at];
      hole = at;
    }
  }
  index_[hole] = no_slot;
  tenants_[index].ring.next = first_free_;
  first_free_ = index;
  --tenant_count_;
}

// Called before the newest tenant, which is in no list yet, is inserted.
void FairQueue::rebuild_index() {
  index_.assign(index_.empty() ? 8 : index_.size() * 2, no_slot);
  for (std::uint32_t index = first_; index != no_slot; index = tenants_[index].ring.next) {
    std::size_t at = home(tenants_[index].id);
    while (index_[at] != no_slot) at = (at + 1) & (index_.size() - 1);
    index_[at] = index;
  }
}

void FairQueue::append_tenant(std::uint32_t index) {
  tenants_[index].ring = {last_, no_slot};
  (last_ == no_slot ? first_ : tenants_[last_].ring.next) = index;
  last_ = index;
}

void FairQueue::unlink_tenant(std::uint32_t index) {
  const SlotLink link = tenants_[index].ring;
  (link.previous == no_slot ? first_ : tenants_[link.previous].ring.next) = link.next;
  (link.next == no_slot ? last_ : tenants_[link.next].ring.previous) = link.previous;
}

void FairQueue::append_stream(Tenant& tenant, std::uint32_t slot) {
  (*streams_)[slot].schedule_link = {tenant.last, no_slot};
  (tenant.last == no_slot ? tenant.first : (*streams_)[tenant.last].schedule_link.next) = slot;
  tenant.last = slot;
}

void FairQueue::unlink_stream(Tenant& tenant, std::uint32_t slot) {
  const SlotLink link = (*streams_)[slot].schedule_link;
  (link.previous == no_slot ? tenant.first : (*streams_)[link.previous].schedule_link.next) =
      link.next;
  (link.next == no_slot ? tenant.last : (*streams_)[link.next].schedule_link.previous) =
      link.previous;
}

}  // namespace wanlab::backhaul
