#include "real_components/hosting/etcd/etcd_watches.hpp"

#include <algorithm>

namespace wanlab::hosting {

using control::Revision;
using control::StoreStatus;
using control::WatchId;
using control::WatchNotice;

namespace {
constexpr std::int64_t asked_for = -1;  // the watch_id of progress that was asked for
constexpr std::uint32_t refusals_believed = 2;
}  // namespace

EtcdWatches::EtcdWatches(Completions& completions, const EtcdOptions& options, const KeySpace& keys,
                         EtcdConnection& connection)
    : completions_(completions),
      options_(options),
      keys_(keys),
      connection_(connection),
      health_(completions) {}

EtcdWatches::~EtcdWatches() {
  for (auto& [id, watch] : watches_) close(watch);
}

WatchId EtcdWatches::watch(control::WatchRequest request, control::StoreObserver& observer) {
  const WatchId id = ++last_;
  Watch& watch = watches_[id];
  watch.request = std::move(request);
  watch.observer = &observer;
  if (connection_.usable()) open(id, watch);
  return id;
}

void EtcdWatches::cancel(WatchId id) {
  auto watch = watches_.extract(id);
  if (!watch.empty()) close(watch.mapped());
}

void EtcdWatches::forget(control::StoreObserver& observer) {
  for (auto next = watches_.begin(); next != watches_.end();) {
    const auto here = next++;
    if (here->second.observer == &observer) cancel(here->first);
  }
}

void EtcdWatches::close(Watch& watch) {
  if (const auto line = std::exchange(watch.line, nullptr)) line->context.TryCancel();
}

void EtcdWatches::on_up() {
  for (auto& [id, watch] : watches_) {
    if (!watch.line) open(id, watch);
  }
}

void EtcdWatches::on_down() {
  health_.cancel();
  // Observers may watch and cancel meanwhile; what they add is not open, so it is passed by.
  for (auto next = watches_.begin(); next != watches_.end();) {
    const WatchId id = next->first;
    if (next->second.line) {
      close(next->second);
      control::StoreObserver& observer = *next->second.observer;
      watches_.erase(next);
      observer.on_watch_broken(id);
    }
    next = watches_.upper_bound(id);
  }
}

// --- the stream ---------------------------------------------------------------------------------

EtcdWatches::Watch* EtcdWatches::owner(WatchId id, const std::shared_ptr<Line>& line) {
  const auto found = watches_.find(id);
  return found == watches_.end() || found->second.line != line ? nullptr : &found->second;
}

void EtcdWatches::open(WatchId id, Watch& watch) {
  const auto line = std::make_shared<Line>();
  connection_.prepare(line->context);
  watch.line = line;
  watch.token_number = connection_.token_number();
  watch.heard = monotonic_now();
  watch.asked = false;
  watch.seen = 0;
  watch.events.clear();
  watch.told = watch.confirmed = std::max<Revision>(watch.request.start_revision - 1, 0);
  line->stream = connection_.stubs().watch->AsyncWatch(
      &line->context, &completions_.queue(), completions_.tag([this, id, line](bool ok) {
        const Watch* mine = owner(id, line);
        if (mine == nullptr) return;
        if (!ok) return finish(id, line);
        etcdserverpb::WatchRequest request;
        *request.mutable_create_request() = to_etcd(keys_, mine->request);
        // From one revision earlier, which is known and so dropped when it comes: if what is wanted
        // was compacted at exactly its first revision, etcd 3.4 would keep silent about a deletion
        // there. Asked like this it says that it was compacted.
        if (mine->told > 0) request.mutable_create_request()->set_start_revision(mine->told);
        send(id, line, std::move(request));
        read(id, line);
      }));
  if (!health_.pending()) health_.set(options_.ping_after / 2, [this] { check_health(); });
}

void EtcdWatches::send(WatchId id, const std::shared_ptr<Line>& line,
                       etcdserverpb::WatchRequest message) {
  line->unsent.push_back(std::move(message));
  if (line->unsent.size() == 1) send_first(id, line);
}

void EtcdWatches::send_first(WatchId id, const std::shared_ptr<Line>& line) {
  line->stream->Write(line->unsent.front(), completions_.tag([this, id, line](bool ok) {
    if (!ok || owner(id, line) == nullptr) return;  // whoever reads notices the end
    line->unsent.pop_front();
    if (!line->unsent.empty()) send_first(id, line);
  }));
}

void EtcdWatches::read(WatchId id, const std::shared_ptr<Line>& line) {
  line->stream->Read(&line->response, completions_.tag([this, id, line](bool ok) {
    Watch* mine = owner(id, line);
    if (mine == nullptr) return;
    if (!ok) return finish(id, line);
    if (receive(id, *mine, line->response)) read(id, line);
  }));
}

void EtcdWatches::finish(WatchId id, const std::shared_ptr<Line>& line) {
  line->stream->Finish(&line->status, completions_.tag([this, id, line](bool) {
    Watch* mine = owner(id, line);
    if (mine == nullptr) return;
    const Meaning meaning = meaning_of(line->status);
    if (meaning.authenticate || meaning.status == StoreStatus::permission_denied) {
      return end(id, *mine, {StoreStatus::permission_denied, true, false}, 0, 0);
    }
    connection_.lose("watch: " + (line->status.error_message().empty()
                                      ? std::string("ended by the server")
                                      : line->status.error_message()));
  }));
}

// --- what it says -------------------------------------------------------------------------------

bool EtcdWatches::receive(WatchId id, Watch& watch, const etcdserverpb::WatchResponse& response) {
  connection_.note_answer();
  watch.heard = connection_.heard();
  watch.asked = false;
  const std::uint64_t cluster = response.header().cluster_id();
  if (response.canceled()) {
    end(id, watch, meaning_of_cancel(response.cancel_reason(), response.compact_revision()),
        response.compact_revision(), response.header().revision());
    return false;
  }
  if (response.created()) {
    watch.created = true;
    watch.seen = response.header().revision();
    watch.cluster_id = cluster;
    watch.refusals = 0;
    const std::shared_ptr<Line> line = watch.line;
    WatchNotice notice;
    notice.kind = WatchNotice::Kind::created;
    notice.watch = id;
    notice.cluster_id = cluster;
    notice.revision = response.header().revision();
    watch.observer->on_watch(id, std::move(notice));
    return owner(id, line) != nullptr;
  }
  if (cluster != watch.cluster_id) {
    connection_.lose("watch: another cluster answers on the same stream");
    return false;
  }
  return response.events().empty() && !response.fragment() ? receive_progress(id, watch, response)
                                                           : receive_events(id, watch, response);
}

bool EtcdWatches::receive_progress(WatchId id, Watch& watch,
                                   const etcdserverpb::WatchResponse& response) {
  const Revision revision = response.header().revision();
  if (revision < watch.seen) {
    ++connection_.counters().contradictions;
    connection_.lose("watch: the member went back in time");
    return false;
  }
  // An answer may overtake events that are under way, so it confirms nothing new.
  if (response.watch_id() != asked_for) {
    watch.seen = revision;
    watch.confirmed = std::max(watch.confirmed, revision);
  }
  if (!watch.request.progress_notify || watch.confirmed == 0) return true;
  const std::shared_ptr<Line> line = watch.line;
  WatchNotice notice;
  notice.kind = WatchNotice::Kind::progress;
  notice.watch = id;
  notice.cluster_id = watch.cluster_id;
  notice.revision = std::min(watch.confirmed, revision);
  watch.observer->on_watch(id, std::move(notice));
  return owner(id, line) != nullptr;
}

bool EtcdWatches::receive_events(WatchId id, Watch& watch,
                                 const etcdserverpb::WatchResponse& response) {
  for (const mvccpb::Event& event : response.events()) {
    const Revision revision = event.kv().mod_revision();
    const Revision last = watch.events.empty() ? watch.told : watch.events.back().kv.mod_revision;
    if (revision <= watch.told) {
      if (revision != watch.request.start_revision - 1) ++connection_.counters().duplicate_events;
      continue;
    }
    if (revision < last || revision <= watch.confirmed) return contradicted(id, watch, revision);
    watch.events.push_back(from_etcd(keys_, event));
  }
  // All but the last revision are complete; the last one is too, unless a fragment follows.
  auto end = watch.events.end();
  if (response.fragment() && !watch.events.empty()) {
    const Revision open = watch.events.back().kv.mod_revision;
    end = std::find_if(watch.events.begin(), watch.events.end(),
                       [&](const control::Event& event) { return event.kv.mod_revision == open; });
  }
  if (end == watch.events.begin()) return true;
  WatchNotice notice;
  notice.kind = WatchNotice::Kind::events;
  notice.watch = id;
  notice.cluster_id = watch.cluster_id;
  notice.revision = response.header().revision();
  notice.events.assign(std::make_move_iterator(watch.events.begin()), std::make_move_iterator(end));
  watch.events.erase(watch.events.begin(), end);
  watch.told = watch.confirmed = notice.events.back().kv.mod_revision;
  watch.seen = std::max(watch.seen, watch.told);
  const std::shared_ptr<Line> line = watch.line;
  watch.observer->on_watch(id, std::move(notice));
  return owner(id, line) != nullptr;
}

// What was told cannot be trusted, so what is missing is unknown: as if it had been forgotten.
bool EtcdWatches::contradicted(WatchId id, Watch& watch, Revision revision) {
  ++connection_.counters().contradictions;
  end(id, watch, {StoreStatus::compacted}, watch.confirmed, revision);
  return false;
}

void EtcdWatches::end(WatchId id, Watch& watch, Meaning meaning, Revision compact_revision,
                      Revision revision) {
  const std::uint64_t token_number = watch.token_number;
  if (meaning.authenticate && !options_.user.empty() && ++watch.refusals < refusals_believed &&
      !watch.created) {
    close(watch);
    connection_.renew_token(token_number);
    if (connection_.usable()) open(id, watch);  // there is a newer token already
    return;
  }
  WatchNotice notice;
  notice.kind = WatchNotice::Kind::canceled;
  notice.watch = id;
  notice.cluster_id = watch.cluster_id;
  notice.revision = revision;
  notice.reason = meaning.status;
  notice.compact_revision = compact_revision;
  control::StoreObserver& observer = *watch.observer;
  close(watch);
  watches_.erase(id);
  observer.on_watch(id, std::move(notice));
}

void EtcdWatches::check_health() {
  if (!connection_.connected() || watches_.empty()) return;
  const MonotonicTime now = monotonic_now();
  for (auto& [id, watch] : watches_) {
    if (!watch.line) continue;
    const auto silence = now - watch.heard;
    if (silence >= (watch.created ? options_.silence_limit : options_.connect_timeout)) {
      return connection_.lose("watch: no sign of life");
    }
    if (watch.created && silence >= options_.ping_after && !std::exchange(watch.asked, true)) {
      etcdserverpb::WatchRequest request;
      request.mutable_progress_request();
      send(id, watch.line, std::move(request));
    }
  }
  health_.set(options_.ping_after / 2, [this] { check_health(); });
}

}  // namespace wanlab::hosting
