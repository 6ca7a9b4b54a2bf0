#include "real_components/hosting/etcd/completions.hpp"

#include <grpc/support/time.h>

#include <algorithm>
#include <utility>

namespace wanlab::hosting {

using Done = std::function<void(bool)>;

Completions::Completions(Post post) : post_(std::move(post)), thread_([this] { run(); }) {}

Completions::~Completions() {
  alive_.reset();
  queue_.Shutdown();
  thread_.join();
}

void Completions::run() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
    // Shared, because a std::function must be copyable.
    const std::shared_ptr<Done> done(static_cast<Done*>(tag));
    if (lifeline_.expired()) continue;
    post_([done, ok, alive = lifeline_] {
      if (!alive.expired()) (*done)(ok);
    });
  }
}

void* Completions::tag(Done done) {
  return new Done(std::move(done));
}

void Completions::soon(std::function<void()> task) {
  post_([task = std::move(task), alive = lifeline_] {
    if (!alive.expired()) task();
  });
}

gpr_timespec time_after(Duration delay) {
  const auto nanoseconds = std::max<Duration::rep>(delay.count(), 0);
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(nanoseconds, GPR_TIMESPAN));
}

void Timer::set(Duration delay, std::function<void()> ring) {
  cancel();
  setting_ = std::make_shared<Setting>();
  // Its own completion holds it, for the alarm must outlast that.
  setting_->alarm.Set(&completions_.queue(), time_after(delay),
                      completions_.tag([setting = setting_, ring = std::move(ring)](bool) {
                        if (std::exchange(setting->live, false)) ring();
                      }));
}

void Timer::cancel() {
  if (!setting_) return;
  setting_->live = false;
  setting_->alarm.Cancel();
  setting_.reset();
}

}  // namespace wanlab::hosting
