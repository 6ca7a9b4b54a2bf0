// An EmbeddedStore behind the Store interface, in the same process. Answers wait until deliver(),
// so that no caller is ever re-entered.
#pragma once

#include <cstdint>
#include <deque>
#include <map>

#include "real_components/control/embedded_store.hpp"
#include "real_components/control/store.hpp"

namespace wanlab::control {

class LocalStore final : public Store {
 public:
  explicit LocalStore(EmbeddedStore& engine) : engine_(engine) {}

  void submit(StoreCall call, StoreObserver& observer, std::uint64_t token) override;
  WatchId watch(WatchRequest request, StoreObserver& observer) override;
  void cancel_watch(WatchId watch) override;
  void forget(StoreObserver& observer) override;

  // Hands out what is ready, including watch events of changes made directly on the engine. False
  // if there was nothing.
  bool deliver();

 private:
  struct Answer {
    StoreObserver* observer;
    std::uint64_t token;
    StoreResult result;
  };
  struct Watch {
    StoreObserver* observer;
    WatchCursor cursor;
    bool announced = false;
  };

  bool deliver_watch(WatchId id);

  EmbeddedStore& engine_;
  std::deque<Answer> answers_;
  std::map<WatchId, Watch> watches_;
  WatchId last_watch_ = no_watch;
};

}  // namespace wanlab::control
