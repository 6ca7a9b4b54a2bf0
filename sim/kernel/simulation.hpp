// The simulation loop: a virtual clock that jumps from event to event.
//
// It is a plain value without globals, and it knows neither hosts nor networks: owners register a
// handler per kind of event. The order of events carries the origin's own sequence number and never the
// interleaving of hosts, so that the loop can later be cut into parts (one queue each) that exchange
// events at window borders and keep the same history. What the network still does across hosts within
// one event, and has to give up for that, is listed in DECISIONS.md.
#pragma once

#include "sim/base/check.hpp"
#include "sim/kernel/event_queue.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace wanlab::kernel {

// Names a timer that can be called off. Zero is never a timer.
using Timer = std::uint64_t;

class Simulation {
 public:
  using Handler = void (*)(void* owner, const Event& event);
  // An event far away names its target, a nearer one can follow what the target refers to, and the
  // nearest what that refers to.
  enum class Nearness : std::uint8_t { far, near, next };
  using Prefetch = void (*)(void* owner, const Event& event, Nearness nearness);

  // `prefetch`, when given, hears of events before they happen, to bring their targets' state into
  // the cache. It must not change anything; not every event is announced.
  void set_handler(Kind kind, void* owner, Handler handler, Prefetch prefetch = nullptr);
  // Timers call `handler` with event.target holding the low and event.argument() the high bits of
  // the cookie, exactly like an event posted with them.
  void set_timer_kind(Kind kind) { timer_kind_ = kind; }

  Origin add_origin();

  Instant now() const { return now_; }
  std::uint64_t events() const { return events_; }
  std::size_t pending() const { return queue_.size(); }

  // `at` must not lie in the past.
  void post(Origin origin, Instant at, Kind kind, std::uint32_t target, std::uint32_t argument) {
    WANLAB_CHECK(at >= now_, "an event was scheduled in the past");
    queue_.push({static_cast<std::uint64_t>(nanoseconds(at)), next_order(origin), target,
                 (kind << argument_bits) | (argument & argument_mask)});
  }

  // Fires once as (target, argument) of the given kind unless cancelled before.
  Timer start_timer(Origin origin, Instant at, Kind kind, std::uint32_t target,
                    std::uint32_t argument);
  // Cancelling a timer that fired, was cancelled, or never was, does nothing.
  void cancel_timer(Timer timer);

  // All of these stop before the first event later than `limit`. After run_until(limit) the clock
  // stands at `limit`.
  void run_until(Instant limit);
  void run_for(Duration span) { run_until(now_ + span); }
  // Returns whether the predicate became true.
  template <typename Predicate>
  bool run_until(Predicate predicate, Instant limit) {
    while (!predicate()) {
      if (!step(limit)) return predicate();
    }
    return true;
  }
  // At most `count` events; false when nothing is left up to `limit`.
  bool run_some(std::uint64_t count, Instant limit);
  bool step(Instant limit) { return run_some(1, limit); }

  std::size_t memory_bytes() const {
    return queue_.memory_bytes() + timers_.capacity() * sizeof(TimerSlot);
  }

 private:
  struct Registration {
    void* owner = nullptr;
    Handler handler = nullptr;
    Prefetch prefetch = nullptr;
  };
  struct TimerSlot {
    std::uint32_t target;
    std::uint32_t what;
    std::uint32_t generation;
    std::uint32_t next_free;
  };
  static constexpr std::uint32_t no_slot = 0xffffffff;

  std::uint64_t next_order(Origin origin) {
    return (std::uint64_t{origin} << (64 - origin_bits)) | sequence_[origin]++;
  }
  void dispatch(Event event);
  void look_ahead();
  void prefetch(const Event& event, Nearness nearness) {
    const Registration& registration = registrations_[event.kind()];
    if (registration.prefetch != nullptr)
      registration.prefetch(registration.owner, event, nearness);
  }

  Instant now_{};
  std::uint64_t events_ = 0;
  std::uint64_t refills_seen_ = 0;
  bool announces_ = false;  // some handler wants to hear of events before they happen
  EventQueue queue_;
  std::array<Registration, kinds> registrations_{};
  std::vector<std::uint64_t> sequence_;
  Kind timer_kind_ = kinds - 1;
  std::vector<TimerSlot> timers_;
  std::uint32_t free_timer_ = no_slot;
};

}  // namespace wanlab::kernel
