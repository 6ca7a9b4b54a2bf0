#include "sim/kernel/simulation.hpp"

namespace wanlab::kernel {

namespace {
// How many events ahead state is fetched; more would push out what was fetched before.
constexpr std::size_t far_distance = 32;
constexpr std::size_t near_distance = 12;
constexpr std::size_t next_distance = 3;
}  // namespace

void Simulation::set_handler(Kind kind, void* owner, Handler handler, Prefetch ahead) {
  WANLAB_CHECK(kind < kinds && kind != timer_kind_, "no such kind of event");
  registrations_[kind] = {owner, handler, ahead};
  announces_ |= ahead != nullptr;
}

Origin Simulation::add_origin() {
  WANLAB_CHECK(sequence_.size() < maximum_origins, "too many hosts");
  sequence_.push_back(0);
  return static_cast<Origin>(sequence_.size() - 1);
}

void Simulation::run_until(Instant limit) {
  while (run_some(std::uint64_t{1} << 32, limit)) {
  }
  if (limit > now_) now_ = limit;
}

bool Simulation::run_some(std::uint64_t count, Instant limit) {
  const auto limit_ns = static_cast<std::uint64_t>(nanoseconds(limit));
  for (; count != 0; --count) {
    if (queue_.empty() || queue_.top().time > limit_ns) return false;
    const Event event = queue_.pop();
    WANLAB_CHECK(event.time >= static_cast<std::uint64_t>(nanoseconds(now_)), "time went back");
    now_ = Instant(Duration(static_cast<Duration::rep>(event.time)));
    if (announces_) look_ahead();
    dispatch(event);
  }
  return true;
}

void Simulation::look_ahead() {
  if (refills_seen_ != queue_.refills()) {
    refills_seen_ = queue_.refills();
    queue_.announce(far_distance, [this](const Event& event) { prefetch(event, Nearness::far); });
    for (std::size_t i = 0; i < near_distance; ++i) {
      const Event* ahead = queue_.glimpse(i);
      if (ahead == nullptr) break;
      prefetch(*ahead, Nearness::near);
    }
    for (std::size_t i = 0; i < next_distance; ++i) {
      const Event* ahead = queue_.glimpse(i);
      if (ahead == nullptr) break;
      prefetch(*ahead, Nearness::next);
    }
  }
  if (const Event* ahead = queue_.glimpse(near_distance)) prefetch(*ahead, Nearness::near);
  if (const Event* ahead = queue_.glimpse(next_distance)) prefetch(*ahead, Nearness::next);
}

void Simulation::dispatch(Event event) {
  if (event.kind() == timer_kind_) {
    TimerSlot& slot = timers_[event.target];
    if ((slot.generation & argument_mask) != event.argument()) return;  // cancelled
    ++slot.generation;
    slot.next_free = free_timer_;
    free_timer_ = event.target;
    event.target = slot.target;
    event.what = slot.what;
  }
  ++events_;
  const Registration& registration = registrations_[event.kind()];
  registration.handler(registration.owner, event);
}

Timer Simulation::start_timer(Origin origin, Instant at, Kind kind, std::uint32_t target,
                              std::uint32_t argument) {
  if (free_timer_ == no_slot) {
    timers_.push_back({0, 0, 1, no_slot});
    free_timer_ = static_cast<std::uint32_t>(timers_.size() - 1);
  }
  const std::uint32_t index = free_timer_;
  TimerSlot& slot = timers_[index];
  free_timer_ = slot.next_free;
  slot.target = target;
  slot.what = (kind << argument_bits) | (argument & argument_mask);
  post(origin, at, timer_kind_, index, slot.generation);
  return (std::uint64_t{slot.generation} << 32) | index;
}

void Simulation::cancel_timer(Timer timer) {
  const auto index = static_cast<std::uint32_t>(timer);
  const auto generation = static_cast<std::uint32_t>(timer >> 32);
  if (timer == 0 || index >= timers_.size() || timers_[index].generation != generation) return;
  TimerSlot& slot = timers_[index];
  ++slot.generation;
  slot.next_free = free_timer_;
  free_timer_ = index;
}

}  // namespace wanlab::kernel
