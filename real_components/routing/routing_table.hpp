// User name -> Route, its clusters sorted by measured cost before anybody can see it.
//
// One thread writes (upsert, remove, resort, reclaim). Any number of threads read, wait-free: a
// read is a few loads, takes no lock and never sees a half-built or freed view. Memory of replaced
// views comes back through quiescent states: a registered reader says now and then that it holds no
// view.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "real_components/routing/name_index.hpp"
#include "real_components/routing/region_cost.hpp"
#include "real_components/routing/region_table.hpp"
#include "real_components/routing/resort_policy.hpp"
#include "real_components/routing/retired.hpp"
#include "real_components/runtime/time.hpp"
#include "real_components/wire/records.hpp"

namespace wanlab::routing {

// Names one Route for as long as it exists: deleting and creating it again gives another handle.
struct RouteHandle {
  std::uint32_t index = 0xffffffff;
  std::uint32_t generation = 0;
  explicit operator bool() const { return index != 0xffffffff; }
  bool operator==(const RouteHandle&) const = default;
};

// An immutable snapshot. The head is clusters[0].
struct RouteView {
  std::span<const RegionId> clusters{};  // empty if the Route names none, or is gone
  std::uint32_t generation = 0;          // 0: gone
  std::uint64_t revision = 0;            // of the store
  std::uint64_t expiration = 0;          // Unix seconds; 0: never
  std::string_view user{};
  std::string_view branch{};

  bool live() const { return generation != 0; }
  bool expired(WallTime now) const { return wire::expired(expiration, now); }
  RegionId head() const { return clusters.empty() ? no_region : clusters.front(); }
  // The best cluster not among `tried`; no_region when all were. For a hard failure of the others.
  RegionId next_after(std::span<const RegionId> tried) const;
};

// Hears what became visible, after it did. Must not call the table.
class RoutingObserver {
 public:
  virtual ~RoutingObserver() = default;
  virtual void on_route_visible(RouteHandle route, const RouteView& view) = 0;
  virtual void on_route_removed(RouteHandle route, std::string_view user,
                                std::uint64_t revision) = 0;
  // Costs are those of the old and the new head at the decision.
  virtual void on_head_changed(RouteHandle route, const RouteView& view, HeadChange why,
                               Duration cost_before, Duration cost_after) = 0;
  // The shared order of all Routes with these regions was evaluated; `set` numbers the sets of this
  // table. Routes that adopt a change later are heard of by on_head_changed.
  virtual void on_sorted(std::size_t /*set*/, std::span<const RegionId> /*order*/,
                         const RegionCosts& /*costs*/, HeadChange /*why*/) {}
};

struct RoutingOptions {
  ResortOptions resort;
  // Changes for the sake of latency are adopted hash(edge, user) modulo this later, so that many
  // edges that see the same thing do not move at once. Failures are adopted at once.
  Duration adoption_spread = std::chrono::seconds{5};
  std::string edge_name;  // makes the hash differ between edges
};

class RoutingTable {
 public:
  RoutingTable(RegionTable& regions, RoutingOptions options, RoutingObserver* observer = nullptr);
  ~RoutingTable();
  RoutingTable(const RoutingTable&) = delete;
  RoutingTable& operator=(const RoutingTable&) = delete;

  // --- any thread ---
  // Without a Route of that user the handle is false. Looks at neither expiration nor clusters.
  RouteHandle find(std::string_view user) const;
  // A view that is not live() if the Route was deleted. Valid until this reader's next quiescent()
  // (on the writing thread: until reclaim()).
  const RouteView& view(RouteHandle handle) const {
    const RouteView* view = slot(handle.index).load(std::memory_order_acquire);
    return view != nullptr && view->generation == handle.generation ? *view : gone_;
  }

  // For listings: the Route in each place up to extent(), not live() where there is none.
  std::uint32_t extent() const;
  const RouteView& view_at(std::uint32_t index) const {
    const RouteView* view = slot(index).load(std::memory_order_acquire);
    return view != nullptr ? *view : gone_;
  }

  // --- the writing thread ---
  // Creates or replaces; the last call wins, whatever the revision (a restored store counts anew).
  // Duplicate clusters count once. Sorted by the costs last given to resort().
  RouteHandle upsert(std::string_view user, const wire::Route& route, std::uint64_t revision);
  // False if there was none.
  bool remove(std::string_view user, std::uint64_t revision);
  // Takes new costs, once a second and at once when a region's state changes. Also adopts what is
  // due.
  void resort(const RegionCosts& costs, Instant now);
  // When a delayed change is next due; Instant::max() if none. Call resort() then, or leave it to
  // the tick.
  Instant next_adoption() const;
  const RegionCosts& costs() const { return costs_; }
  RegionTable& regions() { return regions_; }
  const RegionTable& regions() const { return regions_; }
  // Regions that at least one Route names, ascending by name: the ones worth probing.
  std::vector<RegionId> named_regions() const;
  std::size_t size() const { return live_; }

  // --- memory ---
  // A reader on another thread registers once, and calls quiescent() whenever it holds no view.
  ReaderId register_reader() { return retired_.register_reader(); }
  void unregister_reader(ReaderId reader) { retired_.unregister_reader(reader); }
  void quiescent(ReaderId reader) const { retired_.quiescent(reader); }
  // Writing thread, holding no view: frees what no reader can still see.
  void reclaim() { retired_.reclaim(); }
  std::size_t retired() const { return retired_.size(); }

 private:
  struct OwnedView;
  struct Group;   // all Routes with the same set of regions share one order and one hysteresis
  struct Record;  // the writer's side of a slot
  using Slot = std::atomic<const RouteView*>;

  // Chunk k holds 64 << k slots and never moves, so readers need no care while the table grows.
  static constexpr std::uint32_t first_chunk = 64;
  static constexpr std::size_t chunk_count = 26;
  const Slot& slot(std::uint32_t index) const {
    const std::uint32_t block = index / first_chunk + 1;
    const auto chunk = static_cast<std::size_t>(std::bit_width(block) - 1);
    if (chunk >= chunk_count) return nothing_;
    const Slot* slots = chunks_[chunk].load(std::memory_order_acquire);
    return slots == nullptr ? nothing_ : slots[index - first_chunk * ((1u << chunk) - 1)];
  }
  Slot& make_slot(std::uint32_t index);

  std::uint32_t group_of(const wire::Route& route);
  void join_group(std::uint32_t index, std::uint32_t group);
  void leave_group(std::uint32_t index);
  void adopt(std::uint32_t index, HeadChange why);
  void resort_group(std::size_t number, Instant now);
  void adopt_due(Group& group, Instant now);
  Duration adoption_delay(std::string_view user) const;

  RegionTable& regions_;
  RoutingOptions options_;
  RoutingObserver* observer_;
  RegionCosts costs_;
  std::array<std::atomic<Slot*>, chunk_count> chunks_{};
  Slot nothing_{nullptr};
  RouteView gone_{};
  NameIndex names_;
  std::vector<Record> records_;
  std::vector<std::uint32_t> free_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::map<std::vector<RegionId>, std::uint32_t> group_ids_;
  std::vector<RegionId> scratch_;
  std::size_t live_ = 0;
  Retired retired_;
};

}  // namespace wanlab::routing
