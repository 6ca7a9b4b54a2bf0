// The store as everyone in real_components sees it: etcd's model, asynchronous. One interface,
// several stores: in memory (LocalStore), over a connection (StoreClient), and etcd itself
// (hosting::EtcdStore).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "real_components/wire/store.hpp"

namespace wanlab::control {

using wire::Compare;
using wire::Event;
using wire::KeyValue;
using wire::Revision;
using wire::StoreCall;
using wire::StoreResult;
using wire::StoreStatus;
using wire::WatchNotice;
using wire::WatchRequest;

using WatchId = std::uint64_t;  // never 0, never used twice by one Store
inline constexpr WatchId no_watch = 0;

// Hears answers. Every submit() is answered exactly once, and never before submit() has returned.
// What is submitted without waiting for the answers in between may be executed in any order.
class StoreObserver {
 public:
  virtual ~StoreObserver() = default;
  // `token` is the caller's own word from submit().
  virtual void on_result(std::uint64_t token, StoreResult result) = 0;
  // In order: created, then events and progress, then possibly canceled, which is the last. Events
  // come in whole revisions, ascending, without gaps.
  virtual void on_watch(WatchId watch, WatchNotice notice) = 0;
  // The connection was lost and the watch with it. Nothing more comes: watch again from the next
  // revision.
  virtual void on_watch_broken(WatchId watch) = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // The observer must outlive the store, or its forget().
  virtual void submit(StoreCall call, StoreObserver& observer, std::uint64_t token) = 0;
  virtual WatchId watch(WatchRequest request, StoreObserver& observer) = 0;
  // Nothing more is heard of that watch.
  virtual void cancel_watch(WatchId watch) = 0;
  // Drops all requests and watches of that observer, silently.
  virtual void forget(StoreObserver& observer) = 0;
  // This member lags or was restored: use another one, if there is one.
  virtual void leave_member() {}
};

// The end of the range of all keys that begin with `prefix`, for a range_end.
std::string prefix_end(std::string_view prefix);

// --- the keys of the fleet
// --------------------------------------------------------------------------
inline constexpr std::string_view route_prefix = "/wanlab/routes/";
inline constexpr std::string_view credential_prefix = "/wanlab/credentials/";
inline constexpr std::string_view origin_prefix = "/wanlab/origins/";
inline constexpr std::string_view grant_key_prefix = "/wanlab/grant_keys/";  // then BRANCH/NUMBER
std::string route_key(std::string_view user);
std::string credential_key(std::string_view user);
std::string origin_key(std::string_view region, std::string_view name);

}  // namespace wanlab::control
