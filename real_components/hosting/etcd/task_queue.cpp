#include "real_components/hosting/etcd/task_queue.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace wanlab::hosting {

using Clock = std::chrono::steady_clock;

void TaskQueue::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  arrived_.notify_one();
}

bool TaskQueue::run_one(Duration wait) {
  std::unique_lock lock(mutex_);
  if (!arrived_.wait_for(lock, wait, [&] { return !tasks_.empty(); })) return false;
  const std::function<void()> task = std::move(tasks_.front());
  tasks_.pop_front();
  lock.unlock();
  task();
  return true;
}

bool TaskQueue::run_until(const std::function<bool()>& done, Duration limit) {
  const auto end = Clock::now() + limit;
  while (!done()) {
    const auto left = end - Clock::now();
    if (left <= left.zero()) return false;
    // Whether it is done may also depend on time alone.
    run_one(std::min<Duration>(left, std::chrono::milliseconds(20)));
  }
  return true;
}

void TaskQueue::run_for(Duration time) {
  run_until([] { return false; }, time);
}

}  // namespace wanlab::hosting
