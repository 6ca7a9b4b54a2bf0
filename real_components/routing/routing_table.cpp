// The writing side of the routing table: groups, publication, adoption.
#include "real_components/routing/routing_table.hpp"

#include <algorithm>

namespace wanlab::routing {

// A view together with everything it points to.
struct RoutingTable::OwnedView : RouteView {
  OwnedView(const RouteView& view, std::span<const RegionId> order)
      : RouteView(view),
        order_(order.begin(), order.end()),
        user_(view.user),
        branch_(view.branch) {
    clusters = order_;
    user = user_;
    branch = branch_;
  }

 private:
  std::vector<RegionId> order_;
  std::string user_;
  std::string branch_;
};

struct RoutingTable::Group {
  struct Adoption {
    Instant due;
    std::uint32_t index;
    auto operator<=>(const Adoption&) const = default;
  };
  std::vector<RegionId> order;
  ResortPolicy policy;
  std::vector<std::uint32_t> members;
  std::vector<Adoption> waiting;  // ascending by time
  RegionId old_head = no_region;  // what the waiting ones still use
};

struct RoutingTable::Record {
  std::uint32_t generation = 0;  // of the present Route, or of the last one
  std::uint32_t group = 0;
  std::uint32_t place = 0;  // in the group's members
  bool live = false;
};

RegionId RouteView::next_after(std::span<const RegionId> tried) const {
  const auto next = std::ranges::find_if(
      clusters, [&](RegionId region) { return std::ranges::find(tried, region) == tried.end(); });
  return next == clusters.end() ? no_region : *next;
}

RoutingTable::RoutingTable(RegionTable& regions, RoutingOptions options, RoutingObserver* observer)
    : regions_(regions), options_(std::move(options)), observer_(observer) {
  if (!options_.edge_name.empty()) options_.resort.spread = hash_name(options_.edge_name);
}

RoutingTable::~RoutingTable() {
  for (std::uint32_t index = 0; index < records_.size(); ++index) {
    delete static_cast<const OwnedView*>(slot(index).load());
  }
  for (std::atomic<Slot*>& chunk : chunks_) delete[] chunk.load();
}

std::uint32_t RoutingTable::extent() const {
  return static_cast<std::uint32_t>(records_.size());
}

RouteHandle RoutingTable::find(std::string_view user) const {
  RouteHandle found;
  names_.find(hash_name(user), [&](std::uint32_t index) {
    const RouteView* view = slot(index).load(std::memory_order_acquire);
    if (view == nullptr || view->user != user) return false;
    found = {index, view->generation};
    return true;
  });
  return found;
}

RouteHandle RoutingTable::upsert(std::string_view user, const wire::Route& route,
                                 std::uint64_t revision) {
  const std::uint32_t group = group_of(route);
  RouteHandle handle = find(user);
  const bool created = !handle;
  if (created) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(records_.size()));
      records_.emplace_back();
    }
    handle.index = free_.back();
    free_.pop_back();
    Record& record = records_[handle.index];
    handle.generation = ++record.generation;
    if (handle.generation == 0) handle.generation = ++record.generation;  // 0 means gone
    record.live = true;
    ++live_;
    join_group(handle.index, group);
  } else if (records_[handle.index].group != group) {
    leave_group(handle.index);
    join_group(handle.index, group);
  }
  RouteView view;
  view.generation = handle.generation;
  view.revision = revision;
  view.expiration = route.expiration;
  view.user = user;
  view.branch = route.branch;
  const auto* fresh = new OwnedView(view, groups_[group]->order);
  Slot& place = make_slot(handle.index);
  if (const RouteView* old = place.exchange(fresh, std::memory_order_acq_rel)) {
    retired_.retire(static_cast<const OwnedView*>(old));
  }
  if (created) names_.insert(hash_name(user), handle.index, retired_);
  if (observer_ != nullptr) observer_->on_route_visible(handle, *fresh);
  return handle;
}

bool RoutingTable::remove(std::string_view user, std::uint64_t revision) {
  const RouteHandle handle = find(user);
  if (!handle) return false;
  const std::string name(user);  // the caller may be passing us the view's own copy
  names_.erase(hash_name(user), handle.index);
  retired_.retire(static_cast<const OwnedView*>(
      make_slot(handle.index).exchange(nullptr, std::memory_order_acq_rel)));
  leave_group(handle.index);
  records_[handle.index].live = false;
  free_.push_back(handle.index);
  --live_;
  if (observer_ != nullptr) observer_->on_route_removed(handle, name, revision);
  return true;
}

void RoutingTable::resort(const RegionCosts& costs, Instant now) {
  costs_ = costs;
  for (std::size_t number = 0; number < groups_.size(); ++number) {
    if (!groups_[number]->members.empty()) resort_group(number, now);
  }
}

