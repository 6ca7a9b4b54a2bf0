// Listing, watching, and what to do when either breaks.
#include "real_components/control/prefix_watcher.hpp"

#include <algorithm>
#include <utility>

namespace wanlab::control {

namespace {
constexpr Instant never = Instant::min();
}

PrefixWatcher::PrefixWatcher(runtime::Runtime& runtime, Store& store, PrefixWatcherOptions options,
                             PrefixObserver& observer)
    : runtime_(runtime), store_(store), options_(std::move(options)), observer_(observer) {}

PrefixWatcher::~PrefixWatcher() {
  store_.forget(*this);
}

void PrefixWatcher::start() {
  begin_listing();
}

void PrefixWatcher::tick() {
  if (state_ == State::waiting) {
    if (--retry_ticks_ > 0) return;
    return must_list_ ? begin_listing() : open_watch();
  }
  const bool silent = runtime_.now() - heard_ >= options_.silence_limit;
  if ((state_ == State::watching || state_ == State::opening) && silent) {
    close_watch();
    store_.leave_member();
    open_watch();
  }
}

Duration PrefixWatcher::staleness() const {
  return confirmed_ == never ? Duration::max() : runtime_.now() - confirmed_;
}

void PrefixWatcher::retry_later() {
  state_ = State::waiting;
  retry_ticks_ = 1u << std::min(failures_, 3u);  // 1, 2, 4, 8 ticks
  ++failures_;
}

bool PrefixWatcher::leave_lagging_member() {
  ++counters_.lagging_members;
  const Instant now = runtime_.now();
  if (lagging_since_ == never) lagging_since_ = now;
  if (now - lagging_since_ >= options_.lag_patience) return false;
  store_.leave_member();
  retry_later();
  failures_ = 0;  // whether another member knows more is worth asking every tick
  return true;
}

std::string_view PrefixWatcher::name_of(std::string_view key) const {
  return key.substr(options_.prefix.size());
}

// --- listing ------------------------------------------------------------------------------------

void PrefixWatcher::begin_listing() {
  must_list_ = true;
  state_ = State::listing;
  listed_.clear();
  listing_revision_ = 0;
  request_page(options_.prefix, 0);
}

void PrefixWatcher::request_page(std::string key, Revision revision) {
  wire::RangeRequest request;
  request.key = std::move(key);
  request.range_end = prefix_end(options_.prefix);
  request.revision = revision;
  request.limit = options_.page;
  store_.submit(std::move(request), *this, ++token_);
}

void PrefixWatcher::on_result(std::uint64_t token, StoreResult result) {
  if (token != token_ || state_ != State::listing) return;
  auto* page = std::get_if<wire::RangeResult>(&result.body);
  if (result.status == StoreStatus::compacted) return begin_listing();  // while we were paging
  if (result.status == StoreStatus::unavailable) store_.leave_member();
  if (result.status != StoreStatus::ok || page == nullptr) return retry_later();
  if (listing_revision_ == 0) {
    const bool other_store = cluster_id_ != 0 && result.cluster_id != cluster_id_;
    if (!other_store && result.revision < revision_ && leave_lagging_member()) return;
    resync_ = other_store || result.revision < revision_;
    listing_revision_ = result.revision;
    listing_cluster_ = result.cluster_id;
  } else if (result.cluster_id != listing_cluster_) {
    return begin_listing();
  }
  std::ranges::move(page->values, std::back_inserter(listed_));
  if (!page->more || page->values.empty()) return finish_listing();
  request_page(listed_.back().key + '\0', listing_revision_);
}

void PrefixWatcher::finish_listing() {
  changes_.clear();
  std::map<std::string, Revision, std::less<>> old = std::exchange(keys_, {});
  auto gone = old.cbegin();
  const auto report_gone = [&] {
    changes_.push_back({gone->first, {}, true, listing_revision_});
    ++gone;
  };
  for (const KeyValue& kv : listed_) {
    const std::string_view name = name_of(kv.key);
    while (gone != old.cend() && gone->first < name) report_gone();
    const bool known = gone != old.cend() && gone->first == name;
    // After a change of history equal revisions mean nothing.
    if (!known || resync_ || gone->second != kv.mod_revision) {
      changes_.push_back({name, kv.value, false, kv.mod_revision});
    }
    if (known) ++gone;
    keys_.emplace_hint(keys_.end(), name, kv.mod_revision);
  }
  while (gone != old.cend()) report_gone();

  if (resync_) ++counters_.resets;
  ++counters_.listings;
  resync_ = false;
  must_list_ = false;
  failures_ = 0;
  lagging_since_ = never;
  cluster_id_ = listing_cluster_;
  revision_ = listing_revision_;
  confirmed_ = runtime_.now();
  const bool first = !std::exchange(synchronised_, true);
  if (first || !changes_.empty()) observer_.on_changes(changes_, revision_);
  changes_.clear();
  listed_ = {};
  resuming_ = false;
  open_watch();
}

// --- watching -----------------------------------------------------------------------------------

void PrefixWatcher::open_watch() {
  state_ = State::opening;
  heard_ = runtime_.now();
  watch_ = store_.watch({options_.prefix, prefix_end(options_.prefix), revision_ + 1, true}, *this);
}

void PrefixWatcher::close_watch() {
  store_.cancel_watch(watch_);
  watch_ = no_watch;
  resuming_ = true;
}

void PrefixWatcher::on_watch_broken(WatchId watch) {
  if (watch != watch_) return;
  resuming_ = true;
  open_watch();  // waits in the store for the next connection
}

void PrefixWatcher::on_watch(WatchId watch, WatchNotice notice) {
  if (watch != watch_) return;
  heard_ = runtime_.now();
  if (notice.cluster_id != cluster_id_) {
    if (notice.kind != WatchNotice::Kind::canceled) close_watch();
    return begin_listing();
  }
  switch (notice.kind) {
    case WatchNotice::Kind::created:
    case WatchNotice::Kind::progress:
      if (notice.revision < revision_) {
        close_watch();
        if (!leave_lagging_member()) begin_listing();
        return;
      }
      lagging_since_ = never;
      failures_ = 0;
      if (notice.kind == WatchNotice::Kind::progress || notice.revision == revision_) {
        confirmed_ = heard_;
      }
      if (notice.kind == WatchNotice::Kind::progress) {
        revision_ = notice.revision;  // the store promises that everything up to there was said
        return;
      }
      state_ = State::watching;
      if (std::exchange(resuming_, false)) {
        ++counters_.resumptions;
        runtime_.record({runtime::TraceKind::watch_resumed, static_cast<std::uint64_t>(revision_)});
      }
      return;
    case WatchNotice::Kind::events:
      confirmed_ = heard_;
      if (apply(notice.events)) return;
      close_watch();
      return begin_listing();
    case WatchNotice::Kind::canceled:
      watch_ = no_watch;
      resuming_ = true;
      if (notice.reason == StoreStatus::unavailable) store_.leave_member();  // others may serve it
      if (notice.reason != StoreStatus::compacted) return retry_later();
      ++counters_.compactions;
      runtime_.record({runtime::TraceKind::watch_compacted,
                       static_cast<std::uint64_t>(notice.compact_revision)});
      return begin_listing();
  }
}

bool PrefixWatcher::apply(const std::vector<Event>& events) {
  for (auto event = events.begin(); event != events.end();) {
    const Revision revision = event->kv.mod_revision;
    const auto end = std::find_if(
        event, events.end(), [&](const Event& other) { return other.kv.mod_revision != revision; });
    if (revision <= revision_) {
      // Already reported, or out of order within this message, which the store promises never to
      // be.
      if (event != events.begin() && std::prev(event)->kv.mod_revision > revision) return false;
      counters_.ignored_events += static_cast<std::uint64_t>(end - event);
      event = end;
      continue;
    }
    changes_.clear();
    for (; event != end; ++event) {
      if (!event->kv.key.starts_with(options_.prefix)) continue;
      const std::string_view name = name_of(event->kv.key);
      if (event->deleted) {
        const auto known = keys_.find(name);
        if (known != keys_.end()) keys_.erase(known);
      } else {
        keys_.insert_or_assign(std::string(name), revision);
      }
      changes_.push_back({name, event->kv.value, event->deleted, revision});
    }
    revision_ = revision;
    if (!changes_.empty()) observer_.on_changes(changes_, revision);
  }
  changes_.clear();
  return true;
}

}  // namespace wanlab::control
