// The store's engine: etcd v3's semantics in memory, synchronous and without callbacks, clock or
// I/O. Watches are cursors that their owner holds and asks with; a slow one costs nothing and ends
// in `compacted`.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "real_components/control/store.hpp"
#include "real_components/runtime/time.hpp"

namespace wanlab::control {

struct EmbeddedStoreOptions {
  std::uint64_t cluster_id = 1;
  // etcd's server limits (documentation, "System limits" and "Configuration options").
  std::size_t max_request_bytes = 1536 * 1024;
  std::size_t max_txn_operations = 128;
  // etcd raises smaller ones to 3/2 election timeouts (lease/lessor.go), in whole seconds: 2.
  std::int64_t minimum_ttl_seconds = 2;
  // Ours (etcd: 9,000,000,000): about as far as nanoseconds reach with room to add.
  std::int64_t maximum_ttl_seconds = 1'000'000'000;
};

struct WatchCursor {
  std::string key;
  std::string range_end;
  Revision next = 0;  // the first revision not yet delivered
};

enum class WatchStep : std::uint8_t {
  caught_up,  // nothing (more) to deliver
  events,
  compacted,  // what the cursor needs was forgotten
};

class EmbeddedStore {
 public:
  explicit EmbeddedStore(EmbeddedStoreOptions options = {});

  // Executes one call, wholly or not at all. Leases granted or kept alive count from the time of
  // the last advance().
  StoreResult apply(const StoreCall& call);
  // Moves time on and lets leases expire: each expiry deletes its keys as one revision of its own.
  // Time that goes back is ignored.
  void advance(Instant now);
  // When advance() is next needed for a lease.
  std::optional<Instant> next_expiry() const;

  WatchCursor open_watch(const WatchRequest& request) const;
  // Appends events of whole revisions to `events`, and stops at the first revision after `limit`
  // events or `bytes` bytes of keys and values, or after `up_to`.
  WatchStep read(WatchCursor& cursor, std::size_t limit, std::vector<Event>& events,
                 Revision up_to = std::numeric_limits<Revision>::max(),
                 std::size_t bytes = 1024 * 1024) const;

  Revision revision() const { return revision_; }
  // A key that the revision changed, and whether it deleted it; empty where that was forgotten.
  std::pair<std::string_view, bool> change_of(Revision revision) const;
  Revision compact_revision() const { return compact_revision_; }
  std::uint64_t cluster_id() const { return options_.cluster_id; }
  std::size_t keys() const { return live_keys_; }

 private:
  struct Version {
    std::string value;
    Revision create_revision = 0;
    Revision mod_revision = 0;
    std::int64_t version = 0;  // 0: deleted
    std::int64_t lease = 0;
  };
  using Histories = std::map<std::string, std::vector<Version>, std::less<>>;
  struct Change {
    Revision revision;
    Histories::const_iterator key;
  };
  struct Lease {
    std::int64_t ttl_seconds = 0;
    Instant expires{};
    std::set<std::string, std::less<>> keys;
  };

  StoreStatus check(const StoreCall& call) const;
  StoreStatus check(const wire::Operation& operation) const;
  StoreStatus check_txn(const wire::TxnRequest& txn) const;
  bool holds(const Compare& compare) const;
  wire::OperationResult execute(const wire::Operation& operation, Revision revision);
  wire::RangeResult range(const wire::RangeRequest& request, Revision newest) const;
  void put(const wire::PutRequest& request, Revision revision);
  std::int64_t remove(const wire::DeleteRequest& request, Revision revision);
  void write(Histories::iterator at, Version version);
  void compact(Revision revision);
  StoreResult lease_call(const StoreCall& call);
  void revoke(std::int64_t id);
  std::pair<Histories::const_iterator, Histories::const_iterator> bounds(
      std::string_view key, std::string_view range_end) const;
  static const Version* at_revision(const std::vector<Version>& history, Revision revision);
  StoreResult header(StoreStatus status) const;

  EmbeddedStoreOptions options_;
  Instant now_{};
  Revision revision_ = 1;
  Revision compact_revision_ = 0;
  Histories histories_;
  std::deque<Change> changes_;  // ascending; exactly those with revision >= compact_revision_
  std::size_t live_keys_ = 0;
  std::map<std::int64_t, Lease> leases_;
  std::set<std::pair<Instant, std::int64_t>> expiries_;
  std::int64_t next_lease_ = 1;
};

}  // namespace wanlab::control