void RoutingTable::resort_group(std::size_t number, Instant now) {
  Group& group = *groups_[number];
  scratch_ = group.order;
  const HeadChange change =
      group.policy.evaluate(group.order, costs_, regions_, options_.resort, now);
  if (observer_ != nullptr) observer_->on_sorted(number, group.order, costs_, change);
  if (group.order != scratch_) {
    if (change == HeadChange::latency && options_.adoption_spread > Duration{0}) {
      group.old_head = scratch_.front();
      group.waiting.clear();
      for (const std::uint32_t index : group.members) {
        const RouteView& view = *slot(index).load(std::memory_order_relaxed);
        group.waiting.push_back({now + adoption_delay(view.user), index});
      }
      std::ranges::sort(group.waiting);
    } else if (change != HeadChange::none || group.waiting.empty()) {
      group.waiting.clear();
      for (const std::uint32_t index : group.members) adopt(index, change);
    }
    // A mere change of the tail while some still wait reaches them with the head they wait for.
  }
  adopt_due(group, now);
}

void RoutingTable::adopt_due(Group& group, Instant now) {
  if (group.waiting.empty()) return;
  // The old head got into trouble, so waiting has lost its sense.
  const bool hurry =
      !costs_.panic && rank(costs_.of(group.old_head)) > rank(costs_.of(group.order.front()));
  const auto due = hurry
                       ? group.waiting.end()
                       : std::ranges::find_if(group.waiting, [&](const Group::Adoption& adoption) {
                           return adoption.due > now;
                         });
  for (auto adoption = group.waiting.begin(); adoption != due; ++adoption) {
    adopt(adoption->index, hurry ? HeadChange::failure : HeadChange::latency);
  }
  group.waiting.erase(group.waiting.begin(), due);
}

// Publishes the group's order for a Route, if it differs from what is visible.
void RoutingTable::adopt(std::uint32_t index, HeadChange why) {
  Slot& place = make_slot(index);
  const RouteView& old = *place.load(std::memory_order_relaxed);
  const Group& group = *groups_[records_[index].group];
  if (std::ranges::equal(old.clusters, group.order)) return;
  const RegionId old_head = old.head();
  const auto* fresh = new OwnedView(old, group.order);
  place.store(fresh, std::memory_order_release);
  retired_.retire(static_cast<const OwnedView*>(&old));
  if (observer_ != nullptr && fresh->head() != old_head) {
    observer_->on_head_changed({index, fresh->generation}, *fresh, why, group.policy.cost_before(),
                               group.policy.cost_after());
  }
}

Instant RoutingTable::next_adoption() const {
  Instant next = Instant::max();
  for (const std::unique_ptr<Group>& group : groups_) {
    if (!group->waiting.empty()) next = std::min(next, group->waiting.front().due);
  }
  return next;
}

std::vector<RegionId> RoutingTable::named_regions() const {
  std::vector<RegionId> named;
  for (const std::unique_ptr<Group>& group : groups_) {
    if (!group->members.empty())
      named.insert(named.end(), group->order.begin(), group->order.end());
  }
  const auto by_name = [&](RegionId left, RegionId right) {
    return regions_.name(left) < regions_.name(right);
  };
  std::ranges::sort(named, by_name);
  named.erase(std::ranges::unique(named).begin(), named.end());
  return named;
}

std::uint32_t RoutingTable::group_of(const wire::Route& route) {
  std::vector<RegionId> set;
  set.reserve(route.clusters.size());
  for (const std::string& cluster : route.clusters) {
    if (const RegionId region = regions_.intern(cluster); region != no_region)
      set.push_back(region);
  }
  std::ranges::sort(set);
  set.erase(std::ranges::unique(set).begin(), set.end());
  const auto [found, is_new] =
      group_ids_.try_emplace(std::move(set), static_cast<std::uint32_t>(groups_.size()));
  if (is_new) groups_.push_back(std::make_unique<Group>());
  Group& group = *groups_[found->second];
  if (group.members.empty()) {
    // Nobody used this set until now, so its history means nothing any more.
    group = Group{};
    group.order = found->first;
    sort_regions(group.order, costs_, regions_, options_.resort.quantum);
  }
  return found->second;
}

void RoutingTable::join_group(std::uint32_t index, std::uint32_t id) {
  Group& group = *groups_[id];
  records_[index].group = id;
  records_[index].place = static_cast<std::uint32_t>(group.members.size());
  group.members.push_back(index);
}

void RoutingTable::leave_group(std::uint32_t index) {
  Group& group = *groups_[records_[index].group];
  const std::uint32_t place = records_[index].place;
  const std::uint32_t last = group.members.back();
  group.members[place] = last;
  records_[last].place = place;
  group.members.pop_back();
  std::erase_if(group.waiting,
                [&](const Group::Adoption& adoption) { return adoption.index == index; });
}

RoutingTable::Slot& RoutingTable::make_slot(std::uint32_t index) {
  const std::uint32_t block = index / first_chunk + 1;
  const auto chunk = static_cast<std::size_t>(std::bit_width(block) - 1);
  Slot* slots = chunks_[chunk].load(std::memory_order_relaxed);
  if (slots == nullptr) {
    slots = new Slot[std::size_t{first_chunk} << chunk]();
    chunks_[chunk].store(slots, std::memory_order_release);
  }
  return slots[index - first_chunk * ((1u << chunk) - 1)];
}

Duration RoutingTable::adoption_delay(std::string_view user) const {
  const std::uint64_t hash = hash_name(user, hash_name(options_.edge_name));
  return Duration{static_cast<std::int64_t>(
      hash % static_cast<std::uint64_t>(options_.adoption_spread.count()))};
}

}  // namespace wanlab::routing
