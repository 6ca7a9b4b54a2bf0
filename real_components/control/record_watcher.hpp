// PrefixWatcher with its values decoded: RouteWatcher for edges, CredentialWatcher for origins,
// OriginWatcher for whoever connects to origins. A value that cannot be decoded changes nothing:
// the last good record stays.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "real_components/control/prefix_watcher.hpp"
#include "real_components/wire/records.hpp"

namespace wanlab::control {

template <typename Record>
struct RecordChange {
  std::string_view name;           // user, or for origins "<region>/<name>"
  const Record* record = nullptr;  // null: removed
  Revision revision = 0;
};

template <typename Record>
class RecordObserver {
 public:
  virtual ~RecordObserver() = default;
  // All changes of one revision (or of one listing) at once. Views are valid during the call.
  virtual void on_records(std::span<const RecordChange<Record>> changes, Revision revision) = 0;
};

template <typename Record>
class RecordWatcher final : private PrefixObserver {
 public:
  RecordWatcher(runtime::Runtime& runtime, Store& store, PrefixWatcherOptions options,
                RecordObserver<Record>& observer)
      : observer_(observer), watcher_(runtime, store, std::move(options), *this) {}

  void start() { watcher_.start(); }
  void tick() { watcher_.tick(); }
  const PrefixWatcher& watcher() const { return watcher_; }
  std::uint64_t malformed() const { return malformed_; }

 private:
  void on_changes(std::span<const PrefixChange> changes, Revision revision) override;

  RecordObserver<Record>& observer_;
  PrefixWatcher watcher_;
  std::vector<Record> records_;
  std::vector<RecordChange<Record>> changes_;
  std::uint64_t malformed_ = 0;
};

using RouteWatcher = RecordWatcher<wire::Route>;
using RouteChange = RecordChange<wire::Route>;
using RouteObserver = RecordObserver<wire::Route>;
using CredentialChange = RecordChange<wire::Credential>;
using CredentialObserver = RecordObserver<wire::Credential>;
using CredentialWatcher = RecordWatcher<wire::Credential>;
using OriginChange = RecordChange<wire::OriginRecord>;
using OriginObserver = RecordObserver<wire::OriginRecord>;
using OriginWatcher = RecordWatcher<wire::OriginRecord>;

extern template class RecordWatcher<wire::Route>;
extern template class RecordWatcher<wire::Credential>;
extern template class RecordWatcher<wire::OriginRecord>;

}  // namespace wanlab::control
