// Tasks from any thread, run by one: what a program without an event loop of its own (a command, a
// test) hands to an EtcdStore.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "real_components/runtime/time.hpp"

namespace wanlab::hosting {

class TaskQueue {
 public:
  // May be called from any thread, also while a task runs.
  void post(std::function<void()> task);
  // Runs one task, waiting for it if need be; false if none came in time.
  bool run_one(Duration wait);
  // Runs tasks until `done` says so; false if it did not in time.
  bool run_until(const std::function<bool()>& done, Duration limit);
  void run_for(Duration time);

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> tasks_;
};

}  // namespace wanlab::hosting
