// An etcd cluster (3.4 or later) as a control::Store, over gRPC. Like StoreClient it uses one
// member at a time, reconnects by itself with jitter, holds requests back while it is not
// connected, and reports watches broken that must be resumed. Nothing it is told comes within a
// call: answers are posted into the component's thread, the only one that may call it.
//
// It is careful with what etcd 3.4.23 (Debian 12) is known to get wrong:
//  - Each watch has a stream of its own, on a connection that carries no requests: a shared one can
//    starve under TLS (etcd issue 15402).
//  - Progress that was asked for is taken as a sign of life only, never as "everything up to here
//    was told" (issue 15220); progress that etcd tells by itself is believed.
//  - Events at or before what was told already are dropped (duplicates: issues 15274, 20221; older
//    ones in a watch from a future revision: fixed in 3.4.38).
//  - A watch asks for one revision more than it needs, since a deletion at exactly the compacted
//    revision is lost (fixed in 3.4.36). So a watch from the compacted revision itself is told
//    `compacted`, where the embedded store could still serve it.
//  - A stream that goes back in time (issue 15271) loses its member; one that contradicts progress
//  it
//    has told ends as `compacted`, so that whoever watches lists everything again.
//  - A watch created with a token that etcd has forgotten is refused as "permission denied" (issues
//    8914, 11954, 12385): one more attempt is made with a new token before that is believed.
// Events that such a server loses altogether (issues 17529, 18089, 19179) cannot be seen from here. Of a compacted revision asked for, etcd does not tell where
// the compaction was: compact_revision is then 0, except in watches.
#pragma once

#include <memory>
#include <string>

#include "real_components/control/store.hpp"
#include "real_components/hosting/etcd/etcd_options.hpp"

namespace wanlab::hosting {

// Runs a task soon, in the component's thread and between its events. Called from any thread; must
// not run the task within the call, and must outlive the store.
using Post = std::function<void(std::function<void()>)>;

struct EtcdCounters {
  std::uint64_t connections = 0;  // that came up
  std::uint64_t failures = 0;     // attempts that did not, and connections lost
  std::uint64_t tokens = 0;       // authentications
  std::uint64_t duplicate_events = 0;
  std::uint64_t contradictions = 0;  // watches whose server went back on its word
};

class EtcdStore final : public control::Store {
 public:
  // Connects at once. BadStoreAddress if there is no member.
  EtcdStore(EtcdOptions options, Post post);
  ~EtcdStore() override;

  bool connected() const;
  // The member in use or being tried, "host:port".
  const std::string& member() const;
  // Why the last connection or attempt failed; empty if none did since the last success.
  const std::string& last_error() const;
  const EtcdCounters& counters() const;

  void submit(control::StoreCall call, control::StoreObserver& observer,
              std::uint64_t token) override;
  control::WatchId watch(control::WatchRequest request, control::StoreObserver& observer) override;
  void cancel_watch(control::WatchId watch) override;
  void forget(control::StoreObserver& observer) override;
  void leave_member() override;

 private:
  class Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace wanlab::hosting
