// Answers and watch notices of an in-process store, handed out in order.
#include "real_components/control/local_store.hpp"

#include <utility>

namespace wanlab::control {

namespace {
constexpr std::size_t events_per_notice = 1'000;
}

void LocalStore::submit(StoreCall call, StoreObserver& observer, std::uint64_t token) {
  answers_.push_back({&observer, token, engine_.apply(call)});
}

WatchId LocalStore::watch(WatchRequest request, StoreObserver& observer) {
  watches_[++last_watch_] = {&observer, engine_.open_watch(request), false};
  return last_watch_;
}

void LocalStore::cancel_watch(WatchId watch) {
  watches_.erase(watch);
}

void LocalStore::forget(StoreObserver& observer) {
  std::erase_if(answers_, [&](const Answer& answer) { return answer.observer == &observer; });
  std::erase_if(watches_, [&](const auto& entry) { return entry.second.observer == &observer; });
}

bool LocalStore::deliver() {
  bool any = false;
  while (!answers_.empty()) {
    Answer answer = std::move(answers_.front());
    answers_.pop_front();
    any = true;
    answer.observer->on_result(answer.token, std::move(answer.result));
  }
  // Observers may open and cancel watches meanwhile, so the next one is looked up each time.
  for (auto next = watches_.begin(); next != watches_.end();) {
    const WatchId id = next->first;
    any = deliver_watch(id) || any;
    next = watches_.upper_bound(id);
  }
  return any;
}

bool LocalStore::deliver_watch(WatchId id) {
  Watch& watch = watches_.at(id);
  StoreObserver& observer = *watch.observer;
  WatchNotice notice;
  notice.watch = id;
  notice.cluster_id = engine_.cluster_id();
  notice.revision = engine_.revision();
  if (!std::exchange(watch.announced, true)) {
    observer.on_watch(id, std::move(notice));
    return true;
  }
  switch (engine_.read(watch.cursor, events_per_notice, notice.events)) {
    case WatchStep::caught_up:
      return false;
    case WatchStep::events:
      notice.kind = WatchNotice::Kind::events;
      break;
    case WatchStep::compacted:
      notice.kind = WatchNotice::Kind::canceled;
      notice.reason = StoreStatus::compacted;
      notice.compact_revision = engine_.compact_revision();
      watches_.erase(id);
      break;
  }
  observer.on_watch(id, std::move(notice));
  return true;
}

}  // namespace wanlab::control
