// gRPC's completion queue, drained by one thread that does nothing but hand each completion over to
// the component's thread. Whatever a completion touches is so touched by one thread only.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <functional>
#include <memory>
#include <thread>

#include "real_components/hosting/etcd/etcd_store.hpp"
#include "real_components/runtime/time.hpp"

namespace wanlab::hosting {

class Completions {
 public:
  explicit Completions(Post post);
  // Waits for what is under way, which must have been cancelled; none of it is told any more.
  ~Completions();
  Completions(const Completions&) = delete;
  Completions& operator=(const Completions&) = delete;

  grpc::CompletionQueue& queue() { return queue_; }
  // A tag for one operation on the queue. `done` must hold everything that the operation uses, and
  // is called with gRPC's "ok".
  void* tag(std::function<void(bool)> done);
  // `task` in the component's thread, unless this is gone by then.
  void soon(std::function<void()> task);

 private:
  void run();

  Post post_;
  grpc::CompletionQueue queue_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  std::weak_ptr<const bool> lifeline_ = alive_;  // the thread's own, so that alive_ may go
  std::thread thread_;
};

// Rings once. Setting it again, or its end, calls off what was set before.
class Timer {
 public:
  explicit Timer(Completions& completions) : completions_(completions) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void set(Duration delay, std::function<void()> ring);
  void cancel();
  bool pending() const { return setting_ != nullptr && setting_->live; }

 private:
  struct Setting {
    grpc::Alarm alarm;
    bool live = true;
  };
  Completions& completions_;
  std::shared_ptr<Setting> setting_;
};

// For deadlines and alarms: `delay` from now on the clock that nobody sets.
gpr_timespec time_after(Duration delay);

}  // namespace wanlab::hosting
