// The engine: histories per key, one log of changes, leases.
#include "real_components/control/embedded_store.hpp"

#include <algorithm>

namespace wanlab::control {

namespace {

template <typename... Alternatives>
struct Overloaded : Alternatives... {
  using Alternatives::operator()...;
};
template <typename... Alternatives>
Overloaded(Alternatives...) -> Overloaded<Alternatives...>;

const std::string to_the_end(1, '\0');

bool in_range(std::string_view key, std::string_view begin, std::string_view range_end) {
  if (range_end.empty()) return key == begin;
  return key >= begin && (range_end == to_the_end || key < range_end);
}

std::size_t size_of(const wire::Operation& operation) {
  return std::visit(
      Overloaded{
          [](const wire::RangeRequest& body) { return body.key.size() + body.range_end.size(); },
          [](const wire::PutRequest& body) { return body.key.size() + body.value.size(); },
          [](const wire::DeleteRequest& body) { return body.key.size() + body.range_end.size(); }},
      operation);
}

}  // namespace

EmbeddedStore::EmbeddedStore(EmbeddedStoreOptions options) : options_(options) {}

StoreResult EmbeddedStore::header(StoreStatus status) const {
  StoreResult result;
  result.status = status;
  result.cluster_id = options_.cluster_id;
  result.revision = revision_;
  if (status == StoreStatus::compacted) result.compact_revision = compact_revision_;
  return result;
}

StoreResult EmbeddedStore::apply(const StoreCall& call) {
  if (const StoreStatus status = check(call); status != StoreStatus::ok) return header(status);
  const Revision next = revision_ + 1;
  const auto one = [&](const auto& request) {
    wire::OperationResult done = execute(wire::Operation{request}, next);
    StoreResult result = header(StoreStatus::ok);
    std::visit([&](auto& body) { result.body = std::move(body); }, done);
    return result;
  };
  return std::visit(Overloaded{[&](const wire::RangeRequest& request) { return one(request); },
                               [&](const wire::PutRequest& request) { return one(request); },
                               [&](const wire::DeleteRequest& request) { return one(request); },
                               [&](const wire::TxnRequest& txn) {
                                 wire::TxnResult done;
                                 done.succeeded = std::ranges::all_of(
                                     txn.compares,
                                     [&](const Compare& compare) { return holds(compare); });
                                 for (const wire::Operation& operation :
                                      done.succeeded ? txn.success : txn.failure) {
                                   done.results.push_back(execute(operation, next));
                                 }
                                 StoreResult result = header(StoreStatus::ok);
                                 result.body = std::move(done);
                                 return result;
                               },
                               [&](const wire::CompactRequest& request) {
                                 compact(request.revision);
                                 StoreResult result = header(StoreStatus::ok);
                                 result.body = wire::CompactResult{};
                                 return result;
                               },
                               [&](const auto&) { return lease_call(call); }},
                    call);
}

// --- what must hold before anything is changed ---------------------------------------------------

StoreStatus EmbeddedStore::check(const StoreCall& call) const {
  return std::visit(
      Overloaded{
          [&](const wire::RangeRequest& request) { return check(wire::Operation{request}); },
          [&](const wire::PutRequest& request) { return check(wire::Operation{request}); },
          [&](const wire::DeleteRequest& request) { return check(wire::Operation{request}); },
          [&](const wire::TxnRequest& request) { return check_txn(request); },
          [&](const wire::CompactRequest& request) {
            if (request.revision <= compact_revision_) return StoreStatus::compacted;
            return request.revision > revision_ ? StoreStatus::future_revision : StoreStatus::ok;
          },
          [](const auto&) { return StoreStatus::ok; }},
      call);
}

StoreStatus EmbeddedStore::check(const wire::Operation& operation) const {
  if (size_of(operation) > options_.max_request_bytes) return StoreStatus::too_large;
  return std::visit(
      Overloaded{[&](const wire::RangeRequest& request) {
                   if (request.key.empty() || request.revision < 0 || request.limit < 0) {
                     return StoreStatus::invalid_request;
                   }
                   if (request.revision > revision_) return StoreStatus::future_revision;
                   if (request.revision != 0 && request.revision < compact_revision_) {
                     return StoreStatus::compacted;
                   }
                   return StoreStatus::ok;
                 },
                 [&](const wire::PutRequest& request) {
                   if (request.key.empty()) return StoreStatus::invalid_request;
                   return request.lease == 0 || leases_.contains(request.lease)
                              ? StoreStatus::ok
                              : StoreStatus::lease_not_found;
                 },
                 [&](const wire::DeleteRequest& request) {
                   return request.key.empty() ? StoreStatus::invalid_request : StoreStatus::ok;
                 }},
      operation);
}

StoreStatus EmbeddedStore::check_txn(const wire::TxnRequest& txn) const {
  const std::size_t most = options_.max_txn_operations;
  if (txn.compares.size() > most || txn.success.size() > most || txn.failure.size() > most) {
    return StoreStatus::invalid_request;
  }
  std::size_t bytes = 0;
  for (const Compare& compare : txn.compares) {
    if (compare.key.empty()) return StoreStatus::invalid_request;
    bytes += compare.key.size() + compare.value.size();
  }
  for (const auto* branch : {&txn.success, &txn.failure}) {
    std::vector<std::string_view> puts;
    for (const wire::Operation& operation : *branch) {
      bytes += size_of(operation);
      if (const auto* put = std::get_if<wire::PutRequest>(&operation)) puts.push_back(put->key);
    }
    // One revision cannot hold two states of a key.
    std::ranges::sort(puts);
    if (std::ranges::adjacent_find(puts) != puts.end()) return StoreStatus::invalid_request;
    for (const wire::Operation& operation : *branch) {
      const auto* remove = std::get_if<wire::DeleteRequest>(&operation);
      if (remove == nullptr) continue;
      for (const std::string_view put : puts) {
        if (in_range(put, remove->key, remove->range_end)) return StoreStatus::invalid_request;
      }
    }
  }
  if (bytes > options_.max_request_bytes) return StoreStatus::too_large;
  const bool success =
      std::ranges::all_of(txn.compares, [&](const Compare& compare) { return holds(compare); });
  for (const wire::Operation& operation : success ? txn.success : txn.failure) {
    if (const StoreStatus status = check(operation); status != StoreStatus::ok) return status;
  }
  return StoreStatus::ok;
}

bool EmbeddedStore::holds(const Compare& compare) const {
  const auto found = histories_.find(compare.key);
  const Version* newest = found == histories_.end() ? nullptr : &found->second.back();
  if (newest != nullptr && newest->version == 0) newest = nullptr;
  const auto related = [&](const auto& left, const auto& right) {
    switch (compare.relation) {
      case Compare::Relation::equal:
        return left == right;
      case Compare::Relation::greater:
        return left > right;
      case Compare::Relation::less:
        return left < right;
      case Compare::Relation::not_equal:
        return left != right;
    }
    return false;
  };
  switch (compare.target) {
    case Compare::Target::version:
      return related(newest != nullptr ? newest->version : 0, compare.number);
    case Compare::Target::create_revision:
      return related(newest != nullptr ? newest->create_revision : 0, compare.number);
    case Compare::Target::mod_revision:
      return related(newest != nullptr ? newest->mod_revision : 0, compare.number);
    case Compare::Target::value:
      return newest != nullptr && related(newest->value, compare.value);
  }
  return false;
}

// --- reading and writing ------------------------------------------------------------------------

wire::OperationResult EmbeddedStore::execute(const wire::Operation& operation, Revision revision) {
  if (const auto* request = std::get_if<wire::RangeRequest>(&operation)) {
    return range(*request, revision);
  }
  if (const auto* request = std::get_if<wire::PutRequest>(&operation)) {
    put(*request, revision);
    return wire::PutResult{};
  }
  return wire::DeleteResult{remove(std::get<wire::DeleteRequest>(operation), revision)};
}

std::pair<EmbeddedStore::Histories::const_iterator, EmbeddedStore::Histories::const_iterator>
EmbeddedStore::bounds(std::string_view key, std::string_view range_end) const {
  if (range_end.empty()) return histories_.equal_range(key);
  const auto begin = histories_.lower_bound(key);
  if (range_end == to_the_end) return {begin, histories_.end()};
  if (range_end <= key) return {begin, begin};
  return {begin, histories_.lower_bound(range_end)};
}

const EmbeddedStore::Version* EmbeddedStore::at_revision(const std::vector<Version>& history,
                                                         Revision revision) {
  const auto after = std::ranges::upper_bound(history, revision, {}, &Version::mod_revision);
  return after == history.begin() ? nullptr : &*std::prev(after);
}

wire::RangeResult EmbeddedStore::range(const wire::RangeRequest& request, Revision newest) const {
  const Revision revision = request.revision == 0 ? newest : request.revision;
  wire::RangeResult result;
  const auto [begin, end] = bounds(request.key, request.range_end);
  for (auto at = begin; at != end; ++at) {
    const Version* version = at_revision(at->second, revision);
    if (version == nullptr || version->version == 0) continue;
    ++result.count;
    if (request.count_only) continue;
    if (request.limit != 0 && result.count > request.limit) {
      result.more = true;
      continue;
    }
    result.values.push_back({at->first, request.keys_only ? std::string{} : version->value,
                             version->create_revision, version->mod_revision, version->version,
                             version->lease});
  }
  return result;
}

void EmbeddedStore::put(const wire::PutRequest& request, Revision revision) {
  const auto at = histories_.try_emplace(request.key).first;
  Version version{request.value, revision, revision, 1, request.lease};
  if (!at->second.empty() && at->second.back().version != 0) {
    version.create_revision = at->second.back().create_revision;
    version.version = at->second.back().version + 1;
  }
  write(at, std::move(version));
}

std::int64_t EmbeddedStore::remove(const wire::DeleteRequest& request, Revision revision) {
  std::int64_t removed = 0;
  const auto [begin, end] = bounds(request.key, request.range_end);
  // Turns const iterators into ones that may write, without searching again.
  auto at = histories_.erase(begin, begin);
  for (; at != end; ++at) {
    if (at->second.back().version == 0) continue;
    write(at, {{}, 0, revision, 0, 0});
    ++removed;
  }
  return removed;
}

void EmbeddedStore::write(Histories::iterator at, Version version) {
  std::vector<Version>& history = at->second;
  const bool was_live = !history.empty() && history.back().version != 0;
  const std::int64_t old_lease = was_live ? history.back().lease : 0;
  if (old_lease != version.lease) {
    if (old_lease != 0) {
      if (const auto lease = leases_.find(old_lease); lease != leases_.end()) {
        lease->second.keys.erase(at->first);
      }
    }
    if (version.lease != 0) leases_.at(version.lease).keys.insert(at->first);
  }
  live_keys_ += (version.version != 0 ? 1u : 0u);
  live_keys_ -= (was_live ? 1u : 0u);
  revision_ = version.mod_revision;
  changes_.push_back({version.mod_revision, at});
  history.push_back(std::move(version));
}

void EmbeddedStore::compact(Revision revision) {
  compact_revision_ = revision;
  // Only keys that changed up to `revision` can have anything to forget.
  for (const Change& change : changes_) {
    if (change.revision > revision) break;
    const auto at = histories_.erase(change.key, change.key);
    std::vector<Version>& history = at->second;
    const auto after = std::ranges::upper_bound(history, revision, {}, &Version::mod_revision);
    const auto newest = std::prev(after);
    if (newest->mod_revision != change.revision) continue;  // a later change comes by
    // A deletion before `revision` leaves nothing; one at `revision` is still a watch's to see.
    const bool forget_newest = newest->version == 0 && newest->mod_revision < revision;
    history.erase(history.begin(), forget_newest ? after : newest);
    if (history.empty()) histories_.erase(at);
  }
  while (!changes_.empty() && changes_.front().revision < revision) changes_.pop_front();
}

// --- leases -------------------------------------------------------------------------------------

StoreResult EmbeddedStore::lease_call(const StoreCall& call) {
  const auto answer = [&](std::int64_t id, std::int64_t ttl) {
    StoreResult result = header(StoreStatus::ok);
    result.body = wire::LeaseResult{id, ttl};
    return result;
  };
  const auto renew = [&](std::int64_t id, Lease& lease) {
    expiries_.erase({lease.expires, id});
    lease.expires = now_ + std::chrono::seconds{lease.ttl_seconds};
    expiries_.emplace(lease.expires, id);
  };
  if (const auto* grant = std::get_if<wire::LeaseGrantRequest>(&call)) {
    if (grant->id < 0 || grant->ttl_seconds > options_.maximum_ttl_seconds) {
      return header(StoreStatus::invalid_request);
    }
    std::int64_t id = grant->id;
    while (id == 0 || (grant->id == 0 && leases_.contains(id))) id = next_lease_++;
    const auto [lease, is_new] = leases_.try_emplace(id);
    if (!is_new) return header(StoreStatus::lease_exists);
    lease->second.ttl_seconds = std::max(grant->ttl_seconds, options_.minimum_ttl_seconds);
    renew(id, lease->second);
    return answer(id, lease->second.ttl_seconds);
  }
  if (const auto* keep = std::get_if<wire::LeaseKeepAliveRequest>(&call)) {
    const auto lease = leases_.find(keep->id);
    if (lease == leases_.end()) return header(StoreStatus::lease_not_found);
    renew(keep->id, lease->second);
    return answer(keep->id, lease->second.ttl_seconds);
  }
  const std::int64_t id = std::get<wire::LeaseRevokeRequest>(call).id;
  if (!leases_.contains(id)) return header(StoreStatus::lease_not_found);
  revoke(id);
  return answer(id, 0);
}

void EmbeddedStore::revoke(std::int64_t id) {
  const auto lease = leases_.extract(id);
  expiries_.erase({lease.mapped().expires, id});
  const Revision revision = revision_ + 1;
  for (const std::string& key : lease.mapped().keys) {
    write(histories_.find(key), {{}, 0, revision, 0, 0});
  }
}

void EmbeddedStore::advance(Instant now) {
  now_ = std::max(now_, now);
  while (!expiries_.empty() && expiries_.begin()->first <= now_) revoke(expiries_.begin()->second);
}

std::optional<Instant> EmbeddedStore::next_expiry() const {
  if (expiries_.empty()) return std::nullopt;
  return expiries_.begin()->first;
}

// --- watches ------------------------------------------------------------------------------------

WatchCursor EmbeddedStore::open_watch(const WatchRequest& request) const {
  return {request.key, request.range_end,
          request.start_revision > 0 ? request.start_revision : revision_ + 1};
}

WatchStep EmbeddedStore::read(WatchCursor& cursor, std::size_t limit, std::vector<Event>& events,
                              Revision up_to, std::size_t bytes) const {
  up_to = std::min(up_to, revision_);
  if (cursor.next < compact_revision_) return WatchStep::compacted;
  if (cursor.next > up_to) return WatchStep::caught_up;
  std::size_t found = 0;
  std::size_t held = 0;
  for (auto change = std::ranges::lower_bound(changes_, cursor.next, {}, &Change::revision);
       change != changes_.end(); ++change) {
    if (change->revision > up_to) break;
    if (change->revision >= cursor.next && (found >= limit || held >= bytes)) {
      cursor.next = change->revision;
      return WatchStep::events;
    }
    cursor.next = change->revision + 1;
    const std::string& key = change->key->first;
    if (!in_range(key, cursor.key, cursor.range_end)) continue;
    const Version& version = *at_revision(change->key->second, change->revision);
    Event& event = events.emplace_back();
    event.deleted = version.version == 0;
    event.kv = {
        key,          version.value, version.create_revision, version.mod_revision, version.version,
        version.lease};
    ++found;
    held += key.size() + version.value.size();
  }
  cursor.next = up_to + 1;
  return found > 0 ? WatchStep::events : WatchStep::caught_up;
}

std::pair<std::string_view, bool> EmbeddedStore::change_of(Revision revision) const {
  const auto change = std::ranges::lower_bound(changes_, revision, {}, &Change::revision);
  if (change == changes_.end() || change->revision != revision) return {};
  const Version* version = at_revision(change->key->second, revision);
  return {change->key->first, version == nullptr || version->version == 0};
}

}  // namespace wanlab::control
