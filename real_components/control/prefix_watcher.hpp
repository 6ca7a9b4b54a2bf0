// Keeps an observer in step with all keys under a prefix: a paged snapshot, then a watch from the
// revision after it. Survives broken connections (resumes), compaction (lists again and works out
// what changed, deletions included), duplicate and old events, members that lag or were restored,
// and a store that was replaced. While cut off it keeps silent and its observer keeps what it has.
//
// It holds one revision per key, no values. Its owner calls tick() about once a second.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "real_components/control/store.hpp"
#include "real_components/runtime/runtime.hpp"

namespace wanlab::control {

struct PrefixChange {
  std::string_view name;   // the key without the prefix
  std::string_view value;  // empty if removed
  bool removed = false;
  Revision revision = 0;  // of that key's change; for a removal found by listing, of the listing
};

class PrefixObserver {
 public:
  virtual ~PrefixObserver() = default;
  // All changes of one revision, or all differences found by listing. Never empty, except after the
  // first listing of an empty prefix. Views are valid during the call.
  virtual void on_changes(std::span<const PrefixChange> changes, Revision revision) = 0;
};

struct PrefixWatcherOptions {
  std::string prefix;
  std::int64_t page = 1'000;  // keys per listing request
  // A member that stays behind what we already know for so long is believed to be the truth: the
  // store was restored from a backup. Lists everything again.
  Duration lag_patience = std::chrono::seconds{30};
  // A watch that has told nothing for so long, not even progress, is given up. Must be well above
  // the server's progress interval.
  Duration silence_limit = std::chrono::seconds{30};
};

class PrefixWatcher final : public StoreObserver {
 public:
  enum class State : std::uint8_t { idle, listing, waiting, opening, watching };
  struct Counters {
    std::uint64_t listings = 0;     // completed
    std::uint64_t resumptions = 0;  // watches opened where an earlier one ended
    std::uint64_t compactions = 0;
    std::uint64_t ignored_events = 0;  // duplicate or old
    std::uint64_t lagging_members = 0;
    std::uint64_t resets = 0;  // cluster changed or was restored
  };

  PrefixWatcher(runtime::Runtime& runtime, Store& store, PrefixWatcherOptions options,
                PrefixObserver& observer);
  ~PrefixWatcher() override;
  PrefixWatcher(const PrefixWatcher&) = delete;
  PrefixWatcher& operator=(const PrefixWatcher&) = delete;

  void start();
  void tick();

  State state() const { return state_; }
  bool synchronised() const { return synchronised_; }  // the first listing is done
  Revision revision() const { return revision_; }      // everything up to here was reported
  // Time since the store last confirmed that we are up to date; Duration::max() before the first
  // time.
  Duration staleness() const;
  std::size_t keys() const { return keys_.size(); }
  const Counters& counters() const { return counters_; }

  void on_result(std::uint64_t token, StoreResult result) override;
  void on_watch(WatchId watch, WatchNotice notice) override;
  void on_watch_broken(WatchId watch) override;

 private:
  void begin_listing();
  void request_page(std::string key, Revision revision);
  void finish_listing();
  void open_watch();
  void close_watch();
  // False if the events contradict the store's promises.
  bool apply(const std::vector<Event>& events);
  void retry_later();
  // The member behind this answer knows less than we do. True if it is to be left; false once that
  // has been so for too long, when it is to be believed.
  bool leave_lagging_member();
  std::string_view name_of(std::string_view key) const;

  runtime::Runtime& runtime_;
  Store& store_;
  PrefixWatcherOptions options_;
  PrefixObserver& observer_;
  State state_ = State::idle;
  bool synchronised_ = false;
  bool resync_ = false;  // revisions of the old and the new history must not be compared
  std::uint64_t cluster_id_ = 0;
  Revision revision_ = 0;
  std::map<std::string, Revision, std::less<>> keys_;  // by name
  // The listing under way.
  std::vector<KeyValue> listed_;
  Revision listing_revision_ = 0;
  std::uint64_t listing_cluster_ = 0;
  std::uint64_t token_ = 0;  // of the request under way; older answers are not ours
  WatchId watch_ = no_watch;
  bool must_list_ = true;
  bool resuming_ = false;
  Instant confirmed_ = Instant::min();
  Instant heard_{};
  Instant lagging_since_ = Instant::min();
  std::uint32_t retry_ticks_ = 0;  // to wait
  std::uint32_t failures_ = 0;
  std::vector<PrefixChange> changes_;
  Counters counters_;
};

}  // namespace wanlab::control
